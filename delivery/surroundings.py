"""What a delivery takes from where it is made: the folder beside the work, and the time zone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from delivery.config import Settings
from delivery.errors import UsageError
from delivery.escape import decodable
from delivery.model import Plan


@contextmanager
def out_folder(given: str | None, plan: Plan) -> Iterator[Path]:
    """The folder for what lies ready: as given, or a new ``NAME-delivery`` here, numbered where that is taken.

    Where the work lies around the current folder, the new one goes beside the work, not into it. It is made at once, so
    that two runs never choose the same, and removed again when the block fails and has left nothing in it.
    """
    if given is not None:
        if decodable(given) != given:
            raise UsageError(
                f"the folder name {decodable(given)} is not readable text", hint="choose another --out", code="out-name"
            )
        yield Path(given).expanduser().absolute()
        return
    out = _new_folder(plan)
    try:
        yield out
    except BaseException:
        with suppress(OSError):
            out.rmdir()
        raise


def _new_folder(plan: Plan) -> Path:
    base = Path.cwd()
    for folder in map(Path, plan.deliverable.folders):
        if base.is_relative_to(folder):
            base = folder.parent
    name = f"{plan.deliverable.name}-delivery"
    for number in itertools.count(1):
        path = base / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        except OSError:
            pass  # whoever writes into it says why it cannot be
        break
    return path


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
