"""What a store can only be asked: how long its links may live, and how the bucket is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from delivery.errors import DeliveryError, StoreRefusedError
from delivery.hosting.diagnosis import Outcome, Step
from delivery.hosting.policy import expires_objects, tidies_parts
from delivery.hosting.tidying import in_words, rules_of, set_rule
from delivery.progress import CancelToken
from delivery.storage.base import BucketSetting, Store
from delivery.units import counted, format_duration, format_utc

_SIGN = "for longer ones sign with a permanent key: signing_profile in the store's section"


class Looks(NamedTuple):
    """Each look returns its line; what the store does not tell is a line too."""

    store: Store
    cancel: CancelToken
    expires_in: timedelta
    """How long links are to live."""
    keep: timedelta
    """How long the store is to keep objects, where ``fix`` has it remove them."""
    fix: bool

    def credentials(self) -> Step:
        life, who = self.store.key_life(), self.store.signed_by
        if not life.temporary:
            told = f"links are signed by the profile {who}, others upload; its key is permanent" if who else "permanent"
            return Step("credentials", Outcome.OK, f"{told}: links live as long as they are signed for")
        if life.ends_at is None:
            return Step(
                "credentials",
                Outcome.WARNING,
                "temporary, with an end that they do not tell",
                f"links die with them, at a time that nobody can promise; {_SIGN}",
            )
        return Step(
            "credentials",
            Outcome.WARNING,
            f"temporary, until {format_utc(life.ends_at)}",
            f"every link ends then, whatever it was signed for; {_SIGN}",
        )

    def life(self) -> Step:
        cap = self.store.quirks.presign_cap
        if cap is None:
            return Step("life of links", Outcome.OK, "no cap is known")
        if self.expires_in > cap:
            told = f"{format_duration(self.expires_in)} are configured, {format_duration(cap)} is the most"
            return Step("life of links", Outcome.FAILED, told, "set expires in [delivery] to less")
        return Step("life of links", Outcome.OK, f"up to {format_duration(cap)}")

    def settings(self) -> Iterator[Step]:
        yield self._public_access()
        means = "objects may lie unencrypted on the store's disks"
        yield self._setting("encryption", "encryption", _encrypted, "not set for the bucket", means)
        versioning = "versions are kept; `revoke` removes them too, and names those that it may not"
        yield self._setting(
            "versions", "versioning", lambda found: versioning if found.get("Status") == "Enabled" else None, "off"
        )
        yield self._setting("CORS", "cors", lambda found: "set", "not set; the page does not need it")
        yield self._lifecycle()

    def _public_access(self) -> Step:
        name = "public access"
        try:
            found = self.store.configuration("public_access")
        except StoreRefusedError:
            return Step(name, Outcome.UNKNOWN, "the store does not tell; the trial without a signature counts")
        block = (found or {}).get("PublicAccessBlockConfiguration", {})
        if block and all(block.values()):
            return Step(name, Outcome.OK, "blocked for the whole bucket")
        means = "a later change could make the bucket public; block public access"
        return Step(name, Outcome.WARNING, "not blocked for the bucket as a whole", means)

    def _setting(
        self,
        name: str,
        what: BucketSetting,
        read: Callable[[dict[str, Any]], str | None],
        absent: str,
        means: str = "",
    ) -> Step:
        """``means``: why it is no good where there is none."""
        try:
            found = self.store.configuration(what)
        except DeliveryError:
            self.cancel.check()
            return Step(name, Outcome.UNKNOWN, "the store does not tell, or the key may not ask")
        told = read(found) if found else None
        if told is not None:
            return Step(name, Outcome.OK, told)
        return Step(name, Outcome.WARNING if means else Outcome.OK, absent, means)

    def _lifecycle(self) -> Step:
        name, prefix = "lifecycle", self.store.prefix
        try:
            if self.fix:
                rules = set_rule(self.store, keep=self.keep, expires_in=self.expires_in)
            else:
                rules = rules_of(self.store)
        except DeliveryError as error:
            self.cancel.check()
            means = "leftover parts are billed until `delivery prune` removes them"
            return Step(name, Outcome.WARNING if self.fix else Outcome.UNKNOWN, str(error), means)
        days = expires_objects(rules, prefix)
        if days is not None and timedelta(days=days) < self.expires_in:
            means = "files are removed before their links end: lengthen the rule or shorten expires"
            return Step(name, Outcome.FAILED, f"objects are removed after {counted(days, 'day')}", means)
        if not tidies_parts(rules, prefix):
            means = "leftovers of broken uploads are billed for ever: `delivery doctor --fix` sets a rule"
            return Step(name, Outcome.WARNING, "no rule clears leftover parts", means)
        return Step(name, Outcome.OK, in_words(rules, prefix))


def _encrypted(found: dict[str, Any]) -> str | None:
    """A store that does not know the question may answer with a list of the bucket, in which no rule is found."""
    return "on" if found["ServerSideEncryptionConfiguration"].get("Rules") else None
