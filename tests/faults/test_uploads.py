"""Uploads through a proxy that resets, stalls, refuses, damages and loses answers; and uploads that go on."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.faulty import Proxy, Seen, once
from support.stores import opened

from delivery import hosting
from delivery.errors import (
    Cancelled,
    DeliveryError,
    IntegrityError,
    SourceChangedError,
    StoreRefusedError,
    StoreUnreachableError,
)
from delivery.options import UploadOptions
from delivery.progress import CancelToken, RecordingProgress
from delivery.storage import ObjectHeaders, RemotePart, Store, Watch
from delivery.storage.sigv4 import Keys

pytestmark = pytest.mark.usefixtures("no_waiting")

MIB = 1024**2
OPTIONS = UploadOptions(threshold=6 * MIB, part_size=5 * MIB, threads=2, attempts=3)
SIZE = 33 * MIB + 123  # seven parts


@pytest.fixture
def faulty_store(proxy: Proxy, moto_address: str) -> Store:
    return opened(proxy.address, "moto", attempts=3)


@pytest.fixture
def big(tmp_path: Path) -> hosting.Upload:
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(SIZE))
    return hosting.Upload.of_path(path)


@pytest.fixture
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where others have it all: what is sent is read again."""
    monkeypatch.setattr("delivery.buffers.MOST", 0)


@pytest.fixture(params=["memory", "file"])
def from_both(request: pytest.FixtureRequest) -> None:
    if request.param == "file":
        request.getfixturevalue("no_memory")


def send(store: Store, item: hosting.Upload, *, journal: bool = True, **more: object) -> hosting.Uploaded:
    if not journal:
        return hosting.upload(store, [item], prefix=hosting.new_prefix(store), options=OPTIONS, **more)[0]  # type: ignore[arg-type]
    with hosting.journal_for(store, [item.name]) as kept:
        done = hosting.upload(store, [item], prefix=kept.prefix, journal=kept, options=OPTIONS, **more)  # type: ignore[arg-type]
        kept.finish()
        return done[0]


def assert_whole(store: Store, done: hosting.Uploaded, item: hosting.Upload) -> None:
    wanted = hashlib.sha256(Path(item.entry.path).read_bytes()).hexdigest()
    assert done.sha256 == wanted
    assert hashlib.sha256(b"".join(store.read(done.stored.key))).hexdigest() == wanted
    assert list(store.pending("")) == []


def is_part(number: int) -> Callable[[Seen], bool]:
    return lambda request: request.part == number


@pytest.mark.usefixtures("from_both")
@pytest.mark.parametrize("harm", ["reset", "lose", "500 InternalError", "503 SlowDown", "429 ", "408 RequestTimeout"])
def test_what_passes_is_tried_again_and_the_object_is_whole(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, harm: str
) -> None:
    proxy.rule = once(harm, is_part(3))
    progress = RecordingProgress()
    done = send(faulty_store, big, progress=progress)
    assert_whole(faulty_store, done, big)
    assert proxy.count("PUT", partNumber="3") == 2
    assert progress.tasks[0].done == SIZE
    assert len(progress.notes) == 1 and "try 2 of 3" in progress.notes[0]


@pytest.mark.parametrize("harm", ["lose", "500 InternalError", "cut"])
def test_a_lost_answer_to_complete_is_settled(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, harm: str
) -> None:
    proxy.rule = once(harm, lambda request: request.method == "POST" and "uploadId" in request.query)
    assert_whole(faulty_store, send(faulty_store, big), big)
    assert len(list(faulty_store.keys(""))) == 1


@pytest.mark.parametrize("later", ["lose", "500 InternalError", "400 InvalidRequest", "404 NoSuchUpload"])
def test_a_lost_answer_to_complete_is_settled_whatever_the_store_says_to_the_next_try(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, later: str
) -> None:
    completing: list[Seen] = []

    def rule(request: Seen) -> str:
        if request.method != "POST" or "uploadId" not in request.query:
            return ""
        completing.append(request)
        return "lose" if len(completing) == 1 else later

    proxy.rule = rule
    assert_whole(faulty_store, send(faulty_store, big), big)
    assert len(completing) > 1


