"""One delivery by its id or the beginning of it; for an unknown one, the nearest."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from delivery.errors import UsageError
from delivery.escape import decodable
from delivery.nearest import nearest

_NEAREST = 5
_SEARCHED = 2000
"""How many of the latest ids an unknown one is compared with."""


def find(db: sqlite3.Connection, id: str) -> sqlite3.Row:
    """The row of the delivery with ``id`` or a unique beginning of it.

    Raises UsageError (``unknown-delivery``, ``ambiguous-delivery``).
    """
    if not isinstance(id, str):
        raise unknown(id)
    sought = decodable(id)
    exact: sqlite3.Row | None = db.execute("SELECT * FROM delivery WHERE id = ?", (sought,)).fetchone()
    if exact is not None:
        return exact
    rows = db.execute(
        "SELECT * FROM delivery WHERE id >= ? AND id < ? LIMIT ?", (sought, sought + "\U0010ffff", _NEAREST + 1)
    ).fetchall() if sought else []  # fmt: skip
    if len(rows) == 1:
        found: sqlite3.Row = rows[0]
        return found
    if rows:
        shown = ", ".join(row["id"] for row in rows[:_NEAREST])
        raise UsageError(
            f"several deliveries begin with {id!r}",
            hint=f"give more of it: {shown}" + (" ..." if len(rows) > _NEAREST else ""),
            code="ambiguous-delivery",
        )
    latest = [row["id"] for row in db.execute("SELECT id FROM delivery ORDER BY created_at DESC LIMIT ?", (_SEARCHED,))]
    raise unknown(id, latest)


def unknown(id: str, latest: Sequence[str] = ()) -> UsageError:
    """What to say of an ``id`` that the record does not have; ``latest`` are those that it has."""
    near = nearest(str(id), latest, most=_NEAREST) or latest[:_NEAREST]
    return UsageError(
        f"there is no delivery {id!r} in the record",
        hint=f"nearest: {', '.join(near)}; `delivery list` shows all" if near else "nothing has been delivered yet",
        code="unknown-delivery",
    )
