"""One look inside each file, for the checks. Each file is opened once and read a little, at known places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.intake.assets import KnownPaths
from delivery.intake.look import VOLUME, look
from delivery.intake.names import extension
from delivery.intake.observation import Fact, Observation, Observations, Seen
from delivery.intake.readers import formats
from delivery.intake.readers.view import View
from delivery.intake.source import opened
from delivery.intake.twins import twins
from delivery.model import Deliverable, FileEntry
from delivery.options import CheckOptions
from delivery.progress import CancelToken, NullProgress, Progress

if TYPE_CHECKING:
    from delivery.intake.inside import Lookout

_MOST_NAMES = 150_000
_MOST_TYPES = 100
_MOST_INSIDE = 20
_MOST_KNOWN = 10_000
_STREAM = Observation((Fact(Seen.UNSEEN, "a stream, sent as it comes: only its name and first bytes were looked at"),))
_CANNOT_DECODE = frozenset({Seen.DAMAGED, Seen.ZEROS, Seen.ENCRYPTED, Seen.HOSTILE})


def observe(
    deliverable: Deliverable,
    *,
    options: CheckOptions | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Observations:
    """What is inside the files, as far as checks need it. Raises LocalError, SourceChangedError and Cancelled."""
    options, cancel = options or CheckOptions(), cancel or CancelToken()
    seen: dict[str, Observation] = {}
    keeper, observer = _Keeper(), _Observer(deliverable, options, cancel)
    with (progress or NullProgress()).task("Looking inside", len(deliverable.entries), "files") as task:
        for number, entry in enumerate(deliverable.entries, start=1):
            if entry.content is not None and not entry.is_empty:
                seen[entry.arcname] = _STREAM
            elif entry.size:
                observation = observer.observe(entry)
                if observation is not None:
                    seen[entry.arcname] = keeper.keep(observation)
            if number % 64 == 0:
                cancel.check()
                task.advance(64)
        task.advance(len(deliverable.entries) % 64)
    for entry, other, exact in twins(deliverable, cancel):
        before = seen.get(entry.arcname, Observation())
        told = Fact(Seen.TWIN, other.arcname, "" if exact else "sampled")
        seen[entry.arcname] = before._replace(facts=(*before.facts, told))
    return Observations(seen)


class _Keeper:
    """Keeps observations small: equal ones once, and of archives' names no more in all than fit in memory."""

    def __init__(self) -> None:
        self._known: dict[Observation, Observation] = {}
        self._names = _MOST_NAMES

    def keep(self, observation: Observation) -> Observation:
        if observation.members:
            self._names -= len(observation.members) + len(observation.inside)
            if self._names < 0:
                return _by_extension(observation)
            return observation
        if len(self._known) < _MOST_KNOWN:
            return self._known.setdefault(observation, observation)
        return self._known.get(observation, observation)


def _by_extension(observation: Observation) -> Observation:
    """The first name of each extension: enough to tell what a platform refuses."""
    first = {extension(name): name for name in reversed(observation.members)}
    told = Fact(Seen.UNSEEN, "so many archives: of the names inside it, only one of each type was kept")
    return Observation(
        (*observation.facts, told), tuple(first.values())[:_MOST_TYPES], observation.inside[:_MOST_INSIDE]
    )


class _Observer:
    """One look into each file, and into the zips among them."""

    def __init__(self, deliverable: Deliverable, options: CheckOptions, cancel: CancelToken) -> None:
        self._deep, self._cancel = options.deep, cancel
        self._names = KnownPaths(lambda: (entry.arcname for entry in deliverable.entries))
        self._lookout: Lookout | None = None

    def observe(self, entry: FileEntry) -> Observation | None:
        """What one file tells, or None."""
        with opened(entry) as descriptor:
            view = View.of_descriptor(descriptor, entry.size, name=entry.arcname)
            look(view, whole=self._deep)
            if view.zipped:
                self._look_inside(view)
        whole = not VOLUME.fullmatch(extension(entry.arcname))
        if self._deep and whole and not any(fact.kind in _CANNOT_DECODE for fact in view.facts):
            from delivery.intake import deep

            fact = deep.decode(entry.path, formats.sniff(view.head), self._cancel)
            view.facts += [fact] if fact else []
        view.facts = self._names.without_delivered(view.facts, entry.arcname)
        if not view.facts and not view.members:
            return None
        return view.observation

    def _look_inside(self, view: View) -> None:
        if self._lookout is None:
            from delivery.intake.inside import Lookout

            self._lookout = Lookout(whole=self._deep, cancel=self._cancel)
        self._lookout.look_inside(view)
