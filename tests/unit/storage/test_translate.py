from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import botocore.exceptions
import pytest

from delivery.errors import StoreRefusedError, StoreUnreachableError
from delivery.storage.aws import speaking
from delivery.storage.carry import Refusal
from delivery.storage.dial import LostConnection, UntrustedConnection
from delivery.storage.faults import ClockError, ObjectGoneError
from delivery.storage.retry import Failed
from delivery.storage.translate import Translator

TRANSLATOR = Translator("mine", "bucket")


def test_what_may_pass_is_left_to_those_who_try_again() -> None:
    with pytest.raises(Failed) as caught, TRANSLATOR.translated("looking"):
        raise Refusal(503, "SlowDown", {"retry-after": "7"})
    assert caught.value.after == 7 and caught.value.fault.slow
    with pytest.raises(Failed), TRANSLATOR.translated("looking"):
        raise LostConnection("the connection broke")


def test_what_no_other_try_mends_is_told_at_once() -> None:
    with pytest.raises(StoreRefusedError, match="bucket"), TRANSLATOR.translated("looking"):
        raise Refusal(404, "NoSuchBucket")
    with pytest.raises(StoreUnreachableError) as caught, TRANSLATOR.translated("looking"):
        raise UntrustedConnection("its TLS certificate is not valid (expired)")
    assert "AWS_CA_BUNDLE" in caught.value.hint and caught.value.code == "store-tls"


def test_a_denied_access_with_another_time_is_a_wrong_clock() -> None:
    then = format_datetime(datetime.now(UTC) - timedelta(minutes=20), usegmt=True)
    with pytest.raises(ClockError), TRANSLATOR.translated("looking"):
        raise Refusal(403, "", {"date": then})


@pytest.mark.parametrize("then", ["Wed, 25 Nov 2020 18:00:00 -0000", "Wed, 25 Nov 9999 23:59:59 -2359", "soon"])
def test_whatever_date_a_store_states_is_no_crash(then: str) -> None:
    with pytest.raises(StoreRefusedError), TRANSLATOR.translated("looking"):
        raise Refusal(403, "AccessDenied", {"date": then})


def test_where_nobody_tries_again_it_is_told_in_words() -> None:
    with pytest.raises(StoreUnreachableError) as caught, TRANSLATOR.told("asking for credentials"), speaking():
        raise botocore.exceptions.EndpointConnectionError(endpoint_url="https://example.invalid/?secret")
    assert "secret" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (botocore.exceptions.NoCredentialsError(), "credentials"),
        (botocore.exceptions.TokenRetrievalError(provider="sso", error_msg="secret"), "credentials"),
        (botocore.exceptions.ParamValidationError(report="secret"), "S3 allows"),
    ],
)
def test_what_botocore_finds_wrong_is_a_refusal_in_our_words(theirs: Exception, words: str) -> None:
    with pytest.raises(StoreRefusedError, match=words) as caught, speaking():
        raise theirs
    assert "secret" not in str(caught.value) and caught.value.hint


def test_an_answer_that_botocore_read_is_a_refusal_like_any_other() -> None:
    answer = {"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404, "HTTPHeaders": {"date": "x"}}}
    with pytest.raises(Refusal) as caught, speaking():
        raise botocore.exceptions.ClientError(answer, "HeadObject")  # type: ignore[arg-type]
    assert (caught.value.status, caught.value.code, dict(caught.value.headers)) == (404, "", {"date": "x"})


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (400, {}, b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"),
        (301, {"x-amz-bucket-region": "eu-west-1"}, b"<Error><Code>PermanentRedirect</Code></Error>"),
        (301, {"x-amz-bucket-region": "eu-west-1"}, b""),
    ],
)
def test_the_region_that_the_store_names_is_handed_on(status: int, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(StoreRefusedError, match="region") as caught, TRANSLATOR.translated("looking"):
        raise Refusal.of(status, headers, body)
    assert caught.value.hint == "write into [store:mine]: region = eu-west-1"


def test_no_region_is_made_up() -> None:
    for headers in ({}, {"x-amz-bucket-region": ""}, {"x-amz-bucket-region": "{store}\x1b[2J"}):
        with pytest.raises(StoreRefusedError) as caught, TRANSLATOR.translated("looking"):
            raise Refusal(301, "PermanentRedirect", headers)
        assert caught.value.hint == "correct region or endpoint in [store:mine]"
    with pytest.raises(StoreRefusedError) as caught, TRANSLATOR.translated("looking"):
        raise Refusal(403, "AccessDenied", {"x-amz-bucket-region": "eu-west-1"})
    assert "region" not in caught.value.hint


@pytest.mark.parametrize("status", [400, 403, 404, 405])
@pytest.mark.parametrize("body", [b"<html>Blocked</html>", b"404 page not found\n", b"Client sent an HTTP request"])
def test_a_page_with_a_refusal_is_none_of_the_store(status: int, body: bytes) -> None:
    with pytest.raises(StoreRefusedError, match="not S3") as caught, TRANSLATOR.translated("looking"):
        raise Refusal.of(status, {}, body)
    assert "endpoint" in caught.value.hint


def test_a_page_with_a_failure_that_passes_is_tried_again() -> None:
    with pytest.raises(Failed), TRANSLATOR.translated("looking"):
        raise Refusal.of(502, {}, b"<html>Bad Gateway</html>")
    with pytest.raises(ObjectGoneError), TRANSLATOR.translated("looking"):
        raise Refusal.of(404, {}, b"")
