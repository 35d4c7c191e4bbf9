"""Objects of the doctor's own, put, opened, altered and removed, to see whether the store does as it should."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from delivery.crc import crc32
from delivery.hosting.bodies import MemoryBody
from delivery.hosting.diagnosis import Outcome, Step
from delivery.hosting.names import headers_for
from delivery.hosting.pace import Pace
from delivery.progress import CancelToken
from delivery.storage.base import TAG, RemotePart, Store
from delivery.storage.faults import ObjectExistsError
from delivery.storage.probe import Probe, probe
from delivery.storage.watch import Watch
from delivery.units import format_duration

_PART = 5 * 1024**2
_NAME = 'prüfung "1".txt'
_CONTENT = b"delivery doctor: this object is removed again\n" * 40
_SHORT_LIFE = timedelta(seconds=2)
_MOST_SKEW = timedelta(minutes=1)


class Unmet(Exception):
    """A step found something else than it should have."""


class Trials(NamedTuple):
    """Each trial returns a word about what was found, or raises Unmet or what the store raises; the clock is a line."""

    store: Store
    cancel: CancelToken
    prefix: str
    """For these objects alone."""

    @property
    def key(self) -> str:
        return f"{self.prefix}doctor.txt"

    def reach(self) -> str:
        self.store.ensure_ready()
        return f"{self.store.quirks.title}, bucket {self.store.bucket}"

    def put(self) -> str:
        digest = hashlib.sha256(_CONTENT).hexdigest()
        self.store.put(self.key, self._body(_CONTENT, digest), self._headers(), metadata={TAG: "doctor"}, new=True)
        found = self.store.look(self.key)
        if found is None or found.stored.size != len(_CONTENT):
            raise Unmet("what was put is not there")
        if b"".join(self.store.read(self.key)) != _CONTENT:
            raise Unmet("what was put comes back changed")
        return "stored and read back"

    def signed(self) -> str:
        answer = self._open(self._link(timedelta(minutes=5)))
        if not answer.opens:
            raise Unmet(f"the link answers {answer.status} {answer.code}".rstrip())
        if answer.total != len(_CONTENT):
            raise Unmet("the link opens, but does not tell the right size")
        return "opens without credentials"

    def disposition(self) -> str:
        answer = self._open(self._link(timedelta(minutes=5)))
        if answer.disposition != self._headers().disposition:
            raise Unmet("the store does not keep the disposition")
        if not answer.media_type.startswith("text/plain"):
            raise Unmet(f"served as {answer.media_type or 'no type'}")
        return "kept, also beyond ASCII"

    def range(self) -> str:
        answer = self._open(self._link(timedelta(minutes=5)))
        if not answer.ranged:
            raise Unmet(f"answers {answer.status} with something else than the bytes that were asked for")
        if answer.status != 206:
            return f"right, but with status {answer.status}: curl, wget and `fetch` go on, a browser may start over"
        return "206"

    def wrong_signature(self) -> str:
        url = self._link(timedelta(minutes=5))
        last = "0" if url[-1] != "0" else "1"
        for altered in (url[:-1] + last, url.replace("X-Amz-Expires=300", "X-Amz-Expires=301")):
            answer = self._open(altered)
            if altered != url and answer.opens:
                raise Unmet("an altered link opens")
        return "refused"

    def expired(self) -> str:
        url = self._link(_SHORT_LIFE)
        if not self._open(url).opens:
            raise Unmet("a link of two seconds does not open at all; is this machine's clock right?")
        self.cancel.wait(_SHORT_LIFE.total_seconds() + 1.5)
        answer = self._open(url)
        if answer.opens:
            raise Unmet("an expired link still opens")
        return f"refused with {answer.status}"

    def anonymous(self) -> str:
        bare = self._link(timedelta(minutes=5)).partition("?")[0]
        if self._open(bare).opens:
            raise Unmet("the object opens without any signature")
        return "refused"

    def conditional(self) -> str:
        with suppress(ObjectExistsError):
            self.store.put(self.key, self._body(b"other"), self._headers(), metadata={TAG: "doctor"}, new=True)
            if self.store.quirks.conditional_put:
                raise Unmet(
                    "an existing object was overwritten although the store should refuse: "
                    "set conditional_put = no in the store's section"
                )
            return "not asked for: this kind of store does not refuse; keys are random instead"
        return "refused, as it should be"

    def parts(self) -> str:
        key = f"{self.prefix}parts.bin"
        first, last = bytes(_PART), b"the last part"
        upload_id = self.store.begin(key, self._headers(), metadata={TAG: "doctor-parts"})
        etags = [self.store.put_part(key, upload_id, n, self._body(data)) for n, data in ((1, first), (2, last))]
        held = self.store.parts(key, upload_id)
        if held is None or [(row.number, row.size) for row in held] != [(1, _PART), (2, len(last))]:
            raise Unmet("the store does not list the parts that it holds: uploads could not be resumed")
        rows = [RemotePart(1, _PART, etags[0]), RemotePart(2, len(last), etags[1])]
        crcs, whole = [crc32(first), crc32(last)], crc32(last, crc32(first))
        self.store.complete(key, upload_id, rows, tag="doctor-parts", crcs=crcs, crc32=whole)
        found = self.store.look(key)
        if found is None or found.stored.size != _PART + len(last):
            raise Unmet("the completed object is not whole")
        dropped = self.store.begin(key, self._headers(), metadata={})
        self.store.abort(key, dropped)
        if self.store.parts(key, dropped) is not None:
            raise Unmet("an aborted upload is still there")
        return "sent, listed, completed, aborted"

    def delete(self) -> str:
        keys = [item.key for item, _ in self.store.keys(self.prefix)]
        self.store.delete(keys)
        if self._open(self._link(timedelta(minutes=5))).opens:
            raise Unmet("the link of a deleted object still opens")
        return "removed, and its link is dead"

    def clock(self) -> Step:
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

    def _headers(self) -> Any:
        return headers_for(_NAME, "text/plain")

    def _body(self, data: bytes, digest: str | None = None) -> MemoryBody:
        return MemoryBody(memoryview(data), lambda count: None, Pace(None, self.cancel), sha256=digest)

    def _link(self, life: timedelta) -> str:
        return self.store.presign(self.key, life, self._headers())

    def _open(self, url: str) -> Probe:
        return probe(url, Watch(attempts=3, cancel=self.cancel))
