"""A store's answers and a network's failures as this library's errors, told for one store and bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from delivery.errors import DeliveryError, StoreRefusedError, StoreUnreachableError
from delivery.storage import faults
from delivery.storage.answers import moment_of, retry_after
from delivery.storage.carry import Refusal
from delivery.storage.dial import LostConnection, UntrustedConnection
from delivery.storage.faults import Fault
from delivery.storage.retry import Failed

_MOST_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Translator:
    """Failures in words that name the store and the bucket."""

    store: str
    bucket: str

    def error(self, fault: Fault, doing: str, answer: str = "") -> DeliveryError:
        return faults.as_error(fault, store=self.store, bucket=self.bucket, doing=doing, answer=answer)

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """What a request raises as our errors; what another try may mend leaves as ``Failed``."""
        try:
            yield
        except Refusal as refusal:
            fault = read_fault(refusal.status, refusal.code, refusal.headers)
            error = self.error(fault, doing, refusal.code)
            if fault.passing:
                raise Failed(fault, error, after=retry_after(refusal.headers)) from refusal
            raise error from refusal
        except UntrustedConnection as untrusted:
            raise StoreUnreachableError(
                f"{doing}: {untrusted}",
                hint="check the endpoint; behind an inspecting proxy set AWS_CA_BUNDLE to its certificate",
                code="store-tls",
            ) from untrusted
        except LostConnection as lost:
            fault = faults.lost(str(lost))
            raise Failed(fault, self.error(fault, doing)) from lost

    @contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """:meth:`translated` for what is not tried again here: a passing failure too becomes an error in words."""
        try:
            with self.translated(doing):
                yield
        except Failed as failed:
            raise failed.error from failed.__cause__


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


def _skewed(headers: Mapping[str, str]) -> bool:
    theirs = moment_of(headers.get("date", ""))
    return theirs is not None and abs(datetime.now(UTC) - theirs) > _MOST_SKEW
