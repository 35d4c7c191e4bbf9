"""Uploads to a store, and links to what is there."""

from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Journal, journal_for
from delivery.hosting.links import LinkLife, check_life, sign, signed_end, try_link
from delivery.hosting.names import disposition, key_name, key_names
from delivery.hosting.upload import new_prefix, upload

__all__ = [
    "Journal",
    "LinkLife",
    "Upload",
    "Uploaded",
    "check_life",
    "disposition",
    "journal_for",
    "key_name",
    "key_names",
    "new_prefix",
    "sign",
    "signed_end",
    "try_link",
    "upload",
]
