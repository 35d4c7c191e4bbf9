"""Why paths cannot be taken, in words."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from delivery.errors import DeliveryError, LocalError, UsageError
from delivery.escape import printable
from delivery.intake.source import unreadable
from delivery.intake.windows_paths import no_such_name
from delivery.model import LeftOut

EMPTY_FOLDER = "an empty folder; put a file into it if it has to arrive"


def refuse_too_much(roots: Sequence[Path]) -> None:
    """Before anything is walked: a whole disk, or all that somebody owns, is only ever named by mistake."""
    for root in roots:
        what = ""
        with suppress(OSError, ValueError):  # what is not there is told later
            what = _too_much(os.path.realpath(root))
        if what:
            raise UsageError(
                f"{printable(str(root))} is {what}; nothing was looked at",
                hint="name the folder or files in it that are the finished work",
                code="too-much",
            )


def _too_much(tree: str) -> str:
    drive, below = os.path.splitdrive(tree)
    if not below.strip("/\\") and drive[:2] != "\\\\":  # a share on the network may well be the work's own folder
        return f"the whole of the drive {drive}" if drive else "the whole disk"
    if os.path.samefile(tree, os.path.expanduser("~")):
        return "your home folder, with all that is yours and the keys and settings of your programs"
    return ""


def dangling(path: str) -> LocalError:
    return LocalError(
        f"{printable(path)} is a link to something that is not there",
        hint="remove the link, or put the file that it should lead to in its place",
        code="dangling-link",
    )


def same_name(one: str, other: str, arcname: str) -> LocalError:
    return LocalError(
        f"{printable(one)} and {printable(other)} would both be called {printable(arcname)}",
        hint="rename one of them, or deliver the folder that holds both",
        code="same-name",
    )


def kind(mode: int) -> str:
    kinds = (
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISCHR, "a device"),
    )
    return next((words for test, words in kinds if test(mode)), "something else")


def no_such_path(path: Path, error: OSError | ValueError) -> DeliveryError:
    if os.path.islink(path) and isinstance(error, FileNotFoundError):
        return LocalError(
            f"{printable(str(path))} is a link to something that is not there",
            hint="name the file itself",
            code="dangling-link",
        )
    impossible = no_such_name(str(path), error) if isinstance(error, OSError) else ""
    if impossible or isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        quoted = re.fullmatch(r"""\s*(["'])(.+)\1\s*""", str(path))
        return LocalError(
            f"{printable(str(path))} does not exist",
            hint=f"the quotes were taken for a part of the name; write it as {printable(quoted[2])}"
            if quoted
            else impossible or "check the spelling, and the folder that you are in",
            code="path-not-found",
        )
    return unreadable(str(path), error)


def nothing(roots: Sequence[Path], left_out: Sequence[LeftOut]) -> LocalError:
    shown = ", ".join(printable(str(root)) for root in roots[:3])
    reason = next((left.reason for left in left_out if left.reason != EMPTY_FOLDER), None)
    if reason is not None:
        return LocalError(
            f"nothing to deliver in {shown}: all that is there is left out ({reason})",
            hint="name the folder or files that are the finished work; --keep-junk delivers junk too, and what a "
            ".deliveryignore names stays behind",
            code="nothing-to-deliver",
        )
    return LocalError(
        f"nothing to deliver in {shown}: the folder is empty",
        hint="name the folder or the files that hold the finished work",
        code="nothing-to-deliver",
    )
