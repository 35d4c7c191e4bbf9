"""The record of deliveries: SQLite, private to the user, without urls or secrets."""

from delivery.ledger.ledger import Ledger
from delivery.ledger.record import Record, State

__all__ = ["Ledger", "Record", "State"]
