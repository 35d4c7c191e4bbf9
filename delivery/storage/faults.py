"""A store's answers and a network's failures as this library's errors, by the table in ``faults.toml``."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

from delivery.errors import DeliveryError, IntegrityError, StoreRefusedError, StoreUnreachableError
from delivery.escape import printable

Kind = Literal["refused", "passing", "damaged", "gone", "clock", "exists"]


class Fault(NamedTuple):
    """What one kind of failure means."""

    kind: Kind
    message: str
    hint: str = ""
    slow: bool = False
    """The store wants fewer requests, not only another try."""

    @property
    def passing(self) -> bool:
        """Another try may succeed."""
        return self.kind in ("passing", "damaged")


class ObjectGoneError(StoreRefusedError):
    """The object or the upload is not in the store."""

    default_code = "object-gone"


class ObjectExistsError(StoreRefusedError):
    """Something is stored under the key already."""

    default_code = "object-exists"


class ClockError(StoreRefusedError):
    """This machine's clock is too far from the store's."""

    default_code = "clock-wrong"


_ERRORS: dict[str, type[DeliveryError]] = {
    "refused": StoreRefusedError,
    "passing": StoreUnreachableError,
    "damaged": IntegrityError,
    "gone": ObjectGoneError,
    "clock": ClockError,
    "exists": ObjectExistsError,
}
GOES_ON = ": it goes on where it stopped"
"""How hints end. What has nothing to go on with, such as a look at the store, leaves it out."""
_RESUME = f"run the same command again{GOES_ON}"


@cache
def _table() -> tuple[dict[str, Fault], dict[str, Fault]]:
    import tomllib  # most runs meet no fault
    from importlib import resources

    text = resources.files("delivery.storage").joinpath("faults.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    codes = {name: Fault(**row) for name, row in data["codes"].items()}
    statuses = {name: Fault(**row) for name, row in data["status"].items()}
    return codes, statuses


def of_answer(status: int, code: str) -> Fault:
    """The fault that an HTTP answer means; ``code`` is the store's own, or empty."""
    codes, statuses = _table()
    if code in codes:
        return codes[code]
    if str(status) in statuses:
        return statuses[str(status)]
    if 300 <= status < 400:
        return codes["PermanentRedirect"]
    if status >= 500 or status in (0, 200):  # 200: an error inside an answer that had begun
        return Fault("passing", "the store failed inside")
    return Fault("refused", f"the store answered {status}", "`delivery doctor` tries every step against this store")


def lost(what: str) -> Fault:
    """A connection that could not be made or broke."""
    return Fault("passing", what)


def as_error(fault: Fault, *, store: str, bucket: str, doing: str, answer: str = "") -> DeliveryError:
    """The error to raise for ``fault``, with ``answer`` (the store's own code) told for the passing and the unknown."""
    names = {"store": store, "bucket": printable(bucket)}
    message = fault.message.format_map(names)
    hint = fault.hint.format_map(names) or (_RESUME if fault.passing else "")
    told = f" ({printable(answer)[:80]})" if answer else ""
    error = _ERRORS[fault.kind](f"{doing}: {message}{told}", hint=hint)
    if fault.kind == "passing":
        error.code = "store-slow-down" if fault.slow else "store-unreachable"
    return error
