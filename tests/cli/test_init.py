"""`delivery init`: a configuration that works, and a store that tidies up by itself where that is wanted."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import boto3
import pytest
from support.stores import KEYS, make_bucket
from support.terminal import Run

from delivery.config import Settings
from delivery.storage import open_store
from delivery.storage.quirks import offered, quirks


class Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    def answer(*lines: str) -> None:
        monkeypatch.setattr(sys, "stdin", Typed("".join(f"{line}\n" for line in lines)))

    return answer


@pytest.fixture
def bucket(moto_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["secret_access_key"])
    name = f"init-{id(monkeypatch):x}"
    make_bucket(moto_address, name)
    return name


def rules(address: str, bucket: str) -> list[dict[str, object]]:
    client = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
    try:
        return list(client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"])  # type: ignore[arg-type]
    except client.exceptions.ClientError:
        return []


def test_with_nobody_to_ask_the_example_is_written(run: Run) -> None:
    answer = run("init", "c.ini")
    assert answer.code == 0 and answer.out == ""
    assert Path("c.ini").read_text(encoding="utf-8") == (Path(__file__).parents[2] / "config.example.ini").read_text(
        encoding="utf-8"
    )
    again = run("init", "c.ini", "--yes")
    assert again.code == 4 and "left as it is" in again.err


def test_where_it_was_written_is_shown_as_every_name_is(run: Run) -> None:
    assert "written: a\\u202eb.ini" in run("init", "a\u202eb.ini").err


def test_what_is_there_is_told_before_anything_is_asked(run: Run, types) -> None:  # type: ignore[no-untyped-def]
    Path("c.ini").write_text("[delivery]\n")
    types()
    assert run("init", "c.ini").code == 4


@pytest.mark.parametrize("said, expected", [("", True), ("y", True), ("n", False)])
def test_the_rule_is_set_where_it_was_agreed_to(  # type: ignore[no-untyped-def]
    run: Run, types, bucket: str, moto_address: str, said: str, expected: bool
) -> None:
    types("gmail", "y", "minio", bucket, moto_address, "", "", said)
    answer = run("init", "c.ini")
    assert answer.code == 0, answer.err
    assert "Have the store itself clear leftovers" in answer.err
    settings = Settings.load("c.ini")
    assert (settings.delivery.platform, settings.delivery.store) == ("gmail", "mine")
    store = settings.stores["mine"]
    assert (store.profile, store.bucket, store.endpoint, store.prefix) == ("minio", bucket, moto_address, "deliveries")
    found = rules(moto_address, bucket)
    assert bool(found) is expected
    assert ("tidies up by itself" in answer.err) is expected
    if expected:
        assert found[0]["Filter"] == {"Prefix": "deliveries/"} and found[0]["Expiration"] == {"Days": 30}


def test_nothing_is_set_without_a_word_about_it(run: Run, bucket: str, moto_address: str) -> None:
    given = ("--profile", "minio", "--bucket", bucket, "--endpoint", moto_address, "--prefix", "work")
    assert run("init", "a.ini", "--yes", *given).code == 0
    assert rules(moto_address, bucket) == []
    answer = run("init", "b.ini", "--yes", *given, "--lifecycle")
    assert answer.code == 0 and "objects go after 30 days" in answer.err
    assert [rule["ID"] for rule in rules(moto_address, bucket)] == ["delivery-tidy"]


def test_a_rule_that_cannot_be_set_leaves_the_configuration(run: Run, bucket: str, moto_address: str) -> None:
    given = ("--profile", "minio", "--bucket", "absent-bucket", "--endpoint", moto_address)
    answer = run("init", "c.ini", "--yes", *given, "--lifecycle")
    assert answer.code == 5
    assert "doctor --fix" in answer.err and "does not exist" in answer.err
    assert Settings.load("c.ini").stores["mine"].bucket == "absent-bucket"


def test_stopped_while_the_store_hangs_it_says_what_sets_the_rule_later(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("delivery.store_care.tidy_by_itself", hang)
    answer = run(
        "init", "c.ini", "--yes", "--profile", "minio", "--bucket", "b", "--endpoint", "http://s", "--lifecycle"
    )
    assert answer.code == 130 and "doctor --fix" in answer.err and "run the same command again" not in answer.err
    assert Path("c.ini").exists()


@pytest.mark.parametrize("given", [("--lifecycle",), ("--region", "eu-west-1"), ("--profile", "nope", "--bucket", "b")])
def test_what_makes_no_store_is_refused_and_nothing_is_written(run: Run, given: tuple[str, ...]) -> None:
    assert run("init", "c.ini", "--yes", *given).code == 2
    assert not Path("c.ini").exists()


def test_an_unknown_kind_of_store_is_told_before_its_bucket_is_asked_for(run: Run) -> None:
    assert "nope" in run("init", "c.ini", "--yes", "--profile", "nope").err


@pytest.mark.parametrize("kind", offered())
def test_the_answers_for_every_kind_of_store_make_one_that_opens(  # type: ignore[no-untyped-def]
    run: Run, types, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SK")
    known = quirks(kind)
    place = ["https://s3.example.com"] if known.endpoint_needed else ["eu-west-1"]
    region = [""] if known.endpoint_needed and known.region is None else []
    types("fiverr", "y", kind, "bucket", *place, *region, "", "", "n")
    assert run("init", "c.ini").code == 0
    from datetime import UTC, datetime

    assert open_store("mine", Settings.load("c.ini"), until=datetime.now(UTC)).bucket == "bucket"
