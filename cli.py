"""The door for a checkout: ``python cli.py send work/`` does what the installed ``delivery`` does."""

from delivery.cli import main

if __name__ == "__main__":
    main()
