"""botocore's exceptions and a store's answers as this library's errors, told for one store and bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import botocore.exceptions

from delivery.errors import DeliveryError, StoreRefusedError, StoreUnreachableError
from delivery.storage import faults
from delivery.storage.faults import Fault

_MOST_SKEW = timedelta(minutes=5)
_LOST = {
    botocore.exceptions.EndpointConnectionError: "the store cannot be reached; check the endpoint and the network",
    botocore.exceptions.ConnectTimeoutError: "the store did not answer in time",
    botocore.exceptions.ReadTimeoutError: "the store did not answer in time",
    botocore.exceptions.ProxyConnectionError: "the proxy cannot be reached",
}


class Passing(Exception):
    """A failure that another try may mend."""

    def __init__(self, fault: Fault, answer: str = "") -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Translator:
    """Failures in words that name the store and the bucket."""

    store: str
    bucket: str

    def error(self, fault: Fault, doing: str, answer: str = "") -> DeliveryError:
        return faults.as_error(fault, store=self.store, bucket=self.bucket, doing=doing, answer=answer)

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """botocore's exceptions as ours; what another try may mend leaves as ``Passing``."""
        try:
            yield
        except botocore.exceptions.ClientError as error:
            details = error.response.get("ResponseMetadata", {})
            code = code_of(error)
            status = details.get("HTTPStatusCode", 0)
            fault = read_fault(status, "" if code.isdecimal() else code, details.get("HTTPHeaders", {}))
            if fault.passing:
                raise Passing(fault, code) from error
            raise self.error(fault, doing, code) from error
        except botocore.exceptions.NoCredentialsError as error:
            raise no_credentials(self.store) from error
        except botocore.exceptions.SSLError as error:
            raise StoreUnreachableError(
                f"{doing}: the store's TLS certificate was not accepted",
                hint="check the endpoint; behind an inspecting proxy set AWS_CA_BUNDLE to its certificate",
                code="store-tls",
            ) from error
        except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
            words = _LOST.get(type(error), "the connection broke")
            raise Passing(faults.lost(words)) from error
        except botocore.exceptions.ParamValidationError as error:
            raise StoreRefusedError(
                f"{doing}: the bucket or key is not one that S3 allows", hint=f"check bucket in [store:{self.store}]"
            ) from error
        except botocore.exceptions.BotoCoreError as error:
            raise StoreRefusedError(
                f"the credentials for the store could not be had ({type(error).__name__})",
                hint="sign in again, or check aws_profile and the AWS configuration",
                code="credentials",
            ) from error


def read_fault(status: int, code: str, headers: Mapping[str, str]) -> Fault:
    """Some stores call a wrong clock a denied access: their Date header tells."""
    if status in (400, 403) and code in ("AccessDenied", "SignatureDoesNotMatch", "") and _skewed(headers):
        code = "RequestTimeTooSkewed"
    return faults.of_answer(status, code)


def no_credentials(name: str) -> StoreRefusedError:
    return StoreRefusedError(
        f"no credentials were found for the store {name}",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or aws_profile in "
        f"[store:{name}], or sign in with the AWS tools",
        code="credentials-missing",
    )


def code_of(error: botocore.exceptions.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _skewed(headers: Mapping[str, str]) -> bool:
    try:
        theirs = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return False
    return abs(datetime.now(UTC) - theirs) > _MOST_SKEW
