"""The document around every page: nothing from outside, nothing from a name becomes markup or script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from delivery.web.data import json_block
from delivery.web.document import document, text

HOSTILE = "</script><img src=x onerror=alert(1)><!--\u2028\"' &amp; ]]>"


def made(**changes: object) -> str:
    given = {
        "title": HOSTILE, "language": "ar", "body": "<main></main>", "styles": ["base.css"],
        "scripts": ["wasm/sha256.wasm", "sha256.js"], "data": {"name": HOSTILE},
    }  # fmt: skip
    return document(**{**given, **changes}).decode()  # type: ignore[arg-type]


class Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.scripts.append(data)


def test_a_hostile_string_stays_a_string() -> None:
    seen = Seen(made())
    assert [tag for tag, _ in seen.tags if tag in {"img", "iframe"}] == []
    assert len(seen.scripts) == 2
    assert json.loads(seen.scripts[0]) == {"name": HOSTILE}


def test_the_policy_lets_only_its_own_script_and_style_run() -> None:
    page = made()
    policy = dict(Seen(page).tags)["meta"]
    policies = [
        attrs["content"] for tag, attrs in Seen(page).tags if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy and len(policies) == 1
    directives = dict(item.split(" ", 1) for item in str(policies[0]).split("; "))
    assert directives["default-src"] == "'none'"
    script = re.search(r"<script>(.*?)</script>", page, re.S)
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert script and style
    for directive, content in (("script-src", script[1]), ("style-src", style[1])):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in directives[directive]
        assert "unsafe-inline" not in directives[directive] and "'unsafe-eval'" not in directives[directive]


def test_it_is_private_and_unlisted_and_runs_from_right_to_left_where_the_language_does() -> None:
    tags = Seen(made()).tags
    metas = {attrs["name"]: attrs["content"] for tag, attrs in tags if tag == "meta" and "name" in attrs}
    assert metas["referrer"] == "no-referrer"
    assert "noindex" in str(metas["robots"])
    assert tags[0] == ("html", {"lang": "ar", "dir": "rtl"})


def test_nothing_inline_needs_a_looser_policy() -> None:
    for _, attrs in Seen(made()).tags:
        assert "style" not in attrs
        assert not [name for name in attrs if name.startswith("on")]


@pytest.mark.parametrize("value", ["\ud800", "a\udcffb"])
def test_an_undecodable_name_does_not_stop_it(value: str) -> None:
    page = made(data={"name": value}, title="x")
    assert json.loads(Seen(page).scripts[0]) == {"name": value}


def test_json_holds_no_character_that_ends_a_script() -> None:
    assert not set(json_block({"a": HOSTILE})) & set("<>&\u2028\u2029")
    assert json.loads(json_block({"a": HOSTILE})) == {"a": HOSTILE}


def test_text_is_safe_in_attributes_too() -> None:
    assert not set(text(HOSTILE)) & set("<>\"'")
