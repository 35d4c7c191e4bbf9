"""Hand finished work to a buyer: checked, packed or linked, with the message to paste.

    from delivery import Settings, send

    result = send(["final/"], platform="fiverr", settings=Settings.load())
    result.messages, result.links, result.attachments

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from delivery._version import __version__
from delivery.lazy import lazily

TYPE_CHECKING = False  # as type checkers read it; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from delivery.afterwards import compose_message, compose_reply
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
    from delivery.fetching import Fetched, FetchedFile, fetch
    from delivery.hosting import Revoked
    from delivery.inputs import Input
    from delivery.model import (
        Attachment,
        Deliverable,
        Delivery,
        FileEntry,
        Finding,
        Link,
        ManifestPlace,
        Method,
        Part,
        PartKind,
        Plan,
        Severity,
        Via,
    )
    from delivery.options import (
        CheckOptions,
        DeliveryOptions,
        MessageOptions,
        PlatformOptions,
        SendOptions,
        StoreOptions,
        UploadOptions,
    )
    from delivery.packing import Joined, PlannedJoin, Verified, join, verify
    from delivery.profile import Profile
    from delivery.progress import CancelToken, NullProgress, Progress, RecordingProgress, Task
    from delivery.service import Inspection, carry_out, check, dry_run, pack, plan, send, upload
    from delivery.storage import Connection
    from delivery.store_care import doctor
    from delivery.tidying import PrunedStore, prune
    from delivery.upkeep import renew, revoke

_ROOMS = {
    "afterwards": "compose_message compose_reply",
    "config": "Settings",
    "errors": "BlockedError Cancelled ConfigError DeliveryError IntegrityError LocalError StoreRefusedError "
    "StoreUnreachableError UsageError",
    "fetching": "Fetched FetchedFile fetch",
    "hosting": "Revoked",
    "inputs": "Input",
    "model": "Attachment Deliverable Delivery FileEntry Finding Link ManifestPlace Method Part PartKind Plan "
    "Severity Via",
    "options": "CheckOptions DeliveryOptions MessageOptions PlatformOptions SendOptions StoreOptions UploadOptions",
    "packing": "Joined PlannedJoin Verified join verify",
    "profile": "Profile",
    "progress": "CancelToken NullProgress Progress RecordingProgress Task",
    "service": "Inspection carry_out check dry_run pack plan send upload",
    "storage": "Connection",
    "store_care": "doctor",
    "tidying": "PrunedStore prune",
    "upkeep": "renew revoke",
}

__all__ = [
    "Attachment",
    "BlockedError",
    "CancelToken",
    "Cancelled",
    "CheckOptions",
    "ConfigError",
    "Connection",
    "Deliverable",
    "Delivery",
    "DeliveryError",
    "DeliveryOptions",
    "Fetched",
    "FetchedFile",
    "FileEntry",
    "Finding",
    "Input",
    "Inspection",
    "IntegrityError",
    "Joined",
    "Link",
    "LocalError",
    "ManifestPlace",
    "MessageOptions",
    "Method",
    "NullProgress",
    "Part",
    "PartKind",
    "Plan",
    "PlannedJoin",
    "PlatformOptions",
    "Profile",
    "Progress",
    "PrunedStore",
    "RecordingProgress",
    "Revoked",
    "SendOptions",
    "Settings",
    "Severity",
    "StoreOptions",
    "StoreRefusedError",
    "StoreUnreachableError",
    "Task",
    "UploadOptions",
    "UsageError",
    "Verified",
    "Via",
    "__version__",
    "carry_out",
    "check",
    "compose_message",
    "compose_reply",
    "doctor",
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


__getattr__ = lazily(__name__, _ROOMS)


def __dir__() -> list[str]:
    return sorted(__all__)
