"""How a deliverable is handed over: as it is, in zips, in volumes or by link. Decided from sizes and limits alone."""

from __future__ import annotations

from delivery.lazy import lazily

TYPE_CHECKING = False  # as type checkers read it; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from delivery.planning.decide import plan
    from delivery.planning.room import message_with_room

__getattr__ = lazily(__name__, {"decide": "plan", "room": "message_with_room"})

__all__ = ["message_with_room", "plan"]
