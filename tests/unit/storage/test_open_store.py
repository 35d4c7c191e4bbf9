from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import boto3
import botocore.exceptions
import botocore.session
import pytest

from delivery import FileEntry, carry_out, check, dry_run, plan
from delivery.config import Settings
from delivery.errors import (
    Cancelled,
    ConfigError,
    DeliveryError,
    MissingDependencyError,
    StoreRefusedError,
    StoreUnreachableError,
)
from delivery.options import StoreOptions
from delivery.progress import CancelToken
from delivery.storage import KeyLife, Watch, aws, foresee_store, local_server, open_store, section, takes_parts
from delivery.storage.quirks import table
from delivery.storage.translate import Translator

UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
FULL = {"bucket": "parcels", "endpoint": "https://s3.example.com", "access_key_id": "AK", "secret_access_key": "SECRET"}


def opened(**values: str | None):  # type: ignore[no-untyped-def]
    return open_store("main", Settings(stores={"main": StoreOptions(**{**FULL, **values})}), until=UNTIL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values, hint",
    [
        ({"bucket": None}, "bucket = "),
        ({"endpoint": None}, "endpoint = "),
        ({"endpoint": None, "profile": "r2"}, "r2.cloudflarestorage.com"),
        ({"endpoint": None, "profile": "aws"}, "region = "),
        ({"profile": "nope"}, "minio"),
        ({"endpoint": "s3.example.com"}, "https://"),
        ({"endpoint": "http://s3.example.com"}, "https"),
        ({"secret_access_key": None}, "secret_access_key together"),
        ({"access_key_id": None}, "access_key_id and"),
        ({"prefix": "./work"}, "prefix = "),
        ({"prefix": "work/../other/"}, "prefix = "),
    ],
)
def test_an_incomplete_store_is_an_error_that_says_what_to_write(values: dict[str, str | None], hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        opened(**values)
    assert hint in caught.value.hint


def test_an_unknown_store_lists_the_known() -> None:
    with pytest.raises(ConfigError) as caught:
        open_store("mian", Settings(stores={"main": StoreOptions()}), until=UNTIL)
    assert "local, main" in caught.value.hint


def test_a_store_is_looked_up_by_name_and_profile_alone() -> None:
    incomplete = StoreOptions(profile="r2")
    assert section("main", Settings(stores={"main": incomplete})) is incomplete
    assert section("local", Settings()) is None
    with pytest.raises(ConfigError, match="profile"):
        section("main", Settings(stores={"main": StoreOptions(profile="nope")}))


def test_the_embedded_store_is_foreseen_without_being_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_server, "find_server", lambda: home / "rclone")
    assert foresee_store("local", Settings(), until=UNTIL) is None
    assert list(home.iterdir()) == []
    monkeypatch.setattr(local_server, "find_server", Mock(side_effect=MissingDependencyError("not installed")))
    with pytest.raises(MissingDependencyError):
        foresee_store("local", Settings(), until=UNTIL)
    with pytest.raises(ConfigError, match="no bucket"):
        foresee_store("main", Settings(stores={"main": StoreOptions()}), until=UNTIL)


def test_an_unknown_store_says_who_named_it() -> None:
    settings = Settings.load(environ={"DELIVERY_STORE": "mian", "DELIVERY_HOME": "/nowhere"})
    with pytest.raises(ConfigError, match=r"^DELIVERY_STORE: no store is called 'mian'$"):
        section("mian", settings)
    with pytest.raises(ConfigError, match=r"^no store is called 'other'$"):
        section("other", settings)


def test_no_credentials_is_said_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StoreRefusedError, match="no credentials"):
        opened(access_key_id=None, secret_access_key=None)


@pytest.mark.parametrize(
    "region", ["us-east-1", "us-west-1", "eu-west-1", "ap-southeast-1", "sa-east-1", "eu-central-1", "me-south-1"]
)
def test_links_are_sigv4_on_the_regional_host_in_every_region(region: str) -> None:
    store = opened(profile="aws", endpoint=None, region=region)
    url = store.presign("k/x.txt", timedelta(days=7))
    host = "parcels.s3.amazonaws.com" if region == "us-east-1" else f"parcels.s3.{region}.amazonaws.com"
    assert url.startswith((f"https://{host}/k/x.txt?", f"https://parcels.s3.{region}.amazonaws.com/k/x.txt?"))
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url and f"%2F{region}%2Fs3%2F" in url


