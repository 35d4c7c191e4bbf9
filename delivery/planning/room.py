"""What fits: the largest attachment, and one more small one once all the others have their message. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from delivery.profile import Limits


def largest_attachment(limits: Limits) -> int:
    """Bytes that a single attachment may have; without a limit more than any file has."""
    stated = [limit for limit in (limits.file_bytes, limits.message_bytes) if limit is not None]
    return min(stated, default=2**63 - 1)


def message_with_room(size: int, attached: Iterable[tuple[int, int]], limits: Limits) -> int | None:
    """The first message that takes ``size`` more bytes, or a new one; ``attached`` are (message, size) pairs.

    None where a delivery may have no more messages.
    """
    bytes_of: dict[int, int] = {}
    count_of: dict[int, int] = {}
    for message, taken in attached:
        bytes_of[message] = bytes_of.get(message, 0) + taken
        count_of[message] = count_of.get(message, 0) + 1
    for message in sorted(bytes_of):
        fits = limits.message_bytes is None or bytes_of[message] + size <= limits.message_bytes
        if fits and (limits.message_files is None or count_of[message] < limits.message_files):
            return message
    new = max(bytes_of, default=0) + 1
    return new if limits.messages is None or new <= limits.messages else None
