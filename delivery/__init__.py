"""Hand finished work to a buyer: checked, packed or linked, with the message to paste.

    from delivery import Settings, send

    result = send(["final/"], platform="fiverr", settings=Settings.load())
    result.messages, result.links, result.attachments

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from delivery._version import __version__

if TYPE_CHECKING:
    from delivery.config import Settings
    from delivery.errors import (
        BlockedError,
        Cancelled,
        ConfigError,
        DeliveryError,
        IntegrityError,
        LocalError,
        StoreRefusedError,
        StoreUnreachableError,
        UsageError,
    )
    from delivery.model import (
        Attachment,
        Deliverable,
        Delivery,
        FileEntry,
        Finding,
        Link,
        Plan,
        Profile,
        Severity,
        Via,
    )
    from delivery.packing import join, verify
    from delivery.progress import CancelToken, NullProgress, Progress, RecordingProgress
    from delivery.service import Inspection, carry_out, check, compose_message, dry_run, pack, plan, send, upload
    from delivery.upkeep import prune, renew, revoke

_HOME = {
    "Settings": "config",
    **dict.fromkeys(("BlockedError", "Cancelled", "ConfigError", "DeliveryError", "IntegrityError"), "errors"),
    **dict.fromkeys(("LocalError", "StoreRefusedError", "StoreUnreachableError", "UsageError"), "errors"),
    **dict.fromkeys(("Fetched", "FetchedFile", "fetch"), "fetching"),
    **dict.fromkeys(("Attachment", "Deliverable", "Delivery", "FileEntry", "Finding", "Link"), "model"),
    **dict.fromkeys(("Plan", "Profile", "Severity", "Via"), "model"),
    **dict.fromkeys(("join", "verify"), "packing"),
    **dict.fromkeys(("CancelToken", "NullProgress", "Progress", "RecordingProgress"), "progress"),
    **dict.fromkeys(("Inspection", "carry_out", "check", "compose_message", "dry_run"), "service"),
    **dict.fromkeys(("pack", "plan", "send", "upload"), "service"),
    **dict.fromkeys(("prune", "renew", "revoke"), "upkeep"),
}

__all__ = [
    "Attachment",
    "BlockedError",
    "CancelToken",
    "Cancelled",
    "ConfigError",
    "Deliverable",
    "Delivery",
    "DeliveryError",
    "Fetched",
    "FetchedFile",
    "FileEntry",
    "Finding",
    "Inspection",
    "IntegrityError",
    "Link",
    "LocalError",
    "NullProgress",
    "Plan",
    "Profile",
    "Progress",
    "RecordingProgress",
    "Settings",
    "Severity",
    "StoreRefusedError",
    "StoreUnreachableError",
    "UsageError",
    "Via",
    "__version__",
    "carry_out",
    "check",
    "compose_message",
    "dry_run",
    "fetch",
    "join",
    "pack",
    "plan",
    "prune",
    "renew",
    "revoke",
    "send",
    "upload",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"delivery.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
