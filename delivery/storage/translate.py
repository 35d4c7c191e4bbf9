"""A store's answers and a network's failures as this library's errors, told for one store and bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from delivery.errors import DeliveryError, StoreRefusedError, StoreUnreachableError
from delivery.storage import faults
from delivery.storage.answers import moment_of
from delivery.storage.carry import Refusal
from delivery.storage.dial import LostConnection, UntrustedConnection
from delivery.storage.faults import Fault

_MOST_SKEW = timedelta(minutes=5)


class Passing(Exception):
    """A failure that another try may mend."""

    def __init__(self, fault: Fault, answer: str = "", after: float | None = None) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.answer = answer
        self.after = after
        """Seconds that the store asked to wait (Retry-After)."""


@dataclass(frozen=True, slots=True)
class Translator:
    """Failures in words that name the store and the bucket."""

    store: str
    bucket: str

    def error(self, fault: Fault, doing: str, answer: str = "") -> DeliveryError:
        return faults.as_error(fault, store=self.store, bucket=self.bucket, doing=doing, answer=answer)

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """What a request raises as our errors; what another try may mend leaves as ``Passing``."""
        try:
            yield
        except Refusal as refusal:
            fault = read_fault(refusal.status, refusal.code, refusal.headers)
            if fault.passing:
                raise Passing(fault, refusal.code, _seconds(refusal.headers.get("retry-after"))) from refusal
            raise self.error(fault, doing, refusal.code) from refusal
        except UntrustedConnection as error:
            raise StoreUnreachableError(
                f"{doing}: {error}",
                hint="check the endpoint; behind an inspecting proxy set AWS_CA_BUNDLE to its certificate",
                code="store-tls",
            ) from error
        except LostConnection as error:
            raise Passing(faults.lost(str(error))) from error

    @contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """:meth:`translated` for what is not tried again here: a passing failure too becomes an error in words."""
        try:
            with self.translated(doing):
                yield
        except Passing as passing:
            raise self.error(passing.fault, doing, passing.answer) from passing


def read_fault(status: int, code: str, headers: Mapping[str, str]) -> Fault:
    """Some stores call a wrong clock a denied access: their Date header tells."""
    if status in (400, 403) and code in ("AccessDenied", "SignatureDoesNotMatch", "") and _skewed(headers):
        code = "RequestTimeTooSkewed"
    fault, region = faults.of_answer(status, code), headers.get("x-amz-bucket-region", "")
    if region.replace("-", "").isalnum() and (300 <= status < 400 or code == "AuthorizationHeaderMalformed"):
        return fault._replace(hint=f"write into [store:{{store}}]: region = {region}")
    return fault


def no_credentials(name: str) -> StoreRefusedError:
    return StoreRefusedError(
        f"no credentials were found for the store {name}",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws_profile in "
        f"[store:{name}], or sign in with the AWS tools",
        code="credentials-missing",
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdecimal() else None


def _skewed(headers: Mapping[str, str]) -> bool:
    theirs = moment_of(headers.get("date", ""))
    return theirs is not None and abs(datetime.now(UTC) - theirs) > _MOST_SKEW
