"""The clipboard, by the program that the system has for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from delivery.cli import render
from delivery.cli.pipeline import may_ask
from delivery.errors import LocalError

_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Clipboard:
    """A program that takes the text on its standard input."""

    command: tuple[str, ...]
    encoding: str = "utf-8"

    def copy(self, text: str) -> None:
        """Put ``text`` on the clipboard. Raises LocalError."""
        name = self.command[0]
        try:
            # Its output goes nowhere: xclip and wl-copy stay in the background and would keep a pipe open.
            done = subprocess.run(
                self.command, input=text.encode(self.encoding), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(f"{name} did not take the text") from error
        if done.returncode != 0:
            raise _failed(f"{name} ended with code {done.returncode}")


def find(platform: str = sys.platform, environ: Mapping[str, str] = os.environ) -> Clipboard:
    """The clipboard of this system. Raises LocalError that names what to install where there is none."""
    for clipboard in _candidates(platform, environ):
        if shutil.which(clipboard.command[0], path=environ.get("PATH")):
            return clipboard
    raise LocalError(
        "there is no program here that reaches the clipboard",
        hint="install wl-clipboard (Wayland) or xclip (X11), or leave out --copy: the message stands on stdout",
        code="no-clipboard",
    )


def copy_each(clipboard: Clipboard, texts: Sequence[str]) -> None:
    """One text after the other; between two, wait for Enter where someone is there to press it."""
    for number, text in enumerate(texts, start=1):
        clipboard.copy(text)
        several = f"message {number} of {len(texts)}" if len(texts) > 1 else "the message"
        if number == len(texts):
            render.say(f"{several} is on the clipboard")
        elif may_ask():
            click.prompt(
                f"{several} is on the clipboard; press Enter for the next", default="", show_default=False, err=True
            )
        else:
            render.say(f"{several} is on the clipboard; copy the others from above")
            return


def _candidates(platform: str, environ: Mapping[str, str]) -> list[Clipboard]:
    windows = Clipboard(("clip.exe",), "utf-16")  # with a byte order mark, which it needs to see that it is Unicode
    if platform == "darwin":
        return [Clipboard(("pbcopy",))]
    if platform == "win32":
        return [windows]
    found = []
    if environ.get("WAYLAND_DISPLAY"):
        found.append(Clipboard(("wl-copy",)))
    if environ.get("DISPLAY"):
        found += [Clipboard(("xclip", "-selection", "clipboard")), Clipboard(("xsel", "--input", "--clipboard"))]
    if environ.get("WSL_DISTRO_NAME"):
        found.append(windows)
    return [*found, Clipboard(("termux-clipboard-set",))]


def _failed(what: str) -> LocalError:
    return LocalError(
        f"the clipboard could not be reached: {what}",
        hint="leave out --copy: the message stands on stdout",
        code="no-clipboard",
    )
