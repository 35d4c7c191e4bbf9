"""Uploads to a store, and links to what is there."""

from delivery.hosting.doctor import Outcome, Report, Step, examine
from delivery.hosting.ending import Ended, Pruned, Revoked, give_up, prune, revoke
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Journal, journal_for
from delivery.hosting.links import LinkLife, check_life, sign, signed_end, try_link
from delivery.hosting.names import disposition, key_name, key_names
from delivery.hosting.upload import new_prefix, upload

__all__ = [
    "Ended",
    "Journal",
    "LinkLife",
    "Outcome",
    "Pruned",
    "Report",
    "Revoked",
    "Step",
    "Upload",
    "Uploaded",
    "check_life",
    "disposition",
    "examine",
    "give_up",
    "journal_for",
    "key_name",
    "key_names",
    "new_prefix",
    "prune",
    "revoke",
    "sign",
    "signed_end",
    "try_link",
    "upload",
]
