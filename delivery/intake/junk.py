"""What is left out: leftovers of systems and tools (``junk.toml``) and what a ``.deliveryignore`` names."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from delivery.errors import LocalError
from delivery.escape import printable
from delivery.intake.source import unreadable
from delivery.intake.windows_paths import reachable

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".deliveryignore"
_LARGEST_IGNORE_FILE = 1024**2


class _Names(NamedTuple):
    """Exact names (lower case) and wildcards, each with the reason."""

    exact: dict[str, str]
    wild: tuple[tuple[re.Pattern[str], str], ...]
    any_wild: re.Pattern[str]
    """All wildcards in one: hardly any name matches, and that is told at once."""

    def reason(self, name: str) -> str | None:
        lowered = name.lower()
        if lowered in self.exact:
            return self.exact[lowered]
        if not self.any_wild.match(lowered):
            return None
        return next(reason for pattern, reason in self.wild if pattern.match(lowered))


def junk_reason(name: str, is_dir: bool) -> str | None:
    """Why a file or folder of this name is junk wherever it lies, or None."""
    file_names, folder_names = _table()
    return (folder_names if is_dir else file_names).reason(name)


class Filter:
    """Says of each path of one delivered folder whether it is left out, and why.

    A ``.deliveryignore`` in the folder or any folder below it works like a ``.gitignore``: the deepest file and
    its last matching line decide, ``!`` takes back, and it may take back junk too (``!node_modules/``).
    The caller does not descend into a folder that was left out.
    """

    def __init__(self, root: str | Path, *, keep_junk: bool = False) -> None:
        self._root = Path(root)
        self._keep_junk = keep_junk
        self._specs: dict[str, GitIgnoreSpec] = {}
        self._seen: set[str] = set()

    def leave_out(self, relative_path: str, is_dir: bool) -> str | None:
        """The reason to leave out ``relative_path`` (POSIX, below the root), or None to take it.

        Raises LocalError for a ``.deliveryignore`` that cannot be read.
        """
        parent, _, name = relative_path.rpartition("/")
        if name == IGNORE_FILE and not is_dir:
            return None if self._keep_junk else junk_reason(name, is_dir)
        verdict = self._ignored(relative_path, parent, is_dir)
        if verdict is not None:
            return f"named in {IGNORE_FILE}" if verdict else None
        return None if self._keep_junk else junk_reason(name, is_dir)

    def _ignored(self, relative_path: str, parent: str, is_dir: bool) -> bool | None:
        """True: ignored, False: taken back, None: not mentioned."""
        self._read_specs(parent)
        if not self._specs:
            return None
        for folder in _upwards(parent):
            spec = self._specs.get(folder)
            if spec is None:
                continue
            inside = relative_path[len(folder) + 1 :] if folder else relative_path
            verdict = spec.check_file(inside + "/" if is_dir else inside).include
            if verdict is not None:
                return verdict
        return None

    def _read_specs(self, parent: str) -> None:
        for folder in _upwards(parent):
            if folder in self._seen:
                return
            self._seen.add(folder)
            spec = _read_ignore_file(Path(reachable(str(self._root / folder / IGNORE_FILE))))
            if spec is not None:
                self._specs[folder] = spec


def _upwards(folder: str) -> Iterable[str]:
    """``a/b``, ``a`` and the root, deepest first."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _read_ignore_file(path: Path) -> GitIgnoreSpec | None:
    shown = printable(str(path))
    try:
        if not path.is_file():
            return None
        from pathspec import GitIgnoreSpec

        if path.stat().st_size > _LARGEST_IGNORE_FILE:
            raise LocalError(f"{shown} is larger than 1 MiB", hint="it should be a list of patterns, one per line")
        return GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise LocalError(f"{shown} is not UTF-8 text", hint="save it as UTF-8") from error
    except ValueError as error:
        why = printable(str(error))
        raise LocalError(f"{shown} has a bad pattern: {why}", hint="it takes what a .gitignore takes") from error
    except LocalError:
        raise
    except OSError as error:
        raise unreadable(str(path), error) from error


@cache
def _table() -> tuple[_Names, _Names]:
    """File names and folder names of ``junk.toml``."""
    data = tomllib.loads(files("delivery.intake").joinpath("junk.toml").read_text(encoding="utf-8"))
    return tuple(
        _names((group["reason"], group.get(kind, ())) for group in data["junk"]) for kind in ("files", "folders")
    )  # type: ignore[return-value]


def _names(groups: Iterable[tuple[str, Iterable[str]]]) -> _Names:
    exact: dict[str, str] = {}
    wild: list[tuple[re.Pattern[str], str]] = []
    for reason, names in groups:
        for name in names:
            if any(char in name for char in "*?"):
                wild.append((re.compile(fnmatch.translate(name.lower())), reason))
            else:
                exact[name.lower()] = reason
    return _Names(exact, tuple(wild), re.compile("|".join(pattern.pattern for pattern, _ in wild) or r"(?!)"))
