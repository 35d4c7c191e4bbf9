"""JOIN.html on file:// in a real browser: good parts join, every kind of bad part is named and stops it."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from support.parcel import NAME, SIZES, Parcel

from delivery.escape import printable
from delivery.packing import joiner
from delivery.web.words import words

SAID = words("en", "joiner")
READY = SAID["whole_good"]
NO_PICKER = "delete self.showSaveFilePicker; self.showSaveFilePicker = undefined;"


@pytest.fixture
def parcel(tmp_path: Path) -> Parcel:
    return Parcel(tmp_path / "parcel", random.Random(7).randbytes(sum(SIZES)))


def give(page: Any, paths: Sequence[Path]) -> None:
    page.set_input_files("#choose", [str(path) for path in paths])


def status(page: Any) -> Any:
    return page.locator(".whole [role=status]")


def row(page: Any, part: int) -> Any:
    return page.locator("ol.parts > li").nth(part)


def saved(page: Any) -> bytes:
    with page.expect_download() as waited:
        page.click(".whole button")
    assert waited.value.suggested_filename == NAME
    return Path(waited.value.path()).read_bytes()


def refuses(page: Any) -> None:
    expect(page.locator(".whole button")).to_be_hidden()


def test_all_parts_in_order_join_into_the_file(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=NO_PICKER)
    refuses(page)
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    assert saved(page) == parcel.content


def test_parts_in_any_order_one_by_one(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=NO_PICKER)
    for number in (2, 0, 3):
        give(page, [parcel.parts[number]])
        expect(row(page, number)).to_have_class("good")
    expect(status(page)).to_contain_text("3 of 4")
    expect(status(page)).to_contain_text(parcel.parts[1].name)
    refuses(page)
    give(page, [parcel.parts[1]])
    expect(status(page)).to_have_text(READY)
    assert saved(page) == parcel.content


@pytest.mark.parametrize(
    "names",
    [
        [f"Show reel – final.mp4 ({n}).{n:03}" for n in range(1, 5)],
        [f"Show reel – final.mp4({n}).{n:03}" for n in range(1, 5)],
        [f"{n}-{NAME} - Copy.{n:03}" for n in range(1, 5)],
        ["d.bin", "c.bin", "b.bin", "a.bin"],
        ["x", "y", "z.mp4.001", "w.mp4.002"],
    ],
)
def test_renamed_parts_and_parts_without_their_names_join(visit: Any, parcel: Parcel, names: list[str]) -> None:
    page = visit(parcel.address, script=NO_PICKER)
    give(page, [parcel.copy(number, name) for number, name in enumerate(names)])
    expect(status(page)).to_have_text(READY)
    assert saved(page) == parcel.content


def test_parts_that_were_swapped_in_name_are_put_right(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=NO_PICKER)
    names = [parcel.parts[number].name for number in (1, 2, 0, 3)]
    give(page, [parcel.copy(number, name) for number, name in enumerate(names)])
    expect(status(page)).to_have_text(READY)
    assert saved(page) == parcel.content


def test_a_missing_part_is_named(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address)
    give(page, parcel.parts[:2] + parcel.parts[3:])
    expect(status(page)).to_contain_text("3 of 4")
    expect(status(page)).to_contain_text(f"missing: \u2068{parcel.parts[2].name}\u2069")
    expect(row(page, 2)).to_contain_text(SAID["missing"])
    refuses(page)


@pytest.mark.parametrize("name", [f"{NAME}.002", "Show reel – final.mp4 (1).002", f"{NAME}.002.crdownload"])
def test_a_truncated_part_is_named_with_its_size(visit: Any, parcel: Parcel, name: str) -> None:
    page = visit(parcel.address, script=NO_PICKER)
    short = parcel.copy(1, name, parcel.parts[1].read_bytes()[:150_000])
    give(page, [parcel.parts[0], short, *parcel.parts[2:]])
    expect(row(page, 1)).to_have_class("bad")
    expect(row(page, 1)).to_contain_text("150 kB of 200 kB")
    expect(status(page)).to_contain_text(f"download again: \u2068{parcel.parts[1].name}\u2069")
    refuses(page)
    give(page, [parcel.parts[1]])
    expect(status(page)).to_have_text(READY)
    assert saved(page) == parcel.content


@pytest.mark.parametrize("at", [0, 99_999, 199_999])
def test_a_part_with_one_wrong_bit_is_named(visit: Any, parcel: Parcel, at: int) -> None:
    content = bytearray(parcel.parts[2].read_bytes())
    content[at] ^= 1
    page = visit(parcel.address)
    give(page, [*parcel.parts[:2], parcel.copy(2, parcel.parts[2].name, bytes(content)), parcel.parts[3]])
    expect(row(page, 2)).to_have_class("bad")
    expect(row(page, 2)).to_contain_text("Damaged")
    expect(row(page, 0)).to_have_class("good")
    refuses(page)


def test_a_corrupt_part_without_its_name_is_still_reported(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address)
    broken = parcel.copy(2, "download.bin", bytes(200_000))
    give(page, [*parcel.parts[:2], broken, parcel.parts[3]])
    expect(page.locator("#notes")).to_contain_text("download.bin")
    expect(status(page)).to_contain_text(parcel.parts[2].name)
    refuses(page)


def test_a_good_copy_beside_a_bad_one_wins(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=NO_PICKER)
    bad = parcel.copy(0, "Show reel – final.mp4 (1).001", bytes(200_000))
    give(page, [bad, *parcel.parts])
    expect(status(page)).to_have_text(READY)
    expect(row(page, 0)).to_have_class("good")
    assert saved(page) == parcel.content


def test_a_duplicate_is_named_and_does_no_harm(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=NO_PICKER)
    give(page, [parcel.parts[0], parcel.copy(0, "Show reel – final.mp4 (1).001"), *parcel.parts[1:]])
    expect(status(page)).to_have_text(READY)
    expect(page.locator("#notes")).to_contain_text("Here twice")
    assert saved(page) == parcel.content


def test_a_part_of_something_else_is_named(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address)
    give(page, [parcel.copy(0, "holiday.jpg", b"x" * 5), parcel.parts[0]])
    expect(page.locator("#notes")).to_contain_text("holiday.jpg")
    expect(row(page, 0)).to_have_class("good")


def test_what_the_tool_lays_beside_them_is_no_stranger(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address)
    beside = ("JOIN (1).html", "delivery-manifest.json", "SHA256SUMS")
    give(page, [*(parcel.copy(0, name, b"{}") for name in beside), *parcel.parts])
    expect(status(page)).to_have_text(READY)
    expect(page.locator("#notes")).to_be_hidden()


def test_parts_with_the_same_content_all_find_their_place(visit: Any, tmp_path: Path) -> None:
    parcel = Parcel(tmp_path / "same", bytes(300_000), sizes=(100_000,) * 3)
    page = visit(parcel.address, script=NO_PICKER)
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    assert saved(page) == parcel.content


def test_a_whole_that_is_not_what_was_sent_is_never_saved(visit: Any, tmp_path: Path) -> None:
    parcel = Parcel(tmp_path / "wrong", os.urandom(300_000), sizes=(150_000, 150_000), whole_sha256="00" * 32)
    page = visit(parcel.address)
    give(page, parcel.parts)
    expect(status(page)).to_have_text(SAID["whole_bad"])
    refuses(page)


PICKER = """
self.events = [];
self.chunks = [];
self.showSaveFilePicker = async ({ suggestedName }) => {
  events.push(suggestedName);
  if (self.refusal) throw new DOMException(self.refusal, self.refusal);
  return { createWritable: async () => ({
    write: async (chunk) => {
      if (self.full) throw new DOMException("disk full", "QuotaExceededError");
      chunks.push(chunk.slice());
    },
    close: async () => events.push("closed"),
    abort: async () => events.push("aborted"),
  }) };
};
"""


def test_it_streams_to_where_the_buyer_says(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=PICKER)
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    page.click(".whole button")
    expect(status(page)).to_contain_text("verified with SHA-256")
    assert page.evaluate("events") == [NAME, "closed"]
    written = page.evaluate("async () => [...new Uint8Array(await new Blob(chunks).arrayBuffer())]")
    assert bytes(written) == parcel.content


def test_a_full_disk_is_said_and_nothing_half_is_kept(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=PICKER + "self.full = true;")
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    page.click(".whole button")
    expect(status(page)).to_contain_text("disk full")
    assert page.evaluate("events") == [NAME, "aborted"]
    expect(page.locator(".whole button")).to_be_enabled()


def test_a_closed_dialog_is_no_error(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=PICKER + "self.refusal = 'AbortError';")
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    page.click(".whole button")
    expect(status(page)).to_have_text(SAID["cancelled"])


def test_a_picker_that_refuses_gives_way_to_a_download(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=PICKER + "self.refusal = 'SecurityError';")
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    assert saved(page) == parcel.content


def test_a_part_that_changes_before_it_is_saved_is_noticed(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, script=PICKER)
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    parcel.parts[1].write_bytes(b"something else")
    page.click(".whole button")
    expect(status(page)).to_have_class("note bad")
    assert "closed" not in page.evaluate("events")


def test_of_two_files_with_like_names_the_bad_part_is_named(visit: Any, tmp_path: Path) -> None:
    files, parts = [], []
    for name in ("reel.mov", "reel (1).mov"):
        content = os.urandom(40)
        files.append({"path": name, "size": 40, "sha256": hashlib.sha256(content).hexdigest()})
        for order in (1, 2):
            piece = content[20 * order - 20 : 20 * order]
            path = tmp_path / f"{name}.{order:03}"
            path.write_bytes(piece)
            record = {"filename": path.name, "kind": "volume", "size": 20, "file": name, "order": order}
            parts.append({**record, "sha256": hashlib.sha256(piece).hexdigest()})
    (tmp_path / "JOIN.html").write_bytes(joiner.page({"files": files, "parts": parts}))
    page = visit((tmp_path / "JOIN.html").as_uri(), script=NO_PICKER)
    (tmp_path / "reel (1).mov.001").write_bytes(bytes(20))
    (tmp_path / "reel (1).mov.002").write_bytes(bytes(5))
    give(page, sorted(tmp_path.glob("*.00?")))
    expect(status(page).nth(0)).to_have_text(READY)
    expect(row(page, 2)).to_contain_text(SAID["corrupt"])
    expect(row(page, 3)).to_contain_text("5 bytes of 20 bytes")


def test_two_files_in_volumes_join_side_by_side(visit: Any, tmp_path: Path) -> None:
    contents = {"one.mov": os.urandom(50_000), "two.mov": os.urandom(30_000)}
    files, parts, paths = [], [], []
    for name, content in contents.items():
        files.append({"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
        for order, offset in enumerate(range(0, len(content), 20_000), start=1):
            piece = content[offset : offset + 20_000]
            paths.append(tmp_path / f"{name}.{order:03}")
            paths[-1].write_bytes(piece)
            record = {"filename": paths[-1].name, "kind": "volume", "size": len(piece), "file": name, "order": order}
            parts.append({**record, "sha256": hashlib.sha256(piece).hexdigest()})
    rest = tmp_path / "rest.zip"
    rest.write_bytes(b"PK" * 10)
    digest = hashlib.sha256(rest.read_bytes()).hexdigest()
    parts.append({"filename": "rest.zip", "kind": "archive", "size": 20, "sha256": digest})
    (tmp_path / "JOIN.html").write_bytes(joiner.page({"files": files, "parts": parts}))
    page = visit((tmp_path / "JOIN.html").as_uri(), script=NO_PICKER)
    give(page, [rest, *reversed(paths)])
    for number, (name, content) in enumerate(contents.items()):
        expect(status(page).nth(number)).to_have_text(READY)
        with page.expect_download() as waited:
            page.locator(".whole button").nth(number).click()
        assert waited.value.suggested_filename == name
        assert Path(waited.value.path()).read_bytes() == content
    expect(page.locator("#notes")).to_contain_text("needs no joining: \u2068rest.zip")


def test_dropping_works_anywhere_on_the_page(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address)
    page.evaluate(
        """([bytes, name]) => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(bytes)], name));
          for (const type of ["dragenter", "dragover", "drop"]) {
            const options = { dataTransfer: carried, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent(type, options));
          }
        }""",
        [list(parcel.parts[3].read_bytes()), parcel.parts[3].name],
    )
    expect(row(page, 3)).to_have_class("good")


BARRED_WORKER = """
self.Worker = class {
  constructor() { setTimeout(() => this.onerror(new Event("error", { cancelable: true })), 5); }
  postMessage() {}
  terminate() {}
};
"""


@pytest.mark.parametrize("script", ["delete self.WebAssembly;", "delete self.Worker;", BARRED_WORKER])
def test_it_works_without_webassembly_and_without_workers(visit: Any, parcel: Parcel, script: str) -> None:
    page = visit(parcel.address, script=NO_PICKER + script)
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    assert saved(page) == parcel.content


@pytest.mark.parametrize(
    ("locale", "language", "direction"), [("ar-EG", "ar", "rtl"), ("pt-BR", "pt", "ltr"), ("fi-FI", "en", "ltr")]
)
def test_it_speaks_the_language_of_the_browser(
    visit: Any, parcel: Parcel, locale: str, language: str, direction: str
) -> None:
    page = visit(parcel.address, locale=locale)
    expect(page.locator("h1")).to_have_text(words(language, "joiner")["title"])
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [language, direction]


PHONES = {
    "iPhone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Android": "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
}


@pytest.mark.parametrize("phone", PHONES)
def test_a_phone_is_told_what_to_do_instead_and_nothing_runs_off_the_side(
    visit: Any, parcel: Parcel, phone: str
) -> None:
    page = visit(
        parcel.address, user_agent=PHONES[phone], is_mobile=True, has_touch=True, viewport={"width": 360, "height": 740}
    )
    expect(page.get_by_text(SAID["phone_title"])).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_computer_is_not_told_so(visit: Any, parcel: Parcel) -> None:
    expect(visit(parcel.address).locator("#phone")).to_be_hidden()


def test_without_scripts_it_says_what_else_works(visit: Any, parcel: Parcel) -> None:
    page = visit(parcel.address, java_script_enabled=False)
    expect(page.get_by_text(SAID["noscript"])).to_be_visible()
    page.click("summary")
    expect(page.locator("code").first).to_contain_text("copy /b")


@pytest.mark.parametrize(
    "name",
    ["a\"b'c<d>.mp4", "</script><img src=x onerror=alert(1)>.bin".replace("/", ""), "تصميم 🎉.psd", "\u202egpj.exe"],
)
def test_hostile_names_are_only_names(visit: Any, tmp_path: Path, name: str) -> None:
    parcel = Parcel(tmp_path / "hostile", b"x" * 30_000, sizes=(20_000, 10_000), name=name)
    page = visit(parcel.address, script=NO_PICKER)
    give(page, parcel.parts)
    expect(status(page)).to_have_text(READY)
    assert page.locator("img").count() == 0
    expect(page.locator("h2")).to_have_text(f"video/{printable(name)}")
    expect(row(page, 0).locator("bdi")).to_have_text(f"{printable(name)}.001")
    expect(page.locator(".whole button")).to_have_text(SAID["save"].format(name=f"\u2068{printable(name)}\u2069"))


def test_the_pages_escape_what_the_tool_escapes(visit: Any, parcel: Parcel) -> None:
    every = [*range(0x10000), 0x1F389, 0xE0041]
    found = visit(parcel.address).evaluate("codes => codes.map((code) => printable(String.fromCodePoint(code)))", every)
    assert found == [printable(chr(code)) for code in every]


@pytest.mark.parametrize(
    "size", [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 262_143, 262_144, 262_145, 4 << 20, (4 << 20) + 1]
)
@pytest.mark.parametrize("wasm", [True, False])
def test_the_digest_is_right_at_every_edge(visit: Any, parcel: Parcel, size: int, wasm: bool) -> None:
    page = visit(parcel.address, script="" if wasm else "delete self.WebAssembly;")
    found = page.evaluate(
        "size => hashing(new Blob([new Uint8Array(size).map((_, i) => i * 7 + (i >> 8))])).result", size
    )
    content = bytes((i * 7 + (i >> 8)) & 255 for i in range(size))
    assert found == hashlib.sha256(content).hexdigest()
