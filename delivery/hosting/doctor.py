"""The configured store tried for real, step by step, with what each answer means for links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from delivery.errors import DeliveryError, StoreUnreachableError
from delivery.hosting.diagnosis import Outcome, Report, Step
from delivery.hosting.looks import Looks
from delivery.hosting.policy import smallest_policy
from delivery.hosting.trials import Trials, Unmet
from delivery.hosting.upload import new_prefix
from delivery.progress import CancelToken, NullProgress, Progress
from delivery.storage.base import Quirks, Store
from delivery.storage.faults import GOES_ON
from delivery.storage.watch import Watch


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
    watched = store.watched(Watch(3, progress, cancel))
    trials = Trials(watched, cancel, new_prefix(watched))
    looks = Looks(watched, cancel, expires_in, keep, fix)
    examination = _Examination(trials, looks, store.quirks, cancel)
    with progress.task("examining the store", None, "files") as task:
        for step in examination.steps():
            task.advance(1)
            examination.done.append(step)
    return Report(tuple(examination.done), smallest_policy(store.bucket, store.prefix))


@dataclass
class _Examination:
    """Trials and looks in their order; what was put is removed however it ends."""

    trials: Trials
    looks: Looks
    quirks: Quirks
    cancel: CancelToken
    done: list[Step] = field(default_factory=list)

    def steps(self) -> Iterator[Step]:
        trials, looks = self.trials, self.looks
        yield self._tried("reach the bucket", trials.reach, "nothing can be delivered there")
        if self.done and self.done[-1].outcome is Outcome.FAILED:
            return
        yield looks.credentials()
        yield looks.life()
        try:
            yield self._tried("put", trials.put, "nothing can be uploaded")
            if self.done[-1].outcome is Outcome.FAILED:
                return
            yield self._tried("signed link", trials.signed, "buyers cannot open links")
            yield self._tried("name and type", trials.disposition, "files would be saved under the wrong name")
            yield self._tried("range", trials.range, "broken downloads start over instead of going on", weak=True)
            yield self._tried("wrong signature", trials.wrong_signature, "anybody could open anything: do not use it")
            yield self._tried("expired link", trials.expired, "links would never end")
            yield self._tried("without a signature", trials.anonymous, "the bucket is public: links never end")
            yield trials.clock()
            yield self._tried("no overwriting", trials.conditional, "two runs could overwrite each other", weak=True)
            if self.quirks.multipart:
                yield self._tried("parts", trials.parts, "large files cannot be uploaded")
        finally:
            removed = self._tried("delete", trials.delete, "`revoke` and `prune` cannot work; remove by hand")
        yield removed
        if self.quirks.settings:
            yield from looks.settings()
        elif looks.fix:
            yield Step("lifecycle", Outcome.WARNING, "this store keeps no such rule", "`delivery prune` tidies it up")

    def _tried(self, name: str, trial: Callable[[], str], means: str, *, weak: bool = False) -> Step:
        try:
            self.cancel.check()
            return Step(name, Outcome.OK, trial())
        except (Unmet, DeliveryError) as error:
            self.cancel.check()
            said = error.hint.removesuffix(GOES_ON) if isinstance(error, DeliveryError) else ""
            hint = f" ({said})" if said else ""
            outcome = Outcome.WARNING if weak else Outcome.FAILED
            return Step(name, outcome, f"{error}{hint}", means, isinstance(error, StoreUnreachableError))