@pytest.mark.parametrize("profile", [name for name in table() if name not in ("aws", "embedded")])
def test_links_of_every_profile_are_sigv4_for_their_addressing(profile: str) -> None:
    store = opened(profile=profile)
    url = store.presign("k", timedelta(hours=1))
    virtual = table()[profile].addressing == "virtual"
    assert url.startswith("https://parcels.s3.example.com/k?" if virtual else "https://s3.example.com/parcels/k?")
    assert "X-Amz-Signature=" in url and "AWSAccessKeyId" not in url


@pytest.mark.parametrize(
    "text",
    [
        "addressing = virtual",
        "presign_cap = 2d",
        "checksum = crc32",
        "md5_etags = yes",
        "conditional_put = yes",
        "multipart = no",
        "versions = no",
        "max_object = 5TB",
        "region = eu-west-1",
    ],
)
def test_the_section_of_a_store_overrides_each_quirk_of_its_profile(text: str, tmp_path: Path) -> None:
    ini = tmp_path / "c.ini"
    ini.write_text(f"[store:main]\nprofile = s3\nbucket = b\nendpoint = https://s3.example.com\n{text}\n")
    name = text.partition(" = ")[0]
    settings = Settings.load(ini)
    keys = replace(settings.stores["main"], access_key_id="AK", secret_access_key="SECRET")
    found = open_store("main", replace(settings, stores={"main": keys}), until=UNTIL).quirks
    known = table()["s3"]
    assert getattr(found, name) == getattr(keys, name) != getattr(known, name)
    assert replace(found, **{name: getattr(known, name)}) == known


def test_parts_make_sense_as_the_section_or_else_its_profile_says() -> None:
    def parts(**values: str | bool | None) -> bool:
        return takes_parts("main", Settings(stores={"main": StoreOptions(**{**FULL, **values})}))  # type: ignore[arg-type]

    assert parts() and parts(multipart=True)
    assert not parts(multipart=False)
    assert not takes_parts("local", Settings())
    with pytest.raises(ConfigError):
        parts(profile="nope")


def test_a_dotted_bucket_falls_back_to_path_style() -> None:
    store = opened(profile="aws", endpoint=None, region="eu-central-1", bucket="my.bucket")
    url = store.presign("k", timedelta(hours=1))
    assert url.startswith("https://s3.eu-central-1.amazonaws.com/my.bucket/k?")


def test_an_unknown_aws_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreRefusedError, match="nobody"):
        opened(access_key_id=None, secret_access_key=None)
    with pytest.raises(StoreRefusedError, match="somebody"):
        opened(access_key_id=None, secret_access_key=None, aws_profile="somebody")
    opened()  # whose section has keys


ENDPOINTS = [
    "https://s3.example.com",
    "https://s3.example.com:8443",
    "https://s3.example.com/base/",
    "http://127.0.0.1:9000",
]


@pytest.mark.parametrize("addressing", ["path", "virtual"])
@pytest.mark.parametrize("bucket", ["parcels", "Work_1", "wo.rk", "w"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_bucket_is_addressed_as_boto3_addresses_it(endpoint: str, bucket: str, addressing: str) -> None:
    store = opened(endpoint=endpoint, bucket=bucket, addressing=addressing)
    theirs = store.boto3().generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    ours = store.presign("k", timedelta(hours=1))
    if bucket == "wo.rk" and addressing == "virtual":
        assert ours.startswith(f"{endpoint.rstrip('/')}/wo.rk/k?")  # no certificate would fit the other
    else:
        assert ours.partition("?")[0] == theirs.partition("?")[0]


def test_a_name_that_no_bucket_can_have_is_refused() -> None:
    with pytest.raises(StoreRefusedError, match="not a name"):
        opened(bucket="two words")


def test_with_endpoint_and_keys_nothing_of_boto3_is_loaded() -> None:
    script = (
        "import sys; from datetime import *; from delivery import hosting; from delivery.config import Settings\n"
        "from delivery.options import StoreOptions; from delivery.storage import open_store\n"
        "options = StoreOptions(bucket='work', endpoint='https://s3.example.com')\n"
        "store = open_store('main', Settings(stores={'main': options}), until=datetime.now(UTC))\n"
        "assert store.presign('k', timedelta(1)); assert hosting.upload; print(*sys.modules)"
    )
    keys = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK"}
    answer = subprocess.run([sys.executable, "-c", script], env={**os.environ, **keys}, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert not {"boto3", "botocore", "urllib3"} & set(answer.stdout.split())


def test_temporary_keys_are_told_from_permanent_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert opened().key_life() == KeyLife(False)
    assert opened(session_token="TOKEN").key_life() == KeyLife(True)
    ends_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=6)
    for name, value in (("ACCESS_KEY_ID", "AK"), ("SECRET_ACCESS_KEY", "SK"), ("SESSION_TOKEN", "T")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", ends_at.isoformat())
    from_chain = opened(access_key_id=None, secret_access_key=None)
    assert from_chain.key_life() == KeyLife(True, ends_at)


def test_no_secret_is_in_a_repr() -> None:
    store = opened(access_key_id="AKVISIBLE", secret_access_key="VERYSECRET")
    assert "VERYSECRET" not in repr(store) and "AKVISIBLE" not in repr(store)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://host:port",
        "https://host:99999",
        "https://[::1",
        "https://s3..example.com",
        f"https://{'a' * 70}.example.com",
        "https://ho st.example.com",
        "https://s3.example.com/?x=1",
        "https://s3.example.com/#x",
        "https://user:password@s3.example.com",
    ],
)
def test_what_is_no_endpoint_is_refused_in_words_without_its_password(endpoint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        opened(endpoint=endpoint)
    assert caught.value.hint and "password" not in f"{caught.value}{caught.value.hint}"


def test_a_path_of_an_endpoint_is_encoded_once() -> None:
    store = opened(endpoint="https://s3.example.com/ü b/%20")
    assert store.presign("k", timedelta(hours=1)).startswith("https://s3.example.com/%C3%BC%20b/%20/parcels/k?")


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("access_key_id", "AK\r"),
        ("access_key_id", "AK\u200b"),
        ("session_token", "TOKEN\n"),
        ("secret_access_key", "SECRET\r"),
    ],
)
def test_a_key_with_a_line_break_is_told_and_not_shown(option: str, text: str) -> None:
    with pytest.raises(StoreRefusedError, match="holds signs that no key has") as caught:
        opened(**{option: text})
    assert text.strip() not in f"{caught.value}{caught.value.hint}"


