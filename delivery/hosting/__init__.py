"""Uploads to a store, and links to what is there."""

from delivery.hosting.diagnosis import Outcome, Report, Step
from delivery.hosting.doctor import examine
from delivery.hosting.ending import Ended, Pruned, Revoked, give_up, prune, revoke
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Journal, journal_for
from delivery.hosting.links import LinkLife, check_life, sign, signed_end, try_link, try_links
from delivery.hosting.names import disposition, key_name, key_names
from delivery.hosting.policy import smallest_policy
from delivery.hosting.publish import publish, put_document, republish
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
    "publish",
    "put_document",
    "republish",
    "revoke",
    "sign",
    "signed_end",
    "smallest_policy",
    "try_link",
    "try_links",
    "upload",
]
