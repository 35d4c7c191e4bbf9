"""The delivery page as a document; what it does is tried in a real browser (tests/e2e)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from delivery.errors import UsageError
from delivery.hosting import page
from delivery.hosting.page import PageFile
from delivery.intake.types import media_type
from delivery.model import FileEntry, Link
from delivery.web.words import languages

END = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parents[4] / "sample"
HOSTILE = "\"><script>alert(1)</script>'&lt;<img src=x onerror=alert(2)>"


def link(name: str = "hero.png", *, url: str = "", members: tuple[str, ...] = (), size: int = 2_500_000) -> Link:
    address = url or "https://bucket.s3.eu-central-1.example.com/k3y/hero.png?X-Amz-Signature=ab&X-Amz-Expires=600"
    return Link(name, "k3y/hero.png", size, "ab" * 32, END, address, members=members)


class Seen(HTMLParser):
    def __init__(self, made: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(made.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attrs for seen, attrs in self.tags if seen == tag]


def data(made: bytes) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', made.decode(), re.S)
    assert found
    carried: dict[str, Any] = json.loads(found[1])
    return carried


def policy(made: bytes) -> dict[str, str]:
    (content,) = [meta["content"] for meta in Seen(made).of("meta") if "http-equiv" in meta]
    return dict(item.split(" ", 1) for item in content.split("; "))


def test_it_says_what_is_delivered_without_any_script() -> None:
    made = page.render("Acme site", [PageFile(link())], expires_at=END, order="FO-1", note="Enjoy!\nBye")
    plain = made.decode().split("<script")[0]
    for part in ("Acme site", "FO-1", "Enjoy!\nBye", "hero.png", "2.5 MB", "ab" * 32, "2026-11-29 10:00 UTC", "PNG"):
        assert part in plain
    (button,) = Seen(made).of("a")
    assert button["href"] == link().url
    assert "download" in button and "hero.png" in button["aria-label"]


@pytest.mark.parametrize("label, times", [("FO-1", 1), ("order FO-1", 0), ("Order", 0)])
def test_an_order_that_calls_itself_so_is_not_called_so_again(label: str, times: int) -> None:
    made = page.render("Acme site", [PageFile(link())], expires_at=END, order=label).decode()
    eyebrow = made.partition('<p class="eyebrow">')[2].partition("</p>")[0]
    assert (eyebrow.count('data-say="order"'), f"<bdi>{label}</bdi>" in eyebrow) == (times, True)


def test_every_string_from_outside_stays_text() -> None:
    files = [PageFile(link(HOSTILE, members=(HOSTILE, "b")), "image/png"), PageFile(link(HOSTILE), "audio/mpeg")]
    made = page.render(HOSTILE, files, expires_at=END, order=HOSTILE, note=HOSTILE)
    seen = Seen(made)
    assert len(seen.of("script")) == 2
    assert all(attrs.get("src", "").startswith("https://bucket.") for attrs in seen.of("img"))
    assert not [attrs for _, attrs in seen.tags if any(name.startswith("on") for name in attrs)]
    assert data(made)["files"][0]["name"] == HOSTILE


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//host/x", "ftp://h/x"]
)
def test_a_link_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        page.render("x", [PageFile(link(url=url))], expires_at=END)


def test_only_the_places_of_the_links_may_be_asked() -> None:
    files = [PageFile(link()), PageFile(link(url="http://127.0.0.1:9000/b/k?x=1"))]
    directives = policy(page.render("x", files, expires_at=END))
    assert directives["default-src"] == "'none'"
    assert directives["connect-src"] == "'self' http://127.0.0.1:9000 https://bucket.s3.eu-central-1.example.com"
    assert directives["form-action"] == directives["base-uri"] == "'none'"


def test_an_address_cannot_loosen_the_policy() -> None:
    directives = policy(page.render("x", [PageFile(link(url="https://a;script-src *.evil/x"))], expires_at=END))
    assert directives["connect-src"] == "'self'"
    assert "evil" not in str(directives)


@pytest.mark.parametrize(
    ("media_type", "tag"),
    [
        ("image/png", "img"),
        ("video/mp4", "video"),
        ("video/x-m4v", "video"),
        ("audio/mpeg", "audio"),
        ("audio/x-m4a", "audio"),
        ("image/svg+xml", ""),
        ("text/html", ""),
    ],
)
def test_only_what_browsers_show_safely_is_previewed(media_type: str, tag: str) -> None:
    seen = Seen(page.render("x", [PageFile(link(), media_type)], expires_at=END))
    previews = [name for name in ("img", "video", "audio", "iframe", "object", "embed") if seen.of(name)]
    assert previews == ([tag] if tag else [])


def test_a_sound_is_previewed_whatever_the_detector_calls_it() -> None:
    kind = media_type(str(SAMPLE / "jingle.wav"), (SAMPLE / "jingle.wav").stat().st_size)
    assert Seen(page.render("x", [PageFile(link(), kind)], expires_at=END)).of("audio")


def test_a_preview_loads_nothing_before_it_is_opened() -> None:
    files = [PageFile(link(), "image/png"), PageFile(link(), "video/mp4"), PageFile(link(), "audio/mpeg")]
    seen = Seen(page.render("x", files, expires_at=END))
    assert seen.of("img")[0]["loading"] == "lazy"
    assert seen.of("video")[0]["preload"] == seen.of("audio")[0]["preload"] == "none"


def test_an_unknown_end_is_not_promised() -> None:
    made = page.render("x", [PageFile(link())], expires_at=None)
    assert data(made)["expires"] is None
    assert b'id="until"' not in made


@pytest.mark.parametrize("language", languages())
def test_it_comes_in_every_language(language: str) -> None:
    made = page.render("x", [PageFile(link())], expires_at=END, language=language)
    carried = data(made)
    assert carried["language"] == language
    assert carried["words"][language]["download"] in made.decode().split("<script")[0]


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("a/b/c.txt", "c.txt"),
        ("..\\..\\x", "x"),
        ("..", "file"),
        ("a:b?.txt", "a_b_.txt"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("ab. .", "ab"),
        ("", "file"),
        (" lead.txt", "_lead.txt"),
        ("~tilde~", "_tilde_"),
        ("..a", "_a"),
        (".gitignore", ".gitignore"),
        ("\u0645\u06cc\u200c\u0634\u0648\u062f.pdf", "\u0645\u06cc_\u0634\u0648\u062f.pdf"),
        ("shy\u00ad.txt", "shy_.txt"),
    ],
)
def test_a_file_is_saved_under_its_last_name_alone(name: str, saved: str) -> None:
    assert data(page.render("x", [PageFile(link(name))], expires_at=END))["files"][0]["save"] == saved


def entry(folder: Path, name: str) -> FileEntry:
    path = folder / name.replace("/", "-")
    Image.effect_noise((300, 300), 80).save(path)
    return FileEntry(str(path), name, path.stat().st_size, 0, media_type="image/png")


def test_thumbnails_stay_within_their_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [entry(tmp_path, f"p/{n}.png") for n in range(40)]
    names = tuple(item.arcname for item in entries)
    links = [link("one.zip", members=names[:20]), link("two.zip", members=names[20:])]
    made = page.thumbnails(links, entries)
    assert [len(shown) for shown in made.values()] == [12, 12]
    monkeypatch.setattr(page, "PICTURE_BYTES", 30_000)
    few = page.thumbnails(links, entries)
    assert 1 <= len(few["one.zip"]) < 12
    assert sum(len(uri) * 3 // 4 for shown in few.values() for uri in shown) <= 31_000
    monkeypatch.setattr(page, "PICTURES_TRIED", 1)
    assert [len(shown) for shown in page.thumbnails(links, entries).values()] == [1, 0]


def test_links_become_page_files_and_an_old_page_keeps_its_thumbnails(tmp_path: Path) -> None:
    one, two, three = (entry(tmp_path, name) for name in ("a'b.png", "p/2.png", "p/3.png"))
    links = [
        link("a'b.png", members=("a'b.png",), size=one.size),
        link("p.zip", members=("p/2.png", "p/3.png")),
        link("delivery-manifest.json"),
    ]
    made = page.page_files(links, [one, two, three])
    assert [file.media_type for file in made] == ["image/png", "application/zip", "application/json"]
    assert [len(file.thumbnails) for file in made] == [1, 2, 0]
    old = page.render("x", made, expires_at=END)
    again = page.page_files(links, [one, two, three], kept=page.thumbnails_of(old))
    assert [file.thumbnails for file in again] == [file.thumbnails for file in made]
    assert page.render("x", again, expires_at=END) == old


@pytest.mark.parametrize("note", [None, 'Thanks & <b>bye</b>\nit\'s "done" \u202e 🎉', "</p></section>"])
def test_an_old_page_keeps_its_note(note: str | None) -> None:
    old = page.render("x", [PageFile(link())], expires_at=END, note=note, language="ar")
    assert page.render("x", [PageFile(link())], expires_at=END, note=page.note_of(old), language="ar") == old


def test_five_thousand_links_make_a_page_that_still_loads() -> None:
    made = page.render("x", [PageFile(link(f"{n}.bin")) for n in range(5000)], expires_at=END)
    assert len(made) < 6_000_000


def test_a_link_never_shows_in_the_repr_of_its_file() -> None:
    assert "X-Amz" not in repr(PageFile(link()))
