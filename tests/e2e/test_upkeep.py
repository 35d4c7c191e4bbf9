"""A delivery by link from its making to its end, on the embedded store: renewed, revoked, tidied up."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from delivery import places, report, tidying, upkeep
from delivery.config import Settings
from delivery.errors import StoreUnreachableError, UsageError
from delivery.ledger import Ledger
from delivery.service import upload
from delivery.storage import open_store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "picture.bin").write_bytes(b"\x00\x01" * 40_000)
    (folder / "notes.txt").write_text("how to use it\n" * 50)
    monkeypatch.chdir(tmp_path)
    return folder


def fetch(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, b""


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def document(*arguments: str) -> dict[str, Any]:
    done = command(*arguments, "--json")
    loaded: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(loaded, report.schema(loaded["schema"]))
    return loaded


def test_renewed_links_and_page_live_on_without_another_upload(work: Path) -> None:
    made = upload([work], platform="none", expires=timedelta(minutes=3), note="Thank you & <bye>")
    assert made.page is not None and made.expires_at is not None
    store = open_store("local", Settings(), until=datetime.now(UTC))
    assert made.prefix is not None
    before = {stored.key: changed for stored, changed in store.keys(made.prefix)}
    again = upkeep.renew(made.id, expires=timedelta(hours=2))
    assert again.page is not None and again.expires_at is not None
    assert again.expires_at > made.expires_at + timedelta(hours=1)
    after = {stored.key: changed for stored, changed in store.keys(made.prefix)}
    listed = f"{made.prefix}delivery-manifest.json"
    assert {key for key in after if after[key] != before[key]} == {made.page.key, listed}
    status, content = fetch(again.page.url)
    assert status == 200
    assert b"Thank you &amp; &lt;bye&gt;" in content
    for old, new in zip(made.links, again.links, strict=True):
        assert fetch(new.url) == fetch(old.url)
        signature = new.url.partition("X-Amz-Signature=")[2]
        assert signature.encode() in content
    assert again.page.url in again.messages[0]
    listed = document("list")["deliveries"]
    assert listed[0]["expires_at"] == again.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_renewal_that_fails_on_its_way_is_waited_for_all_the_same(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page and manifest in the store may tell of the later end by then, so it is kept."""
    made = upload([work], platform="none", expires=timedelta(minutes=3))
    assert made.prefix is not None
    with monkeypatch.context() as patch, pytest.raises(StoreUnreachableError):
        patch.setattr(upkeep.hosting, "republish", failing)
        upkeep.renew(made.id, expires=timedelta(hours=2))
    store = open_store("local", Settings(), until=datetime.now(UTC))
    tidying.prune(after=timedelta(0), now=datetime.now(UTC) + timedelta(hours=1))
    assert list(store.keys(made.prefix))
    tidying.prune(after=timedelta(0), now=datetime.now(UTC) + timedelta(hours=3))
    assert not list(store.keys(made.prefix))


def failing(*given: object, **more: object) -> None:
    raise StoreUnreachableError("the store is gone")


def test_revoked_is_dead_and_cannot_be_renewed(work: Path) -> None:
    made = upload([work], platform="none", expires=timedelta(minutes=3))
    assert made.page is not None
    done = document("revoke", made.id[:-2])
    assert done["id"] == made.id
    assert done["proven"] >= 4  # two files, the manifest and the page
    for link in [*made.links, made.page]:
        assert fetch(link.url)[0] >= 400
    with pytest.raises(UsageError, match="revoked"):
        upkeep.renew(made.id)
    assert command("renew", made.id).returncode == 2
    assert document("list", "--state", "revoked")["deliveries"][0]["id"] == made.id


def test_prune_keeps_what_can_still_be_renewed(work: Path) -> None:
    made = upload([work], platform="none", expires=timedelta(minutes=3))
    assert made.prefix is not None
    would = document("prune", "--dry-run")
    assert would["stores"][0]["objects"] == 0
    later = datetime.now(UTC) + timedelta(days=8)
    (removed,) = tidying.prune(now=later, dry_run=True)
    assert removed.pruned.deliveries == 1 and removed.pruned.size > 80_000
    assert tidying.prune(now=later)[0].pruned == removed.pruned
    store = open_store("local", Settings(), until=datetime.now(UTC))
    assert list(store.keys(made.prefix)) == []
    refused = command("renew", made.id)
    assert refused.returncode == 2 and "gone" in refused.stderr


@pytest.mark.parametrize("after", [timedelta(seconds=-1), 7, "7d"])
def test_prune_never_takes_a_time_before_the_links_end(home: Path, after: Any) -> None:
    with pytest.raises(UsageError, match="cannot be kept so long") as caught:
        tidying.prune(after=after)
    assert "timedelta" in caught.value.hint


