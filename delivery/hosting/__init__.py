"""Uploads to a store, and links to what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.hosting.claim import take_over
from delivery.hosting.items import Upload, Uploaded
from delivery.hosting.journal import Journal, journal_for
from delivery.hosting.links import check_life, foresee, lasting, sign, try_link, try_links
from delivery.hosting.names import own_place
from delivery.hosting.publish import publish, put_document, republish, unless_revoked
from delivery.hosting.record import Standing, forget, refuse_others, seize, standing_of
from delivery.hosting.standing import Kept, OneTime, place_for, standing_place
from delivery.hosting.tidying import in_words, set_rule
from delivery.hosting.upload import new_prefix, upload
from delivery.lazy import lazily

if TYPE_CHECKING:
    from delivery.hosting.diagnosis import Outcome, Report
    from delivery.hosting.doctor import examine
    from delivery.hosting.ending import Ended, Pruned, Revoked, forget_done, give_up, prune, revoke
    from delivery.hosting.policy import smallest_policy

__getattr__ = lazily(
    __name__,
    {
        "diagnosis": "Outcome Report",
        "doctor": "examine",
        "ending": "Ended Pruned Revoked forget_done give_up prune revoke",
        "policy": "smallest_policy",
    },
)

__all__ = [
    "Ended",
    "Journal",
    "Kept",
    "OneTime",
    "Outcome",
    "Pruned",
    "Report",
    "Revoked",
    "Standing",
    "Upload",
    "Uploaded",
    "check_life",
    "examine",
    "foresee",
    "forget",
    "forget_done",
    "give_up",
    "in_words",
    "journal_for",
    "lasting",
    "new_prefix",
    "own_place",
    "place_for",
    "prune",
    "publish",
    "put_document",
    "refuse_others",
    "republish",
    "revoke",
    "seize",
    "set_rule",
    "sign",
    "smallest_policy",
    "standing_of",
    "standing_place",
    "take_over",
    "try_link",
    "try_links",
    "unless_revoked",
    "upload",
]
