"""The bytes of objects signed with SigV4 and sent, in requests that boto3 has no part in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import botocore.auth
import botocore.awsrequest

from delivery.storage import faults
from delivery.storage.answers import Answer
from delivery.storage.base import Body
from delivery.storage.retry import Failed, persist
from delivery.storage.translate import Translator, read_fault
from delivery.storage.watch import Watch
from delivery.storage.wire import LostConnection, Wire

_UNSIGNED = "UNSIGNED-PAYLOAD"


class _Signature(botocore.auth.S3SigV4Auth):
    """SigV4 over a payload whose digest is known beforehand or is left out."""

    def __init__(self, credentials: Any, region: str, payload: str) -> None:
        super().__init__(credentials, "s3", region)
        self._payload = payload

    def payload(self, request: Any) -> str:
        return self._payload


@dataclass(frozen=True)
class Carrier:
    """Carries bodies to the objects of one bucket."""

    wire: Wire = field(repr=False)
    base: str
    """Scheme, host and the path in front of a key."""
    region: str
    credentials: Any = field(repr=False)

    def put(
        self,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Body,
        *,
        doing: str,
        signed: bool,
        translator: Translator,
        watch: Watch,
    ) -> str:
        """Send ``body`` until the store has taken it, and return its ETag; ``signed``: its digest, if known, too."""
        target = f"{self.base}{quote(key, safe='/~-._')}" + (f"?{urlencode(query)}" if query else "")

        def attempt() -> str:
            with translator.told("asking for credentials"):
                frozen = self.credentials.get_frozen_credentials()
            try:
                answer = self._send(target, headers, body, frozen, signed, watch)
            except LostConnection as error:
                fault = faults.lost(str(error))
                raise Failed(fault, translator.error(fault, doing)) from error
            etag = answer.headers.get("etag", "").strip('"')
            if answer.status == 200 and etag:
                return etag
            code = _xml_code(answer.body)
            fault = read_fault(answer.status, code, answer.headers)
            after = _seconds(answer.headers.get("retry-after"))
            raise Failed(fault, translator.error(fault, doing, code), after=after)

        return persist(attempt, watch)

    def _send(
        self, url: str, headers: Mapping[str, str], body: Body, credentials: Any, signed: bool, watch: Watch
    ) -> Answer:
        payload = (body.sha256() if signed else None) or _UNSIGNED
        request = botocore.awsrequest.AWSRequest(method="PUT", url=url, headers=dict(headers))
        _Signature(credentials, self.region, payload).add_auth(request)
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.wire.send("PUT", target, dict(request.headers.items()), body, watch.cancel)


def _xml_code(body: bytes) -> str:
    found = re.search(rb"<Code>([A-Za-z0-9_.-]{1,80})</Code>", body)
    return found[1].decode() if found else ""


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdecimal() else None
