"""The store that a section of the configuration describes: its credentials, addressing and signing region.

Where the section, or the environment, gives endpoint and keys, nothing of boto3 is loaded.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from delivery.errors import ConfigError, StoreRefusedError
from delivery.escape import printable
from delivery.options import StoreOptions
from delivery.storage.base import Quirks
from delivery.storage.bucket import Signer
from delivery.storage.carry import Carrier
from delivery.storage.opening import key_prefix
from delivery.storage.quirks import overridden
from delivery.storage.s3 import S3Store
from delivery.storage.sigv4 import Credentials, FixedKeys, Keys
from delivery.storage.translate import no_credentials
from delivery.storage.watch import Watch
from delivery.storage.wire import Wire

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from delivery.progress import CancelToken
    from delivery.storage import Connection

_REGION = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
_HOST_LABEL = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_NUMERIC = re.compile(r"[0-9.]+|.*:.*")


def connect(
    name: str,
    options: StoreOptions,
    quirks: Quirks,
    *,
    attempts: int = 6,
    machine: bool = False,
    notice: str = "",
    connection: Connection | None = None,
    cancel: CancelToken | None = None,
) -> S3Store:
    """The store that ``options`` describe; nothing is sent yet. Raises StoreRefusedError without credentials.

    With a ``connection`` it is the caller's credentials that ask and sign.
    ``cancel`` is heard while credentials are waited for.
    """
    assert options.bucket is not None
    quirks = overridden(quirks, options)
    region = quirks.region or "us-east-1"
    if not _REGION.fullmatch(region):
        raise ConfigError(
            f"the region of the store {name} is not one", hint=f"check region in [store:{name}]", code="config-value"
        )
    addressing = options.addressing or ("path" if "." in options.bucket else quirks.addressing)
    make: Callable[..., Any] | None = None
    credentials: Credentials | None
    if connection is not None:
        from delivery.storage import caller

        make, credentials = caller.identity(name, connection, cancel)
    else:
        credentials = _credentials(name, options, cancel)
    if credentials is None:
        raise no_credentials(name)

    def client(**keys: str) -> S3Client:
        from delivery.storage import aws

        maker = make or aws.session_for(name, options).create_client
        return aws.client_for(maker, options.endpoint, quirks, region=region, addressing=addressing, **keys)

    if options.endpoint:
        base = _address(name, options.endpoint, options.bucket, addressing)
    else:
        from delivery.storage import aws

        base = aws.address_of(client(**aws.NONE_ASKED), options.bucket)
    parts = urlsplit(base)
    return S3Store(
        name=name,
        quirks=quirks,
        bucket=options.bucket,
        prefix=key_prefix(options.prefix),
        identity=base,
        carrier=Carrier(Wire(f"{parts.scheme}://{parts.netloc}"), base, region, credentials),
        boto3=functools.cache(client),
        signer=_signer(name, options, cancel),
        watch=Watch(attempts=attempts),
        on_this_machine=machine,
        notice=notice,
    )


def _credentials(name: str, options: StoreOptions, cancel: CancelToken | None) -> Credentials | None:
    """Those of the section, or else of the AWS chain. Raises ConfigError for half a pair, StoreRefusedError."""
    key, secret = options.access_key_id, options.secret_access_key
    if bool(key) != bool(secret):
        raise ConfigError(
            f"[store:{name}] has half of a pair of keys",
            hint="give access_key_id and secret_access_key together, or neither and leave them to the AWS chain",
            code="store-incomplete",
        )
    if key and secret:
        return FixedKeys(Keys(key, secret, options.session_token or None))
    if options.aws_profile is None and (found := _in_the_environment()) is not None:
        return found
    from delivery.storage import aws

    return aws.keys_for(name, options, cancel)


def _in_the_environment() -> Credentials | None:
    """The first place where the AWS chain looks. Keys that say when they end are for botocore to renew."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret or os.environ.get("AWS_CREDENTIAL_EXPIRATION"):
        return None
    token = os.environ.get("AWS_SESSION_TOKEN") or os.environ.get("AWS_SECURITY_TOKEN")
    return FixedKeys(Keys(key, secret, token or None))


def _signer(name: str, options: StoreOptions, cancel: CancelToken | None) -> Signer | None:
    if not options.signing_profile:
        return None
    from delivery.storage import aws

    alone = replace(
        options, aws_profile=options.signing_profile, access_key_id=None, secret_access_key=None, session_token=None
    )
    found = aws.keys_for(name, alone, cancel)
    if found is None:
        raise no_credentials(name)
    return Signer(options.signing_profile, found)


def _address(name: str, endpoint: str, bucket: str, addressing: str) -> str:
    """Scheme, host and path in front of a key. Raises StoreRefusedError for a name that no bucket can have."""
    if not _NAME.fullmatch(bucket):
        raise StoreRefusedError(
            f"{printable(bucket)} is not a name that S3 allows for a bucket", hint=f"check bucket in [store:{name}]"
        )
    parts = urlsplit(endpoint)
    path = quote(parts.path.rstrip("/"), safe="/~%")
    if addressing == "virtual" and _HOST_LABEL.fullmatch(bucket) and not _NUMERIC.fullmatch(parts.hostname or ""):
        return f"{parts.scheme}://{bucket}.{parts.netloc}{path}/"
    return f"{parts.scheme}://{parts.netloc}{path}/{bucket}/"
