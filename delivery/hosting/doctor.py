"""The configured store tried for real, step by step, with what each answer means for links."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from delivery.errors import DeliveryError, StoreRefusedError
from delivery.hosting.bodies import MemoryBody
from delivery.hosting.names import headers_for
from delivery.hosting.pace import Pace
from delivery.hosting.policy import expires_objects, smallest_policy, tidies_parts, tidy_rules
from delivery.hosting.upload import new_prefix
from delivery.progress import CancelToken, NullProgress, Progress
from delivery.storage.base import TAG, BucketSetting, RemotePart, Store, Watch
from delivery.storage.faults import ObjectExistsError
from delivery.storage.probe import Probe, probe
from delivery.units import format_duration, format_utc

_PART = 5 * 1024**2
_NAME = 'prüfung "1".txt'
_CONTENT = b"delivery doctor: this object is removed again\n" * 40
_SHORT_LIFE = timedelta(seconds=2)
_MOST_SKEW = timedelta(minutes=1)


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    """Deliveries to this store do not work, or their links would not keep what they promise."""
    WARNING = "warning"
    """Deliveries work, but not as well or as privately as they could."""
    UNKNOWN = "unknown"
    """The key may not ask, or the store has no such thing."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried."""

    name: str
    outcome: Outcome
    found: str
    means: str = ""
    """What it means for links, where it is not simply well."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was tried, in order."""

    steps: tuple[Step, ...]
    policy: dict[str, Any]
    """The smallest IAM policy that suffices."""

    @property
    def healthy(self) -> bool:
        return all(step.outcome is not Outcome.FAILED for step in self.steps)


