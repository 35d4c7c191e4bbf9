"""What a delivery takes from where it is made: the folder beside the work, and the time zone."""

from __future__ import annotations

import itertools
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from delivery.config import Settings
from delivery.errors import UsageError
from delivery.escape import decodable
from delivery.model import Plan


def choose_out(given: str | None, plan: Plan) -> Path:
    """The folder for what lies ready: as given, or ``NAME-delivery`` here, numbered where that is taken.

    What a killed run left there does not count: the next one into the same place removes it.

    Where the work lies around the current folder, the new one goes beside the work, not into it.
    """
    if given is not None:
        if decodable(given) != given:
            raise UsageError(
                f"the folder name {decodable(given)} is not readable text", hint="choose another --out", code="out-name"
            )
        return Path(given).expanduser().absolute()
    from delivery.packing.workspace import is_free

    base = Path.cwd()
    for folder in map(Path, plan.deliverable.folders):
        if base.is_relative_to(folder):
            base = folder.parent
    name = f"{plan.deliverable.name}-delivery"
    numbered = (base / (name if n == 1 else f"{name}-{n}") for n in itertools.count(1))
    return next(path for path in numbered if is_free(path))


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