def test_a_region_that_no_signature_can_carry_is_refused() -> None:
    with pytest.raises(ConfigError):
        opened(region="eu/west\u2014")


@pytest.mark.parametrize("ends_at", ["2020-01-01T00:00:00Z", "tomorrow", "2099-01-01T00:00:00"])
def test_keys_that_have_ended_are_told(monkeypatch: pytest.MonkeyPatch, ends_at: str) -> None:
    for name, value in (("ACCESS_KEY_ID", "AK"), ("SECRET_ACCESS_KEY", "SK"), ("CREDENTIAL_EXPIRATION", ends_at)):
        monkeypatch.setenv(f"AWS_{name}", value)
    with pytest.raises(StoreRefusedError) as caught:
        opened(access_key_id=None, secret_access_key=None).key_life()
    assert caught.value.code == "credentials" and "AWS_CREDENTIAL_EXPIRATION" in caught.value.hint


@pytest.mark.parametrize(
    "program",
    ["/nowhere/keys", "echo []", 'echo \'{"Version": 1, "AccessKeyId": "AK"}\'', "echo 'open"],
)
def test_a_program_that_gives_no_keys_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    (tmp_path / "config").write_text(f"[profile ci]\ncredential_process = {program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(StoreRefusedError, match="could not be had") as caught:
        opened(access_key_id=None, secret_access_key=None, aws_profile="ci")
    assert caught.value.code == "credentials" and caught.value.hint
    with pytest.raises(StoreRefusedError) as caught:
        session = boto3.Session(botocore_session=botocore.session.Session(profile="ci"))
        settings = Settings(stores={"main": StoreOptions(bucket="parcels", region="eu-central-1")})
        open_store("main", settings, until=UNTIL, connection=session).key_life()
    assert caught.value.code == "credentials" and caught.value.hint


WEB_IDENTITY = {"ROLE_ARN": "arn:aws:iam::123456789012:role/ci", "REGION": "eu-central-1", "MAX_ATTEMPTS": "1"}


@pytest.mark.parametrize("changed", [{}, {"ROLE_ARN": "ci", "WEB_IDENTITY_TOKEN_FILE": "token"}])
def test_an_oidc_token_that_is_not_there_and_a_role_that_is_none_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("token").touch()
    for name, value in {**WEB_IDENTITY, "WEB_IDENTITY_TOKEN_FILE": "gone", **changed}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with pytest.raises(StoreRefusedError, match="gone: No such file" if not changed else "Param") as caught:
        opened(access_key_id=None, secret_access_key=None).key_life()
    assert caught.value.code == "credentials" and caught.value.hint


@pytest.mark.parametrize("code, kind", [("AccessDenied", StoreRefusedError), ("Throttling", StoreUnreachableError)])
def test_a_role_that_is_refused_is_not_the_buckets_fault(code: str, kind: type[DeliveryError]) -> None:
    answer = {
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": 403 if kind is StoreRefusedError else 400},
    }
    role = Mock()
    role.get_frozen_credentials.side_effect = botocore.exceptions.ClientError(answer, "AssumeRoleWithWebIdentity")  # type: ignore[arg-type]
    with pytest.raises(kind) as caught, Translator("main", "parcels").told("asking for credentials"):
        aws.FoundKeys(role).keys()
    assert "bucket" not in f"{caught.value}{caught.value.hint}" and caught.value.hint


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CancelToken]:
    """Cancelled while a program that is asked for keys lets wait."""
    done = tmp_path / "done"
    loop = f"import os, time\nfor _ in range(600):\n    os.path.exists({str(done)!r}) or time.sleep(0.1)\n"
    (tmp_path / "wait.py").write_text(loop)
    program = f"'{sys.executable}' '{tmp_path / 'wait.py'}'" if os.name == "posix" else f"{sys.executable} wait.py"
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {program}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    token = CancelToken()
    timer = threading.Timer(0.5, token.cancel)
    timer.start()
    yield token
    done.touch()
    timer.join()


