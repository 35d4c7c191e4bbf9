"""AWS Signature Version 4 for S3: requests signed in a header, links signed in their query.

Source: the AWS documentation, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
Chunk" and "Authenticating Requests: Using Query Parameters". S3 takes paths as they are sent, encoded once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import quote, urlsplit

from delivery.errors import StoreRefusedError

UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY = hashlib.sha256().hexdigest()
"""The payload of a request without a body."""
_ALGORITHM = "AWS4-HMAC-SHA256"
_SENT = re.compile(r"[\x21-\x7e]+")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs: permanent, or temporary with a token."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raises StoreRefusedError, without a word of it, for what no key is and a header cannot carry."""
        sent = (("access key id", self.access_key), ("session token", self.token or "-"))
        wrong = [name for name, text in sent if not _SENT.fullmatch(text)]
        wrong += [] if self.secret_key.isprintable() else ["secret access key"]
        if wrong:
            raise StoreRefusedError(
                f"the {wrong[0]} holds signs that no key has, perhaps a line break at its end",
                hint="look at where it is set: the configuration, the environment, or the AWS configuration",
                code="credentials",
            )


class Credentials(Protocol):
    """Where keys come from: temporary ones change while a long upload is under way."""

    def keys(self) -> Keys:
        """Those of now. Raises StoreRefusedError where they cannot be had, LostConnection where who gives them is not
        reached."""
        ...

    def end(self) -> datetime | None:
        """When the keys of now end, where that is known."""
        ...


@dataclass(frozen=True, slots=True)
class FixedKeys:
    """Keys that stay as they are."""

    fixed: Keys

    def keys(self) -> Keys:
        return self.fixed

    def end(self) -> None:
        return None


def url_of(address: str, query: Mapping[str, str]) -> str:
    """``address`` with ``query``; a name whose value is empty stands alone, as S3's subresources do."""
    pairs = [_encoded(name) + (f"={_encoded(value)}" if value else "") for name, value in query.items()]
    return address + (f"?{'&'.join(pairs)}" if pairs else "")


def signed(
    method: str,
    address: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    payload: str,
    keys: Keys,
    region: str,
) -> dict[str, str]:
    """``headers`` with those that sign them. ``payload``: the hex SHA-256 of the body, or ``UNSIGNED``."""
    moment = now().strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "X-Amz-Date": moment, "X-Amz-Content-SHA256": payload}
    if keys.token:
        sent["X-Amz-Security-Token"] = keys.token
    lower = {"host": _host(address)} | {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    names = ";".join(sorted(lower))
    signature = _signature(method, address, query, lower, payload, moment, keys, region)
    scope = f"{keys.access_key}/{_scope(moment, region)}"
    sent["Authorization"] = f"{_ALGORITHM} Credential={scope}, SignedHeaders={names}, Signature={signature}"
    return sent


def presigned(address: str, query: Mapping[str, str], keys: Keys, region: str, seconds: int) -> str:
    """A link that GETs ``address`` for ``seconds`` from now on."""
    moment = now().strftime("%Y%m%dT%H%M%SZ")
    asked = {
        **query,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{keys.access_key}/{_scope(moment, region)}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if keys.token:
        asked["X-Amz-Security-Token"] = keys.token
    signature = _signature("GET", address, asked, {"host": _host(address)}, UNSIGNED, moment, keys, region)
    return url_of(address, {**asked, "X-Amz-Signature": signature})


def now() -> datetime:
    return datetime.now(UTC)


def _signature(
    method: str,
    address: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    payload: str,
    moment: str,
    keys: Keys,
    region: str,
) -> str:
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in query.items())
    canonical = [
        method,
        urlsplit(address).path or "/",
        "&".join(f"{name}={value}" for name, value in pairs),
        *(f"{name}:{headers[name]}" for name in sorted(headers)),
        "",
        ";".join(sorted(headers)),
        payload,
    ]
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    text = "\n".join([_ALGORITHM, moment, _scope(moment, region), digest])
    key = f"AWS4{keys.secret_key}".encode()
    for step in _scope(moment, region).split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _scope(moment: str, region: str) -> str:
    return f"{moment[:8]}/{region}/s3/aws4_request"


def _host(address: str) -> str:
    """The Host header as HTTP clients send it: without the scheme's own port."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, _PORTS.get(parts.scheme)) else f"{host}:{parts.port}"


def _encoded(text: str) -> str:
    return quote(text, safe="")
