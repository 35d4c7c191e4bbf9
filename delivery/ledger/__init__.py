"""The record of deliveries: SQLite, private to the user, without urls or secrets."""

from delivery.ledger.ledger import SOON, Event, KeptMessage, Ledger, Record, State

__all__ = ["SOON", "Event", "KeptMessage", "Ledger", "Record", "State"]
