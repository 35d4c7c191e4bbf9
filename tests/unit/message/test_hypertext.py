"""Messages as HTML: well-formed, safe with any name, links byte-exact, counted and checked as their readers need."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.message import Changes, Reply, Situation, compose, lint, lint_name, reply, warnings
from delivery.message.hypertext import render, render_each, seen
from delivery.message.language import codes
from delivery.options import MessageOptions
from delivery.profile import Profile
from delivery.units import utf16

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
OWN = Profile("own", "Own", marketplace=True, markup="html")
ELEMENTS = {"message", "p", "ul", "ol", "li", "br", "a", "hr"}
HOSTILE = [
    "<script>alert(1)<!-- .png", '"><img src=x onerror=alert(1)>.png', "a & b &amp; c &lt;.txt", "</p></li></ul>.zip",
    "'; x='.png", "- dash.txt", "1. one.mp3", "&#x3c;b&#62;.svg", "javascript:alert(1)", "<a href=x>.pdf",
]  # fmt: skip


def as_html(delivery, **profile):
    return replace(delivery, plan=replace(delivery.plan, profile=replace(OWN, **profile)))


def tree(text):
    """The message as a tree; what is not well-formed raises."""
    return ElementTree.fromstring(f"<message>{text.replace('<br>', '<br/>').replace('<hr>', '<hr/>')}</message>")


def links_of(text):
    return [link.get("href") for link in tree(text).iter("a")]


def assert_simple(text):
    for element in tree(text).iter():
        assert element.tag in ELEMENTS
        assert set(element.attrib) <= {"a": {"href"}, "ol": {"dir", "start"}}.get(element.tag, {"dir"})
        if element.tag == "a":
            assert element.text == element.get("href")
            assert element.text.startswith("https://")


def everything(code, situations):
    for bilingual in (False, True):
        said = {"options": MessageOptions(bilingual=bilingual), "zone": BERLIN, "now": NOW}
        for delivery in situations.values():
            for situation in Situation:
                changes = Changes(("<new>.png",), ("a&b.png",), ()) if situation is Situation.REVISION else None
                spoken = replace(as_html(delivery), language=code)
                yield from compose(spoken, situation=situation, changes=changes, **said)
        for to in Reply:
            yield from reply(to, profile=OWN, language=code, delivery=as_html(situations["page"]), **said)


@pytest.mark.parametrize("code", codes())
def test_every_template_in_every_language_is_well_formed_simple_and_passes_the_lint(code, situations):
    for text in everything(code, situations):
        assert_simple(text)
        assert lint(text, OWN) == ()
        directed = {element.get("dir") for element in tree(text) if element.tag != "hr"}
        assert directed <= ({"rtl", "ltr"} if code in {"ar", "ur"} else {None})
        assert code not in {"ar", "ur"} or "rtl" in directed


def test_links_stand_byte_exact_in_their_address_and_in_what_is_read(situations):
    for name in ("one-link", "two-links", "page", "end-unknown"):
        delivery = situations[name]
        (text,) = compose(as_html(delivery), options=MessageOptions(), zone=BERLIN, now=NOW)
        shown = [delivery.page.url] if delivery.page else [link.url for link in delivery.links]
        assert links_of(text) == shown
        assert re.search("&(?!amp;|#x27;|quot;|lt;|gt;)", text) is None
        assert [line for line in seen(text).text.splitlines() if line.startswith("https://")] == shown


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_markup_and_every_name_is_read_as_it_is(name, situations, make):
    linked = situations["one-link"]
    (link,) = linked.links
    attached = make(order=name)
    (item,) = attached.attachments
    attached = replace(attached, attachments=(replace(item, path=f"/out/{name.replace('/', '_')}"),))
    linked = replace(linked, order=name, links=(replace(link, name=name),))
    for delivery in (linked, attached):
        plain = replace(OWN, marketplace=False)
        (text,) = compose(as_html(delivery, marketplace=False), options=MessageOptions(), zone=BERLIN, now=NOW)
        assert_simple(text)
        assert not lint(text, plain)
        assert f"({name})" in seen(text).text or lint_name(name, plain)
    (text,) = compose(as_html(linked), options=MessageOptions(), zone=BERLIN, now=NOW)
    assert links_of(text) == [link.url]


def test_english_below_an_arabic_message_runs_from_left_to_right(situations):
    arabic = replace(as_html(situations["one-link"]), language="ar")
    (text,) = compose(arabic, options=MessageOptions(bilingual=True), zone=BERLIN, now=NOW)
    first, second = text.split("<hr>")
    assert {element.get("dir") for element in tree(first)} == {"rtl"}
    assert {element.get("dir") for element in tree(second)} == {"ltr"}
    pieces = compose(as_html(arabic, message_chars=1500), options=MessageOptions(bilingual=True), zone=BERLIN, now=NOW)
    assert len(pieces) > 1
    assert {element.get("dir") for element in tree(pieces[-1]) if element.tag != "hr"} == {"ltr"}


@pytest.mark.parametrize("code", codes())
def test_each_piece_says_which_one_it_is_and_fits_with_its_markup(code, situations):
    delivery = replace(as_html(situations["volumes-in-two"], message_chars=400), language=code)
    texts = compose(delivery, options=MessageOptions(), zone=BERLIN, now=NOW)
    plain = compose(replace(delivery, plan=replace(delivery.plan, profile=Profile("own", "Own"))),
                    options=MessageOptions(), zone=BERLIN, now=NOW)  # fmt: skip
    assert len(texts) > len(plain)
    for text in texts:
        assert utf16(text) <= 400
        assert_simple(text)
    labelled = [text for text in texts if re.search(r"<p[^>]*>[（(][^<>]*\d[^<>]*[)）]</p>\Z", text)]
    assert len(labelled) >= len(texts) - 1  # a message that is not cut has none


def test_lists_keep_their_numbers_and_what_names_a_link_is_no_list():
    assert render("How:\n1. one\n2. two\nElse.") == "<p>How:</p>\n<ol><li>one</li><li>two</li></ol>\n<p>Else.</p>\n"
    assert render("3. three") == '<ol start="3"><li>three</li></ol>\n'
    assert render("- a (1 KB)\nhttps://x.example/") == (
        '<p>- a (1 KB)<br><a href="https://x.example/">https://x.example/</a></p>\n'
    )
    assert tuple(render_each(["a\n\n---", "b"], ("rtl", "ltr"))) == ('<p dir="rtl">a</p>\n<hr>', '<p dir="ltr">b</p>')


def test_the_lint_reads_html_as_its_reader_does_and_points_into_the_source():
    text = "<p>Write me by e-m<b></b>ail &amp; more</p>"
    (found,) = [item for item in lint(text, OWN) if item.code == "contact-talk" or "mail" in item.found]
    assert text[found.start : found.end] == "e-m<b></b>ail"
    hidden = lint('<p>See <a href="https://bit.ly/x">my page</a></p>', OWN)
    assert "shortener" in {item.code for item in hidden}
    assert lint("<p>whatsapp</p>", replace(OWN, marketplace=False)) == ()


def test_the_length_is_that_of_the_source():
    short = replace(OWN, message_chars=20)
    assert [item.code for item in lint("<p>Thanks a lot!</p>", short)] == []
    assert [item.code for item in lint("<p>Thanks &amp; more!</p>", short)] == ["too-long"]


def test_an_own_template_cannot_bring_markup(tmp_path, make):
    (tmp_path / "en.toml").write_text('[sentences]\nthanks = "<script>x</script> Bye & thanks"\n')
    options = MessageOptions(templates=str(tmp_path))
    (text,) = compose(as_html(make()), options=options, zone=BERLIN, now=NOW)
    assert_simple(text)
    assert "&lt;script&gt;x&lt;/script&gt; Bye &amp; thanks" in text
    assert warnings((text,), OWN) == ()


@given(st.text())
def test_any_text_becomes_only_the_elements_that_are_meant(text):
    started: list[str] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: started.append(tag)  # type: ignore[method-assign]
    made = render(text)
    reader.feed(made)
    reader.close()
    assert set(started) <= ELEMENTS
    for view in (seen(made), seen(text)):
        assert len(view.text) == len(view.places)
        assert list(view.places) == sorted(view.places)