@pytest.mark.parametrize("only_plan", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_a_cancel_is_heard_while_keys_are_waited_for(waiting: CancelToken, own: bool, only_plan: bool) -> None:
    begun = time.monotonic()
    options = StoreOptions(bucket="parcels", endpoint="https://s3.example.com")
    settings = Settings(stores={"main": options}).override(store="main")
    connection = boto3.Session() if own else None
    with check([FileEntry.from_bytes("a.txt", b"a")], via="link", settings=settings) as inspection:
        planned = plan(inspection)
        with pytest.raises(Cancelled):
            if only_plan:
                dry_run(inspection, planned, connection=connection, cancel=waiting)
            else:
                carry_out(inspection, planned, connection=connection, cancel=waiting)
    assert time.monotonic() - begun < 15
    assert not aws.making.locked()  # what is left behind holds nobody else up


@pytest.mark.parametrize("own", [False, True])
def test_whoever_gives_the_keys_of_aws_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    """It may want a touch of a security key each time."""
    keys = {"Version": 1, "AccessKeyId": "AK", "SecretAccessKey": "SK", "Expiration": "2099-01-01T00:00:00Z"}
    asked = tmp_path / "asked"
    (tmp_path / "give.py").write_text(f"open({str(asked)!r}, 'a').write('x')\nprint({json.dumps(keys)!r})\n")
    program = f"'{sys.executable}' '{tmp_path / 'give.py'}'" if os.name == "posix" else f"{sys.executable} give.py"
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {program}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    settings = Settings(stores={"main": StoreOptions(bucket="parcels", profile="aws", region="eu-central-1")})
    store = open_store("main", settings, until=datetime.now(UTC), connection=boto3.Session() if own else None)
    assert store.presign("a.txt", timedelta(hours=1)).startswith("https://parcels.s3.eu-central-1.amazonaws.com/a.txt?")
    assert asked.read_text() == "x"


def test_a_role_is_not_assumed_before_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is opened has contacted nobody: what goes wrong then is tried again, and told in words."""
    (tmp_path / "config").write_text(
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/work\nsource_profile = base\nregion = eu-central-1\n"
        "[profile base]\naws_access_key_id = AK\naws_secret_access_key = SK\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    settings = Settings(stores={"main": StoreOptions(bucket="parcels", profile="aws", region="eu-central-1")})
    store = open_store("main", settings, until=datetime.now(UTC)).watched(Watch(attempts=1))
    with pytest.raises(StoreUnreachableError):
        store.ensure_ready()


def test_a_cancel_is_heard_while_a_role_is_waited_for() -> None:
    role, given, cancel = Mock(), threading.Event(), CancelToken()
    role.get_frozen_credentials.side_effect = lambda: given.wait(30)
    threading.Timer(0.2, cancel.cancel).start()
    try:
        with pytest.raises(Cancelled):
            aws.FoundKeys(role, cancel).keys()
    finally:
        given.set()


def test_what_stopped_the_program_that_gives_keys_is_the_cancel() -> None:
    role, cancel = Mock(), CancelToken()

    def stopped() -> None:
        cancel.cancel()
        raise botocore.exceptions.CredentialRetrievalError(provider="program", error_msg="stopped")

    role.get_frozen_credentials.side_effect = stopped
    with pytest.raises(Cancelled):
        aws.FoundKeys(role, cancel).keys()


def test_an_endpoint_that_boto3_does_not_take_is_told_when_it_is_asked() -> None:
    store = opened(endpoint="https://min_io.example.com")
    with pytest.raises(StoreRefusedError, match="boto3 cannot") as caught:
        store.configuration("cors")
    assert "endpoint" in caught.value.hint
