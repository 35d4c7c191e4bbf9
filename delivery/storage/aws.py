"""What botocore knows better than anyone: where keys come from, where AWS has its buckets, a client for settings.

Everything here takes a tenth of a second and more to load and none of it is needed for a store whose endpoint and keys
are given. botocore's exceptions leave as those of this room (see :func:`speaking`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore.exceptions
import botocore.parsers
import botocore.session
from botocore.config import Config

from delivery.errors import DeliveryError, StoreRefusedError
from delivery.escape import printable
from delivery.options import StoreOptions
from delivery.progress import CancelToken
from delivery.storage.apart import apart
from delivery.storage.base import Quirks
from delivery.storage.carry import Refusal
from delivery.storage.dial import LOOPBACK, LostConnection, UntrustedConnection
from delivery.storage.faults import of_answer
from delivery.storage.sigv4 import Keys

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

making = threading.Lock()
"""botocore's sessions make clients in one thread at a time only, and several calls may share a caller's session."""
_LOST = {
    botocore.exceptions.EndpointConnectionError: "the store cannot be reached; check the endpoint and the network",
    botocore.exceptions.ConnectTimeoutError: "the store did not answer in time",
    botocore.exceptions.ReadTimeoutError: "the store did not answer in time",
    botocore.exceptions.ProxyConnectionError: "the proxy cannot be reached",
}


_STRAY = (OSError, LookupError, TypeError, AttributeError)
"""What botocore lets pass where a token's file or a program is not there, or answers something else than keys."""
NOT_HAD = (botocore.exceptions.BotoCoreError, RuntimeError, ValueError, *_STRAY)
"""What looking for credentials may end with."""


NONE_ASKED = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
"""With these a client is made at once, for what it knows without them: it would look for keys as long as that takes."""


class FoundKeys:
    """Credentials that botocore holds, and renews where they are temporary."""

    def __init__(self, found: Any, cancel: CancelToken | None = None) -> None:
        self._found = found
        self._cancel = cancel or CancelToken()

    def keys(self) -> Keys:
        try:
            with speaking():
                try:
                    frozen = self._frozen()
                except botocore.exceptions.ParamValidationError as error:
                    raise _unusable("", error) from error  # of the role, not of a bucket
                except botocore.exceptions.ClientError as error:
                    _refuse_role(error)
                    raise
        except DeliveryError:
            raise  # some are an OSError too
        except (RuntimeError, ValueError, botocore.parsers.ResponseParserError) as error:
            raise StoreRefusedError(
                "the credentials for the store have ended and were not renewed",
                hint="sign in again, or check AWS_CREDENTIAL_EXPIRATION and the AWS configuration",
                code="credentials",
            ) from error
        except _STRAY as error:
            raise _unusable("", error) from error
        if not frozen.access_key or not frozen.secret_key:
            raise StoreRefusedError(
                "the credentials for the store are half of a pair of keys",
                hint="give the access key id and the secret access key together",
                code="credentials",
            )
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)

    def _frozen(self) -> Any:
        renewed = getattr(self._found, "refresh_needed", None)
        if renewed is None or not renewed():
            return self._found.get_frozen_credentials()
        return apart(self._found.get_frozen_credentials, self._cancel)

    def end(self) -> datetime | None:
        # Only credentials that refresh themselves know their end, and botocore tells it nowhere else.
        ends_at: datetime | None = getattr(self._found, "_expiry_time", None)
        return ends_at


def session_for(name: str, options: StoreOptions) -> botocore.session.Session:
    """A session with the profile or the keys of ``options``. Raises StoreRefusedError for a profile that is not there.

    It is botocore's, without what boto3 adds: its resources and transfers take long to load and have no use.
    """
    session = ignoring_the_users_files() if options.profile == "embedded" else botocore.session.Session()
    try:
        if options.aws_profile is not None:
            session.set_config_variable("profile", options.aws_profile)
        session.get_scoped_config()  # raises where the profile is not to be found
    except botocore.exceptions.ProfileNotFound as error:
        raise StoreRefusedError(
            f"the AWS profile {printable(str(error.kwargs.get('profile')))} was not found",
            hint=f"check aws_profile and signing_profile in [store:{name}], and the variable AWS_PROFILE",
            code="credentials-missing",
        ) from error
    except botocore.exceptions.BotoCoreError as error:
        raise _unusable(name, error) from error
    if options.access_key_id and options.secret_access_key:
        session.set_credentials(options.access_key_id, options.secret_access_key, options.session_token or None)
    return session


