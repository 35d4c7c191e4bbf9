"""What a delivery takes from where and when it is made: the folder beside the work, the time zone, its id."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from delivery import ci
from delivery.config import Settings
from delivery.errors import UsageError
from delivery.escape import decodable, printable
from delivery.model import Plan, no_moment
from delivery.places import absolute


@contextmanager
def out_folder(given: str | None, plan: Plan) -> Iterator[Path]:
    """The folder for what lies ready: as given, or a new ``NAME-delivery`` here, numbered where that is taken.

    What a killed run left there does not count: the next one into the same place removes it.

    Where the work lies around the current folder, the new one goes beside the work, not into it. It is made at once, so
    that two runs never choose the same, and removed again when the block fails and has left nothing in it.
    """
    if given is not None:
        yield _given(given)
        return
    out = _new_folder(plan)
    try:
        yield out
    except BaseException:
        with suppress(OSError):
            out.rmdir()
        raise


def foreseen_folder(given: str | None, plan: Plan) -> Path:
    """The folder that :func:`out_folder` would give now. None is made."""
    if given is not None:
        return _given(given)
    from delivery.packing.workspace import is_abandoned

    return next(path for path in _beside(plan) if not os.path.lexists(path) or is_abandoned(path))


def _given(text: str) -> Path:
    if decodable(text) != text or "\0" in text:
        raise UsageError(
            f"the folder name {decodable(text)} is not readable text", hint="choose another --out", code="out-name"
        )
    return absolute(Path(os.path.expanduser(text)))


def _new_folder(plan: Plan) -> Path:
    from delivery.packing.workspace import is_abandoned

    for path in _beside(plan):
        try:
            path.mkdir()
        except FileExistsError:
            if not is_abandoned(path):
                continue
        except OSError:
            pass  # whoever writes into it says why it cannot be
        break
    return path


def _beside(plan: Plan) -> Iterator[Path]:
    """The default folder, and those that take its place where it is taken."""
    base = absolute(Path())
    for folder in map(Path, plan.deliverable.folders):
        if base.is_relative_to(folder):
            base = folder.parent
    name = f"{plan.deliverable.name}-delivery"
    yield base / name
    yield from (base / f"{name}-{number}" for number in itertools.count(2))


def now_in_utc(now: datetime | None) -> datetime:
    """``now`` in UTC, or the present. One without a zone is meant in this machine's, as days and file times are.

    Raises UsageError for what is no moment.
    """
    if now is not None and not isinstance(now, datetime):
        raise no_moment(now)
    return (now or datetime.now(UTC)).astimezone(UTC)


def zone_of(settings: Settings, moment: datetime) -> tzinfo:
    """The zone of the configuration, or this machine's as it is at ``moment``. Raises UsageError for an unknown one."""
    name = settings.delivery.timezone
    if name is None:
        zone = moment.astimezone().tzinfo
        assert zone is not None
        return zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"the time zone {name!r} is not known",
            hint="write it as Europe/Berlin or Asia/Karachi",
            code="unknown-zone",
        ) from None


BY_COMMIT = "commit"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OURS = re.compile(r"\d{8}-[0-9a-f]{8}")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


def new_id(now: datetime) -> str:
    """Short enough to type, sorted by day, and not to be guessed from another."""
    return f"{now:%Y%m%d}-{secrets.token_hex(4)}"


def id_of(settings: Settings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The id that was asked for, or None: a name, or for ``commit`` one made of the commit, repository and job.

    Raises UsageError for a name that is none, and where no commit is known.
    """
    name = settings.delivery.id
    if name is None:
        return None
    if name == BY_COMMIT:
        return _by_commit(environ)
    if not _ID.fullmatch(name) or _OURS.fullmatch(name):
        raise UsageError(
            f"--id {decodable(name)!r} cannot name a delivery",
            hint="up to 64 letters, digits, full stops, dashes and underscores, the first a letter or digit; "
            "not in the form of the ids that are given out, such as 20260131-0a1b2c3d",
            code="delivery-id",
        )
    return name


def _by_commit(environ: Mapping[str, str]) -> str:
    """The readable part may be cut; the digest of all that it is made of tells any two apart."""
    service = ci.detect(environ)
    run = ci.origin(service, environ) if service else ci.Origin()
    commit, why = (run.commit, "") if _COMMIT.fullmatch(run.commit) else _git("rev-parse", "HEAD")
    if not _COMMIT.fullmatch(commit):
        raise UsageError(
            f"--id commit: neither the CI service nor git tells of a commit here{why and f' ({why})'}",
            hint="run it where git tells one, or give the delivery a name: --id NAME",
            code="no-commit",
        )
    repository = run.repository or absolute(Path(_git("rev-parse", "--show-toplevel")[0])).resolve().name
    whole = "\0".join((repository, run.job, commit.lower()))
    words = re.sub(r"[^A-Za-z0-9]+", "-", f"{repository}-{run.job}").strip("-")[:40].strip("-")
    return f"{words or 'commit'}-{commit.lower()[:12]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _git(*arguments: str) -> tuple[str, str]:
    """What git answers, and where it does not, why: another user's checkout for one, as in containers."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, encoding="utf-8", errors="replace", timeout=20, check=False
        )
    except FileNotFoundError:
        return "", "git is not installed"
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"git cannot be asked: {printable(str(error))}"
    if done.returncode:
        return "", f"git: {printable(next(iter(done.stderr.splitlines()), ''))}"
    return done.stdout.strip(), ""
