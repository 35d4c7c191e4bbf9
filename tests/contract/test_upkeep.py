"""The end of deliveries, and the doctor, against every store."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.faulty import proxy_before
from support.stores import KEYS, opened, soon

from delivery import hosting
from delivery.config import Settings
from delivery.errors import StoreRefusedError
from delivery.hosting import Ended, Outcome, copying
from delivery.hosting.bodies import MemoryBody
from delivery.hosting.pace import Pace
from delivery.options import StoreOptions, UploadOptions
from delivery.progress import CancelToken, RecordingProgress
from delivery.storage import ObjectHeaders, Store, open_store
from delivery.storage.dial import dial

MIB = 1024**2
NOW = datetime.now(UTC)


def delivered(store: Store, folder: Path, count: int = 3) -> tuple[str, tuple[hosting.Uploaded, ...]]:
    uploads = []
    for number in range(count):
        (folder / f"{number}.txt").write_bytes(b"work" * 100)
        uploads.append(hosting.Upload.of_path(folder / f"{number}.txt"))
    prefix = hosting.new_prefix(store)
    return prefix, hosting.upload(store, uploads, prefix=prefix)


def test_revoked_links_are_dead_and_proven_so(store: Store, tmp_path: Path) -> None:
    prefix, done = delivered(store, tmp_path)
    other, kept = delivered(store, tmp_path)
    links = hosting.sign(store, done, expires_in=timedelta(minutes=5), now=NOW)
    result = hosting.revoke(store, prefix, [link.key for link in links])
    assert (result.removed, result.proven) == (3, 3)
    for link in links:
        with pytest.raises(StoreRefusedError, match="does not open"):
            hosting.try_link(link)
    assert list(store.keys(prefix)) == []
    assert len(list(store.keys(other))) == len(kept)
    assert hosting.revoke(store, prefix, [link.key for link in links]).removed == 0


def test_what_another_run_puts_once_more_meanwhile_is_revoked_too(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, done = delivered(store, tmp_path)
    delete, removals = type(store).delete, []

    def and_put_again(self: Store, keys: Sequence[str]) -> Any:
        removed = delete(self, keys)
        removals.append(list(keys))
        if len(removals) == 1:
            hosting.upload(store, [hosting.Upload.of_path(tmp_path / "0.txt")], prefix=prefix)
        return removed

    monkeypatch.setattr(type(store), "delete", and_put_again)
    assert hosting.revoke(store, prefix, []).proven == 3
    assert removals == [[item.stored.key for item in done], [done[0].stored.key]]
    assert list(store.keys(prefix)) == []


def test_many_links_end_several_at_once_those_of_page_and_manifest_first(moto_address: str, tmp_path: Path) -> None:
    with proxy_before(moto_address) as proxy:
        store, progress = opened(proxy.address, "moto"), RecordingProgress()
        prefix, done = delivered(store, tmp_path, 20)
        for name in ("index.html", "delivery-manifest.json"):
            body = MemoryBody(memoryview(b"links"), lambda count: None, Pace(None, CancelToken()))
            store.put(f"{prefix}{name}", body, HEADERS, metadata={})
        links = hosting.sign(store, done, expires_in=timedelta(minutes=5), now=NOW)
        before = len(proxy.seen)
        proxy.rule = lambda seen: "slow" if seen.method == "DELETE" else ""
        assert hosting.revoke(store, prefix, [link.key for link in links], progress=progress).proven == 22
        assert proxy.count("GET", versions="") == 1
        removals = [seen.path.rpartition("/")[2] for seen in proxy.seen[before:] if seen.method == "DELETE"]
        assert {"index.html", "delivery-manifest.json"} <= set(removals[:8]) and len(removals) == 22
        assert proxy.most_at_once >= 8
        assert [(task.done, task.total) for task in progress.tasks] == [(22, 22), (22, 22)]


def test_links_are_tried_over_few_connections(
    moto_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled = []

    def counted(*given: Any) -> Any:
        dialled.append(given)
        return dial(*given)

    with proxy_before(moto_address) as proxy:
        store = opened(proxy.address, "moto")
        _, done = delivered(store, tmp_path, 30)
        links = hosting.sign(store, done, expires_in=timedelta(minutes=5), now=NOW)
        monkeypatch.setattr("delivery.storage.lanes.LOOK_SECONDS", 60.0)
        monkeypatch.setattr("delivery.storage.wire.dial", counted)
        assert hosting.try_links(links) == links
    assert 1 <= len(dialled) <= 8


@pytest.mark.parametrize("prefix", ["", "/", "a", "deliveries/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"])
def test_nothing_but_one_deliverys_place_is_ever_removed(store: Store, tmp_path: Path, prefix: str) -> None:
    with pytest.raises(StoreRefusedError, match="not the place of one delivery"):
        hosting.revoke(store, prefix, [])
    with pytest.raises(StoreRefusedError, match="not the place of one delivery"):
        hosting.prune(store, [Ended(prefix)], now=NOW)


def test_prune_removes_what_ended_and_says_before_what_it_would(store: Store, tmp_path: Path) -> None:
    prefix, _ = delivered(store, tmp_path)
    other, _ = delivered(store, tmp_path)
    would = hosting.prune(store, [Ended(prefix)], now=NOW, dry_run=True)
    assert (would.deliveries, would.objects, would.size) == (1, 3, 1200)
    assert len(list(store.keys(prefix))) == 3
    assert hosting.prune(store, [Ended(prefix)], now=NOW) == would
    assert list(store.keys(prefix)) == []
    assert len(list(store.keys(other))) == 3
    assert hosting.prune(store, [Ended(prefix)], now=NOW).deliveries == 0


@pytest.mark.heavy
def test_prune_clears_old_leftovers_but_not_young_ones_or_other_peoples(
    ceph_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # moto says of every upload that it was begun in 2010
    monkeypatch.setenv("DELIVERY_HOME", str(tmp_path))
    store, headers = opened(ceph_address, "ceph"), ObjectHeaders("text/plain", "attachment")
    ours, theirs = f"{hosting.new_prefix(store)}x.bin", "somebody/else.bin"
    for key in (ours, theirs):
        store.begin(key, headers, metadata={})
    assert hosting.prune(store, [], now=NOW).parts == 0
    assert {item.key for item in store.pending("")} == {ours, theirs}
    assert hosting.prune(store, [], now=NOW + timedelta(days=20)).parts == 1
    assert {item.key for item in store.pending("")} == {theirs}


LATER = NOW + timedelta(days=15)
HEADERS = ObjectHeaders("text/plain", "attachment")


def ids(store: Store) -> set[str]:
    return {item.upload_id for item in store.pending("")}


def test_prune_counts_from_when_an_upload_was_last_gone_on_with(moto_address: str, tmp_path: Path) -> None:
    """moto says of every upload that it was begun in 2010."""
    store = opened(moto_address, "moto")
    (tmp_path / "a.bin").write_bytes(os.urandom(100))
    with hosting.journal_for(store, ["a.bin", "b.bin"]) as journal:
        small = hosting.Upload.of_path(tmp_path / "a.bin")
        hosting.upload(store, [small], prefix=journal.prefix, journal=journal)
        journal.note_begun(
            f"{journal.prefix}b.bin", store.begin(f"{journal.prefix}b.bin", HEADERS, metadata={}), 1, 1, ""
        )
        assert hosting.prune(store, [], now=LATER).parts == 0  # a run works on it
    assert hosting.prune(store, [], now=LATER - timedelta(days=2)).parts == 0
    assert len(ids(store)) == 1 and len(list(store.keys(""))) == 1
    with hosting.journal_for(store, ["a.bin", "b.bin"]) as again:
        assert again.prefix == journal.prefix
    assert hosting.prune(store, [], now=LATER, dry_run=True).parts == 1
    assert hosting.prune(store, [], now=LATER).parts == 1
    assert ids(store) == set() and list(store.keys("")) == []


def test_prune_leaves_uploads_of_other_machines_that_are_alive(moto_address: str) -> None:
    store = opened(moto_address, "moto")
    kept, young, old = hosting.new_prefix(store), hosting.new_prefix(store), hosting.new_prefix(store)
    begun = {prefix: store.begin(f"{prefix}x.bin", HEADERS, metadata={}) for prefix in (kept, young, old)}
    body = MemoryBody(memoryview(b"part"), lambda count: None, Pace(None, CancelToken()))
    store.put_part(f"{young}x.bin", begun[young], 1, body)
    assert hosting.prune(store, [], now=NOW, in_use={kept}, dry_run=True).parts == 1
    assert hosting.prune(store, [], now=NOW, in_use={kept}).parts == 1
    assert ids(store) == {begun[kept], begun[young]}
    assert hosting.prune(store, [], now=LATER).parts == 2


def test_what_an_earlier_delivery_holds_is_copied_and_not_sent(store: Store, tmp_path: Path) -> None:
    (tmp_path / "film.bin").write_bytes(os.urandom(2 * MIB))
    (tmp_path / "other.bin").write_bytes(os.urandom(2 * MIB))
    first = [hosting.Upload.of_path(tmp_path / "film.bin")]
    (old,) = hosting.upload(store, first, prefix=hosting.new_prefix(store))
    known = [old.stored._replace(checksum=f"sha256:{old.sha256}")]
    again = [
        hosting.Upload.of_path(tmp_path / "film.bin", "Film (final).bin"),
        hosting.Upload.of_path(tmp_path / "other.bin"),
    ]
    progress = RecordingProgress()
    prefix = hosting.new_prefix(store)
    done = hosting.upload(store, again, prefix=prefix, known=known, progress=progress)
    copied = ["Film (final).bin was delivered before: copied inside the store, not sent again"]
    assert [note for note in progress.notes if "copied" in note] == (copied if old.stored.etag else [])
    assert progress.tasks[0].done == 4 * MIB
    hosting.try_links(hosting.sign(store, done, expires_in=timedelta(minutes=5), now=NOW))
    store.delete([old.stored.key])
    assert b"".join(store.read(done[0].stored.key)) == (tmp_path / "film.bin").read_bytes()
    assert done[0].sha256 == old.sha256
    gone = hosting.upload(store, again[:1], prefix=hosting.new_prefix(store), known=known)
    assert b"".join(store.read(gone[0].stored.key)) == (tmp_path / "film.bin").read_bytes()


@pytest.mark.parametrize("refused", [False, True])
def test_a_large_file_is_copied_in_parts_or_else_at_once(
    parts_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    def none(*_: Any) -> str:
        raise StoreRefusedError("no such thing here", hint="")

    monkeypatch.setattr(copying, "_AT_ONCE", 5 * MIB)
    if refused:
        monkeypatch.setattr(type(parts_store), "copy_part", none)
    (tmp_path / "film.bin").write_bytes(os.urandom(12 * MIB + 1))
    film, options = [hosting.Upload.of_path(tmp_path / "film.bin")], UploadOptions(threshold=5 * MIB)
    (old,) = hosting.upload(parts_store, film, prefix=hosting.new_prefix(parts_store), options=options)
    known, progress = [old.stored._replace(checksum=f"sha256:{old.sha256}")], RecordingProgress()
    prefix = hosting.new_prefix(parts_store)
    (new,) = hosting.upload(parts_store, film, prefix=prefix, known=known, options=options, progress=progress)
    assert progress.notes == ["film.bin was delivered before: copied inside the store, not sent again"]
    assert progress.tasks[0].done == 12 * MIB + 1
    assert new.stored.etag.endswith("-3") is not refused
    assert list(parts_store.pending("")) == []
    assert b"".join(parts_store.read(new.stored.key)) == (tmp_path / "film.bin").read_bytes()
    (link,) = hosting.try_links(hosting.sign(parts_store, [new], expires_in=timedelta(minutes=5), now=NOW))
    assert link.size == 12 * MIB + 1


def test_giving_up_removes_what_was_sent_in_part(
    parts_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERY_HOME", str(tmp_path / "home"))
    store = parts_store
    (tmp_path / "a.txt").write_bytes(b"small")
    (tmp_path / "b.bin").write_bytes(os.urandom(12 * MIB))
    uploads = [hosting.Upload.of_path(tmp_path / name) for name in ("a.txt", "b.bin")]
    changed = dataclasses.replace(uploads[1].entry, mtime_ns=1)
    broken = [uploads[0], uploads[1]._replace(entry=changed)]
    options = UploadOptions(threshold=5 * MIB, part_size=5 * MIB)
    with pytest.raises(OSError), hosting.journal_for(store, ["a.txt", "b.bin"]) as journal:
        hosting.upload(store, broken, prefix=journal.prefix, journal=journal, options=options)
    assert len(list(store.pending(""))) == 1
    gone = hosting.give_up(store, ["a.txt", "b.bin"])
    assert (gone.deliveries, gone.parts) == (1, 1)
    assert list(store.pending("")) == []
    assert list(store.keys("")) == []
    assert hosting.give_up(store).deliveries == 0


def test_a_wrong_journal_takes_nothing_of_others_with_it(moto_address: str, home: Path, tmp_path: Path) -> None:
    store = opened(moto_address, "moto")
    _, done = delivered(store, tmp_path, 1)
    head = {"journal": 1, "store": store.identity, "prefix": "", "names": []}
    (home / "state" / "uploads").mkdir(parents=True)
    (home / "state" / "uploads" / "x.jsonl").write_text(json.dumps(head))
    assert hosting.give_up(store) == hosting.prune(store, [], now=NOW) == hosting.Pruned()
    assert [item.key for item, _ in store.keys("")] == [done[0].stored.key]


def outcomes(report: hosting.Report) -> dict[str, Outcome]:
    return {step.name: step.outcome for step in report.steps}


def test_the_doctor_finds_a_real_store_well_and_leaves_nothing(real_store: Store) -> None:
    before = {item.key for item, _ in real_store.keys("")}
    report = hosting.examine(real_store, expires_in=timedelta(days=7), keep=timedelta(days=30))
    assert report.healthy, report.steps
    found = outcomes(report)
    for name in (
        "put",
        "signed link",
        "range",
        "wrong signature",
        "expired link",
        "without a signature",
        "delete",
        "clock",
    ):
        assert found[name] is Outcome.OK, name
    assert {item.key for item, _ in real_store.keys("")} == before
    assert list(real_store.pending("")) == [] if real_store.quirks.multipart else True


def test_the_doctor_notices_a_store_that_checks_nothing(moto_address: str) -> None:
    store = opened(moto_address, "moto")
    report = hosting.examine(store, expires_in=timedelta(days=7), keep=timedelta(days=30))
    found = outcomes(report)
    assert not report.healthy
    assert found["expired link"] is Outcome.FAILED
    assert found["parts"] is Outcome.OK


def test_the_doctor_says_what_a_life_beyond_the_cap_means(moto_address: str) -> None:
    store = opened(moto_address, "moto")
    report = hosting.examine(store, expires_in=timedelta(days=8), keep=timedelta(days=30))
    assert outcomes(report)["life of links"] is Outcome.FAILED


def test_the_doctor_stops_at_a_bucket_that_is_not_there(moto_address: str) -> None:
    options = StoreOptions(bucket="not-there", endpoint=moto_address, **KEYS)
    store = open_store("mine", Settings(stores={"mine": options}), until=soon())
    report = hosting.examine(store, expires_in=timedelta(days=7), keep=timedelta(days=30))
    (step,) = report.steps
    assert step.outcome is Outcome.FAILED
    assert "does not exist" in step.found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["moto", pytest.param("ceph", marks=pytest.mark.heavy)])
def test_fix_sets_the_rule_and_keeps_the_users_own(kind: str, request: pytest.FixtureRequest) -> None:
    store = opened(request.getfixturevalue(f"{kind}_address"), kind, prefix="work/")
    theirs = {"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}}
    store.set_lifecycle([theirs])
    before = hosting.examine(store, expires_in=timedelta(days=7), keep=timedelta(days=30))
    assert outcomes(before)["lifecycle"] is Outcome.WARNING
    for _ in range(2):
        after = hosting.examine(store, expires_in=timedelta(days=7), keep=timedelta(days=30), fix=True)
        assert outcomes(after)["lifecycle"] is Outcome.OK
    rules = (store.configuration("lifecycle") or {})["Rules"]
    assert sorted(rule["ID"] for rule in rules) == ["delivery-tidy", "mine"]
    ours = next(rule for rule in rules if rule["ID"] == "delivery-tidy")
    assert ours["Filter"]["Prefix"] == "work/"
    assert ours["Expiration"]["Days"] == 30
    assert ours["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7


def test_the_rule_never_removes_files_before_their_links_end_and_takes_old_versions_along(moto_address: str) -> None:
    store = opened(moto_address, "moto", prefix="work/")
    store.boto3().put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})  # type: ignore[attr-defined]
    report = hosting.examine(store, expires_in=timedelta(days=7), keep=timedelta(days=3), fix=True)
    assert outcomes(report)["lifecycle"] is Outcome.OK
    (rule,) = (store.configuration("lifecycle") or {})["Rules"]
    assert rule["Expiration"]["Days"] == 7
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1


def test_the_rule_is_set_although_the_store_does_not_tell_of_versions(moto_address: str) -> None:
    with proxy_before(moto_address) as proxy:
        proxy.rule = lambda request: "403 AccessDenied" if "versioning" in request.query else ""
        store = opened(proxy.address, "moto", prefix="work/")
        (rule,) = hosting.set_rule(store, keep=timedelta(days=30), expires_in=timedelta(days=7))
    assert rule["ID"] == "delivery-tidy" and "NoncurrentVersionExpiration" not in rule


def test_versions_are_removed_too(moto_address: str, tmp_path: Path) -> None:
    store = versioned(moto_address)
    prefix, done = delivered(store, tmp_path, 1)
    hosting.revoke(store, prefix, [done[0].stored.key])
    left = store.boto3().list_object_versions(Bucket=store.bucket)  # type: ignore[attr-defined]
    assert not left.get("Versions") and not left.get("DeleteMarkers")


@pytest.mark.parametrize("kind", ["moto", pytest.param("ceph", marks=pytest.mark.heavy)])
def test_what_is_gone_is_not_told_as_kept(kind: str, request: pytest.FixtureRequest) -> None:
    store, progress = versioned(request.getfixturevalue(f"{kind}_address"), kind), RecordingProgress()
    prefix = hosting.new_prefix(store)
    assert hosting.revoke(store, prefix, [f"{prefix}a.bin", f"{prefix}b.bin"], progress=progress).proven == 2
    assert progress.notes == []


def versioned(address: str, kind: str = "moto") -> Store:
    store = opened(address, kind, profile="ceph")
    store.boto3().put_bucket_versioning(Bucket=store.bucket, VersioningConfiguration={"Status": "Enabled"})  # type: ignore[attr-defined]
    return store


@pytest.mark.parametrize("refused", ["DELETE versionId", "GET versions"])
def test_links_end_although_the_store_keeps_the_versions(moto_address: str, tmp_path: Path, refused: str) -> None:
    """As a retention, or a key that may not remove versions or list them, has it."""
    method, name = refused.split()
    with proxy_before(moto_address) as proxy:
        store = versioned(proxy.address)
        prefix, done = delivered(store, tmp_path, 2)
        links = hosting.sign(store, done, expires_in=timedelta(minutes=5), now=NOW)
        proxy.rule = lambda seen: "403 AccessDenied" if seen.method == method and name in seen.query else ""
        progress = RecordingProgress()
        result = hosting.revoke(store, prefix, [link.key for link in links], progress=progress)
        report = hosting.examine(store, expires_in=timedelta(days=1), keep=timedelta(days=1))
    assert (result.removed, result.proven) == (2, 2)
    assert [step.found for step in report.steps if step.name == "versions" and "all" not in step.found.split()]
    assert [note.partition(":")[0] for note in progress.notes] == ["0.txt and 1 more"]
    assert all("keeps it as an old version" in note for note in progress.notes)
    assert list(store.keys(prefix)) == []


def test_what_may_not_be_removed_in_any_way_is_told(moto_address: str, tmp_path: Path) -> None:
    with proxy_before(moto_address) as proxy:
        store = versioned(proxy.address)
        prefix, done = delivered(store, tmp_path, 1)
        proxy.rule = lambda seen: "403 AccessDenied" if seen.method == "DELETE" else ""
        with pytest.raises(StoreRefusedError, match="denied access"):
            hosting.revoke(store, prefix, [done[0].stored.key])


def test_a_store_that_calls_it_an_error_to_remove_what_is_gone_is_no_hindrance(moto_address: str) -> None:
    with proxy_before(moto_address) as proxy:
        store = opened(proxy.address, "moto", profile="gcs")
        proxy.rule = lambda seen: "404 NoSuchKey" if seen.method == "DELETE" else ""
        prefix = hosting.new_prefix(store)
        assert hosting.revoke(store, prefix, [f"{prefix}a.bin", f"{prefix}b.bin"]).proven == 2
        proxy.rule = lambda seen: "404 NoSuchBucket" if seen.method == "DELETE" else ""
        with pytest.raises(StoreRefusedError, match="does not exist"):
            hosting.revoke(store, prefix, [f"{prefix}a.bin"])
