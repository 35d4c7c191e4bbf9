"""What a buyer sees outside the chat: the words, the look and the scripts that the pages share, and thumbnails."""
