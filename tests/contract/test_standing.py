"""Deliveries with a name: a later run, on any machine, goes on with what the bucket holds, and no two runs collide."""

from __future__ import annotations

import dataclasses
import html
import json
import os
import re
import secrets
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from support.faulty import Proxy, once
from support.stores import KEYS, make_bucket, opened

from delivery import compose_message, hosting, places, service, tidying, upkeep
from delivery.config import Settings
from delivery.errors import Cancelled, IntegrityError, LocalError, StoreRefusedError, StoreUnreachableError, UsageError
from delivery.hosting import hold, record
from delivery.hosting.bodies import MemoryBody
from delivery.hosting.journal import JournalFile
from delivery.hosting.links import signed_end
from delivery.hosting.pace import Pace
from delivery.ledger import Ledger, State
from delivery.model import Delivery
from delivery.options import StoreOptions, UploadOptions
from delivery.progress import CancelToken, RecordingProgress
from delivery.storage import ObjectHeaders, Store, open_store
from delivery.storage.base import KeyLife
from delivery.storage.faults import ObjectExistsError
from delivery.storage.s3 import S3Store
from delivery.units import format_utc

MIB = 1024**2
SIZE = 300_000
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
URLS = re.compile(r'http://[^"\s<]+X-Amz-[^"\s<]+')


@pytest.fixture
def settings(proxy: Proxy, moto_address: str) -> Settings:
    """moto behind a counting proxy; ``ceph`` because it refuses to overwrite when it is asked to."""
    bucket = f"b-{secrets.token_hex(6)}"
    make_bucket(moto_address, bucket)
    store = StoreOptions(profile="ceph", bucket=bucket, endpoint=proxy.address, prefix="work", **KEYS)
    given = Settings(stores={"test": store}, upload=UploadOptions(threshold=6 * MIB, part_size=5 * MIB, attempts=2))
    return given.override(store="test", platform="none", language="en")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.bin").write_bytes(os.urandom(SIZE))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Move to a machine that has never seen a delivery."""

    def fresh() -> None:
        monkeypatch.setenv("DELIVERY_HOME", str(tmp_path / f"home-{secrets.token_hex(4)}"))

    return fresh


def one_by_one(settings: Settings) -> Settings:
    """So that what breaks finds all parts before it in the store."""
    return dataclasses.replace(settings, upload=dataclasses.replace(settings.upload, threads=1))


def upload(work: Path, settings: Settings, **options: Any) -> Delivery:
    out = work.parent / f"out-{secrets.token_hex(4)}"
    more = {name: options.pop(name) for name in ("progress",) if name in options}
    return service.upload([work], settings=settings, out=str(out), allow=("wrong-content",), **options, **more)


def sent(proxy: Proxy) -> int:
    return sum(item.size for item in proxy.seen if item.method == "PUT" and "standing/" not in item.path)


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        data: bytes = answer.read()
        return data


def keys(settings: Settings) -> set[str]:
    store = open_store("test", settings, until=NOW)
    return {item.key for item, _ in store.keys("")}


def test_another_machine_sends_only_what_changed_and_the_page_stays_where_it_was(
    work: Path, settings: Settings, proxy: Proxy, machine: Any
) -> None:
    first = upload(work, settings, id="site-7", page=True)
    whole = sum(entry.size for entry in first.files)
    assert sent(proxy) > whole
    for changed, most in ((), 100_000), (("b.bin",), SIZE + 100_000):
        machine()
        for name in changed:
            (work / name).write_bytes(os.urandom(SIZE))
        proxy.seen.clear()
        again = upload(work, settings, id="site-7", page=True)
        assert SIZE * len(changed) <= sent(proxy) < most
        assert (again.id, again.prefix) == ("site-7", first.prefix)
        assert first.page is not None and again.page is not None
        assert again.page.key == first.page.key
        for link in again.links:
            assert read(link.url) == (work / link.name).read_bytes()
        assert Ledger(Path(os.environ["DELIVERY_HOME"])).load("site-7").prefix == first.prefix


def test_what_is_missing_or_altered_in_the_store_is_sent_again(
    work: Path, settings: Settings, proxy: Proxy, machine: Any
) -> None:
    first = upload(work, settings, id="site")
    store = open_store("test", settings, until=NOW)
    gone, altered = first.links[0].key, first.links[1].key
    store.delete([gone])
    other = hosting.Upload.of_path(work / "a.bin")
    swapped = os.urandom(SIZE)
    (work.parent / "swapped").write_bytes(swapped)
    entry = hosting.Upload.of_path(work.parent / "swapped")
    hosting.upload(store, [entry._replace(key_name=Path(altered).name)], prefix=first.prefix or "")
    machine()
    proxy.seen.clear()
    again = upload(work, settings, id="site")
    assert sent(proxy) > 2 * other.entry.size
    for link in again.links:
        assert read(link.url) == (work / link.name).read_bytes()


def test_files_of_one_size_that_change_places_keep_their_own_bytes(work: Path, settings: Settings) -> None:
    names = ("a.bin", "b.bin", "c.bin")
    builds = [os.urandom(MIB + 1) for _ in range(4)]  # large enough to be worth a copy
    for shown in (builds[1:], builds[:3]):
        for name, data in zip(names, shown, strict=True):
            (work / name).write_bytes(data)
        done = upload(work, one_by_one(settings), id="nightly")
        assert {link.name: read(link.url) for link in done.links} == dict(zip(names, shown, strict=True))


