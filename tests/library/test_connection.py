"""A boto3 session or client of the caller's own in place of keys in the configuration."""

from __future__ import annotations

import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.credentials
import botocore.session
import pytest
from support.stores import KEYS, make_bucket

from delivery import (
    ConfigError,
    Delivery,
    Settings,
    StoreOptions,
    StoreRefusedError,
    UsageError,
    compose_message,
    doctor,
    dry_run,
    prune,
    renew,
    revoke,
    upload,
)
from delivery.service import check, plan
from delivery.storage import Connection, Store, open_store

BUCKET = "own-connection"
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


def session(**more: Any) -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=KEYS["access_key_id"], aws_secret_access_key=KEYS["secret_access_key"], **more
    )


def opened(connection: Connection, **options: Any) -> Store:
    settings = Settings().with_store("mine", StoreOptions(**{"bucket": "parcels", **options}))
    return open_store("mine", settings, until=UNTIL, connection=connection)


def signed_by(url: str) -> list[str]:
    return parse_qs(urlsplit(url).query)["X-Amz-Credential"][0].split("/")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    path = tmp_path / "logo.txt"
    path.write_text("the finished work\n")
    return path


@pytest.fixture(params=["session", "client"])
def connection(request: pytest.FixtureRequest, moto_address: str) -> Connection:
    make_bucket(moto_address, BUCKET)
    if request.param == "session":
        return session(region_name="us-east-1")
    return session().client("s3", region_name="us-east-1", endpoint_url=moto_address)


def test_the_whole_life_of_a_delivery_with_no_key_in_any_file(
    connection: Connection, moto_address: str, work: Path, tmp_path: Path
) -> None:
    endpoint = moto_address if isinstance(connection, boto3.Session) else None  # the client knows its own
    settings = Settings().with_store("mine", StoreOptions(bucket=BUCKET, endpoint=endpoint))
    mine: dict[str, Any] = {"settings": settings, "connection": connection}

    made = upload([work], out=tmp_path / "out", **mine)
    assert urllib.request.urlopen(made.links[0].url).read() == work.read_bytes()
    assert signed_by(made.links[0].url)[0] == KEYS["access_key_id"]
    assert compose_message(made.id, **mine).links[0].key == made.links[0].key
    assert renew(made.id, expires="1h", **mine).expires_at < made.expires_at  # type: ignore[operator]
    assert doctor(**mine).reached
    assert revoke(made.id, **mine).removed == 2
    (pruned,) = prune(after=timedelta(0), **mine)
    assert pruned.store == "mine"


def test_a_dry_run_asks_the_connection_too(work: Path) -> None:
    settings = Settings().with_store("mine", StoreOptions(bucket=BUCKET))
    looked = check([work], settings=settings, via="link")
    done = dry_run(looked, plan(looked), connection=session(region_name="eu-west-1"))
    assert done.dry_run
    with pytest.raises(ConfigError):
        dry_run(looked, plan(looked))  # the section alone lacks an endpoint


def test_region_addressing_and_endpoint_are_the_callers() -> None:
    from botocore.config import Config

    url = opened(session(region_name="eu-central-1")).presign("k", timedelta(hours=1))
    assert url.startswith("https://parcels.s3.eu-central-1.amazonaws.com/k?") and "X-Amz-Algorithm" in url
    client = session().client("s3", region_name="eu-west-3", endpoint_url="https://s3.example.com")
    url = opened(client).presign("k", timedelta(hours=1))
    assert url.startswith("https://s3.example.com/parcels/k?") and signed_by(url)[2] == "eu-west-3"
    virtual = Config(s3={"addressing_style": "virtual"})
    client = session().client("s3", region_name="eu-west-3", endpoint_url="https://s3.example.com", config=virtual)
    assert opened(client).presign("k", timedelta(hours=1)).startswith("https://parcels.s3.example.com/k?")


def test_a_region_that_boto3_would_sign_with_sigv2_is_signed_with_sigv4() -> None:
    client = session().client("s3", region_name="us-east-1")
    url = opened(client).presign("k", timedelta(days=7))
    assert "X-Amz-Signature=" in url and "AWSAccessKeyId" not in url


