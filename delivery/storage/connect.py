"""The store that a section of the configuration describes: its credentials, addressing and signing region."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore.exceptions
import botocore.session
from botocore.config import Config

from delivery.errors import ConfigError, StoreRefusedError
from delivery.escape import printable
from delivery.options import StoreOptions
from delivery.storage.base import Quirks
from delivery.storage.bucket import Signer
from delivery.storage.carry import Carrier
from delivery.storage.quirks import overridden
from delivery.storage.s3 import S3Store
from delivery.storage.translate import Translator, no_credentials
from delivery.storage.watch import Watch
from delivery.storage.wire import LOOPBACK, Wire

if TYPE_CHECKING:
    from delivery.storage import Connection

making = threading.Lock()
"""botocore's sessions make clients in one thread at a time only, and several calls may share a caller's session."""


def connect(
    name: str,
    options: StoreOptions,
    quirks: Quirks,
    *,
    attempts: int = 6,
    machine: bool = False,
    notice: str = "",
    connection: Connection | None = None,
) -> S3Store:
    """The store that ``options`` describe; nothing is sent yet. Raises StoreRefusedError without credentials.

    With a ``connection`` it is the caller's credentials that ask and sign.
    """
    assert options.bucket is not None
    quirks = overridden(quirks, options)
    region = quirks.region or "us-east-1"
    addressing = options.addressing or ("path" if "." in options.bucket else quirks.addressing)
    if connection is not None:
        from delivery.storage import caller

        make, credentials = caller.clients_of(name, connection, _ignoring_the_users_files())
    else:
        make, credentials = _clients(name, options, quirks)
    if credentials is None:
        raise no_credentials(name)
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing, "payload_signing_enabled": quirks.signed_payload},  # type: ignore[arg-type]
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=10,
        proxies={} if urlsplit(options.endpoint or "").hostname in LOOPBACK else None,
        read_timeout=60,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    signer = None
    with making:
        client = make("s3", endpoint_url=options.endpoint, region_name=region, config=config)
        if options.signing_profile:
            make, keys = _clients(name, _signing(options), quirks)
            signing = make("s3", endpoint_url=options.endpoint, region_name=region, config=config)
            signer = Signer(options.signing_profile, signing, keys)
    with Translator(name, options.bucket).told("addressing the bucket"):
        sample = client.generate_presigned_url("get_object", Params={"Bucket": options.bucket, "Key": "k"})
    base = sample.partition("?")[0].removesuffix("k")
    parts = urlsplit(base)
    return S3Store(
        name=name,
        quirks=quirks,
        bucket=options.bucket,
        prefix=f"{options.prefix.strip('/')}/" if options.prefix.strip("/") else "",
        identity=base,
        client=client,
        credentials=credentials,
        carrier=Carrier(Wire(f"{parts.scheme}://{parts.netloc}"), base, region, credentials),
        signer=signer,
        watch=Watch(attempts=attempts),
        on_this_machine=machine,
        notice=notice,
    )


def _signing(options: StoreOptions) -> StoreOptions:
    """The same store, with the keys of ``signing_profile`` and no others."""
    return replace(
        options, aws_profile=options.signing_profile, access_key_id=None, secret_access_key=None, session_token=None
    )


def _clients(name: str, options: StoreOptions, quirks: Quirks) -> tuple[Callable[..., Any], Any]:
    """What makes clients, and their credentials. Raises StoreRefusedError where there are none, ConfigError for half.

    The session is botocore's, without what boto3 adds: its resources and transfers take long to load and have no use.
    """
    key, secret = options.access_key_id, options.secret_access_key
    if bool(key) != bool(secret):
        raise ConfigError(
            f"[store:{name}] has half of a pair of keys",
            hint="give access_key_id and secret_access_key together, or neither and leave them to the AWS chain",
            code="store-incomplete",
        )
    try:
        session = _ignoring_the_users_files() if quirks.name == "embedded" else botocore.session.Session()
        if options.aws_profile is not None:
            session.set_config_variable("profile", options.aws_profile)
        session.get_scoped_config()  # raises where the profile is not to be found
        if key and secret:
            session.set_credentials(key, secret, options.session_token or None)
        credentials = session.get_credentials()
    except botocore.exceptions.ProfileNotFound as error:
        raise StoreRefusedError(
            f"the AWS profile {printable(str(error.kwargs.get('profile')))} was not found",
            hint=f"check aws_profile and signing_profile in [store:{name}], and the variable AWS_PROFILE",
            code="credentials-missing",
        ) from error
    except botocore.exceptions.BotoCoreError as error:
        raise StoreRefusedError(
            f"the credentials for the store {name} could not be had ({type(error).__name__})",
            hint="check the AWS configuration: `aws configure list` shows where keys are looked for",
            code="credentials",
        ) from error
    if credentials is None:
        raise no_credentials(name)
    return session.create_client, credentials


def _ignoring_the_users_files() -> botocore.session.Session:
    """For the embedded store, which a broken ~/.aws or a stray AWS_PROFILE must not disturb."""
    nothing = {"profile": (None, None, None, None)}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={**nothing, **files})
