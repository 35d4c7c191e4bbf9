"""What all files of one upload share while they are sent: the store, the journal, the workers and their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from delivery.hosting.journal import Journal
from delivery.hosting.pace import Pace
from delivery.hosting.room import Room
from delivery.model import StoredObject
from delivery.options import UploadOptions
from delivery.progress import Halt, Progress, Task
from delivery.storage.base import Store


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
    pool: ThreadPoolExecutor
    """For the parts of large files."""
    room: Room
    """For small files in memory."""
    known: Sequence[StoredObject] = ()
    """Objects of earlier deliveries, to copy from."""