def test_what_another_machine_has_written_over_is_not_copied_from(
    work: Path, settings: Settings, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in work.iterdir():
        path.write_bytes(os.urandom(MIB))
    ours = {path.name: path.read_bytes() for path in work.iterdir()}
    here = os.environ["DELIVERY_HOME"]
    upload(work, settings, id="rel")
    machine()
    for path in work.iterdir():
        path.write_bytes(os.urandom(MIB))
    upload(work, settings, id="rel")
    monkeypatch.setenv("DELIVERY_HOME", here)
    for name, data in ours.items():
        (work / name).write_bytes(data)
    done = upload(work, settings)
    assert {link.name: read(link.url) for link in done.links} == ours


def test_a_file_that_changed_stays_as_it_was_until_its_successor_is_there(
    work: Path, settings: Settings, proxy: Proxy
) -> None:
    first = upload(work, settings, id="site")
    (old,) = (link for link in first.links if link.name == "b.bin")
    before = (work / "b.bin").read_bytes()
    (work / "b.bin").write_bytes(os.urandom(SIZE))
    proxy.rule = once("reset", lambda request: request.method == "PUT" and "b.bin" in request.path, times=9)
    with pytest.raises(StoreUnreachableError):
        upload(work, settings, id="site")
    assert read(old.url) == before
    proxy.rule = lambda request: ""
    done = upload(work, settings, id="site")
    (new,) = (link for link in done.links if link.name == "b.bin")
    assert read(new.url) == (work / "b.bin").read_bytes()


def test_where_the_ledger_cannot_keep_it_the_same_command_goes_on(
    work: Path, settings: Settings, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = work.parent / "out"

    def full(*arguments: Any, **options: Any) -> None:
        raise LocalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", full)
        with pytest.raises(LocalError):
            service.upload([work], settings=settings, out=str(out), allow=("wrong-content",))
    assert not out.exists()
    before = sent(proxy)
    proxy.seen.clear()
    done = service.upload([work], settings=settings, out=str(out), allow=("wrong-content",))
    assert before > 3 * SIZE > 100_000 > sent(proxy)  # the page and the manifest alone
    for link in done.links:
        assert read(link.url) == (work / link.name).read_bytes()


def test_what_is_no_part_of_it_any_more_leaves_the_store(work: Path, settings: Settings, machine: Any) -> None:
    first = upload(work, settings, id="site")
    old = next(link.key for link in first.links if link.name == "c.bin")
    assert old in keys(settings)
    (work / "c.bin").unlink()
    machine()
    again = upload(work, settings, id="site")
    assert old not in keys(settings)
    assert [note for note in again.notes if "links to it are dead" in note and "of site sent c.bin too" in note]
    assert not any("dead" in note for note in (*first.notes, *upload(work, settings, id="site").notes))


def test_a_broken_run_is_gone_on_with_by_another_machine(
    work: Path, settings: Settings, proxy: Proxy, machine: Any
) -> None:
    """Its small files and the parts of its large one are noted in the bucket when it gives up."""
    (work / "big.bin").write_bytes(os.urandom(11 * MIB))
    proxy.rule = once("reset", lambda request: request.part == 3, times=9)
    with pytest.raises(StoreUnreachableError):
        upload(work, one_by_one(settings), id="site")
    store = open_store("test", settings, until=NOW)
    (kept,) = hosting.standing_of(store).values()
    assert not kept.claimed_by
    machine()
    proxy.rule = lambda request: ""
    proxy.seen.clear()
    done = upload(work, settings, id="site")
    assert done.prefix == kept.prefix
    assert sent(proxy) < 7 * MIB
    assert list(store.pending("")) == []
    for link in done.links:
        assert read(link.url) == (work / link.name).read_bytes()


def test_what_a_killed_run_began_and_never_noted_is_removed(work: Path, settings: Settings, machine: Any) -> None:
    """The record in the bucket is saved now and then only."""
    store = open_store("test", settings, until=NOW)
    with hosting.place_for(store, ["big.bin"], id="site", named=True) as place:
        key = f"{place.journal.prefix}big.bin"
        store.begin(key, ObjectHeaders("application/octet-stream", "attachment"), metadata={})
    (work / "big.bin").write_bytes(os.urandom(11 * MIB))
    machine()
    done = upload(work, settings, id="site")
    assert key in {link.key for link in done.links}
    assert list(store.pending("")) == []


def test_two_runs_at_once_do_not_harm_each_other(work: Path, settings: Settings, proxy: Proxy, tmp_path: Path) -> None:
    """Each delivers its own bytes; the next run goes on with one of them."""
    other = tmp_path / "other" / "site"
    other.mkdir(parents=True)
    (other / "a.bin").write_bytes(os.urandom(SIZE))
    (other / "b.bin").write_bytes(os.urandom(SIZE))
    entered = threading.Barrier(2, timeout=30)
    meet = hosting.place_for
    done: dict[str, Delivery] = {}

    def run(folder: Path, label: str) -> None:
        out = tmp_path / f"out-{label}"
        done[label] = service.upload([folder], settings=settings, id="site", out=str(out), allow=("wrong-content",))

    from delivery import handover

    class Meeting:
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.inner = meet(*arguments, **options)

        def __enter__(self) -> Any:
            place = self.inner.__enter__()
            entered.wait()
            return place

        def __exit__(self, *error: Any) -> Any:
            return self.inner.__exit__(*error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handover.hosting, "place_for", Meeting)
        threads = [threading.Thread(target=run, args=pair) for pair in ((work, "one"), (other, "two"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert done["one"].prefix != done["two"].prefix
    for label, folder in (("one", work), ("two", other)):
        for link in done[label].links:
            assert read(link.url) == (folder / link.name).read_bytes()
    store = open_store("test", settings, until=NOW)
    assert {kept.prefix for kept in hosting.standing_of(store).values()} == {done["one"].prefix, done["two"].prefix}
    assert upload(work, settings, id="site").prefix in {done["one"].prefix, done["two"].prefix}
    assert upkeep.revoke("site", settings=settings).removed > 6
    assert keys(settings) == set()


@pytest.mark.parametrize("kind", ["moto", "embedded", pytest.param("ceph", marks=pytest.mark.heavy)])
def test_a_claim_holds_others_off_until_it_is_let_go_or_its_holder_has_died(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "embedded":
        request.getfixturevalue("embedded_home")
        store: Store = open_store("local", Settings(), until=NOW + timedelta(minutes=2))
    else:
        store = opened(request.getfixturevalue(f"{kind}_address"), kind)
    id, said = secrets.token_hex(6), RecordingProgress()
    with hosting.place_for(store, [], named=True, id=id) as first:
        with hosting.place_for(store, [], named=True, id=id, progress=said) as second:
            assert second.journal.prefix != first.journal.prefix
        assert said.notes == [f"another run works on {id} now: this one gets a place of its own"]
    with hosting.place_for(store, [], named=True, id=id) as third:
        assert third.journal.prefix == first.journal.prefix
        key = f"{record.place_of(store, id)}.json"
        found = record.read(store, key)
        assert found is not None
    record.put(store, key, found.record._replace(claimed_by="somebody", claimed_until=NOW + DAY))
    monkeypatch.setattr("delivery.hosting.record.CLAIM", timedelta(0))
    with hosting.place_for(store, [], named=True, id=id) as fourth:
        assert fourth.journal.prefix == first.journal.prefix
    hosting.forget(store, hosting.standing_of(store, id))
    assert hosting.standing_of(store, id) == {}


def taken_over(store: Store, id: str) -> record.Standing:
    """Another run has the delivery from now on."""
    key = f"{record.place_of(store, id)}.json"
    found = record.read(store, key)
    assert found is not None
    theirs = found.record._replace(touched_at=datetime.now(UTC), claimed_by="another")
    record.put(store, key, theirs)
    return theirs


@pytest.fixture(params=["moto-s3", "moto-ceph", "embedded", pytest.param("ceph-ceph", marks=pytest.mark.heavy)])
def any_store(request: pytest.FixtureRequest) -> Store:
    """Those that refuse to overwrite another record than was read, and those that cannot."""
    if request.param == "embedded":
        request.getfixturevalue("embedded_home")
        return open_store("local", Settings(), until=NOW + timedelta(minutes=2))
    kind, profile = request.param.split("-")
    return opened(request.getfixturevalue(f"{kind}_address"), kind, profile=profile)


def asleep(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Time went on while this process stood still."""
    real = hold.clocks
    monkeypatch.setattr(hold, "clocks", lambda: (real()[0], real()[1] + seconds))


def test_a_run_that_was_held_up_does_not_overwrite_the_one_that_took_over(any_store: Store) -> None:
    id = secrets.token_hex(6)
    with hosting.place_for(any_store, [], named=True, id=id) as place:
        theirs = taken_over(any_store, id)
        with pytest.raises(StoreUnreachableError, match="took this delivery over"):
            place.finish([], None)
    assert list(hosting.standing_of(any_store, id).values()) == [theirs]


def test_a_run_that_was_revoked_meanwhile_does_not_come_back(any_store: Store) -> None:
    id = secrets.token_hex(6)
    with hosting.place_for(any_store, [], named=True, id=id) as place:
        hosting.forget(any_store, hosting.standing_of(any_store, id))
        with pytest.raises(StoreUnreachableError, match="or revoked it"):
            place.finish([], None)
    assert hosting.standing_of(any_store, id) == {}


def test_a_run_that_is_overtaken_by_a_revocation_delivers_nothing(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(work, settings, id="site")
    publish = hosting.publish

    def and_revoked(*args: Any, **options: Any) -> Any:
        """All is sent and tried, when a revocation removes it; that is still under way when the run ends."""
        page = publish(*args, **options)
        with pytest.MonkeyPatch.context() as under_way:
            under_way.setattr(hosting, "forget", lambda *_: None)
            upkeep.revoke("site", settings=settings)
        return page

    monkeypatch.setattr(hosting, "publish", and_revoked)
    with pytest.raises(StoreUnreachableError, match="or revoked it"):
        upload(work, settings, id="site")
    assert Ledger(places.data_dir()).get("site", now=NOW).state is State.REVOKED


def test_a_run_that_wakes_after_its_claim_sends_nothing_more(
    any_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, path = secrets.token_hex(6), tmp_path / "a.bin"

    def send(place: Any, data: bytes) -> hosting.Uploaded:
        path.write_bytes(data)
        upload = hosting.Upload.of_path(path)
        (done,) = hosting.upload(
            any_store, [upload], prefix=place.journal.prefix, journal=place.journal, cancel=place.cancel
        )
        return done

    with pytest.raises(StoreUnreachableError) as caught:
        with hosting.place_for(any_store, [], named=True, id=id) as place:
            theirs = send(place, b"theirs")
            place.journal.done.clear()
            asleep(monkeypatch, 200)
            place.cancel.check()
            taken_over(any_store, id)
            asleep(monkeypatch, 100)
            send(place, b"ours, too late")
    assert caught.value.code == "taken-over"
    assert b"".join(any_store.read(theirs.stored.key)) == b"theirs"


def test_a_run_that_wakes_and_finds_its_claim_untouched_goes_on(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = secrets.token_hex(6)
    with hosting.place_for(any_store, [], named=True, id=id) as place:
        asleep(monkeypatch, 3600)
        place.cancel.check()
        place.finish([], NOW)
    (kept,) = hosting.standing_of(any_store, id).values()
    assert (kept.links_end, kept.claimed_by) == (NOW, "")


def test_a_run_that_is_only_slow_hears_that_another_took_over(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.hosting.standing._BEAT", 0.05)
    id = secrets.token_hex(6)
    with (
        pytest.raises(StoreUnreachableError, match="took this delivery over"),
        hosting.place_for(any_store, [], named=True, id=id) as place,
    ):
        for _ in range(100):
            taken_over(any_store, id)  # where the store cannot refuse, a beat may fall right in between
            place.cancel.wait(0.3)


def test_a_claim_is_judged_by_the_clock_of_the_store(any_store: Store) -> None:
    """The clocks of two machines may lie apart by more than a claim lasts."""
    id, said = secrets.token_hex(6), RecordingProgress()
    with hosting.place_for(any_store, [], named=True, id=id) as first:
        key = f"{record.place_of(any_store, id)}.json"
        found = record.read(any_store, key)
        assert found is not None and found.age is not None
        behind = found.record._replace(claimed_until=NOW - timedelta(minutes=6))
        record.put(any_store, key, behind)
        with hosting.place_for(any_store, [], named=True, id=id, progress=said) as second:
            assert second.journal.prefix != first.journal.prefix
        assert not hosting.take_over(any_store, key, after=timedelta(0), now=NOW + 30 * DAY)
    assert len(said.notes) == 1


def test_what_another_run_delivered_stays_when_this_one_wakes(
    work: Path, settings: Settings, proxy: Proxy, moto_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: neither files nor page nor manifest are put over theirs."""
    first = upload(work, settings, id="site", page=True)
    (work / "a.bin").write_bytes(os.urandom(SIZE))
    options = dataclasses.replace(settings.stores["test"], endpoint=moto_address)
    theirs = open_store("test", dataclasses.replace(settings, stores={"test": options}), until=NOW)

    before: dict[str, str] = {}

    def state() -> dict[str, str]:
        found = [item.key for item, _ in theirs.keys("") if "standing/" not in item.key]
        return {key: facts.etag for key in found if (facts := theirs.look(key)) is not None}

    def stopped(request: Any) -> str:
        if not (request.method == "PUT" and request.path.endswith("/a.bin")):
            return ""
        proxy.rule = lambda request: ""
        taken_over(theirs, "site")
        before.update(state())
        asleep(monkeypatch, 600)
        return "reset"

    proxy.rule = stopped
    with pytest.raises(StoreUnreachableError) as caught:
        upload(work, settings, id="site", page=True)
    assert caught.value.code == "taken-over"
    assert first.page is not None and first.page.key in before
    assert state() == before


def test_a_lost_answer_to_the_record_is_settled_by_reading_it(
    proxy: Proxy, moto_address: str, no_waiting: None
) -> None:
    store = opened(proxy.address, "moto", profile="ceph")
    proxy.rule = once("lose", lambda request: request.method == "PUT" and "standing/" in request.path)
    with hosting.place_for(store, [], named=True, id="x") as place:
        proxy.rule = once("lose", lambda request: request.method == "PUT" and "standing/" in request.path)
        place.finish([], NOW)
    (kept,) = hosting.standing_of(store).values()
    assert (kept.links_end, kept.claimed_by, kept.prefix) == (NOW, "", place.journal.prefix)


def test_what_is_not_our_record_is_never_believed(store: Store) -> None:
    good = record.Standing("x", f"{store.prefix}{'a' * 32}/", NOW)
    row = json.loads(record.text_of(good))
    assert record.parse(json.dumps(row).encode(), store.prefix) == good
    own = f"{good.prefix}a.bin"
    begun = {"begin": own, "upload": "u", "part_size": 1, "size": 1, "tag": "t"}
    part = {"part": 1, "key": own, "etag": "e", "sha256": "s"}
    assert len(record.parse(json.dumps({**row, "journal": [begun, part]}).encode(), store.prefix).journal) == 2
    journals: list[object] = [
        "abc", None, {}, [5], ["begin"], [{}], [{"begin": own}], [part], [begun, {**part, "part": "1"}],
        [{**begun, "part_size": 0}], [{**begun, "size": True}], [{**begun, "upload": 5}],
        [{**begun, "upload": "\ud800"}], [{"drop": "other/key"}],
    ]  # fmt: skip
    others: list[dict[str, object]] = [
        {"touched_at": None}, {"id": 5}, {"prefix": 5}, {"claimed_by": None}, {"links_end": 5},
        *({name: "2026-01-01T00:00:00"} for name in ("touched_at", "links_end", "keep_until", "claimed_until")),
        {"keep_until": "0001-01-01T00:00:00+14:00"}, *({"journal": lines} for lines in journals),
    ]  # fmt: skip
    evil = [
        b"[" * 200_000, b"\xff", *(json.dumps({**row, **change}).encode() for change in others),
        b"", b"[]", b"{}", b"nonsense", json.dumps({**row, "standing": 2}).encode(),
        json.dumps({**row, "prefix": ""}).encode(), json.dumps({**row, "prefix": "other/"}).encode(),
        json.dumps({**row, "journal": [{"done": "other/key", "size": 1, "sha256": "", "tag": ""}]}).encode(),
    ]  # fmt: skip
    for data in evil:
        with pytest.raises(ValueError):
            record.parse(data, store.prefix)


@pytest.mark.parametrize("profile", ["s3", "ceph"])
def test_something_else_under_the_records_key_is_replaced(moto_address: str, profile: str) -> None:
    store = opened(moto_address, "moto", profile=profile)
    key = f"{record.place_of(store, 'x')}.json"
    from delivery.hosting.bodies import MemoryBody
    from delivery.hosting.pace import Pace
    from delivery.progress import CancelToken

    body = MemoryBody(memoryview(b"nonsense"), lambda count: None, Pace(None, CancelToken()))
    store.put(key, body, ObjectHeaders("text/plain", "inline"), metadata={})
    with hosting.place_for(store, [], named=True, id="x") as place:
        place.finish([], NOW)
    assert [kept.prefix for kept in hosting.standing_of(store).values()] == [place.journal.prefix]


def test_retain_ends_the_files_on_any_machine(work: Path, settings: Settings, machine: Any) -> None:
    named = upload(work, settings, id="site", retain="14d", expires="2d")
    unnamed = upload(work, settings, retain="3d", expires="2d")
    plain = upload(work, settings, expires="2d")
    machine()
    for days, alive in ((2, 3), (3.5, 2), (13, 2), (14.1, 1)):
        tidying.prune(settings=settings, now=NOW + days * DAY)
        held = keys(settings)
        assert sum(any(key.startswith(made.prefix or "?") for key in held) for made in (named, unnamed, plain)) == alive
    assert not any("standing/" in key for key in keys(settings))


def test_without_retain_a_named_delivery_goes_after_its_links(work: Path, settings: Settings, machine: Any) -> None:
    upload(work, settings, id="site", expires="2d")
    machine()
    tidying.prune(settings=settings, now=NOW + 8.9 * DAY)
    assert keys(settings)
    assert tidying.prune(settings=settings, now=NOW + 9.1 * DAY, dry_run=True)[0].pruned.deliveries == 1
    assert keys(settings)
    tidying.prune(settings=settings, now=NOW + 9.1 * DAY)
    assert keys(settings) == set()


def test_a_machine_that_knows_only_the_first_run_does_not_remove_the_second(
    work: Path, settings: Settings, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(work, settings, id="site", expires="1h")
    first_home = os.environ["DELIVERY_HOME"]
    machine()
    again = upload(work, settings, id="site", expires="7d")
    monkeypatch.setenv("DELIVERY_HOME", first_home)
    tidying.prune(settings=settings, after=timedelta(0), now=NOW + DAY)
    assert read(again.links[0].url)
    renewed = upkeep.renew("site", expires=timedelta(days=7), settings=settings)
    (kept,) = hosting.standing_of(open_store("test", settings, until=NOW)).values()
    assert kept.links_end == renewed.expires_at


@pytest.mark.parametrize("way", ["renewed", "made again"])
def test_page_and_manifest_open_the_files_for_as_long_as_they_were_promised(
    work: Path, settings: Settings, way: str
) -> None:
    """Whoever has the earlier link of the page finds there what lies under its key now."""
    made = upload(work, settings, id="site", page=True, expires="7d")
    if way == "renewed":
        later = upkeep.renew("site", expires="1h", settings=settings)
    else:
        later = upload(work, settings, id="site", page=True, expires="1h")
    assert made.page is not None and made.manifest.url and made.expires_at is not None
    assert later.expires_at is not None and later.expires_at < NOW + DAY
    for url in (made.page.url, made.manifest.url):
        ends = [signed_end(found.replace("\\u0026", "&")) for found in URLS.findall(html.unescape(read(url).decode()))]
        assert len(ends) >= 3
        assert min(end for end in ends if end) >= made.expires_at


@pytest.mark.parametrize("end", [NOW + DAY / 2, None])
@pytest.mark.parametrize("way", ["renewed", "made again"])
def test_keys_that_end_sooner_than_an_earlier_run_promised_are_told(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, way: str, end: datetime | None
) -> None:
    """Page and manifest lie there already, and whoever has them finds the shorter links there."""

    def again(expires: str) -> list[str]:
        options: Any = {"expires": expires, "settings": settings}
        made = upkeep.renew("site", **options) if way == "renewed" else upload(work, id="site", page=True, **options)
        return [note for note in made.notes if "page and manifest of site" in note]

    made = upload(work, settings, id="site", page=True, expires="2d")
    assert made.expires_at is not None
    assert again("1h") == []
    monkeypatch.setattr(S3Store, "key_life", lambda self: KeyLife(temporary=True, ends_at=end))
    (told,) = again("1h")
    held = re.search(r"held links up to (\S+Z);", told)
    assert held and abs(datetime.fromisoformat(held[1]) - made.expires_at) < timedelta(minutes=1)
    assert f"end at {format_utc(end) if end else 'an unknown time'}: " in told


def test_files_are_kept_for_as_long_as_the_links_in_page_and_manifest_live(work: Path, settings: Settings) -> None:
    """They are signed when all is uploaded, for a time that is reckoned from the beginning."""
    upload(work, settings, id="site", page=True, expires="2d")
    later = upload(work, settings, id="site", page=True, expires="1h", now=NOW - timedelta(hours=3))
    assert later.manifest.url is not None
    listed = json.loads(read(later.manifest.url))
    ends = [signed_end(part["url"]) for part in listed["parts"]]
    (kept,) = hosting.standing_of(open_store("test", settings, until=NOW)).values()
    assert kept.links_end is not None
    assert max(end for end in ends if end) - kept.links_end < timedelta(minutes=1)


@pytest.mark.parametrize("changed", ["one more file", "other bytes", "one file less"])
def test_a_machine_that_knows_only_the_first_run_does_not_write_over_the_second(
    work: Path, settings: Settings, machine: Any, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    upload(work, settings, id="site", page=True)
    first_home = os.environ["DELIVERY_HOME"]
    machine()
    if changed == "one file less":
        (work / "c.bin").unlink()
    else:
        (work / ("d.bin" if changed == "one more file" else "b.bin")).write_bytes(os.urandom(SIZE))
    again = upload(work, settings, id="site", page=True)
    second_home = os.environ["DELIVERY_HOME"]
    assert again.page is not None and again.manifest.url
    before = read(again.page.url), read(again.manifest.url)
    monkeypatch.setenv("DELIVERY_HOME", first_home)
    with pytest.raises(UsageError, match="made again elsewhere") as caught:
        upkeep.renew("site", settings=settings)
    assert (caught.value.code, caught.value.exit_code) == ("made-again-elsewhere", 2)
    assert (read(again.page.url), read(again.manifest.url)) == before
    assert [event.kind for event in Ledger(Path(first_home)).events("site")] == []
    monkeypatch.setenv("DELIVERY_HOME", second_home)
    assert upkeep.renew("site", settings=settings).page is not None


def test_a_machine_that_knows_the_first_run_may_renew_what_the_second_did_not_change(
    work: Path, settings: Settings, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for options in ({"id": "site"}, {"retain": "14d"}):
        made = upload(work, settings, **options)
        first_home = os.environ["DELIVERY_HOME"]
        machine()
        if "id" in options:
            upload(work, settings, id="site")
        monkeypatch.setenv("DELIVERY_HOME", first_home)
        assert upkeep.renew(made.id, settings=settings).prefix == made.prefix


def test_files_are_never_kept_shorter_than_their_links(work: Path, settings: Settings, proxy: Proxy) -> None:
    for options in ({"retain": "1d", "expires": "2d"}, {"require_expiry": "3d", "expires": "2d"}):
        with pytest.raises(UsageError, match="than --expires 2d"):
            upload(work, settings, id="site", **options)
    assert sent(proxy) == 0
    with pytest.raises(UsageError, match="shorter than"):
        inspection = service.check([work], settings=settings, retain="1d", via="link", allow=("wrong-content",))
        service.dry_run(inspection, service.plan(inspection))


def test_no_record_holds_a_url_or_a_key(work: Path, settings: Settings) -> None:
    made = upload(work, settings, id="site")
    store = open_store("test", settings, until=NOW)
    (key,) = [key for key in keys(settings) if "standing/" in key]
    text = b"".join(store.read(key)).decode()
    assert "site" not in key
    for secret in (*KEYS.values(), "X-Amz", "http", made.links[0].url):
        assert secret not in text


def test_no_record_vouches_for_bytes_that_are_being_replaced(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run dies after it has overwritten an object; the next one has the former bytes again."""
    monkeypatch.setattr("delivery.hosting.record.CLAIM", timedelta(0))
    id, path = secrets.token_hex(6), tmp_path / "a.bin"

    def run(data: bytes) -> str:
        path.write_bytes(data)
        with hosting.place_for(store, [], named=True, id=id) as place:
            item = hosting.Upload.of_path(path)
            (done,) = hosting.upload(store, [item], prefix=place.journal.prefix, journal=place.journal)
            if data.startswith(b"old"):
                place.finish([done.stored.key], NOW)
        return done.stored.key

    key = run(b"old" * 1000)
    with monkeypatch.context() as killed:
        killed.setattr(hosting.Kept, "end", lambda self: self._stop.set())
        assert run(b"new" * 1000) == key
    assert run(b"old" * 1000) == key
    assert b"".join(store.read(key)) == b"old" * 1000


def test_what_was_sent_is_noted_while_the_run_goes_on(
    parts_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that vanishes leaves no more to send again than a minute's worth; here the minute is short."""
    monkeypatch.setattr("delivery.hosting.standing._BEAT", 0.01)
    (tmp_path / "a.txt").write_text("finished")
    with hosting.place_for(parts_store, [], named=True, id="x") as place:
        item = hosting.Upload.of_path(tmp_path / "a.txt")
        (done,) = hosting.upload(parts_store, [item], prefix=place.journal.prefix, journal=place.journal)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            (kept,) = hosting.standing_of(parts_store).values()
            if any(line.get("done") == done.stored.key for line in kept.journal):
                break
        else:
            raise AssertionError("nothing was noted")
        assert kept.claimed(datetime.now(UTC))


def test_without_a_name_a_broken_run_with_an_end_is_gone_on_with_here(
    work: Path, settings: Settings, proxy: Proxy
) -> None:
    (work / "big.bin").write_bytes(os.urandom(11 * MIB))
    proxy.rule = once("reset", lambda request: request.part == 3, times=9)
    with pytest.raises(StoreUnreachableError):
        upload(work, one_by_one(settings), retain="14d")
    proxy.rule = lambda request: ""
    proxy.seen.clear()
    done = upload(work, settings, retain="14d")
    assert sent(proxy) < 7 * MIB
    (kept,) = hosting.standing_of(open_store("test", settings, until=NOW)).values()
    assert (kept.id, kept.prefix) == (done.id, done.prefix)
    assert kept.keep_until is not None and kept.links_end == done.expires_at


def test_the_end_of_a_run_that_was_not_kept_is_not_that_of_the_one_that_went_on(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise LocalError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "record", full)
        with pytest.raises(LocalError):
            upload(work, settings, retain="1d", expires="1h")
    done = upload(work, settings, retain="14d", expires="7d")
    tidying.prune(settings=settings, now=NOW + 2 * DAY)
    for link in done.links:
        assert read(link.url) == (work / link.name).read_bytes()
    tidying.prune(settings=settings, now=NOW + 14.1 * DAY)
    assert keys(settings) == set()


@pytest.mark.parametrize("then", ["abort", "prune", "upload"])
def test_a_run_that_was_killed_when_its_record_was_written_keeps_what_it_delivered(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    settings = settings.override(expires="7d")
    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, "finish", lambda journal: None)
        first = upload(work, settings)
    before = {link.name: (work / link.name).read_bytes() for link in first.links}
    if then == "abort":
        assert tidying.abort(settings=settings).objects == 0
    elif then == "prune":
        os.utime(next((Path(os.environ["DELIVERY_HOME"]) / "state" / "uploads").glob("*.jsonl")), (0, 0))
        tidying.prune(settings=settings)
    else:
        for link in first.links:
            (work / link.name).write_bytes(os.urandom(SIZE))
        assert upload(work, settings).prefix != first.prefix
    for link in first.links:
        assert read(link.url) == before[link.name]


def removes(at: datetime) -> dict[str, str]:
    """How a store tells of a lifecycle rule that removes an object ``at``."""
    return {"x-amz-expiration": f'expiry-date="{format_datetime(at, usegmt=True)}", rule-id="tidy"'}


def test_no_link_is_promised_beyond_the_rule_that_removes_its_file(
    work: Path, settings: Settings, proxy: Proxy
) -> None:
    end = (NOW + 3 * DAY).replace(microsecond=0)
    proxy.told = lambda request: removes(end) if request.method == "GET" else {}
    done = upload(work, settings, page=True, expires="7d", require_expiry="2d")
    assert done.expires_at == end == max(link.expires_at or NOW for link in done.links)
    assert done.page is not None and done.page.expires_at == end
    assert any("a lifecycle rule of the bucket removes the file" in note for note in done.notes)
    again = upkeep.renew(done.id, expires=5 * DAY, settings=settings)
    assert again.page is not None and again.expires_at == end == again.page.expires_at
    assert Ledger(Path(os.environ["DELIVERY_HOME"])).load(done.id).expires_at == end
    for asked in ({"require_expiry": "4d"}, {"strict": True}):
        with pytest.raises(StoreRefusedError, match="cannot be promised for so long") as caught:
            upload(work, settings, expires="7d", **asked)
        assert caught.value.code == "link-end-early" and "delivery upload --abort" in caught.value.hint
    assert upload(work, settings, expires="2d", strict=True).notes == ()


@pytest.mark.parametrize(("age", "again"), [(29, True), (0.5, False)])
def test_what_a_rule_removes_before_its_new_links_end_is_sent_again(
    work: Path, settings: Settings, proxy: Proxy, age: float, again: bool
) -> None:
    upload(work, settings, id="site", expires="7d")
    put_at = format_datetime(datetime.now(UTC) - age * DAY, usegmt=True)
    proxy.told = lambda request: removes(NOW + DAY) | {"Last-Modified": put_at} if request.method == "HEAD" else {}
    proxy.seen.clear()
    done = upload(work, settings, id="site", expires="7d")
    assert (sent(proxy) > 3 * SIZE) is again
    for link in done.links:
        assert read(link.url) == (work / link.name).read_bytes()


def test_links_are_not_called_dead_where_the_store_leads_elsewhere_now(
    work: Path, settings: Settings, moto_address: str
) -> None:
    done = upload(work, settings)
    bucket = f"b-{secrets.token_hex(6)}"
    make_bucket(moto_address, bucket)
    moved = settings.with_store("test", dataclasses.replace(settings.stores["test"], bucket=bucket))
    with pytest.raises(IntegrityError, match=r"\[store:test\] led elsewhere") as caught:
        upkeep.revoke(done.id, settings=moved)
    assert caught.value.code == "revoke-unproven"
    assert read(done.links[0].url)
    assert upkeep.revoke(done.id, settings=settings).removed
    assert upkeep.revoke(done.id, settings=moved).removed == 0


def test_a_key_that_may_not_list_ends_links_too(
    work: Path, settings: Settings, proxy: Proxy, moto_address: str
) -> None:
    done, other = (upload(work, settings, page=True) for _ in range(2))
    proxy.rule = lambda seen: "403 AccessDenied" if seen.query.keys() & {"list-type", "versions", "uploads"} else ""
    assert upkeep.revoke(done.id, dry_run=True, settings=settings).removed == 5
    progress = RecordingProgress()
    ended = upkeep.revoke(done.id, settings=settings, progress=progress)
    assert (ended.removed, ended.proven) == (5, 5)
    assert ["the key may not list the bucket" in note for note in progress.notes] == [True]
    assert upkeep.revoke(done.id, settings=settings).removed == 0
    bucket = f"b-{secrets.token_hex(6)}"
    make_bucket(moto_address, bucket)
    moved = settings.with_store("test", dataclasses.replace(settings.stores["test"], bucket=bucket))
    with pytest.raises(IntegrityError, match=r"\[store:test\] led elsewhere"):
        upkeep.revoke(other.id, settings=moved)
    with pytest.raises(StoreRefusedError, match="denied access"):
        upkeep.revoke(other.id, dry_run=True, settings=moved)
    proxy.rule = lambda seen: ""
    assert {key for key in keys(settings) if "/standing/" not in key} == {
        key for key in keys(settings) if key.startswith(other.prefix or "-")
    }


@pytest.mark.parametrize("verb", ["renew", "revoke", "prune", "abort"])
def test_a_cancel_is_heard_while_the_first_answer_is_awaited(
    work: Path, settings: Settings, proxy: Proxy, verb: str
) -> None:
    done, cancel = upload(work, settings), CancelToken()
    if verb == "abort":
        (work / "b.bin").write_bytes(os.urandom(SIZE))
        proxy.rule = lambda request: "403 AccessDenied" if request.path.endswith("b.bin") else ""
        with pytest.raises(StoreRefusedError):
            upload(work, settings)

    def cancel_and_stall(request: Any) -> str:
        cancel.cancel()
        return "mute"

    proxy.rule = cancel_and_stall
    begun = time.monotonic()
    given = [] if verb in ("prune", "abort") else [done.id]
    try:
        with pytest.raises(Cancelled):
            getattr(tidying if verb in ("prune", "abort") else upkeep, verb)(*given, settings=settings, cancel=cancel)
        assert time.monotonic() - begun < 10  # the proxy would be mute for a minute
    finally:
        proxy.released.set()


def test_a_store_that_answers_nothing_is_not_waited_for_to_let_go_of_a_place(
    work: Path, settings: Settings, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.progress.GRACE", 0.5)
    cancel = CancelToken()

    def mute_from_the_first_file_on(request: Any) -> str:
        if request.method == "PUT" and "standing/" not in request.path:
            cancel.cancel()
        return "mute" if cancel.cancelled else ""

    proxy.rule = mute_from_the_first_file_on
    begun = time.monotonic()
    try:
        with pytest.raises(Cancelled):
            upload(work, settings, id="site", cancel=cancel)
        assert time.monotonic() - begun < 10
    finally:
        proxy.released.set()


def kept(settings: Settings) -> tuple[Any, ...]:
    """All that a dry run must leave as it is: the store's objects with their times, and the ledger's bytes."""
    store = open_store("test", settings, until=NOW)
    ledger = {path: path.read_bytes() for path in places.data_dir().glob("ledger.sqlite3*")}
    assert ledger
    return sorted(store.keys("")), ledger


@pytest.mark.parametrize("id", ["site", None])
def test_a_dry_run_of_renew_or_revoke_claims_and_writes_nothing(
    work: Path, settings: Settings, proxy: Proxy, id: str | None
) -> None:
    made = upload(work, settings, page=True, retain="14d", **({"id": id} if id else {}))
    before = kept(settings)
    proxy.seen.clear()
    foreseen = upkeep.renew(made.id, expires=5 * DAY, dry_run=True, settings=settings)
    would = upkeep.revoke(made.id, dry_run=True, settings=settings)
    assert {request.method for request in proxy.seen} <= {"GET", "HEAD"}
    assert not any("X-Amz-Signature" in request.query for request in proxy.seen)
    assert kept(settings) == before
    assert (foreseen.dry_run, foreseen.links, foreseen.page, foreseen.messages) == (True, (), None, ())
    again = upkeep.renew(made.id, expires=5 * DAY, settings=settings)
    assert [part.filename for part in foreseen.plan.parts] == [link.name for link in again.links]
    assert foreseen.expires_at is not None and again.expires_at is not None
    assert abs(again.expires_at - foreseen.expires_at) < timedelta(minutes=1)
    done = upkeep.revoke(made.id, settings=settings)
    assert (would.removed, would.names, would.proven) == (done.removed, done.names, 0)
    assert done.removed == 5 and done.proven == 5


def test_a_dry_run_of_renew_promises_no_more_than_the_rule_that_removes_a_file(
    work: Path, settings: Settings, proxy: Proxy
) -> None:
    done = upload(work, settings)
    end = (NOW + 3 * DAY).replace(microsecond=0)
    proxy.told = lambda request: removes(end) if request.method in ("GET", "HEAD") else {}
    foreseen = upkeep.renew(done.id, expires=5 * DAY, dry_run=True, settings=settings)
    assert foreseen.expires_at == end == upkeep.renew(done.id, expires=5 * DAY, settings=settings).expires_at
    assert any("a lifecycle rule of the bucket removes the file" in note for note in foreseen.notes)


def test_a_dry_run_of_renew_or_revoke_refuses_what_the_run_refuses(
    work: Path, settings: Settings, moto_address: str
) -> None:
    done = upload(work, settings)
    bucket = f"b-{secrets.token_hex(6)}"
    make_bucket(moto_address, bucket)
    section = settings.stores["test"]
    moved = settings.with_store("test", dataclasses.replace(section, bucket=bucket))
    capped = settings.with_store("test", dataclasses.replace(section, profile="aws", region="us-east-1"))
    before = kept(settings)
    for dry_run in (True, False):
        with pytest.raises(IntegrityError, match=r"\[store:test\] led elsewhere"):
            upkeep.revoke(done.id, dry_run=dry_run, settings=moved)
        with pytest.raises(UsageError, match="signs links for at most") as caught:
            upkeep.renew(done.id, expires=30 * DAY, dry_run=dry_run, settings=capped)
        assert caught.value.code == "expires-too-long"
    with pytest.raises(StoreRefusedError, match=f"would not open: nothing lies .* bucket {bucket}") as closed:
        upkeep.renew(done.id, dry_run=True, settings=moved)
    assert closed.value.code == "link-closed" and "[store:test]" in closed.value.hint
    assert kept(settings) == before
    upkeep.revoke(done.id, settings=settings)
    with pytest.raises(UsageError, match="revoked"):
        upkeep.renew(done.id, dry_run=True, settings=settings)
    assert upkeep.revoke(done.id, dry_run=True, settings=settings).removed == 0


def test_prune_goes_on_beside_what_was_made_under_another_prefix(work: Path, settings: Settings) -> None:
    before = upload(work, settings, expires="1h")
    moved = settings.with_store("test", dataclasses.replace(settings.stores["test"], prefix="clients"))
    upload(work, moved, expires="1h")
    heard = RecordingProgress()
    (done,) = tidying.prune(settings=moved, now=NOW + 9 * DAY, progress=heard)
    assert done.pruned.deliveries == 1
    assert any("1 ended under another prefix" in note for note in heard.notes)
    assert {hosting.own_place(key, "work/") for key in keys(settings)} == {before.prefix}
    tidying.prune(settings=settings, now=NOW + 9 * DAY)
    assert keys(settings) == set()


def test_prune_asks_no_more_about_what_is_gone_but_not_of_another_bucket(
    work: Path, settings: Settings, moto_address: str
) -> None:
    """As a bucket's own rule leaves it, or a prune that was killed before it could note what it had removed."""
    made = upload(work, settings, expires="1h")
    later = NOW + 9 * DAY
    store = open_store("test", settings, until=NOW)
    store.delete([item.key for item, _ in store.keys(made.prefix or "")])
    bucket = f"b-{secrets.token_hex(6)}"
    make_bucket(moto_address, bucket)
    moved = dataclasses.replace(settings.stores["test"], bucket=bucket)
    for there, noted in ((settings.with_store("test", moved), False), (settings, True)):
        assert [item.pruned.deliveries for item in tidying.prune(settings=there, now=later)] == [0]
        assert (Ledger(places.data_dir()).get(made.id, now=later).pruned_at is not None) is noted


def test_prune_goes_on_beside_a_store_that_is_gone(work: Path, settings: Settings, moto_address: str) -> None:
    upload(work, settings, expires="1h")
    other = settings.with_store("old", dataclasses.replace(settings.stores["test"], prefix="old"))
    upload(work, other.override(store="old"), expires="1h")
    lost = dataclasses.replace(settings.stores["test"], bucket="no-such-bucket", endpoint=moto_address)
    heard = RecordingProgress()
    (done,) = tidying.prune(settings=other.with_store("old", lost), now=NOW + 9 * DAY, progress=heard)
    assert (done.store, done.pruned.deliveries) == ("test", 1)
    assert any("the store old is left as it is" in note for note in heard.notes)
    with pytest.raises(StoreRefusedError, match="no-such-bucket does not exist"):
        tidying.prune(settings=other.with_store("old", lost), store="old", now=NOW + 9 * DAY)
    neither = other.with_store("old", lost).with_store("test", lost)
    with pytest.raises(StoreRefusedError, match="no-such-bucket does not exist"):
        tidying.prune(settings=neither, now=NOW + 9 * DAY)


def test_verify_reads_back_what_an_earlier_run_sent_too(work: Path, settings: Settings, proxy: Proxy) -> None:
    upload(work, settings, id="site")
    done = upload(work, settings, id="site")
    store = open_store("test", settings, until=NOW)
    kept = store.look(done.links[0].key)
    assert kept is not None
    body = MemoryBody(memoryview(bytes(SIZE)), lambda count: None, Pace(None, CancelToken()))
    store.put(done.links[0].key, body, ObjectHeaders(kept.media_type, kept.disposition), metadata=kept.metadata)
    proxy.seen.clear()
    checked = dataclasses.replace(settings, upload=dataclasses.replace(settings.upload, verify=True))
    again = upload(work, checked, id="site")
    assert 2 * SIZE > sent(proxy) > SIZE
    for link in again.links:
        assert read(link.url) == (work / link.name).read_bytes()


def test_no_message_is_written_over_links_that_do_not_open(work: Path, settings: Settings) -> None:
    done = upload(work, settings)
    assert compose_message(done.id, settings=settings).messages
    open_store("test", settings, until=NOW).delete([done.links[1].key])
    with pytest.raises(StoreRefusedError, match=r"the link of b\.bin does not open"):
        compose_message(done.id, settings=settings)


@pytest.mark.parametrize("note", ["note_begun", "note_done"])
@pytest.mark.parametrize("then", ["abort", "upload"])
def test_what_was_sent_and_not_noted_before_a_kill_is_found(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, then: str, note: str
) -> None:
    def killed(*arguments: Any) -> None:
        raise SystemExit

    if note == "note_begun":
        (work / "a.bin").write_bytes(os.urandom(7 * MIB))
    with monkeypatch.context() as patch:
        patch.setattr(JournalFile, note, killed)
        with pytest.raises(SystemExit):
            upload(work, one_by_one(settings))
    store = open_store("test", settings, until=NOW)
    left = keys(settings) | {item.key for item in store.pending("")}
    assert left
    if then == "abort":
        tidying.abort(settings=settings)
        assert keys(settings) == set()
    else:
        assert {hosting.own_place(key, "work/") for key in left} == {upload(work, settings).prefix}
    assert not list(store.pending(""))


@pytest.mark.parametrize("lost", ["page", "manifest"])
def test_no_message_is_written_over_a_page_or_manifest_that_is_gone(work: Path, settings: Settings, lost: str) -> None:
    made = upload(work, settings, page=True)
    upkeep.renew(made.id, expires="5d", language="es", settings=settings)  # another size than the one that is kept
    assert compose_message(made.id, settings=settings).page is not None
    assert made.page is not None
    key = made.page.key if lost == "page" else f"{made.prefix}delivery-manifest.json"
    open_store("test", settings, until=NOW).delete([key])
    with pytest.raises(StoreRefusedError, match="does not open") as caught:
        compose_message(made.id, settings=settings)
    assert "renew" in (caught.value.hint or "")
    assert upkeep.renew(made.id, settings=settings).page is not None
    assert compose_message(made.id, settings=settings).messages


def test_what_a_run_has_come_back_to_is_not_removed(moto_address: str) -> None:
    store = opened(moto_address, "moto", profile="ceph")
    key = f"{record.place_of(store, 'x')}.json"
    past = record.Standing("x", f"{'a' * 32}/", NOW, NOW, NOW)
    record.put(store, key, past)
    with hosting.place_for(store, [], named=True, id="x", keep_until=NOW + DAY) as place:
        assert place.journal.prefix == past.prefix
        assert not hosting.take_over(store, key, after=timedelta(0), now=NOW + DAY / 2)
    record.put(store, key, past)
    assert hosting.take_over(store, key, after=timedelta(0), now=NOW + DAY)
    assert not hosting.take_over(store, key, after=timedelta(0), now=NOW)


def test_a_standing_place_has_one_who_works_in_it_and_its_ends_only_go_later(any_store: Store) -> None:
    id, cancel = secrets.token_hex(6), CancelToken()
    with hosting.place_for(any_store, [], named=True, id=id, keep_until=NOW + DAY) as place:
        prefix = place.journal.prefix
        with (
            pytest.raises(StoreUnreachableError, match=f"another run works on {id} now") as caught,
            hosting.standing_place(any_store, id, prefix, cancel=cancel),
        ):
            pass
        place.finish([], NOW)
    assert (caught.value.code, caught.value.exit_code) == ("in-use", 6)
    for end in (NOW + 9 * DAY, NOW + 3 * DAY):
        with hosting.standing_place(any_store, id, prefix, cancel=cancel) as held:
            assert held is not None
            held.need(end)
            with hosting.place_for(any_store, [], named=True, id=id) as other:
                assert other.journal.prefix != prefix
    kept = {item.prefix: item for item in hosting.standing_of(any_store, id).values()}[prefix]
    assert (kept.links_end, kept.keep_until, kept.claimed_by) == (NOW + 9 * DAY, NOW + 9 * DAY, "")
    with hosting.standing_place(any_store, id, "elsewhere/", cancel=cancel) as held:
        assert held is None


def test_a_record_that_changes_while_it_is_seized_is_read_again(moto_address: str) -> None:
    store = opened(moto_address, "moto", profile="ceph")
    key = f"{record.place_of(store, 'x')}.json"
    record.put(store, key, record.Standing("x", f"{'a' * 32}/", NOW, NOW))
    read, left = record.read, [2]

    def changed_meanwhile(store: Store, key: str) -> record.Found | None:
        found = read(store, key)
        if found is not None and left[0]:
            left[0] -= 1
            record.put(store, key, found.record._replace(touched_at=datetime.now(UTC)))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "read", changed_meanwhile)
        left[0] = 3
        hosting.seize(store, [key])
        assert left == [0]
        left[0] = 999
        with pytest.raises(StoreUnreachableError, match="changed by others"):
            hosting.seize(store, [key])
    (kept,) = hosting.standing_of(store).values()
    assert kept.claimed_by


def test_nothing_is_renewed_over_what_a_run_makes_meanwhile(work: Path, settings: Settings) -> None:
    made = upload(work, settings, id="site", page=True)
    assert made.page is not None and made.manifest.url
    before = read(made.page.url), read(made.manifest.url)
    store = open_store("test", settings, until=NOW)
    with hosting.place_for(store, [], named=True, id="site") as place:
        assert place.journal.prefix == made.prefix
        with pytest.raises(StoreUnreachableError, match="another run works on site"):
            upkeep.renew("site", settings=settings)
    assert (read(made.page.url), read(made.manifest.url)) == before
    assert [event.kind for event in Ledger(places.data_dir()).events("site")] == []
    assert upkeep.renew("site", settings=settings).page is not None


def test_a_run_that_comes_while_links_are_renewed_goes_elsewhere(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = upload(work, settings, id="site", page=True)
    prefixes, tried = [], hosting.try_links

    def meanwhile(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(hosting, "try_links", tried)
        (work / "b.bin").write_bytes(os.urandom(SIZE))
        prefixes.append(upload(work, settings, id="site", page=True).prefix)
        return tried(*given, **more)

    monkeypatch.setattr(hosting, "try_links", meanwhile)
    renewed = upkeep.renew("site", settings=settings)
    assert renewed.prefix == made.prefix not in prefixes
    assert read(renewed.links[0].url) == (work / renewed.links[0].name).read_bytes()


@pytest.mark.parametrize("moment", ["before the manifest", "before the page", "after both", "when they were proven"])
def test_what_is_revoked_while_it_is_renewed_stays_revoked(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The other machine knows it from the same record; a delivery without a name has no claim in the store."""
    made = upload(work, settings, page=True)
    owner, verb = (upkeep, "put_manifest") if moment == "before the manifest" else (hosting, "republish")
    real = getattr(owner, verb)

    def meanwhile(*given: Any, **more: Any) -> Any:
        put = real(*given, **more) if moment == "after both" else None
        upkeep.revoke(made.id, settings=settings)
        if moment == "when they were proven":
            raise IntegrityError("the page is not in the store as it was sent")
        return put or real(*given, **more)

    monkeypatch.setattr(owner, verb, meanwhile)
    with pytest.raises(StoreRefusedError, match="were ended while they were renewed") as caught:
        upkeep.renew(made.id, settings=settings)
    assert caught.value.code == "revoked" and caught.value.hint
    assert keys(settings) == set()
    assert Ledger(places.data_dir()).get(made.id, now=NOW).state is State.REVOKED


def test_what_another_run_made_of_it_while_it_was_renewed_stays(
    work: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine that renews slept for so long that its claim ran out; the files that it knows are gone since."""
    upload(work, settings, id="site", page=True)
    real, made = hosting.republish, []

    def meanwhile(*given: Any, **more: Any) -> Any:
        for path in [*work.iterdir()]:
            path.rename(work / f"new-{path.name}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(record, "CLAIM", timedelta(0))
            made.append(upload(work, settings, id="site", page=True))
        asleep(monkeypatch, 600)
        return real(*given, **more)

    monkeypatch.setattr(hosting, "republish", meanwhile)
    with pytest.raises(StoreUnreachableError) as caught:
        upkeep.renew("site", settings=settings)
    assert caught.value.code == "taken-over"
    (made_again,) = made
    assert made_again.page is not None and made_again.manifest.url
    assert read(made_again.page.url) and read(made_again.manifest.url)


def test_the_first_failure_of_a_renewal_is_what_is_told(
    work: Path, settings: Settings, proxy: Proxy, no_waiting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the store cannot be asked afterwards whether it was revoked meanwhile."""
    made = upload(work, settings, page=True)

    def fails(*given: Any, **more: Any) -> Any:
        proxy.rule = lambda request: "503 SlowDown"
        raise IntegrityError("the page is not in the store as it was sent")

    monkeypatch.setattr(hosting, "republish", fails)
    with pytest.raises(IntegrityError, match="the page is not in the store"):
        upkeep.renew(made.id, settings=settings)


def test_a_later_link_that_ends_earlier_ends_no_other(
    work: Path, settings: Settings, machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was renewed or made again, and whoever tidies up."""
    plain = upload(work, settings, expires="7d")
    upkeep.renew(plain.id, expires="1h", settings=settings)
    again = upload(work, settings, id="again", expires="7d", retain="7d")
    upload(work, settings, id="again", expires="1h", retain="1h")
    renewed = upload(work, settings, id="renewed", expires="7d")
    upkeep.renew("renewed", expires="1h", settings=settings)
    home = os.environ["DELIVERY_HOME"]
    for elsewhere in (True, False):
        if elsewhere:
            machine()
        else:
            monkeypatch.setenv("DELIVERY_HOME", home)
        tidying.prune(settings=settings, after=timedelta(0), now=NOW + 6 * DAY)
        for made in (plain, again, renewed):
            assert read(made.links[0].url) == (work / made.links[0].name).read_bytes()
    tidying.prune(settings=settings, after=timedelta(0), now=NOW + 8 * DAY)
    assert keys(settings) == set()


def test_links_renewed_after_a_run_was_killed_live_as_long_as_they_say(
    work: Path, settings: Settings, machine: Any
) -> None:
    """The run that died had claimed the delivery, and wrote nothing more."""
    upload(work, settings, id="site", expires="1h")
    store = open_store("test", settings, until=NOW)
    (key,) = hosting.standing_of(store)
    found = record.read(store, key)
    assert found is not None
    record.put(store, key, found.record._replace(claimed_by="dead", claimed_until=NOW + DAY / 24))
    with pytest.raises(StoreUnreachableError, match="was killed"):
        upkeep.renew("site", expires="7d", settings=settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "CLAIM", timedelta(0))
        renewed = upkeep.renew("site", expires="7d", settings=settings)
        machine()
        tidying.prune(settings=settings, after=timedelta(0), now=NOW + 6 * DAY)
        assert read(renewed.links[0].url)
        tidying.prune(settings=settings, after=timedelta(0), now=NOW + 8 * DAY)
    assert keys(settings) == set()


def test_prune_leaves_what_a_run_elsewhere_has_begun(settings: Settings, machine: Any) -> None:
    """The run works in a claimed place; moto says of its upload that it was begun in 2010."""
    store = open_store("test", settings, until=NOW)
    with hosting.place_for(store, [], named=True, id="x") as place:
        key = f"{place.journal.prefix}big.bin"
        store.begin(key, ObjectHeaders("application/octet-stream", "attachment"), metadata={})
        machine()
        for now in (NOW, NOW + timedelta(minutes=3)):
            tidying.prune(settings=settings, now=now)
            assert [item.key for item in store.pending("")] == [key]
    tidying.prune(settings=settings, now=NOW + 13 * DAY)
    assert [item.key for item in store.pending("")] == [key]
    tidying.prune(settings=settings, now=NOW + 15 * DAY)
    assert list(store.pending("")) == []


def test_a_damaged_record_is_none_for_whoever_comes(work: Path, settings: Settings, machine: Any) -> None:
    made = upload(work, settings, id="site")
    store = open_store("test", settings, until=NOW)
    (key,) = [key for key in keys(settings) if "standing/" in key]
    row = json.loads(b"".join(store.read(key)))
    body = json.dumps({**row, "links_end": "2026-01-01T00:00:00", "journal": [{"begin": f"{made.prefix}a.bin"}]})
    for data in (body.encode(), b"[" * 200_000):
        store.boto3().put_object(Bucket=store.bucket, Key=key, Body=data)  # type: ignore[attr-defined]
        tidying.prune(settings=settings)
        assert upkeep.renew("site", settings=settings).links
        again = upload(work, settings, id="site")
        assert read(again.links[0].url) == (work / again.links[0].name).read_bytes()
        assert again.prefix != made.prefix


def test_no_time_in_a_record_is_beyond_counting() -> None:
    for when in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        for last in (record.Standing("x", "p/", when), record.Standing("x", "p/", NOW, when)):
            assert last.is_over(NOW, 7 * DAY) == (when < NOW)
            assert last.in_use(NOW) == (last.touched_at >= NOW)


def test_a_store_that_cannot_compare_is_not_one_where_others_write(
    moto_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ceph answers 412 to every ``If-Match`` where the bucket keeps versions."""
    store = opened(moto_address, "moto", profile="ceph")
    really = S3Store.put

    def put(self: S3Store, *given: Any, over: str | None = None, **named: Any) -> str:
        if over is not None:
            raise ObjectExistsError("something is stored under this key already")
        return really(self, *given, **named)

    monkeypatch.setattr(S3Store, "put", put)
    first = record.Standing("site", hosting.new_prefix(store), NOW)
    etag = record.put(store, "k", first, new=True)
    record.put(store, "k", first._replace(links_end=NOW + DAY), over=etag)
    found = record.read(store, "k")
    assert found is not None and found.record.links_end == NOW + DAY
    with pytest.raises(ObjectExistsError):  # since then it is another
        record.put(store, "k", first, over=etag)
