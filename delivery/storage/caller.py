"""A caller's own boto3 session or S3 client: whose credentials, region, endpoint and addressing a store then has.

The requests are made by this library all the same, which signs with SigV4, retries and cancels in its own way; the
client itself is never called.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3

from delivery.errors import DeliveryError, StoreRefusedError, UsageError
from delivery.options import StoreOptions
from delivery.progress import CancelToken
from delivery.storage.apart import apart
from delivery.storage.aws import NONE_ASKED, NOT_HAD, FoundKeys, ignoring_the_users_files, making

if TYPE_CHECKING:
    from delivery.storage import Connection

_OF_AWS = re.compile(r"s3([.-][a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
_ADDRESSINGS = ("virtual", "path")
_PLAIN = "s3"


def described(name: str, options: StoreOptions, connection: Connection) -> StoreOptions:
    """``options`` of the store ``name``, completed with what ``connection`` knows: region, endpoint, addressing.

    What the options say themselves stands. A plain store whose endpoint turns out to be AWS has the quirks of AWS.
    """
    if isinstance(connection, boto3.Session):
        region = options.region or connection.region_name or "us-east-1"
        make: Callable[..., Any] = connection.client
        try:
            with making:
                client = make("s3", region_name=region, endpoint_url=options.endpoint, **NONE_ASKED)
        except NOT_HAD as error:
            raise _unusable(name, error) from error
        region_known = connection.region_name
    else:
        client = _s3_client(connection)
        region_known = client.meta.region_name
    endpoint, config = str(client.meta.endpoint_url), client.meta.config.s3 or {}
    of_aws = _OF_AWS.fullmatch(urlsplit(endpoint).hostname or "") is not None
    addressing = config.get("addressing_style")
    return replace(
        options,
        profile="aws" if of_aws and options.profile == _PLAIN else options.profile,
        endpoint=options.endpoint or (None if of_aws else endpoint),
        region=options.region or (region_known if region_known != "aws-global" else "us-east-1"),
        addressing=options.addressing or (addressing if addressing in _ADDRESSINGS else None),
    )


def identity(
    name: str, connection: Connection, cancel: CancelToken | None = None
) -> tuple[Callable[..., Any], FoundKeys | None]:
    """What makes clients of our own, and the credentials: the very object, since it may renew itself."""
    cancel = cancel or CancelToken()
    try:
        if isinstance(connection, boto3.Session):
            found = apart(connection.get_credentials, cancel)
            return connection.client, None if found is None else FoundKeys(found, cancel)
        found = _s3_client(connection)._request_signer._credentials
    except DeliveryError:
        raise
    except NOT_HAD as error:
        raise _unusable(name, error) from error
    session = ignoring_the_users_files()
    session._credentials = found  # type: ignore[attr-defined]  # there is no public way to hand it over
    return session.create_client, None if found is None else FoundKeys(found, cancel)


def _s3_client(connection: Any) -> Any:
    model = getattr(getattr(connection, "meta", None), "service_model", None)
    if getattr(model, "service_name", None) != "s3" or not hasattr(connection, "_request_signer"):
        raise UsageError(
            f"the connection is a {type(connection).__name__}, neither a boto3.Session nor an S3 client",
            hint='give boto3.Session(...), or boto3.client("s3", ...)',
            code="connection",
        )
    return connection


def _unusable(name: str, error: Exception) -> StoreRefusedError:
    return StoreRefusedError(
        f"the session that was given for the store {name} cannot be used ({type(error).__name__})",
        hint="check its profile and its credentials",
        code="credentials",
    )
