"""How a deliverable is handed over: as it is, in zips, in volumes or by link. Decided from sizes and limits alone."""

from delivery.planning.plan import plan

__all__ = ["plan"]
