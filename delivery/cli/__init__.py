"""The terminal's door. ``main`` is the script's entry; the commands are imported one by one when they are called."""

from __future__ import annotations

import gc
import sys
import warnings

_GARBAGE = 50_000


def main() -> None:
    """Run the command line in a process of its own, and exit.

    Such a process is short and what it makes mostly stays to its end, so it is searched for garbage seldom, and not
    once more when it ends: with thousands of files that took a tenth of the time.
    """
    gc.set_threshold(_GARBAGE, 20, 20)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what one library has to say to another's programmers is no news to a seller
    from delivery.cli import app

    try:
        app.main()
    finally:
        gc.freeze()


__all__ = ["main"]
