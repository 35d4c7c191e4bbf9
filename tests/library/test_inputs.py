"""Bytes and streams delivered beside paths: kept privately for as long as it takes, or sent as they come."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.faulty import once, proxy_before

from delivery import (
    BlockedError,
    Cancelled,
    CancelToken,
    Delivery,
    DeliveryError,
    FileEntry,
    LocalError,
    Method,
    RecordingProgress,
    Settings,
    StoreRefusedError,
    UsageError,
    carry_out,
    check,
    compose_message,
    compose_reply,
    pack,
    plan,
    prune,
    renew,
    revoke,
    send,
    upload,
    verify,
)
from delivery.intake.streams import Stream
from delivery.ledger import Ledger
from delivery.storage import open_store

MIB = 1024**2


class Dripping(io.RawIOBase):
    """Gives ``data`` in small uneven pieces, as a pipe does, and cannot seek; raises ``error`` at its end."""

    def __init__(self, data: bytes, error: Exception | None = None) -> None:
        self._data = memoryview(data)
        self._error = error
        self.most_asked = 0
        self.readers: set[int] = set()

    def read(self, size: int = -1, /) -> bytes:
        self.readers.add(threading.get_ident())
        self.most_asked = max(self.most_asked, size)
        piece = bytes(self._data[: min(size, 65_521)])
        self._data = self._data[len(piece) :]
        if not piece and self._error is not None:
            raise self._error
        return piece


def stored(settings: Settings) -> tuple[list[str], list[str]]:
    """The keys of the objects that the store holds, and of the uploads that were begun."""
    store = open_store("work", settings, until=datetime.now(UTC))
    return [item.key for item, _ in store.keys("")], [item.key for item in store.pending("")]


def kept(home: Path) -> list[Path]:
    return list((home / "state" / "inputs").glob("*")) if (home / "state" / "inputs").exists() else []


# -- kept as files --------------------------------------------------------------------------------------------------


def test_bytes_streams_and_paths_go_together(tmp_path: Path, home: Path) -> None:
    (tmp_path / "plain.txt").write_bytes(b"a file\n")
    table = b"name,count\nlogo,3\n"
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    given = [
        tmp_path / "plain.txt",
        FileEntry.from_bytes("tables/report.csv", table, mtime=moment),
        FileEntry.from_stream("build.bin", Dripping(b"\1\2" * 200_000)),
    ]
    made = pack(given, out=tmp_path / "out", platform="none")
    assert [(entry.arcname, entry.size) for entry in made.files] == [
        ("build.bin", 400_000), ("plain.txt", 7), ("tables/report.csv", len(table)),
    ]  # fmt: skip
    by_name = {entry.arcname: entry for entry in made.files}
    assert by_name["tables/report.csv"].sha256 == hashlib.sha256(table).hexdigest()
    assert by_name["tables/report.csv"].media_type == "text/csv"
    assert by_name["tables/report.csv"].mtime_ns == int(moment.timestamp()) * 10**9
    assert verify(str(tmp_path / "out")).parts == 1
    assert [entry.sha256 for entry in Ledger(home).load(made.id).files] == [entry.sha256 for entry in made.files]
    assert kept(home) == []


def test_checks_look_into_bytes_as_into_any_file() -> None:
    with check([FileEntry.from_bytes("keys.env", b"AWS_KEY=AKIA" + b"ABCDEFGHIJKLMNOP\n"),
                FileEntry.from_bytes("logo.png", b"")]) as looked:  # fmt: skip
        assert {"empty-file"} <= {finding.code for finding in looked.findings}
        assert all(entry.sha256 for entry in looked.files)
        assert any("env" in finding.path for finding in looked.findings)


def test_an_inspection_holds_its_copies_until_it_is_closed(home: Path) -> None:
    looked = check([FileEntry.from_bytes("a.txt", b"some text\n")])
    place = Path(looked.files[0].path)
    assert place.read_bytes() == b"some text\n" and place.is_relative_to(home)
    if os.name == "posix":
        assert place.parent.stat().st_mode & 0o077 == 0
    looked.close()
    looked.close()
    assert kept(home) == []


def test_an_inspection_that_is_forgotten_leaves_nothing(home: Path) -> None:
    check([FileEntry.from_bytes("a.txt", b"some text\n")])
    assert kept(home) == []


def test_nothing_is_left_after_a_failure(home: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalError):
        pack([FileEntry.from_bytes("a.txt", b"x"), tmp_path / "absent"])
    with pytest.raises(LocalError):
        pack([FileEntry.from_bytes("a.txt", b"x"), FileEntry.from_stream("b", Dripping(b"abc", OSError(5, "I/O")))])
    assert kept(home) == []


def test_what_a_killed_run_left_is_removed_and_a_living_ones_is_not(home: Path) -> None:
    living = check([FileEntry.from_bytes("a.txt", b"living\n")])
    folder = home / "state" / "inputs"
    (folder / "dead").mkdir()
    (folder / "dead" / "1.bin").write_bytes(b"left behind")
    (folder / "dead.lock").touch()
    for lock in folder.glob("*.lock"):
        os.utime(lock, (time.time() - 3600, time.time() - 3600))
    check([FileEntry.from_bytes("b.txt", b"another\n")]).close()
    assert not (folder / "dead").exists() and not (folder / "dead.lock").exists()
    assert Path(living.files[0].path).read_bytes() == b"living\n"
    living.close()


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../up.txt", "a//b", "a/./b", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check([FileEntry.from_bytes(name, b"x")])
    assert caught.value.code == "input-name" and caught.value.hint


@pytest.mark.parametrize("ending", ["a" * 300, "\u00e9" * 150, "\u8981"])
def test_an_input_with_a_long_or_foreign_ending_is_kept_as_any_other(ending: str) -> None:
    with check([FileEntry.from_bytes(f"report.{ending}", b"a,b\n")]) as inspection:
        kept_as = Path(inspection.files[0].path).name
        assert kept_as.isascii() and Path(inspection.files[0].path).read_bytes() == b"a,b\n"


def test_two_inputs_of_one_name_are_told_by_it_before_any_is_read(home: Path) -> None:
    stream = Dripping(b"never read")
    with pytest.raises(LocalError, match=r"^two inputs would both be called tables/x\.csv$") as caught:
        check([FileEntry.from_bytes("tables/x.csv", b"1"), FileEntry.from_stream("tables/x.csv", stream)])
    assert caught.value.code == "same-name" and caught.value.hint
    assert stream.most_asked == 0 and kept(home) == []


def test_no_path_at_all_is_nothing_to_deliver() -> None:
    with pytest.raises(UsageError, match="the list of paths is empty") as caught:
        pack([])
    assert "name the files or folders" in caught.value.hint


def test_a_single_path_is_not_taken_for_a_list_of_letters(tmp_path: Path) -> None:
    for one in ("final", tmp_path):
        with pytest.raises(UsageError) as caught:
            send(one)  # type: ignore[arg-type]
        assert "[" in caught.value.hint


class InBytes:
    def __fspath__(self) -> bytes:
        return b"final"


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        5,
        b"final",
        FileEntry.from_bytes("a.txt", b"x"),
        [5],
        [None],
        [b"final"],
        [["final"]],
        [io.BytesIO()],
        [InBytes()],
    ],
)
def test_what_is_no_list_of_inputs_is_refused_in_words(inputs: Any) -> None:
    with pytest.raises(UsageError) as caught:
        check(inputs)
    assert caught.value.code == "paths" and caught.value.hint
    assert type(inputs).__name__ not in caught.value.hint  # a list of a type would be no better


def test_an_empty_path_is_not_the_whole_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "of another buyer.txt").write_text("x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        check([""])
    assert caught.value.code == "paths" and "is empty" in str(caught.value)
    assert [entry.arcname for entry in check(["."]).files] == ["of another buyer.txt"]


def test_an_iterator_is_a_list_of_inputs(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    given: Any = iter([tmp_path / "a.txt", FileEntry.from_bytes("b.txt", b"y")])
    assert [entry.arcname for entry in pack(given, out=tmp_path / "out").files] == ["a.txt", "b.txt"]


@pytest.mark.parametrize("name", ["final\0x", "\ud800"])
def test_a_path_that_no_system_can_have_does_not_exist(name: str) -> None:
    with pytest.raises(LocalError) as caught:
        check([name])
    assert caught.value.code == "path-not-found"


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2]])
def test_what_is_no_bytes_is_not_made_some(data: Any) -> None:
    with pytest.raises(UsageError) as caught:
        FileEntry.from_bytes("a.bin", data)
    assert caught.value.code == "input-content" and caught.value.hint


@pytest.mark.parametrize(
    "entry, code",
    [
        (FileEntry.from_stream("a.bin", None), "input-content"),  # type: ignore[arg-type]
        (FileEntry.from_stream("a.bin", "a.bin"), "input-content"),  # type: ignore[arg-type]
        (FileEntry.from_stream("a.bin", io.BytesIO(), size=-1), "input-size"),
        (FileEntry.from_stream("a.bin", io.BytesIO(), size="1"), "input-size"),  # type: ignore[arg-type]
        (FileEntry.from_bytes(Path("a.bin"), b""), "input-name"),  # type: ignore[arg-type]
    ],
)
def test_an_entry_that_cannot_be_read_is_a_usage_error(entry: FileEntry, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        check([entry])
    assert caught.value.code == code and caught.value.hint


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    for other in (tmp_path / "a.txt", FileEntry.from_bytes("a.txt", b"y")):
        with pytest.raises(LocalError) as caught:
            check([FileEntry.from_bytes("a.txt", b"x"), other])
        assert caught.value.code == "same-name"


@pytest.mark.parametrize(
    "names, name", [(["report.csv"], "report"), (["a/report.csv"], "report"), (["a.txt", "b.txt"], "delivery")]
)
def test_a_delivery_of_bytes_alone_has_a_name(names: list[str], name: str) -> None:
    with check([FileEntry.from_bytes(item, b"x") for item in names]) as looked:
        assert looked.deliverable.name == name


class Wrong:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def read(self, size: int = -1, /) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    "stream, told",
    [
        (io.StringIO("text"), "gives str"),
        (Wrong(None), "gives NoneType"),
        (Wrong(b"x" * 2 * MIB), "bytes where at most"),
        (Wrong(OSError(5, "Input/output error")), "Input/output error"),
        (Wrong(OSError("boom")), r"cannot be read: OSError: boom$"),
        (Wrong(EOFError("the archive ended: 5 bytes more were expected.")), "ended: 5 bytes more were expected"),
        (Wrong(EOFError()), "EOFError$"),
        (Wrong(ValueError("https://secret.example.com/?token=1")), "ValueError$"),
        (Wrong(OSError("login with secret_4fTz9")), "OSError$"),
        (Wrong(OSError("no login with secret=abc")), "OSError$"),
        (Wrong(OSError("no login with " + "secret" * 5)), "OSError$"),
    ],
)
def test_a_broken_stream_is_a_local_error_with_a_hint(stream: Any, told: str) -> None:
    with pytest.raises(LocalError, match=told) as caught:
        check([FileEntry.from_stream("b.bin", stream)])
    assert caught.value.hint and "secret" not in str(caught.value)


def test_a_stated_size_is_held_to() -> None:
    check([FileEntry.from_stream("a.bin", io.BytesIO(b"x" * 10), size=10)]).close()
    for stated in (9, 11):
        with pytest.raises(LocalError) as caught:
            check([FileEntry.from_stream("a.bin", io.BytesIO(b"x" * 10), size=stated)])
        assert caught.value.code == "stream-size"


def test_content_is_in_no_repr_and_in_no_result(tmp_path: Path) -> None:
    entry = FileEntry.from_bytes("a.txt", b"very private words\n")
    assert "private" not in repr(entry)
    made = pack([entry], out=tmp_path / "out")
    assert made.files[0].content is None and made.plan.deliverable.entries[0].content is None


def test_the_gentlest_way_is_found_for_a_stream_as_for_a_file(tmp_path: Path) -> None:
    made = send([FileEntry.from_stream("a.bin", Dripping(b"12345"))], out=tmp_path / "out")
    assert made.method is Method.ATTACH and made.attachments[0].size == 5


def test_by_link_the_embedded_store_gets_streams_too(embedded_home: Path, tmp_path: Path) -> None:
    data = os.urandom(7 * MIB + 1)
    made = upload([FileEntry.from_stream("a.bin", Dripping(data))], out=tmp_path / "out", expires="60s")
    assert hashlib.sha256(urllib.request.urlopen(made.links[0].url).read()).digest() == hashlib.sha256(data).digest()


def test_every_verb_takes_a_moment_without_a_zone(embedded_home: Path, tmp_path: Path) -> None:
    now = datetime.now()
    made = upload([FileEntry.from_bytes("a.txt", b"x")], out=tmp_path / "out", expires="60s", now=now)
    assert made.created_at == now.astimezone(UTC) == Ledger(embedded_home).load(made.id).created_at
    assert compose_message(made.id, now=now).links
    assert renew(made.id, expires="90s", now=now).links
    assert compose_reply("cannot-open", made.id, now=now).messages
    assert prune(now=now, dry_run=True)
    assert revoke(made.id, now=now).proven


# -- sent as they come ------------------------------------------------------------------------------------------------


def sent(settings: Settings, tmp_path: Path, *entries: Any, **more: Any) -> Delivery:
    return upload(list(entries), settings=settings, out=tmp_path / "out", **more)


def test_streams_are_read_in_their_order_by_the_thread_that_brought_them(parts: Settings, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(os.urandom(11 * MIB))
    streams = [Dripping(os.urandom(6 * MIB)), Dripping(b"short"), Dripping(os.urandom(12 * MIB))]
    entries = [FileEntry.from_stream(f"{number}.bin", stream) for number, stream in enumerate(streams)]
    made = sent(parts, tmp_path, tmp_path / "large.bin", *entries)
    assert len(made.links) == 4
    assert all(stream.readers == {threading.get_ident()} for stream in streams)


@pytest.mark.parametrize("size", [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 15 * MIB, 17 * MIB + 3])
def test_a_stream_of_unknown_length_arrives_whole(parts: Settings, tmp_path: Path, home: Path, size: int) -> None:
    data = os.urandom(size)
    stream, progress = Dripping(data), RecordingProgress()
    made = sent(parts, tmp_path, FileEntry.from_stream("build.bin", stream), progress=progress)
    (link,) = made.links
    assert urllib.request.urlopen(link.url).read() == data
    digest = hashlib.sha256(data).hexdigest()
    assert (link.size, link.sha256) == (size, digest)
    (entry,) = made.files
    assert (entry.size, entry.sha256, entry.content, entry.known_size) == (size, digest, None, True)
    assert made.plan.deliverable.size == size and made.plan.parts[0].size == size
    manifest = json.loads((tmp_path / "out" / "delivery-manifest.json").read_text())
    assert (manifest["files"][0]["size"], manifest["files"][0]["sha256"]) == (size, digest)
    assert Ledger(home).load(made.id).files[0].size == size
    assert kept(home) == [] and stored(parts)[1] == []
    assert stream.most_asked <= MIB
    uploading = next(task for task in progress.tasks if task.label == "uploading")
    assert (uploading.total, uploading.done) == (None if size else 0, size)


def test_a_stream_that_brings_nothing_is_told_as_an_empty_file_is(parts: Settings) -> None:
    entry = FileEntry.from_stream("work.tar", io.BytesIO())
    with check([entry], settings=parts, via="link", digests=False, read_streams=False) as inspection:
        assert [finding.code for finding in inspection.findings] == ["empty-file"]
    assert not entry.known_size


def test_its_type_is_told_by_its_head_and_its_inside_is_said_not_to_be_looked_at(
    parts: Settings, tmp_path: Path
) -> None:
    made = sent(parts, tmp_path, FileEntry.from_stream("doc.pdf", io.BytesIO(b"%PDF-1.7\n" + bytes(6 * MIB))))
    assert made.files[0].media_type == "application/pdf"
    assert [finding.code for finding in made.findings] == ["not-looked-into"]


def test_it_goes_beside_many_files_as_it_is(parts: Settings, tmp_path: Path) -> None:
    small = [FileEntry.from_bytes(f"pictures/{number}.txt", b"x" * number) for number in range(1, 40)]
    made = sent(parts, tmp_path, FileEntry.from_stream("build.tar", Dripping(b"tar" * 10)), *small)
    assert {link.name for link in made.links} == {"build.tar", "delivery.zip"}
    assert len(made.files) == 40 and made.page is not None


def test_a_part_that_breaks_is_sent_again_from_its_buffer(parts: Settings, tmp_path: Path, no_waiting: None) -> None:
    address = parts.stores["work"].endpoint
    assert address is not None
    data = os.urandom(17 * MIB)
    with proxy_before(address) as proxy:
        from dataclasses import replace

        through = parts.with_store("work", replace(parts.stores["work"], endpoint=proxy.address))
        proxy.rule = once("reset", lambda request: request.part in (1, 3), times=2)
        made = sent(through, tmp_path, FileEntry.from_stream("build.bin", Dripping(data)))
        assert urllib.request.urlopen(made.links[0].url).read() == data
        assert [item.part for item in proxy.seen if item.harm == "reset"] != []


@pytest.fixture
def breaking() -> Iterator[dict[str, Any]]:
    cancel = CancelToken()

    class Cancelling(Dripping):
        def read(self, size: int = -1, /) -> bytes:
            piece = super().read(size)
            if not piece:
                cancel.cancel()  # as when Ctrl-C ends the program that writes into the pipe too
            return piece

    data = os.urandom(12 * MIB)
    yield {
        "raises": (Dripping(data, OSError(5, "Input/output error")), None, LocalError, None),
        "short": (Dripping(data), 13 * MIB, LocalError, None),
        "long": (Dripping(data), 11 * MIB, LocalError, None),
        "cancelled": (Cancelling(data), None, Cancelled, cancel),
        "small and raises": (Dripping(b"abc", OSError(5, "Input/output error")), None, LocalError, None),
        "small and cancelled": (Cancelling(b"abc"), None, Cancelled, cancel),
    }


@pytest.mark.parametrize("how", ["raises", "short", "long", "cancelled", "small and raises", "small and cancelled"])
def test_a_stream_that_breaks_leaves_nothing_in_the_store(
    parts: Settings, tmp_path: Path, home: Path, breaking: dict[str, Any], how: str
) -> None:
    stream, size, error, cancel = breaking[how]
    with pytest.raises(error) as caught:
        sent(parts, tmp_path, FileEntry.from_stream("build.bin", stream, size=size), cancel=cancel)
    assert isinstance(caught.value, DeliveryError) and caught.value.hint
    assert stored(parts) == ([], [])
    assert not (tmp_path / "out").exists() and kept(home) == []


def refused(again: Callable[[], object]) -> None:
    with pytest.raises(LocalError) as caught:
        again()
    assert caught.value.code == "stream-spent" and "from_stream" in caught.value.hint


def test_what_is_left_of_a_stream_is_not_sent_as_the_whole_by_another_try(
    parts: Settings, tmp_path: Path, home: Path
) -> None:
    whole, cancel = os.urandom(20_000), CancelToken()
    looked_at = FileEntry.from_stream("build.bin", Dripping(whole))
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(BlockedError):
        upload([looked_at, tmp_path / "cut.png"], settings=parts, out=tmp_path / "out")
    refused(lambda: upload([looked_at], settings=parts, out=tmp_path / "out"))

    class Cancelling(Dripping):
        def read(self, size: int = -1, /) -> bytes:
            cancel.cancel()
            return super().read(size)

    for verb in (upload, pack):
        half_read = FileEntry.from_stream("build.bin", Cancelling(whole))
        with pytest.raises(Cancelled):
            verb([half_read], settings=parts, out=tmp_path / "out", cancel=cancel)
        refused(lambda: verb([half_read], settings=parts, out=tmp_path / "out"))  # noqa: B023
    assert stored(parts) == ([], []) and kept(home) == []


def test_an_inspection_with_a_stream_can_be_carried_out_once(parts: Settings, tmp_path: Path) -> None:
    entry = FileEntry.from_stream("build.bin", Dripping(os.urandom(20_000)))
    with check([entry], settings=parts, via="link", read_streams=False, out=tmp_path / "out") as inspection:
        planned = plan(inspection)
        assert carry_out(inspection, planned).links[0].size == 20_000
        (tmp_path / "out").rename(tmp_path / "before")
        refused(lambda: carry_out(inspection, planned))


def test_two_calls_at_once_do_not_share_the_bytes_of_a_stream() -> None:
    entry = FileEntry.from_stream("build.bin", Dripping(b"ab" * 5000))
    first, second = Stream(entry), Stream(entry)
    assert first.read(1) == b"a"
    refused(second.head)
    assert first.read(1) == b"b"


def test_a_store_that_refuses_a_part_ends_it(parts: Settings, tmp_path: Path) -> None:
    from dataclasses import replace

    address = parts.stores["work"].endpoint
    assert address is not None
    with proxy_before(address) as proxy:
        through = parts.with_store("work", replace(parts.stores["work"], endpoint=proxy.address))
        proxy.rule = lambda request: "403 AccessDenied" if request.part == 2 else ""
        with pytest.raises(StoreRefusedError):
            sent(through, tmp_path, FileEntry.from_stream("build.bin", Dripping(os.urandom(17 * MIB))))
    assert stored(parts) == ([], [])


def test_a_cancel_does_not_wait_long_for_a_store_that_answers_nothing(parts: Settings, tmp_path: Path) -> None:
    from dataclasses import replace

    address = parts.stores["work"].endpoint
    assert address is not None
    cancel = CancelToken()

    def stop_at_the_second_part(request: Any) -> str:
        if request.part == 2:
            cancel.cancel()
        return "stall" if cancel.cancelled else ""  # the question to give it up too

    with proxy_before(address) as proxy:
        through = parts.with_store("work", replace(parts.stores["work"], endpoint=proxy.address))
        proxy.rule = stop_at_the_second_part
        begun = time.monotonic()
        with pytest.raises(Cancelled) as caught:
            entry = FileEntry.from_stream("build.bin", Dripping(os.urandom(17 * MIB)))
            sent(through, tmp_path, entry, cancel=cancel)
        assert time.monotonic() - begun < 20  # the proxy would stall for a minute, twice
        assert "--abort" in caught.value.hint
        proxy.rule = lambda request: ""
        sent(through, tmp_path, FileEntry.from_stream("build.bin", Dripping(b"again")))
    assert stored(parts)[1] == []


def test_what_a_killed_upload_left_is_removed_by_the_next_one(parts: Settings, tmp_path: Path) -> None:
    from delivery import hosting

    store = open_store("work", parts, until=datetime.now(UTC))
    with hosting.journal_for(store, ["build.bin"]) as journal:
        key = f"{journal.prefix}build.bin"
        upload_id = store.begin(key, hosting.names.headers_for("build.bin", ""), metadata={})
        journal.note_begun(key, upload_id, 5 * MIB, 0, "tag")
    made = sent(parts, tmp_path, FileEntry.from_stream("build.bin", Dripping(b"x" * (6 * MIB))))
    assert made.links[0].key == key and stored(parts)[1] == []


def test_more_than_the_parts_hold_is_refused_in_words(
    parts: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.hosting.streamed.MOST_PARTS", 2)
    with pytest.raises(UsageError) as caught:
        sent(parts, tmp_path, FileEntry.from_stream("build.bin", Dripping(bytes(11 * MIB))))
    assert caught.value.code == "too-large-for-store" and "part_size" in caught.value.hint
    assert stored(parts) == ([], [])


def test_a_plan_made_before_the_size_is_known_says_so(parts: Settings) -> None:
    stream = Dripping(b"x" * 100)
    with check([FileEntry.from_stream("build.bin", stream)], settings=parts, via="link", read_streams=False) as looked:
        (part,) = plan(looked).parts
        assert not part.members[0].known_size and part.size == 0
    with check([FileEntry.from_stream("build.bin", Dripping(b"x" * 100))], settings=parts, via="link") as looked:
        assert plan(looked).parts[0].size == 100


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode whatever the locale")
def test_a_name_that_the_locale_cannot_write_is_told(tmp_path: Path) -> None:
    script = (
        "from delivery import *\n"
        "try: pack([FileEntry.from_bytes('gr\\xf6\\xdfe.txt', b'size')], out='made')\n"
        "except LocalError as error: print(error.code, error.hint)\n"
    )
    ascii_names = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env={**os.environ, **ascii_names, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert "name-encoding" in done.stdout and "PYTHONUTF8=1" in done.stdout, done.stderr
    assert not (tmp_path / "made").exists()