def examine(
    store: Store,
    *,
    expires_in: timedelta,
    keep: timedelta,
    fix: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Report:
    """Try ``store`` with small objects of its own under a fresh prefix, and remove them again.

    ``fix`` sets the lifecycle rule that tidies up. A step that fails is a line of the report; only Cancelled is raised.
    """
    progress, cancel = progress or NullProgress(), cancel or CancelToken()
    examination = _Examination(store.watched(Watch(3, progress, cancel)), expires_in, keep, fix, cancel)
    with progress.task("examining the store", None, "files") as task:
        for step in examination.steps():
            task.advance(1)
            examination.done.append(step)
    return Report(tuple(examination.done), smallest_policy(store.bucket, store.prefix))


class _Unmet(Exception):
    """A step found something else than it should have."""


@dataclass
class _Examination:
    store: Store
    expires_in: timedelta
    keep: timedelta
    fix: bool
    cancel: CancelToken
    done: list[Step] = field(default_factory=list)
    key: str = ""
    prefix: str = ""

    def steps(self) -> Iterator[Step]:
        self.prefix = new_prefix(self.store)
        self.key = f"{self.prefix}doctor.txt"
        yield self._tried("reach the bucket", self._reach, "nothing can be delivered there")
        if self.done and self.done[-1].outcome is Outcome.FAILED:
            return
        yield self._credentials()
        yield self._life()
        try:
            yield self._tried("put", self._put, "nothing can be uploaded")
            if self.done[-1].outcome is Outcome.FAILED:
                return
            yield self._tried("signed link", self._signed, "buyers cannot open links")
            yield self._tried("name and type", self._disposition, "files would be saved under the wrong name")
            yield self._tried("range", self._range, "broken downloads start over instead of going on", weak=True)
            yield self._tried("wrong signature", self._wrong_signature, "anybody could open anything: do not use it")
            yield self._tried("expired link", self._expired, "links would never end")
            yield self._tried("without a signature", self._anonymous, "the bucket is public: links never end")
            yield self._clock()
            yield self._tried("no overwriting", self._conditional, "two runs could overwrite each other", weak=True)
            if self.store.quirks.multipart:
                yield self._tried("parts", self._parts, "large files cannot be uploaded")
        finally:
            removed = self._tried("delete", self._delete, "`revoke` and `prune` cannot work; remove by hand")
        yield removed
        if self.store.quirks.settings:
            yield from self._settings()

    def _tried(self, name: str, trial: Callable[[], str], means: str, *, weak: bool = False) -> Step:
        try:
            self.cancel.check()
            return Step(name, Outcome.OK, trial())
        except (_Unmet, DeliveryError) as error:
            self.cancel.check()
            hint = f" ({error.hint})" if isinstance(error, DeliveryError) and error.hint else ""
            return Step(name, Outcome.WARNING if weak else Outcome.FAILED, f"{error}{hint}", means)

    # -- trials: a word about what was found, or _Unmet --------------------------------------------------------

    def _reach(self) -> str:
        self.store.ensure_ready()
        return f"{self.store.quirks.title}, bucket {self.store.bucket}"

    def _put(self) -> str:
        digest = hashlib.sha256(_CONTENT).hexdigest()
        self.store.put(self.key, self._body(_CONTENT, digest), self._headers(), metadata={TAG: "doctor"}, new=True)
        found = self.store.look(self.key)
        if found is None or found.stored.size != len(_CONTENT):
            raise _Unmet("what was put is not there")
        if b"".join(self.store.read(self.key)) != _CONTENT:
            raise _Unmet("what was put comes back changed")
        return "stored and read back"

    def _signed(self) -> str:
        answer = self._open(self._link(timedelta(minutes=5)))
        if not answer.opens:
            raise _Unmet(f"the link answers {answer.status} {answer.code}".rstrip())
        if answer.total != len(_CONTENT):
            raise _Unmet("the link opens, but does not tell the right size")
        return "opens without credentials"

    def _disposition(self) -> str:
        answer = self._open(self._link(timedelta(minutes=5)))
        if answer.disposition != self._headers().disposition:
            raise _Unmet("the store does not keep the disposition")
        if not answer.media_type.startswith("text/plain"):
            raise _Unmet(f"served as {answer.media_type or 'no type'}")
        return "kept, also beyond ASCII"

    def _range(self) -> str:
        answer = self._open(self._link(timedelta(minutes=5)))
        if answer.status != 206:
            raise _Unmet(f"answers {answer.status} instead of 206")
        return "206"

    def _wrong_signature(self) -> str:
        url = self._link(timedelta(minutes=5))
        last = "0" if url[-1] != "0" else "1"
        for altered in (url[:-1] + last, url.replace("X-Amz-Expires=300", "X-Amz-Expires=301")):
            answer = self._open(altered)
            if altered != url and answer.opens:
                raise _Unmet("an altered link opens")
        return "refused"

    def _expired(self) -> str:
        url = self._link(_SHORT_LIFE)
        if not self._open(url).opens:
            raise _Unmet("a link of two seconds does not open at all; is this machine's clock right?")
        self.cancel.wait(_SHORT_LIFE.total_seconds() + 1.5)
        answer = self._open(url)
        if answer.opens:
            raise _Unmet("an expired link still opens")
        return f"refused with {answer.status}"

    def _anonymous(self) -> str:
        bare = self._link(timedelta(minutes=5)).partition("?")[0]
        if self._open(bare).opens:
            raise _Unmet("the object opens without any signature")
        return "refused"

    def _conditional(self) -> str:
        with suppress(ObjectExistsError):
            self.store.put(self.key, self._body(b"other"), self._headers(), metadata={TAG: "doctor"}, new=True)
            if self.store.quirks.conditional_put:
                raise _Unmet("an existing object was overwritten although the store should refuse")
            return "not asked for: this kind of store does not refuse; keys are random instead"
        return "refused, as it should be"

    def _parts(self) -> str:
        key = f"{self.prefix}parts.bin"
        first, last = bytes(_PART), b"the last part"
        upload_id = self.store.begin(key, self._headers(), metadata={TAG: "doctor-parts"})
        etags = [self.store.put_part(key, upload_id, n, self._body(data)) for n, data in ((1, first), (2, last))]
        held = self.store.parts(key, upload_id)
        if held is None or [(row.number, row.size) for row in held] != [(1, _PART), (2, len(last))]:
            raise _Unmet("the store does not list the parts that it holds: uploads could not be resumed")
        rows = [RemotePart(1, _PART, etags[0]), RemotePart(2, len(last), etags[1])]
        crcs, whole = self._crcs(first, last)
        self.store.complete(key, upload_id, rows, tag="doctor-parts", crcs=crcs, crc32=whole)
        found = self.store.look(key)
        if found is None or found.stored.size != _PART + len(last):
            raise _Unmet("the completed object is not whole")
        dropped = self.store.begin(key, self._headers(), metadata={})
        self.store.abort(key, dropped)
        if self.store.parts(key, dropped) is not None:
            raise _Unmet("an aborted upload is still there")
        return "sent, listed, completed, aborted"

    @staticmethod
    def _crcs(first: bytes, last: bytes) -> tuple[list[int], int]:
        return [zlib.crc32(first), zlib.crc32(last)], zlib.crc32(last, zlib.crc32(first))

    def _delete(self) -> str:
        keys = [item.key for item, _ in self.store.keys(self.prefix)]
        self.store.delete(keys)
        if self._open(self._link(timedelta(minutes=5))).opens:
            raise _Unmet("the link of a deleted object still opens")
        return "removed, and its link is dead"

    # -- what is only looked at --------------------------------------------------------------------------------

    def _credentials(self) -> Step:
        life = self.store.key_life()
        if not life.temporary:
            return Step("credentials", Outcome.OK, "permanent: links live as long as they are signed for")
        if life.ends_at is None:
            return Step(
                "credentials",
                Outcome.WARNING,
                "temporary, with an end that they do not tell",
                "links die with them, at a time that nobody can promise; use a permanent key for links",
            )
        return Step(
            "credentials",
            Outcome.WARNING,
            f"temporary, until {format_utc(life.ends_at)}",
            "every link ends then, whatever it was signed for; use a permanent key for longer ones",
        )

    def _life(self) -> Step:
        cap = self.store.quirks.presign_cap
        if cap is None:
            return Step("life of links", Outcome.OK, "no cap is known")
        if self.expires_in > cap:
            told = f"{format_duration(self.expires_in)} are configured, {format_duration(cap)} is the most"
            return Step("life of links", Outcome.FAILED, told, "set expires in [delivery] to less")
        return Step("life of links", Outcome.OK, f"up to {format_duration(cap)}")

    def _clock(self) -> Step:
        before = datetime.now(UTC)
        theirs = self._open(self._link(timedelta(minutes=5))).date
        if theirs is None:
            return Step("clock", Outcome.UNKNOWN, "the store does not tell its time")
        skew = theirs - before
        seconds = int(abs(skew.total_seconds()))
        if abs(skew) <= _MOST_SKEW:
            return Step("clock", Outcome.OK, f"within {max(seconds, 1)} s of the store's")
        way = "behind" if skew > timedelta(0) else "ahead of"
        means = "links begin or end at the wrong time; switch on network time"
        return Step("clock", Outcome.FAILED, f"{format_duration(abs(skew))} {way} the store's", means)

    def _settings(self) -> Iterator[Step]:
        yield self._public_access()
        yield self._setting("encryption", "encryption", lambda rules: "on" if rules else None, "", weak=False)
        versioning = "versions are kept; `revoke` removes them all"
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
        *,
        weak: bool = True,
    ) -> Step:
        try:
            found = self.store.configuration(what)
        except DeliveryError:
            self.cancel.check()
            return Step(name, Outcome.UNKNOWN, "the store does not tell, or the key may not ask")
        told = read(found) if found else None
        if told is not None:
            return Step(name, Outcome.OK, told)
        if weak:
            return Step(name, Outcome.OK, absent)
        return Step(name, Outcome.WARNING, "not set for the bucket", "objects may lie unencrypted on the store's disks")

    def _lifecycle(self) -> Step:
        name, prefix = "lifecycle", self.store.prefix
        try:
            found = self.store.configuration("lifecycle")
            rules = list((found or {}).get("Rules", []))
            if self.fix:
                self.store.set_lifecycle(tidy_rules(rules, prefix, self.keep))
                rules = list((self.store.configuration("lifecycle") or {}).get("Rules", []))
        except DeliveryError as error:
            self.cancel.check()
            means = "leftover parts are billed until `delivery prune` removes them"
            return Step(name, Outcome.WARNING if self.fix else Outcome.UNKNOWN, str(error), means)
        days = expires_objects(rules, prefix)
        if days is not None and timedelta(days=days) < self.expires_in:
            means = "files are removed before their links end: lengthen the rule or shorten expires"
            return Step(name, Outcome.FAILED, f"objects are removed after {days} days", means)
        if not tidies_parts(rules, prefix):
            means = "leftovers of broken uploads are billed for ever: `delivery doctor --fix` sets a rule"
            return Step(name, Outcome.WARNING, "no rule clears leftover parts", means)
        kept = f"objects go after {days} days" if days is not None else "objects stay until `delivery prune`"
        return Step(name, Outcome.OK, f"leftover parts are cleared; {kept}")

    # -- small things ------------------------------------------------------------------------------------------

    def _headers(self) -> Any:
        return headers_for(_NAME, "text/plain")

    def _body(self, data: bytes, digest: str | None = None) -> MemoryBody:
        return MemoryBody(memoryview(data), lambda count: None, Pace(None, self.cancel), sha256=digest)

    def _link(self, life: timedelta) -> str:
        return self.store.presign(self.key, life, self._headers())

    def _open(self, url: str) -> Probe:
        return probe(url, Watch(attempts=3, cancel=self.cancel))
