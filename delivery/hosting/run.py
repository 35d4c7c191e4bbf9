"""What all files of one upload share while they are sent: the store, the journal, the workers and their bounds."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from delivery.buffers import Buffers
from delivery.hosting.journal import Journal
from delivery.hosting.pace import Pace
from delivery.model import StoredObject
from delivery.options import UploadOptions
from delivery.progress import Halt, Progress, Task
from delivery.storage.base import Store
from delivery.storage.lanes import Lanes

_SMALL = 8 * 1024**2


@dataclass(frozen=True)
class Run:
    """One upload under way."""

    store: Store
    options: UploadOptions
    journal: Journal | None
    task: Task
    progress: Progress
    halt: Halt
    pace: Pace
    buffers: Buffers = field(repr=False)
    large_lanes: Lanes
    """For S3 parts, and for files too large to be small."""
    small_lanes: Lanes
    known: Sequence[StoredObject] = ()
    """Objects of earlier deliveries, to copy from."""
    until: datetime | None = None
    """Up to when links to them are to live."""
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """Of whoever reads a large file: one after another, while the ends of the one before are still on their way."""

    def lanes(self, size: int) -> Lanes:
        """For a file that is one request."""
        return self.small_lanes if size <= _SMALL else self.large_lanes
