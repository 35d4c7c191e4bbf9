"""The verbs of the library: each composes the rooms and answers with frozen data. Nothing is printed, no state is kept."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from delivery import checks, hosting, intake, message, packing, places, planning, platforms, storage
from delivery.config import Settings
from delivery.errors import BlockedError, ConfigError, LocalError, UsageError
from delivery.escape import printable
from delivery.ledger import Ledger
from delivery.model import (
    Attachment,
    Deliverable,
    Delivery,
    FileEntry,
    Finding,
    Link,
    ManifestPlace,
    Method,
    PartKind,
    Plan,
    Profile,
    Via,
)
from delivery.progress import CancelToken, NullProgress, Progress

Paths = Sequence[str | os.PathLike[str]]
