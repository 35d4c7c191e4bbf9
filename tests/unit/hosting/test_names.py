from __future__ import annotations

import re
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.hosting.names import disposition, headers_for, key_name, key_names, new_token, served_type


@pytest.mark.parametrize(
    "name, key",
    [
        ("final cut.mp4", "final-cut.mp4"),
        ("a/b/c.txt", "c.txt"),
        ("naïve résumé.pdf", "naive-resume.pdf"),
        ("日本語.psd", "file.psd"),
        ("a+b&c%d.zip", "a-b-c-d.zip"),
        ("..", "file"),
        ("", "file"),
        ("con.txt", "file-con.txt"),
        (".env", "file.env"),
        ("invoice\u202egnp.exe", "invoice-gnp.exe"),
    ],
)
def test_key_names_are_plain_and_keep_the_extension(name: str, key: str) -> None:
    assert key_name(name) == key


@given(st.text(max_size=200))
def test_every_key_name_is_safe_everywhere(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", key_name(name))


@given(st.lists(st.text(max_size=12), max_size=30))
def test_no_two_keys_collide_even_where_case_does_not_count(names: list[str]) -> None:
    keys = key_names(names)
    assert len({key.lower() for key in keys}) == len(names)


def test_thousands_of_names_without_a_latin_letter_are_told_apart_at_once() -> None:
    keys = key_names(f"{chr(0x4E00 + n)}.jpg" for n in range(20_000))  # minutes, were each numbered from 2 on again
    assert (len(set(keys)), keys[:2], keys[-1]) == (20_000, ("file.jpg", "file-2.jpg"), "file-20000.jpg")


def test_tokens_hold_160_bits_and_differ() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[a-z2-7]{32}", token) for token in tokens)


@given(st.text(min_size=1, max_size=60).filter(lambda name: "/" not in name and "\\" not in name))
def test_dispositions_are_ascii_and_cannot_be_broken_out_of(name: str) -> None:
    text = disposition(name)
    assert text.isascii() and text.isprintable()
    assert text.startswith('attachment; filename="')
    assert text.count('"') == 2


@pytest.mark.parametrize("name", ['say "hi".txt', "Отчёт.pdf", "a;b.txt", "100%.txt", "emoji 🎉.png", "it's.txt"])
def test_a_browser_reads_the_real_name_back(name: str) -> None:
    message = Message()
    message["Content-Disposition"] = disposition(name)
    assert message.get_filename() is not None
    raw = re.search(r"filename\*=UTF-8''(\S+)$", disposition(name))
    from urllib.parse import unquote

    assert raw is not None and unquote(raw[1]) == name


@pytest.mark.parametrize(
    "given_type, served",
    [
        ("image/jpeg", "image/jpeg"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("text/xml", "application/octet-stream"),
        ("text/plain; charset=us-ascii", "text/plain"),
        ("video/mp4", "video/mp4"),
        ("audio/vnd.wave", "audio/wav"),
        ("audio/x-m4a", "audio/mp4"),
        ("application/pdf", "application/pdf"),
        ("application/vnd.adobe.photoshop", "application/vnd.adobe.photoshop"),
        ("image/x\r\nSet-Cookie: a", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_nothing_that_a_browser_runs_is_served_as_such(given_type: str, served: str) -> None:
    assert served_type(given_type) == served
    headers = headers_for("x", given_type)
    assert headers.disposition.startswith("attachment")


def test_no_file_takes_the_place_of_the_page_or_the_manifest() -> None:
    assert key_names(["index.html", "Delivery-Manifest.json"]) == ("index-2.html", "Delivery-Manifest-2.json")
