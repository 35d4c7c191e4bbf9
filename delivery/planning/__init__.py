"""How a deliverable is handed over: as it is, in zips, in volumes or by link. Decided from sizes and limits alone."""

from delivery.planning.plan import plan
from delivery.planning.room import message_with_room

__all__ = ["message_with_room", "plan"]
