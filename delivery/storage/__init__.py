"""Where delivered bytes are kept: the contract of a store, S3-compatible stores and the embedded local one."""

from __future__ import annotations

from delivery.lazy import lazily

TYPE_CHECKING = False  # as type checkers read it; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from delivery.storage.base import (
        KeyLife,
        ObjectHeaders,
        RemotePart,
        Store,
    )
    from delivery.storage.opening import (
        LOCAL,
        Connection,
        foresee_store,
        keep_until,
        kept_up,
        key_prefix,
        open_store,
        refuse_full,
        section,
        takes_parts,
    )
    from delivery.storage.watch import Watch

__getattr__ = lazily(
    __name__,
    {
        "base": "KeyLife ObjectHeaders RemotePart Store",
        "opening": "LOCAL Connection foresee_store keep_until kept_up key_prefix open_store refuse_full section "
        "takes_parts",
        "watch": "Watch",
    },
)

__all__ = [
    "LOCAL",
    "Connection",
    "KeyLife",
    "ObjectHeaders",
    "RemotePart",
    "Store",
    "Watch",
    "foresee_store",
    "keep_until",
    "kept_up",
    "key_prefix",
    "open_store",
    "refuse_full",
    "section",
    "takes_parts",
]
