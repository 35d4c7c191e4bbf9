"""A link as a QR code, for the phone that lies beside the screen."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

from delivery.cli import render
from delivery.errors import LocalError, UsageError
from delivery.escape import printable
from delivery.model import Delivery, Method, Plan

_QUIET_ZONE = 4


def foresee(plan: Plan, place: str) -> None:
    """Refuse before anything is done what could not be shown after it: UsageError, LocalError."""
    if plan.method is Method.ATTACH:
        raise UsageError(
            "a QR code shows a link, and this will be attached",
            hint="leave out --qr, or ask for a link: --via link",
            code="no-qr",
        )
    if place != "-":
        _foresee_picture(Path(os.path.expanduser(place)))


def _foresee_picture(path: Path) -> None:
    try:
        path.lstat()
    except FileNotFoundError:
        if not os.access(path.parent, os.W_OK):
            raise _not_written(path, f"{path.parent} is no folder that you may write to") from None
    except OSError as error:
        raise _not_written(path, error.strerror) from error
    else:
        raise _there_already(path)


def url_of(delivery: Delivery) -> str:
    """The url to show: the page's, or that of the only link. Raises UsageError where there is no one link."""
    if delivery.page is not None:
        return delivery.page.url
    if len(delivery.links) == 1:
        return delivery.links[0].url
    why = "has no link" if delivery.method is Method.ATTACH else f"has {len(delivery.links)} links and no page"
    raise UsageError(f"a QR code shows one link, and this delivery {why}", hint="leave out --qr", code="no-qr")


def show(url: str, place: str) -> None:
    """Draw ``url`` on the terminal (``-``) or write it as the PNG ``place``, which must not be there yet.

    Raises UsageError where the link is too long or the terminal too narrow, LocalError when it cannot be written.
    """
    import segno

    try:
        code = segno.make(url, error="l", micro=False, boost_error=True)
    except segno.DataOverflowError:
        raise UsageError(
            f"the link has {len(url):,} characters, more than a QR code holds",
            hint="copy it from the message",
            code="no-qr",
        ) from None
    if place != "-":
        picture = io.BytesIO()
        code.save(picture, kind="png", scale=8, border=_QUIET_ZONE)
        _write(Path(os.path.expanduser(place)), picture.getvalue())
        render.say(f"QR code of the link: {printable(place)}")
        return
    width = code.symbol_size(border=_QUIET_ZONE)[0]
    columns = shutil.get_terminal_size((0, 0)).columns
    if sys.stderr.isatty() and columns < width:
        raise UsageError(
            f"the QR code is {width} columns wide and the terminal {columns}",
            hint="make the window larger or the letters smaller, or write a picture: delivery message ID --qr link.png",
            code="no-qr",
        )
    drawn = io.StringIO()
    code.terminal(drawn, border=_QUIET_ZONE, compact=True)
    render.say(drawn.getvalue())


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("xb") as stream:
            stream.write(data)
    except FileExistsError as error:
        raise _there_already(path) from error
    except OSError as error:
        raise _not_written(path, error.strerror) from error


def _not_written(path: Path, why: str | None) -> LocalError:
    return LocalError(f"{path} cannot be written: {why}", hint="give another name for the QR code")


def _there_already(path: Path) -> LocalError:
    return LocalError(f"{path} is there already", hint="give another name for the QR code", code="qr-exists")