def test_what_the_section_says_itself_stands() -> None:
    store = opened(session(region_name="eu-west-1"), region="eu-north-1", endpoint="https://s3.example.com")
    url = store.presign("k", timedelta(hours=1))
    assert signed_by(url)[2] == "eu-north-1" and url.startswith("https://s3.example.com/")


def test_a_bucket_on_aws_has_the_quirks_of_aws_without_being_told() -> None:
    assert opened(session(region_name="eu-west-1")).quirks.title == "AWS S3"
    elsewhere = opened(session(region_name="eu-west-1"), endpoint="https://s3.example.com")
    assert elsewhere.quirks.title == "S3-compatible store"


def test_the_end_of_temporary_credentials_is_known(work: Path) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    passing = {"access_key": "ASIA0", "secret_key": "s", "token": "t", "expiry_time": ends.isoformat()}
    inner = botocore.session.Session()
    inner._credentials = botocore.credentials.RefreshableCredentials.create_from_metadata(  # type: ignore[attr-defined]
        passing, refresh_using=lambda: passing, method="test"
    )
    outer = boto3.Session(botocore_session=inner, region_name="eu-west-1")
    for connection in (outer, outer.client("s3")):
        store = opened(connection)
        assert store.key_life().temporary and store.key_life().ends_at == ends
        assert "X-Amz-Security-Token=t" in store.presign("k", timedelta(hours=2))
    settings = Settings().with_store("mine", StoreOptions(bucket="parcels"))
    looked = check([work], settings=settings, via="link", strict=True)
    with pytest.raises(StoreRefusedError) as caught:
        dry_run(looked, plan(looked), connection=outer)
    assert caught.value.code == "link-end-early"


def test_half_of_a_pair_of_keys_is_told() -> None:
    inner = botocore.session.Session()
    inner._credentials = botocore.credentials.Credentials("AK", None)  # type: ignore[attr-defined, arg-type]
    with pytest.raises(StoreRefusedError, match="half of a pair"):
        opened(boto3.Session(botocore_session=inner, region_name="eu-west-1")).look("k")


def test_a_session_without_credentials_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreRefusedError, match="no credentials"):
        opened(boto3.Session(region_name="eu-west-1"))


@pytest.mark.parametrize("wrong", ["a text", 7, boto3.Session().client("sts", region_name="eu-west-1")])
def test_something_else_is_refused_in_words(wrong: Any) -> None:
    with pytest.raises(UsageError) as caught:
        opened(wrong)
    assert "boto3.Session" in str(caught.value) and caught.value.hint


def test_a_client_whose_links_could_be_read_on_their_way_is_refused() -> None:
    client = session().client("s3", region_name="us-east-1", endpoint_url="http://s3.example.com")
    with pytest.raises(ConfigError) as caught:
        opened(client)
    assert caught.value.code == "store-not-private"


def test_the_embedded_store_takes_no_connection() -> None:
    with pytest.raises(ConfigError) as caught:
        open_store("local", Settings(), until=UNTIL, connection=session())
    assert "with_store" in caught.value.hint


def test_one_session_may_be_shared_by_many_threads(moto_address: str, tmp_path: Path) -> None:
    make_bucket(moto_address, BUCKET)
    shared = session(region_name="us-east-1")
    settings = Settings().with_store("mine", StoreOptions(bucket=BUCKET, endpoint=moto_address))

    def one(number: int) -> Delivery:
        path = tmp_path / f"{number}.txt"
        path.write_bytes(f"work {number}\n".encode())
        return upload([path], out=tmp_path / f"out-{number}", settings=settings, connection=shared)

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(one, range(6)))
    assert [urllib.request.urlopen(item.links[0].url).read() for item in done] == [
        f"work {number}\n".encode() for number in range(6)
    ]


def test_the_secret_is_in_no_repr() -> None:
    assert KEYS["secret_access_key"] not in repr(opened(session(region_name="eu-west-1")))
