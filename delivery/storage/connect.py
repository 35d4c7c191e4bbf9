"""The store that a section of the configuration describes: its credentials, addressing and signing region."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
import botocore.session
from botocore.config import Config

from delivery.errors import StoreRefusedError
from delivery.escape import printable
from delivery.options import StoreOptions
from delivery.storage import caller
from delivery.storage.base import Quirks, Watch
from delivery.storage.bucket import Signer
from delivery.storage.carry import Carrier
from delivery.storage.quirks import overridden
from delivery.storage.s3 import S3Store
from delivery.storage.translate import Translator, no_credentials
from delivery.storage.wire import LOOPBACK, Wire

if TYPE_CHECKING:
    from delivery.storage import Connection


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
        session, credentials = caller.session_of(name, connection, _ignoring_the_users_files())
    else:
        session, credentials = _session(name, options, quirks)
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
    with caller.making:
        client = session.client("s3", endpoint_url=options.endpoint, region_name=region, config=config)
        if options.signing_profile:
            signing, keys = _session(name, _signing(options), quirks)
            signer = Signer(
                options.signing_profile,
                signing.client("s3", endpoint_url=options.endpoint, region_name=region, config=config),
                keys,
            )
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


def _session(name: str, options: StoreOptions, quirks: Quirks) -> tuple[boto3.Session, Any]:
    """boto3's session and its credentials. Raises StoreRefusedError where there are none."""
    try:
        session = boto3.Session(
            botocore_session=_ignoring_the_users_files() if quirks.name == "embedded" else None,
            aws_access_key_id=options.access_key_id,
            aws_secret_access_key=options.secret_access_key,
            aws_session_token=options.session_token,
            profile_name=options.aws_profile,
        )
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
            hint="give access_key_id and secret_access_key together, or check the AWS configuration",
            code="credentials",
        ) from error
    if credentials is None:
        raise no_credentials(name)
    return session, credentials


def _ignoring_the_users_files() -> botocore.session.Session:
    """For the embedded store, which a broken ~/.aws or a stray AWS_PROFILE must not disturb."""
    nothing = {"profile": (None, None, None, None)}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={**nothing, **files})
