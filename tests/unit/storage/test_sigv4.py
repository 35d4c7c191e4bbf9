"""Our signatures beside botocore's, for the same requests in the same second."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from delivery.storage import sigv4
from delivery.storage.sigv4 import EMPTY, UNSIGNED, Keys, presigned, signed, url_of

NOW = datetime(2026, 11, 25, 3, 4, 5, tzinfo=UTC)
PERMANENT, PASSING = Keys("AKIAEXAMPLE", "secret/with+signs="), Keys("ASIAEXAMPLE", "secret", "to/ken+and==")
ADDRESSES = [
    "https://parcels.s3.eu-central-1.amazonaws.com/a/b~c-d_e.f",
    "https://s3.example.com:443/parcels/k%20%C3%A9%2B%25%27%28%29",
    "http://127.0.0.1:9000/parcels",
    "https://S3.Example.com:8443/parcels/k",
    "http://[::1]:9000/parcels/k",
    "https://parcels.s3.example.com/",
]
QUERIES = [
    {},
    {"uploads": ""},
    {"partNumber": "10", "uploadId": "2~aB/c+d=="},
    {"list-type": "2", "prefix": "a b/é&=+~*'()", "Zeta": "1", "alpha": "2"},
    {"response-content-disposition": "attachment; filename=\"a.zip\"; filename*=UTF-8''%C3%A9.zip"},
]


@pytest.fixture(autouse=True)
def the_same_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigv4, "now", lambda: NOW)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: NOW)


def theirs_for(kind: Any, method: str, url: str, headers: dict[str, str], payload: str, keys: Keys, *more: Any) -> Any:
    class Signing(kind):  # type: ignore[misc]
        def payload(self, request: Any) -> str:
            return payload

    request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=headers)
    credentials = botocore.credentials.Credentials(keys.access_key, keys.secret_key, keys.token)
    Signing(credentials, "s3", "eu-central-1", *more).add_auth(request)
    return request


@pytest.mark.parametrize("keys", [PERMANENT, PASSING])
@pytest.mark.parametrize("payload", [EMPTY, UNSIGNED, "ab" * 32])
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_request_is_signed_as_botocore_signs_it(
    address: str, query: dict[str, str], payload: str, keys: Keys
) -> None:
    headers = {"Content-Type": "text/plain", "x-amz-meta-note": "  two   spaces ", "If-None-Match": "*"}
    theirs = theirs_for(botocore.auth.S3SigV4Auth, "PUT", url_of(address, query), headers, payload, keys)
    ours = signed("PUT", address, query, headers, payload, keys, "eu-central-1")
    assert ours == dict(theirs.headers.items())


@pytest.mark.parametrize("keys", [PERMANENT, PASSING])
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_link_is_signed_as_botocore_signs_it(address: str, query: dict[str, str], keys: Keys) -> None:
    theirs = theirs_for(botocore.auth.S3SigV4QueryAuth, "GET", url_of(address, query), {}, UNSIGNED, keys, 604_800).url
    ours = presigned(address, query, keys, "eu-central-1", 604_800)
    assert urlsplit(ours)[:3] == urlsplit(theirs)[:3]
    pairs = [sorted(parse_qsl(urlsplit(url).query, keep_blank_values=True)) for url in (ours, theirs)]
    assert pairs[0] == pairs[1]


def test_no_secret_is_in_a_repr() -> None:
    assert "secret" not in repr(PASSING) and "to/ken" not in repr(PASSING)
