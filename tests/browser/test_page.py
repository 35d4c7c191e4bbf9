"""The delivery page in a real browser, served beside its files as a store serves them."""

from __future__ import annotations

import hashlib
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect

from delivery.hosting import page as delivery_page
from delivery.hosting.page import PageFile
from delivery.model import Link
from delivery.web.words import words

SAID = words("en", "page")
HOSTILE = [
    "quote\"s and 'more'.bin",
    "</script><img src=x onerror=alert(1)>.bin",
    "\u202egpj.exe",
    "ملف نهائي 🎉.psd",
    "a&amp;b<b>.txt",
    "line\nbreak\x1b[31m.txt",
]


class Store(ThreadingHTTPServer):
    """Serves links with an end, as attachments, by range; can break an answer in the middle or alter a byte."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.page = b""
        self.breaks: Counter[str] = Counter()
        """So many answers more are broken off."""
        self.refuses: set[str] = set()
        self.thinks = 0.0
        """Seconds before a refusal."""
        self.ranged = 206
        """How an answer to a range begins; 0 where there is always all of it."""
        self.asked: list[str] = []
        self.ahead = timedelta()
        self.base = f"http://127.0.0.1:{self.server_port}"

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def put(self, name: str, content: bytes, *, key: str = "", ends: datetime | None = None, **more: Any) -> Link:
        key = key or f"k3y/{len(self.files)}-{re.sub(r'[^A-Za-z0-9.]', '_', name)}"
        self.files[key] = content
        ends = ends or self.now() + timedelta(days=6, hours=5)
        url = f"{self.base}/{quote(key)}?X-Amz-Expires={int(ends.timestamp())}&X-Amz-Signature={'ab' * 32}"
        return Link(name, key, len(content), hashlib.sha256(content).hexdigest(), ends, url, **more)


class Handler(BaseHTTPRequestHandler):
    server: Store
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.server.now(), usegmt=True)

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        key = split.path.lstrip("/")
        self.server.asked.append(key)
        if key == "index.html":
            self._answer(200, self.server.page, {"Content-Type": "text/html; charset=utf-8"})
            return
        ends = int(parse_qs(split.query)["X-Amz-Expires"][0])
        if self.server.now().timestamp() > ends:
            self._answer(403, b"<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"})
            return
        if key in self.server.refuses:
            time.sleep(self.server.thinks)
            self._answer(503, b"<Error><Code>SlowDown</Code></Error>", {"Content-Type": "application/xml"})
            return
        content = self.server.files[key]
        headers = {"Content-Disposition": f'attachment; filename="{key.rpartition("/")[2]}"'}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None or not self.server.ranged:
            self._answer(200, content, headers, cut=self._breaks(key))
            return
        first, last = int(wanted[1]), int(wanted[2] or len(content) - 1)
        if first >= len(content):
            self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self._answer(self.server.ranged, content[first : last + 1], headers, cut=self._breaks(key))

    def _breaks(self, key: str) -> bool:
        self.server.breaks[key] -= 1
        return self.server.breaks[key] >= 0

    def _answer(self, status: int, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/octet-stream", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = cut
        if cut:
            time.sleep(0.5)  # The browser throws away what it has not read when a connection ends too early.


@pytest.fixture
def store() -> Iterator[Store]:
    server = Store()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def show(store: Store, links: list[Link | PageFile], **options: Any) -> str:
    files = [item if isinstance(item, PageFile) else PageFile(item) for item in links]
    ends = min((file.link.expires_at for file in files if file.link.expires_at), default=None)
    store.page = delivery_page.render("Acme site", files, **{"expires_at": ends, **options})
    return f"{store.base}/index.html"


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def three(store: Store) -> list[Link]:
    return [store.put("a.bin", noise(300_000, 1)), store.put("b.pdf", noise(40_000, 2)), store.put("c.zip", b"")]


def test_a_file_downloads_with_and_without_scripts(visit: Any, store: Store) -> None:
    (link, *_) = links = three(store)
    for scripts in (True, False):
        page = visit(show(store, links), java_script_enabled=scripts)
        with page.expect_download() as waited:
            page.locator("li.file a.button").first.click()
        assert Path(waited.value.path()).read_bytes() == store.files[link.key]


def test_download_all_fetches_every_file(visit: Any, store: Store) -> None:
    links = three(store)
    page = visit(show(store, links))
    got: list[Any] = []
    page.on("download", lambda item: got.append(item))
    page.click("#all")
    expect(page.locator("#work-text")).to_contain_text("All 3 downloads have been started", timeout=20_000)
    expect(page.locator("#all")).to_be_enabled()
    for _ in range(50):
        if len(got) == 3:
            break
        page.wait_for_timeout(100)
    assert sorted(Path(item.path()).read_bytes() for item in got) == sorted(store.files.values())
    assert page.url.endswith("/index.html")


@pytest.mark.parametrize(("number", "thinks"), [(1, 0), (1, 1.3), (2, 1.3)])
def test_download_all_names_what_the_store_refused(visit: Any, store: Store, number: int, thinks: float) -> None:
    links = three(store)
    store.thinks = thinks
    store.refuses.add(links[number].key)
    page = visit(show(store, links), allowed=("503",))
    page.click("#all")
    expect(page.locator("#work-text")).to_have_text(
        SAID["some_not_started"].format(names=f"\u2068{links[number].name}\u2069"), timeout=20_000
    )


FOLDER = """
self.showDirectoryPicker = async () => {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle("picked", { create: true });
};
"""
READ_FOLDER = """async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("picked", { create: true });
  const found = {};
  for await (const [name, handle] of folder.entries()) {
    found[name] = [...new Uint8Array(await (await handle.getFile()).arrayBuffer())];
  }
  return found;
}"""


def picked(page: Any) -> dict[str, bytes]:
    return {name: bytes(content) for name, content in page.evaluate(READ_FOLDER).items()}


def test_everything_is_saved_into_a_folder_and_checked(visit: Any, store: Store) -> None:
    links = [*three(store), store.put("sub/a.bin", noise(1000, 5)), store.put("con:?.txt", b"x")]
    page = visit(show(store, links), script=FOLDER)
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("All 5 files are saved", timeout=20_000)
    content = list(store.files.values())
    assert picked(page) == {
        "a.bin": content[0], "b.pdf": content[1], "c.zip": b"", "a (1).bin": content[3], "con__.txt": b"x",
    }  # fmt: skip
    expect(page.locator("li.file .state:visible")).to_have_count(5)


@pytest.mark.parametrize(("times", "ranged"), [(1, 206), (6, 206), (1, 200), (1, 0)])
def test_a_broken_connection_goes_on_where_it_stopped(visit: Any, store: Store, times: int, ranged: int) -> None:
    links = three(store)
    store.ranged = ranged
    store.breaks[links[0].key] = times
    page = visit(show(store, links), script=FOLDER, allowed=("net::ERR_", "Failed to load resource"))
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("All 3 files are saved", timeout=90_000)
    assert picked(page)["a.bin"] == store.files[links[0].key]
    assert store.asked.count(links[0].key) == 1 + times


def test_an_altered_file_is_not_kept(visit: Any, store: Store) -> None:
    links = three(store)
    store.files[links[1].key] = noise(40_000, 99)
    page = visit(show(store, links), script=FOLDER)
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("Saved and checked: 2 of 3 files", timeout=20_000)
    expect(page.locator("#work-text")).to_contain_text("b.pdf")
    assert set(picked(page)) == {"a.bin", "c.zip"}


def test_what_lies_in_the_folder_is_not_brought_again(visit: Any, store: Store) -> None:
    links = three(store)
    store.files[links[1].key] = noise(40_000, 99)
    page = visit(show(store, links), script=FOLDER)
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("Saved and checked: 2 of 3 files", timeout=20_000)
    store.files[links[1].key] = noise(40_000, 2)
    store.asked.clear()
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("All 3 files are saved", timeout=20_000)
    assert store.asked == [links[1].key]
    assert picked(page) == {"a.bin": noise(300_000, 1), "b.pdf": noise(40_000, 2), "c.zip": b""}


WRITE = """async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("picked", { create: true });
  self.held = await (await folder.getFileHandle("a.bin", { create: true })).createWritable({ mode: "exclusive" });
}"""


def test_what_a_closed_page_left_empty_is_filled_and_what_another_writes_is_not(visit: Any, store: Store) -> None:
    page = visit(show(store, three(store)), script=FOLDER)
    page.evaluate(WRITE)
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("Saved and checked: 2 of 3 files", timeout=20_000)
    page.evaluate("self.held.abort()")
    assert picked(page) == {"a.bin": b"", "b.pdf": noise(40_000, 2), "c.zip": b""}
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("All 3 files are saved", timeout=20_000)
    assert picked(page) == {"a.bin": noise(300_000, 1), "b.pdf": noise(40_000, 2), "c.zip": b""}


FULL_DISK = (
    FOLDER
    + """
