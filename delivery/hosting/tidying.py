"""The rule by which a store tidies up when nobody runs anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from delivery.errors import StoreRefusedError
from delivery.hosting.policy import expires_objects, tidy_rules
from delivery.storage.base import Store
from delivery.units import counted


def rules_of(store: Store) -> list[dict[str, Any]]:
    """The bucket's lifecycle rules. Raises StoreRefusedError when the key may not ask or the store has none."""
    return list((store.configuration("lifecycle") or {}).get("Rules", []))


def set_rule(store: Store, *, keep: timedelta, expires_in: timedelta) -> list[dict[str, Any]]:
    """Have ``store`` clear leftover parts, and objects after ``keep``, but never before links of ``expires_in`` end.

    Other rules of the bucket stay. All rules as the store then tells them. Raises what the store raises.
    """
    rules = tidy_rules(rules_of(store), store.prefix, max(keep, expires_in), versioned=_keeps_versions(store))
    store.set_lifecycle(rules)
    return rules_of(store)


def _keeps_versions(store: Store) -> bool:
    """Where the store or the key does not tell, it is taken for no: a rule without it is better than none."""
    try:
        return store.quirks.versions and (store.configuration("versioning") or {}).get("Status") == "Enabled"
    except StoreRefusedError:
        return False


def in_words(rules: Sequence[dict[str, Any]], prefix: str) -> str:
    """What ``rules`` that clear parts mean for deliveries under ``prefix``."""
    days = expires_objects(rules, prefix)
    kept = f"objects go after {counted(days, 'day')}" if days is not None else "objects stay until `delivery prune`"
    return f"leftover parts are cleared; {kept}"