def test_a_lost_answer_to_the_beginning_leaves_no_second_upload_behind(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    proxy.rule = once("lose", lambda request: request.method == "POST" and "uploads" in request.query)
    assert_whole(faulty_store, send(faulty_store, big), big)


@pytest.mark.usefixtures("from_both")
def test_a_lost_answer_to_a_small_put_is_settled(proxy: Proxy, faulty_store: Store, tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_bytes(b"small")
    item = hosting.Upload.of_path(tmp_path / "s.txt")
    proxy.rule = once("lose", lambda request: request.method == "PUT")
    assert_whole(faulty_store, send(faulty_store, item), item)


def test_the_budget_ends_and_the_next_run_sends_only_what_is_missing(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    proxy.rule = lambda request: "500 InternalError" if request.part == 5 else ""
    with pytest.raises(StoreUnreachableError) as caught:
        send(faulty_store, big)
    assert "goes on" in caught.value.hint
    assert proxy.count("PUT", partNumber="5") == 3
    before = {item.part for item in proxy.sent()}
    assert {1, 2, 3} <= before
    proxy.seen.clear()
    proxy.rule = lambda request: ""
    progress = RecordingProgress()
    assert_whole(faulty_store, send(faulty_store, big, progress=progress), big)
    again = {item.part for item in proxy.sent()}
    missing = {1, 2, 3, 4, 5, 6, 7} - before
    assert missing <= again <= missing | {4, 6}  # whose answers the end of the first run may overtake
    assert progress.tasks[0].done == SIZE
    assert "parts are in the store already" in progress.notes[0]


def test_a_refusal_is_not_tried_again(proxy: Proxy, faulty_store: Store, big: hosting.Upload) -> None:
    proxy.rule = lambda request: "403 AccessDenied" if request.part == 1 else ""
    with pytest.raises(StoreRefusedError, match="denied"):
        send(faulty_store, big)
    assert proxy.count("PUT", partNumber="1") == 1


def test_credentials_that_expire_on_the_way_are_told_and_the_next_run_goes_on(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    proxy.rule = lambda request: "400 ExpiredToken" if (request.part or 0) >= 4 else ""
    with pytest.raises(StoreRefusedError, match="expired") as caught:
        send(faulty_store, big)
    assert "same command" in caught.value.hint
    proxy.rule = lambda request: ""
    proxy.seen.clear()
    assert_whole(faulty_store, send(faulty_store, big), big)
    assert not {1, 2} & {item.part for item in proxy.sent()}


def test_a_wrong_clock_is_called_one(proxy: Proxy, faulty_store: Store, big: hosting.Upload) -> None:
    proxy.rule = lambda request: "403 RequestTimeTooSkewed" if request.method == "PUT" else ""
    with pytest.raises(StoreRefusedError, match="clock"):
        send(faulty_store, big)


def test_without_a_journal_a_failure_leaves_no_parts(proxy: Proxy, faulty_store: Store, big: hosting.Upload) -> None:
    proxy.rule = lambda request: "403 AccessDenied" if request.part == 4 else ""
    with pytest.raises(StoreRefusedError):
        send(faulty_store, big, journal=False)
    assert list(faulty_store.pending("")) == []
    assert list(faulty_store.keys("")) == []


def test_a_cancel_is_heard_within_a_second_even_in_a_stall(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    proxy.rule = lambda request: "stall" if request.method == "PUT" else ""
    cancel = CancelToken()
    cancelled_at = []

    def later() -> None:
        while not proxy.count("PUT"):
            time.sleep(0.01)
        time.sleep(0.3)
        cancelled_at.append(time.monotonic())
        cancel.cancel()

    thread = threading.Thread(target=later)
    thread.start()
    with pytest.raises(Cancelled) as caught:
        send(faulty_store, big, cancel=cancel)
    assert time.monotonic() - cancelled_at[0] < 5  # a second on a quiet machine
    thread.join()
    assert "same command" in caught.value.hint or "again" in caught.value.hint


def test_the_file_was_changed_between_two_runs_with_its_time_kept(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    proxy.rule = lambda request: "403 AccessDenied" if request.part == 5 else ""
    with pytest.raises(StoreRefusedError):
        send(faulty_store, big)
    with open(big.entry.path, "r+b") as stream:
        stream.seek(6 * MIB)
        byte = stream.read(1)
        stream.seek(6 * MIB)
        stream.write(bytes([byte[0] ^ 1]))
    os.utime(big.entry.path, ns=(big.entry.mtime_ns, big.entry.mtime_ns))
    proxy.rule = lambda request: ""
    progress = RecordingProgress()
    assert_whole(faulty_store, send(faulty_store, big, progress=progress), big)
    assert any("has changed since" in note for note in progress.notes)
    assert progress.tasks[0].done == SIZE


def test_the_file_grew_between_two_runs(proxy: Proxy, faulty_store: Store, big: hosting.Upload) -> None:
    proxy.rule = lambda request: "403 AccessDenied" if request.part == 5 else ""
    with pytest.raises(StoreRefusedError):
        send(faulty_store, big)
    with open(big.entry.path, "ab") as stream:
        stream.write(b"more")
    grown = hosting.Upload.of_path(big.entry.path)
    proxy.rule = lambda request: ""
    progress = RecordingProgress()
    assert_whole(faulty_store, send(faulty_store, grown, progress=progress), grown)
    assert any("size has changed" in note for note in progress.notes)


@pytest.mark.usefixtures("from_both")
@pytest.mark.parametrize("change", ["append", "truncate", "replace"])
def test_the_file_changes_while_it_is_sent(proxy: Proxy, faulty_store: Store, big: hosting.Upload, change: str) -> None:
    path = Path(big.entry.path)

    def rule(request: Seen) -> str:
        if request.part == 2:
            if change == "append":
                with path.open("ab") as stream:
                    stream.write(b"x")
            elif change == "truncate":
                os.truncate(path, 20 * MIB)
            else:
                path.write_bytes(os.urandom(SIZE))
        return ""

    proxy.rule = rule
    with pytest.raises(SourceChangedError, match="changed while it was being read"):
        send(faulty_store, big)
    assert list(faulty_store.keys("")) == []


def test_part_size_in_the_configuration_may_change_between_two_runs(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    proxy.rule = lambda request: "403 AccessDenied" if request.part == 4 else ""
    with pytest.raises(StoreRefusedError):
        send(faulty_store, big)
    proxy.rule = lambda request: ""
    changed = UploadOptions(threshold=6 * MIB, part_size=11 * MIB, threads=3)
    with hosting.journal_for(faulty_store, [big.name]) as kept:
        done = hosting.upload(faulty_store, [big], prefix=kept.prefix, journal=kept, options=changed)[0]
        kept.finish()
    assert_whole(faulty_store, done, big)
    assert {item.size for item in proxy.sent() if item.part not in (None, 7)} == {5 * MIB}


def test_a_store_that_refuses_unequal_parts_gets_equal_ones_after_a_resume_too(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    def as_r2(request: Seen) -> str:
        if request.part == 4 and not resumed:
            return "403 AccessDenied"
        if request.method == "POST" and "uploadId" in request.query:
            sizes = {item.part: item.size for item in proxy.sent() if item.part is not None}
            last = sizes.pop(max(sizes))
            return "" if len(set(sizes.values())) == 1 and last <= max(sizes.values()) else "400 InvalidPart"
        return ""

    resumed = False
    proxy.rule = as_r2
    with pytest.raises(StoreRefusedError):
        send(faulty_store, big)
    resumed = True
    assert_whole(faulty_store, send(faulty_store, big), big)


@pytest.mark.parametrize("harm", ["stall", "mute"])
def test_a_stall_counts_as_a_lost_connection(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.storage.answers.STALL_SECONDS", 3.0)
    proxy.rule = once(harm, is_part(3))
    progress = RecordingProgress()
    assert_whole(faulty_store, send(faulty_store, big, progress=progress), big)
    assert "did not answer in time" in progress.notes[0] and "try 2 of 3" in progress.notes[0]


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("beginning", lambda seen: seen.method == "POST" and "uploads" in seen.query),
        ("listing parts", lambda seen: seen.method == "GET" and "uploadId" in seen.query),
        ("pending", lambda seen: seen.method == "GET" and "uploads" in seen.query),
    ],
)
def test_a_truncated_answer_is_asked_for_again(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, name: str, cut: Callable[[Seen], bool]
) -> None:
    proxy.rule = lambda request: "403 AccessDenied" if request.part == 4 else ""
    if name == "listing parts":
        with pytest.raises(StoreRefusedError):
            send(faulty_store, big)
    proxy.rule = once("cut", cut)
    assert_whole(faulty_store, send(faulty_store, big), big)
    harms = [item.harm for item in proxy.seen if cut(item)]
    assert harms[harms.index("cut") + 1] == ""


@pytest.mark.parametrize("size", [1000, 3 * MIB])
def test_reading_back_goes_on_where_an_answer_was_cut(
    proxy: Proxy, faulty_store: Store, tmp_path: Path, size: int
) -> None:
    (tmp_path / "s.bin").write_bytes(os.urandom(size))
    item = hosting.Upload.of_path(tmp_path / "s.bin")
    done = send(faulty_store, item)
    proxy.rule = once("cut", lambda request: request.method == "GET", times=2)
    assert_whole(faulty_store, done, item)
    proxy.rule = lambda request: "cut" if request.method == "GET" else ""
    with pytest.raises(StoreUnreachableError, match="reading back"):
        list(faulty_store.read(done.stored.key))


def test_the_next_large_file_is_sent_while_the_store_still_works_at_the_last(
    proxy: Proxy, faulty_store: Store, tmp_path: Path
) -> None:
    items = []
    for name in ("one.bin", "two.bin", "three.bin"):
        (tmp_path / name).write_bytes(os.urandom(11 * MIB))
        items.append(hosting.Upload.of_path(tmp_path / name))

    def completes(request: Seen) -> bool:
        return request.method == "POST" and "uploadId" in request.query

    def stall_until_the_next_is_sent(request: Seen) -> str:
        if request.part == 3 and "two.bin" in request.path:
            proxy.released.set()  # the first is told that its connection broke, and asks again
        return "stall" if completes(request) and "one.bin" in request.path and not proxy.released.is_set() else ""

    proxy.rule = stall_until_the_next_is_sent
    done = hosting.upload(faulty_store, items, prefix=hosting.new_prefix(faulty_store), options=OPTIONS)
    assert [item.name for item in done] == ["one.bin", "two.bin", "three.bin"]
    for item, sent in zip(items, done, strict=True):
        assert_whole(faulty_store, sent, item)
    assert proxy.released.is_set()


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.ensure_ready(),
        lambda store: store.look("k"),
        lambda store: list(store.keys("")),
        lambda store: store.begin("k", ObjectHeaders("text/plain", "attachment"), metadata={}),
        lambda store: store.complete("k", "id", [RemotePart(1, 5, "ab")], tag="t"),
        lambda store: next(store.read("k")),
        lambda store: store.delete(["k"]),
        lambda store: store.delete([f"k{number}" for number in range(50)]),
    ],
    ids=["ready", "look", "list", "begin", "complete", "read", "delete", "delete-many"],
)
def test_a_cancel_is_heard_while_any_answer_is_awaited(
    proxy: Proxy, faulty_store: Store, ask: Callable[[Store], object]
) -> None:
    cancel = CancelToken()

    def cancel_and_stall(request: Seen) -> str:
        cancel.cancel()
        return "stall"

    proxy.rule = cancel_and_stall
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        ask(faulty_store.watched(Watch(cancel=cancel)))
    assert time.monotonic() - begun < 10  # the proxy would stall for a minute


def test_keys_that_are_renewed_on_the_way_are_used_from_then_on(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    """Temporary keys refresh themselves while a long upload is under way: every request asks for those of now."""

    class Renewing:
        def keys(self) -> Keys:
            asked.append(len(asked))
            return Keys(f"AK{len(asked)}", "SECRET", "TOKEN")

        def end(self) -> None:
            return None

    asked: list[int] = []
    carrier = dataclasses.replace(faulty_store.carrier, credentials=Renewing())  # type: ignore[attr-defined]
    store = dataclasses.replace(faulty_store, carrier=carrier)  # type: ignore[type-var]
    before = len(proxy.seen)
    done = send(store, big)
    assert len(asked) == len(proxy.seen) - before == 10
    assert_whole(faulty_store, done, big)


def test_a_store_whose_connections_are_slow_is_sent_to_over_more_of_them(
    proxy: Proxy, faulty_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.storage.lanes.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("delivery.storage.growth._BUSY", 100.0)  # the store and the proxy are in this process too
    path = tmp_path / "long.bin"
    path.write_bytes(os.urandom(1024) * (5 * 1024) * 24)
    proxy.rule = lambda request: "slow" if request.part else ""
    with hosting.journal_for(faulty_store, ["long.bin"]) as kept:
        options = UploadOptions(threshold=6 * MIB, part_size=5 * MIB)
        item = hosting.Upload.of_path(path)
        done = hosting.upload(faulty_store, [item], prefix=kept.prefix, journal=kept, options=options)[0]
        kept.finish()
    assert_whole(faulty_store, done, item)
    assert 4 < proxy.most_at_once <= 16
    assert sorted(request.part for request in proxy.sent() if request.part) == list(range(1, 25))


def test_as_many_parts_as_the_user_says_are_under_way(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.storage.lanes.LOOK_SECONDS", 0.05)
    proxy.rule = lambda request: "slow" if request.part else ""
    assert_whole(faulty_store, send(faulty_store, big), big)
    assert proxy.most_at_once == 2


def change_under_way(proxy: Proxy, big: hosting.Upload) -> None:
    """Parts that are hashed, and not yet sent, become others, with size and time kept."""
    path, changed = Path(big.entry.path), threading.Event()

    def rule(request: Seen) -> str:
        if request.part == 1 and not changed.is_set():  # parts behind it are hashed by now, and wait
            time.sleep(0.5)
            with path.open("r+b") as stream:
                stream.seek(12 * MIB)
                stream.write(b"other bytes")
            os.utime(path, ns=(big.entry.mtime_ns, big.entry.mtime_ns))
            changed.set()
            return "reset"
        return "slow" if request.part == 2 else ""

    proxy.rule = rule


def test_what_is_sent_is_what_was_hashed_whatever_becomes_of_the_file(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    sound = Path(big.entry.path).read_bytes()
    change_under_way(proxy, big)
    done = send(faulty_store, big)
    assert done.sha256 == hashlib.sha256(sound).hexdigest()
    assert b"".join(faulty_store.read(done.stored.key)) == sound


@pytest.mark.usefixtures("no_memory")
def test_a_file_that_changes_between_its_hash_and_its_sending_is_not_sent(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    store = dataclasses.replace(faulty_store, on_this_machine=False)  # type: ignore[type-var]
    change_under_way(proxy, big)
    with pytest.raises(SourceChangedError):
        send(store, big)
    assert list(faulty_store.keys("")) == []


def test_the_store_forgot_the_upload(proxy: Proxy, faulty_store: Store, big: hosting.Upload) -> None:
    proxy.rule = lambda request: "403 AccessDenied" if request.part == 4 else ""
    with pytest.raises(StoreRefusedError):
        send(faulty_store, big)
    for item in list(faulty_store.pending("")):
        faulty_store.abort(item.key, item.upload_id)
    proxy.rule = lambda request: ""
    progress = RecordingProgress()
    assert_whole(faulty_store, send(faulty_store, big, progress=progress), big)
    assert any("does not know the upload" in note for note in progress.notes)


def test_a_run_that_ended_after_complete_sends_nothing_again(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload
) -> None:
    with hosting.journal_for(faulty_store, [big.name]) as kept:
        hosting.upload(faulty_store, [big], prefix=kept.prefix, journal=kept, options=OPTIONS)
    proxy.seen.clear()
    progress = RecordingProgress()
    assert_whole(faulty_store, send(faulty_store, big, progress=progress), big)
    assert proxy.sent() == []
    assert progress.tasks[0].done == SIZE


def test_two_runs_at_once_get_a_place_each(faulty_store: Store, big: hosting.Upload) -> None:
    with hosting.journal_for(faulty_store, [big.name]) as first:
        hosting.upload(faulty_store, [big], prefix=first.prefix, journal=first, options=OPTIONS)
        with hosting.journal_for(faulty_store, [big.name]) as second:
            assert second.prefix != first.prefix
            done = hosting.upload(faulty_store, [big], prefix=second.prefix, journal=second, options=OPTIONS)
    assert_whole(faulty_store, done[0], big)


def test_a_torn_journal_costs_at_most_the_torn_part(proxy: Proxy, faulty_store: Store, big: hosting.Upload) -> None:
    proxy.rule = lambda request: "403 AccessDenied" if request.part == 5 else ""
    with pytest.raises(StoreRefusedError):
        send(faulty_store, big)
    (path,) = (Path(os.environ["DELIVERY_HOME"]) / "state" / "uploads").glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    proxy.rule = lambda request: ""
    assert_whole(faulty_store, send(faulty_store, big), big)


@pytest.mark.parametrize("large", [True, False])
def test_a_byte_flipped_on_the_way_is_found_by_reading_back(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, large: bool
) -> None:
    options = UploadOptions(threshold=6 * MIB if large else 64 * MIB, part_size=5 * MIB, verify=True)
    proxy.rule = once("flip", lambda request: request.method == "PUT")
    with pytest.raises(IntegrityError, match="other bytes"):
        hosting.upload(faulty_store, [big], prefix=hosting.new_prefix(faulty_store), options=options)
    assert list(faulty_store.keys("")) == []
    done = hosting.upload(faulty_store, [big], prefix=hosting.new_prefix(faulty_store), options=options)[0]
    assert_whole(faulty_store, done, big)
    assert done.stored.checksum == f"sha256:{done.sha256}"


def test_many_files_stop_at_the_first_failure(proxy: Proxy, faulty_store: Store, tmp_path: Path) -> None:
    items = []
    for number in range(40):
        (tmp_path / f"{number}.txt").write_bytes(b"x" * 1000)
        items.append(hosting.Upload.of_path(tmp_path / f"{number}.txt"))
    proxy.rule = lambda request: "403 AccessDenied" if request.path.endswith("/9.txt") else ""
    with pytest.raises(DeliveryError) as caught:
        hosting.upload(faulty_store, items, prefix=hosting.new_prefix(faulty_store), options=OPTIONS)
    assert isinstance(caught.value, StoreRefusedError)
    assert proxy.count("PUT") < 35


def is_copied(request: Seen) -> bool:
    return request.part is not None and request.size == 0


def delivered_before(store: Store, item: hosting.Upload, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What an upload is to be told, so that it has something to copy in parts."""
    monkeypatch.setattr("delivery.hosting.copying._AT_ONCE", 5 * MIB)
    done = send(store, item)
    return {"known": [done.stored._replace(checksum=f"sha256:{done.sha256}")]}


@pytest.mark.parametrize("harm", ["mute", "500 InternalError", "403 AccessDenied", "501 NotImplemented"])
def test_what_the_store_does_not_come_to_copy_is_sent(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = delivered_before(faulty_store, big, monkeypatch)
    monkeypatch.setattr("delivery.storage.answers.STALL_SECONDS", 3.0)
    monkeypatch.setattr("delivery.hosting.copying._MOST_AT_ONCE", SIZE - 1)
    proxy.rule = lambda request: harm if is_copied(request) else ""
    before = len(proxy.sent())
    progress = RecordingProgress()
    assert_whole(faulty_store, send(faulty_store, big, progress=progress, **known), big)
    assert sum(1 for item in proxy.sent()[before:] if item.size) == 7
    assert not [note for note in progress.notes if "copied" in note]
    assert progress.tasks[0].done == SIZE


def test_a_cancel_is_heard_while_the_store_copies_and_the_next_run_copies_it(
    proxy: Proxy, faulty_store: Store, big: hosting.Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = delivered_before(faulty_store, big, monkeypatch)
    cancel = CancelToken()

    def unheard(request: Seen) -> str:
        if is_copied(request):
            cancel.cancel()
        return "mute" if cancel.cancelled else ""  # from now on it answers nothing, least of all to giving up

    proxy.rule = unheard
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        send(faulty_store, big, cancel=cancel, **known)
    assert time.monotonic() - begun < 10  # not a stall's minute
    proxy.rule = lambda request: ""
    progress = RecordingProgress()
    assert_whole(faulty_store, send(faulty_store, big, progress=progress, **known), big)
    assert [note for note in progress.notes if "copied" in note]
