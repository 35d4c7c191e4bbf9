"""Who follows a store at work, and may stop it."""

from __future__ import annotations

from dataclasses import dataclass, field

from delivery.progress import CancelToken, NullProgress, Progress
from delivery.storage.brake import Brake


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told and asked while a store works."""

    attempts: int = 6
    progress: Progress = field(default_factory=NullProgress)
    cancel: CancelToken = field(default_factory=CancelToken)
    brake: Brake = field(default_factory=Brake)
    """Shared by all who work with this watch: one is asked to slow down, all do."""