def keys_for(name: str, options: StoreOptions, cancel: CancelToken | None = None) -> FoundKeys | None:
    """What the AWS chain gives: environment, profiles, single sign-on, the machine's role. Raises StoreRefusedError,
    and Cancelled, here and where they are renewed."""
    cancel = cancel or CancelToken()
    try:
        found = apart(session_for(name, options).get_credentials, cancel)
    except DeliveryError:
        raise
    except NOT_HAD as error:
        raise _unusable(name, error) from error
    return None if found is None else FoundKeys(found, cancel)


def client_for(
    make: Callable[..., Any], endpoint: str | None, quirks: Quirks, *, region: str, addressing: str, **keys: str
) -> S3Client:
    """A client for the store's endpoint. ``make`` is a session's method that makes clients."""
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing, "payload_signing_enabled": quirks.signed_payload},  # type: ignore[arg-type]
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=10,
        proxies={} if urlsplit(endpoint or "").hostname in LOOPBACK else None,
        read_timeout=60,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        with making:
            client: S3Client = make("s3", endpoint_url=endpoint, region_name=region, config=config, **keys)
    except (ValueError, botocore.exceptions.BotoCoreError) as error:
        raise StoreRefusedError(
            f"boto3 cannot speak to the store ({type(error).__name__})",
            hint="check endpoint and region in the section of the store",
            code="store-unusable",
        ) from error
    return client


def address_of(client: S3Client, bucket: str) -> str:
    """Where a bucket of AWS is: partitions, FIPS and dual-stack endpoints as the user's AWS configuration has them."""
    with speaking():
        sample = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    return sample.partition("?")[0].removesuffix("k")


def ignoring_the_users_files() -> botocore.session.Session:
    """For what a broken ~/.aws or a stray AWS_PROFILE must not disturb."""
    nothing = {"profile": (None, None, None, None)}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={**nothing, **files})


@contextmanager
def speaking() -> Iterator[None]:
    """botocore's exceptions as Refusal, LostConnection, or an error where no other try will mend them."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        details = error.response.get("ResponseMetadata", {})
        code = str(error.response.get("Error", {}).get("Code", ""))
        headers = details.get("HTTPHeaders", {})
        raise Refusal(details.get("HTTPStatusCode", 0), "" if code.isdecimal() else code, headers) from error
    except botocore.exceptions.SSLError as error:
        raise UntrustedConnection("the store's TLS certificate was not accepted") from error
    except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
        raise LostConnection(_LOST.get(type(error), "the connection broke")) from error
    except botocore.exceptions.ParamValidationError as error:
        raise StoreRefusedError(
            "the bucket or key is not one that S3 allows", hint="check bucket in the section of the store"
        ) from error
    except botocore.exceptions.BotoCoreError as error:
        raise StoreRefusedError(
            f"the credentials for the store could not be had ({type(error).__name__})",
            hint="sign in again, or check aws_profile and the AWS configuration",
            code="credentials",
        ) from error


def _refuse_role(error: botocore.exceptions.ClientError) -> None:
    """Raise StoreRefusedError where whoever gives out a role's keys refuses for good. That is not the store's word."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if not of_answer(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0), code).passing:
        raise StoreRefusedError(
            f"the credentials for the store were refused ({printable(code)})",
            hint="check the role, its trust policy and the job's token; `aws sts get-caller-identity` asks the same",
            code="credentials",
        ) from error


def _unusable(name: str, error: Exception) -> StoreRefusedError:
    why = type(error).__name__
    if isinstance(error, OSError) and error.filename:
        why = printable(f"{error.filename}: {error.strerror}")
    said = os.environ.get("AWS_CREDENTIAL_EXPIRATION")
    end = "AWS_CREDENTIAL_EXPIRATION, written as 2026-01-31T12:00:00Z, and " if said else ""
    return StoreRefusedError(
        f"the credentials for the store{name and f' {name}'} could not be had ({why})",
        hint=f"check {end}the AWS configuration: `aws configure list` shows where keys are looked for",
        code="credentials",
    )