const make = FileSystemFileHandle.prototype.createWritable;
FileSystemFileHandle.prototype.createWritable = async function () {
  const target = await make.call(this);
  target.write = async () => { throw new DOMException("no space left", "QuotaExceededError"); };
  return target;
};
"""
)


def test_a_full_disk_is_said_at_once(visit: Any, store: Store) -> None:
    links = [*three(store)[:2], store.put("empty", b"")]
    page = visit(show(store, links), script=FULL_DISK)
    page.click("#folder")
    expect(page.locator("#work-text")).to_contain_text("not be saved: no space left. Make room", timeout=20_000)
    expect(page.locator("#work-text")).to_contain_text("Saved and checked: 0 of 3 files")
    assert store.asked.count(links[0].key) == 1
    assert store.asked.count(links[1].key) == 0
    assert picked(page) == {}


def check(page: Any, *paths: Path) -> Any:
    page.set_input_files("#choose", [str(path) for path in paths])
    return page.locator("#results > li")


def test_a_good_file_is_told_from_an_altered_and_a_short_one(visit: Any, store: Store, tmp_path: Path) -> None:
    page = visit(show(store, three(store)))
    content = noise(300_000, 1)
    names = {
        "a (1).bin": content,
        "b.pdf": bytes(40_000),
        "a.bin": content[:100_000],
        "other.txt": b"zzz",
        "renamed": noise(40_000, 2),
    }
    for name, data in names.items():
        (tmp_path / name).write_bytes(data)
    results = check(page, *(tmp_path / name for name in names))
    expect(results).to_have_count(5)
    for name, key, mood in (
        ("a (1).bin", "good_file", "good"),
        ("b.pdf", "bad_file", "bad"),
        ("other.txt", "unknown_file", "bad"),
        ("renamed", "good_file", "good"),
    ):
        line = page.get_by_text(SAID[key].format(name=f"\u2068{name}\u2069"))
        expect(line).to_have_class(mood)
    expect(page.get_by_text("cut short, 100 kB of 300 kB")).to_have_class("bad")
    expect(page.locator("#file-0 .state")).to_contain_text(SAID["good"])


def test_a_cut_file_is_known_under_the_name_that_a_browser_gave_it(visit: Any, store: Store, tmp_path: Path) -> None:
    links = [
        store.put("100% done.txt", noise(9000)),
        store.put("a.txt", noise(5000)),
        store.put("a (1).txt", noise(7000)),
    ]
    page = visit(show(store, links))
    for name in ("100_ done(2).txt", "a (1).txt"):
        (tmp_path / name).write_bytes(noise(2000))
    results = check(page, *sorted(tmp_path.iterdir()))
    expect(results.filter(has_text="100_ done(2).txt")).to_contain_text("cut short, 2 kB of 9 kB")
    expect(results.filter(has_text="a (1).txt")).to_contain_text("cut short, 2 kB of 7 kB")


def test_files_with_the_same_content_are_each_marked(visit: Any, store: Store, tmp_path: Path) -> None:
    page = visit(show(store, [store.put("a.bin", b"same"), store.put("b.bin", b"same")]))
    (tmp_path / "b.bin").write_bytes(b"same")
    expect(check(page, tmp_path / "b.bin")).to_have_class("good")
    expect(page.locator("#file-1 .state")).to_contain_text(SAID["good"])
    expect(page.locator("#file-0 .state")).to_be_hidden()


DROP_FOLDER = """(files) => {
  const entries = files.map(([name, text]) => ({ isFile: true, name, file: (done) => done(new File([text], name)) }));
  const reader = { readEntries: (done) => done(entries.splice(0)) };
  const folder = { isDirectory: true, name: "unzipped", createReader: () => reader };
  const items = [{ kind: "file", webkitGetAsEntry: () => folder }];
  const event = new Event("drop", { cancelable: true });
  Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], items, files: [] } });
  dispatchEvent(event);
}"""


def test_of_a_dropped_folder_what_is_meant_is_checked_and_never_nothing_said(visit: Any, store: Store) -> None:
    page = visit(show(store, [store.put("a.bin", b"good")]))
    results = page.locator("#results > li")
    page.evaluate(DROP_FOLDER, [["a.bin", "good"], ["notes.txt", "of my own"]])
    expect(results).to_have_text([SAID["good_file"].format(name="\u2068a.bin\u2069")])
    page.evaluate(DROP_FOLDER, [["notes.txt", "of my own"]])
    expect(results.first).to_have_text(SAID["unknown_file"].format(name="\u2068unzipped\u2069"))


def test_the_countdown_runs_and_warns_on_the_last_day(visit: Any, store: Store) -> None:
    page = visit(show(store, [store.put("a", b"x", ends=store.now() + timedelta(days=6, hours=5, minutes=1))]))
    expect(page.locator("#left")).to_have_text("6 d 5 h")
    expect(page.locator("#soon")).to_be_hidden()
    page = visit(show(store, [store.put("a", b"x", ends=store.now() + timedelta(minutes=5))]))
    expect(page.locator("#left")).to_contain_text(re.compile(r"^4 min [1-5]\d? s$"))
    expect(page.locator("#soon")).to_be_visible()


SHIFTED_CLOCK = "self.ahead = 0; { const now = Date.now; Date.now = () => now() + self.ahead; }"


def test_the_end_is_said_the_moment_it_comes(visit: Any, store: Store) -> None:
    address = show(store, [store.put("a", b"x", ends=store.now() + timedelta(hours=1))])
    page = visit(address, script=SHIFTED_CLOCK, allowed=("403",))
    expect(page.locator("#left")).to_contain_text("min")
    expect(page.locator("#expired")).to_be_hidden()
    store.ahead = timedelta(hours=1)
    page.evaluate("self.ahead = 3600 * 1000")
    expect(page.locator("#expired")).to_be_visible()
    expect(page.locator("li.file a.button")).to_be_hidden()


def test_what_is_on_its_way_at_the_end_is_still_told(visit: Any, store: Store) -> None:
    links = [PageFile(store.put(f"{n}.png", b"x", ends=store.now() + timedelta(hours=1)), "image/png") for n in (1, 2)]
    page = visit(show(store, links), script=SHIFTED_CLOCK, allowed=("403",))  # of what begins after the end
    page.locator("details.preview summary").first.click()
    page.click("#all")
    expect(page.locator("#work-text")).to_be_visible()
    store.ahead = timedelta(hours=1)
    page.evaluate("self.ahead = 3600 * 1000")
    expect(page.locator("#expired")).to_be_visible()
    expect(page.locator("#work-text")).to_be_visible()
    expect(page.locator("#all")).to_be_hidden()
    expect(page.locator("details.preview").nth(0)).to_be_visible()
    expect(page.locator("details.preview").nth(1)).to_be_hidden()


def test_an_expired_page_says_so_and_offers_nothing_dead(visit: Any, store: Store) -> None:
    page = visit(show(store, [store.put("a", b"x", ends=store.now() - timedelta(hours=1))]), allowed=("403",))
    expect(page.locator("#expired")).to_contain_text(SAID["expired_title"])
    expect(page.locator("#expired")).to_contain_text("ask the seller for a new link")
    expect(page.locator("li.file a.button")).to_be_hidden()
    expect(page.locator("#left")).to_be_hidden()


def test_a_computer_with_a_fast_clock_is_not_told_that_it_is_over(visit: Any, store: Store) -> None:
    store.ahead = -timedelta(days=10)
    page = visit(show(store, [store.put("empty", b""), store.put("a", b"x")]))
    expect(page.locator("#left")).to_have_text(re.compile(r"6 d [45] h"))
    expect(page.locator("#expired")).to_be_hidden()


def test_a_computer_with_a_slow_clock_is_not_promised_more_than_there_is(visit: Any, store: Store) -> None:
    store.ahead = timedelta(hours=3)
    page = visit(show(store, [store.put("a", b"x", ends=store.now() + timedelta(minutes=50))]))
    expect(page.locator("#left")).to_have_text(re.compile(r"^4\d min \d+ s$"))


def picture(folder: Path) -> bytes:
    path = folder / "p.png"
    Image.linear_gradient("L").save(path)
    return path.read_bytes()


def test_previews_load_when_they_are_opened_and_not_before(visit: Any, store: Store, tmp_path: Path) -> None:
    image = store.put("p.png", picture(tmp_path))
    broken = store.put("v.mp4", noise(5000))
    page = visit(show(store, [PageFile(image, "image/png"), PageFile(broken, "video/mp4")]))
    page.wait_for_timeout(300)
    assert set(store.asked) == {"index.html"}
    page.locator("details.preview summary").first.click()
    shown = page.locator("details.preview img")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 256)
    page.locator("details.preview summary").nth(1).click()
    page.locator("video").evaluate("video => { video.load(); video.preload = 'auto'; video.load(); }")
    expect(page.get_by_text(SAID["preview_failed"])).to_be_visible()


def test_hostile_names_are_shown_and_nothing_more(visit: Any, store: Store) -> None:
    links = [store.put(name, noise(10, n)) for n, name in enumerate(HOSTILE)]
    page = visit(show(store, links, order=HOSTILE[1], note=HOSTILE[1]))
    assert page.locator("img").count() == 0
    expect(page.locator("li.file h3").nth(0)).to_have_text(HOSTILE[0])
    expect(page.locator("li.file h3").nth(1)).to_have_text(HOSTILE[1])
    expect(page.locator("li.file h3").nth(2)).to_have_text("\\u202egpj.exe")
    expect(page.locator(".seller-note p")).to_have_text(HOSTILE[1])


def test_a_name_that_the_buyer_brings_is_shown_with_nothing_hidden(visit: Any, store: Store, tmp_path: Path) -> None:
    (tmp_path / "\u202egpj.exe").write_bytes(b"zzz")
    page = visit(show(store, three(store)))
    told = SAID["unknown_file"].format(name="\u2068\\u202egpj.exe\u2069")
    expect(check(page, tmp_path / "\u202egpj.exe")).to_have_text(told)


@pytest.mark.parametrize(("locale", "language"), [("de-CH", "de"), ("ur-PK", "ur"), ("zh-TW", "zh"), ("sv-SE", "es")])
def test_it_speaks_the_buyers_language_or_else_the_messages(
    visit: Any, store: Store, locale: str, language: str
) -> None:
    page = visit(show(store, three(store), language="es"), locale=locale)
    expect(page.locator("#all")).to_have_text(words(language, "page")["download_all"])
    expect(page).to_have_title(f"Acme site - {words(language, 'page')['delivery']}")
    assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "ur" else "ltr")


@pytest.mark.parametrize("tag", ["de-DE@posix", "de_DE.UTF-8", "de@euro"])
def test_a_language_by_a_name_that_is_no_tag_is_understood(visit: Any, store: Store, tag: str) -> None:
    script = f"Object.defineProperty(navigator, 'languages', {{ value: ['{tag}'] }});"
    page = visit(show(store, three(store)), script=script)
    expect(page.locator("#all")).to_have_text(words("de", "page")["download_all"])
    expect(page.locator("dl.facts")).to_contain_text("340 kB")


def test_it_prints_dark_on_white_also_where_the_screen_is_dark(visit: Any, store: Store) -> None:
    page = visit(show(store, three(store)), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    for spot in ("h1", "h2", "li.file h3", "dl.facts dd"):
        assert page.locator(spot).first.evaluate("spot => getComputedStyle(spot).color") == "rgb(22, 24, 29)"
    for spot in ("#all", "#drop", "section.scripted-only h2", "li.file .button"):
        expect(page.locator(spot).first).to_be_hidden()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("locale", ["en", "de", "ar"])
def test_nothing_runs_off_the_side(visit: Any, store: Store, width: int, locale: str) -> None:
    links = [store.put("a" * 200 + ".bin", b"x"), *(store.put(name, b"x") for name in HOSTILE)]
    page = visit(
        show(store, links, order="o" * 120, note="n" * 300), viewport={"width": width, "height": 800}, locale=locale
    )
    page.evaluate("document.querySelectorAll('details').forEach(item => item.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_keyboard_reaches_everything_in_order(visit: Any, store: Store) -> None:
    page = visit(show(store, three(store)))
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert reached == ["all", "folder", "A", "SUMMARY", "A", "SUMMARY", "A", "SUMMARY", "choose"]