def test_doctor_tells_of_every_step_and_ends_well(home: Path) -> None:
    found = document("doctor")
    assert found["healthy"] is True
    assert {"put", "signed link", "wrong signature", "expired link", "delete"} <= {
        row["name"] for row in found["steps"]
    }
    table = command("doctor")
    assert table.returncode == 0 and "expired link" in table.stdout
    assert "lifecycle" not in table.stdout
    fixed = command("doctor", "--fix")
    assert fixed.returncode == 0 and "keeps no such rule" in fixed.stdout


def test_the_policy_names_only_the_bucket_and_its_prefix(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.ini"
    config.write_text("[store:mine]\nprofile = aws\nbucket = work\nregion = eu-west-1\nprefix = deliveries\n")
    done = command("doctor", "--policy", "--store", "mine", "--config", str(config))
    policy = json.loads(done.stdout)
    objects, listing = policy["Statement"]
    assert objects["Resource"] == "arn:aws:s3:::work/deliveries/*"
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "deliveries/*"}}
    assert command("doctor", "--policy").returncode == 2


def test_a_second_delivery_of_the_same_film_outlives_the_first(work: Path) -> None:
    (work / "film.bin").write_bytes(bytes(range(256)) * 8000)
    first = upload([work], platform="none", expires=timedelta(minutes=3))
    second = upload([work], platform="none", expires=timedelta(minutes=3))
    upkeep.revoke(first.id)
    film = next(link for link in second.links if link.name == "film.bin")
    assert fetch(film.url) == (200, (work / "film.bin").read_bytes())


def test_attached_deliveries_have_nothing_to_renew(work: Path) -> None:
    from delivery.service import send

    made = send([work], platform="none", via="attach")
    for verb in ("renew", "revoke"):
        done = command(verb, made.id)
        assert done.returncode == 2 and "attached" in done.stderr


def test_giving_up_with_nothing_begun_is_no_error(home: Path) -> None:
    assert document("upload", "--abort")["stores"][0]["deliveries"] == 0
    nothing = command("upload")
    assert nothing.returncode == 2 and "name the files" in nothing.stderr


def untouched(id: str) -> tuple[Any, ...]:
    """All that a dry run must leave as it is."""
    store, ledger = open_store("local", Settings(), until=datetime.now(UTC)), Ledger(places.data_dir())
    account = ledger.account(id, now=datetime(2026, 1, 1, tzinfo=UTC))
    return (
        sorted(store.keys("")),
        account,
        {path: path.read_bytes() for path in places.data_dir().glob("ledger.sqlite3*")},
    )


def test_a_dry_run_of_renew_says_how_many_links_and_until_when_and_signs_none(work: Path) -> None:
    made = upload([work], platform="none", expires=timedelta(minutes=3))
    before = untouched(made.id)
    would = document("renew", made.id, "--expires", "2h", "--dry-run")
    assert (would["dry_run"], would["links"], would["page"], would["messages"]) == (True, [], None, [])
    assert [part["name"] for part in would["planned"]] == [link.name for link in made.links]
    spoken = command("renew", made.id[:-2], "--expires", "2h", "-n", "--qr", "code.png")
    assert (spoken.returncode, spoken.stdout) == (0, "") and not Path("code.png").exists()
    assert f"would sign 2 links of {made.id} again, until " in spoken.stderr
    assert untouched(made.id) == before
    again = document("renew", made.id, "--expires", "2h")
    assert [link["name"] for link in again["links"]] == [part["name"] for part in would["planned"]]
    ends = [datetime.fromisoformat(item["expires_at"]) for item in (would, again)]
    assert timedelta(0) <= ends[1] - ends[0] < timedelta(minutes=1)


def test_a_dry_run_of_revoke_names_what_would_be_removed_and_removes_nothing(work: Path) -> None:
    made = upload([work], platform="none", expires=timedelta(minutes=3))
    before = untouched(made.id)
    would = document("revoke", made.id, "--dry-run")
    assert (would["dry_run"], would["removed"], would["proven"]) == (True, 4, 0)
    assert {"picture.bin", "notes.txt"} <= set(would["names"]) and len(would["names"]) == 4
    spoken = command("revoke", made.id[:-2], "-n").stdout
    assert f"{made.id}: would remove 4 objects\n" in spoken and "  picture.bin\n" in spoken
    assert untouched(made.id) == before
    assert fetch(made.links[0].url)[0] == 200
    done = document("revoke", made.id)
    assert (done["dry_run"], done["removed"], done["names"]) == (False, 4, would["names"])
    assert document("revoke", made.id, "--dry-run")["removed"] == 0
    for verb in ("renew", "revoke"):
        assert command(verb, "nope", "-n").returncode == 2
    refused = command("renew", made.id, "-n")
    assert refused.returncode == 2 and "revoked" in refused.stderr
