"""The smallest permissions that deliveries need, and the rules that tidy up when nobody runs anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

RULE = "delivery-tidy"
_PARTS_DAYS = 7


def smallest_policy(bucket: str, prefix: str) -> dict[str, Any]:
    """An IAM policy for the key that sends and signs: nothing outside ``prefix``, and nothing public."""
    listing: dict[str, Any] = {
        "Effect": "Allow",
        "Action": ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"],
        "Resource": f"arn:aws:s3:::{bucket}",
    }
    if prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": f"{prefix}*"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "s3:PutObject",
                    "s3:GetObject",
                    "s3:DeleteObject",
                    "s3:DeleteObjectVersion",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                ],
                "Resource": f"arn:aws:s3:::{bucket}/{prefix}*",
            },
            listing,
        ],
    }


def tidy_rules(
    existing: Sequence[dict[str, Any]], prefix: str, keep: timedelta, *, versioned: bool = False
) -> list[dict[str, Any]]:
    """``existing`` lifecycle rules with ours for ``prefix`` added or replaced; other stores share the bucket.

    Leftover parts go after a week. Objects go after ``keep``, but only where a prefix sets deliveries apart: in a
    shared bucket without one the rule would take other files too. ``versioned``: the bucket would keep what is removed
    as an old version, so those go too.
    """
    names = (RULE, f"{RULE}:{prefix}"[:255])
    others = [rule for rule in existing if rule.get("ID") not in names or _prefix(rule) != prefix]
    ours: dict[str, Any] = {
        "ID": names[any(rule.get("ID") == RULE for rule in others)],
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _PARTS_DAYS},
    }
    if prefix:
        ours["Expiration"] = {"Days": max(1, -(-int(keep.total_seconds()) // 86400))}
        if versioned:
            ours["NoncurrentVersionExpiration"] = {"NoncurrentDays": 1}
    return [*others, ours]


def tidies_parts(rules: Sequence[dict[str, Any]], prefix: str) -> bool:
    """Whether leftover parts under ``prefix`` are cleared by one of ``rules``."""
    return any("AbortIncompleteMultipartUpload" in rule and _covers(rule, prefix) for rule in rules)


def expires_objects(rules: Sequence[dict[str, Any]], prefix: str) -> int | None:
    """After how many days objects under ``prefix`` are removed by ``rules``; None when they stay."""
    days = [
        rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {}) and _covers(rule, prefix)
    ]
    return min(days, default=None)


def _covers(rule: dict[str, Any], prefix: str) -> bool:
    """One that is switched off covers nothing, one for objects with tags none of ours."""
    tagged = not {"Tag", "Tags"}.isdisjoint(_narrowed(rule))
    return rule.get("Status") == "Enabled" and not tagged and prefix.startswith(_prefix(rule))


def _prefix(rule: dict[str, Any]) -> str:
    return str(_narrowed(rule).get("Prefix", rule.get("Prefix", "")))


def _narrowed(rule: dict[str, Any]) -> dict[str, Any]:
    """What its objects have in common; several things are wrapped once more."""
    found = rule.get("Filter", {})
    return dict(found.get("And", found))
