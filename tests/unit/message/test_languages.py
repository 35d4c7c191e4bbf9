"""Every language says everything, with the plurals, numbers and dates that its readers expect."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from delivery.message import Changes, Reply, Situation, compose, lint, reply
from delivery.message.facts import Facts
from delivery.message.language import codes, load
from delivery.options import MessageOptions
from delivery.web.words import words

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
CODES = codes()
GOLDEN = Path(__file__).parent / "golden"
CHANGES = Changes(("new.png",), ("logo.png", "brand/guide.pdf"), tuple(f"old-{n}.png" for n in range(13)))


def test_ten_languages_ship_english_first():
    assert CODES == ("en", "ar", "de", "es", "fr", "hi", "id", "pt", "ur", "zh")


@pytest.mark.parametrize("code", CODES)
def test_no_sentence_is_missing_and_none_asks_for_something_else(code):
    english, language = load("en").sentences, load(code).sentences
    assert set(language) == set(english)
    for name, sentence in language.items():
        assert sentence.by == english[name].by, name
        assert sentence.names() <= english[name].names(), name
        assert english[name].names() - sentence.names() <= {sentence.by, "link_count", "remaining"}, name


@pytest.mark.parametrize("code", CODES)
def test_every_plural_form_is_there(code):
    language = load(code)
    needed = {language.plural(number) for number in range(1, 2000)}
    for name, sentence in language.sentences.items():
        if sentence.by in {"file_count", "attachment_count", "piece_count"}:
            assert needed <= set(sentence.forms), name
        assert set(sentence.forms) <= needed | {"zero", "other"}, name


def every_text(code, situations):
    """(title, texts, profile) of everything that the language can write."""
    options = MessageOptions()
    for name, delivery in situations.items():
        spoken = replace(delivery, language=code)
        yield name, compose(spoken, options=options, zone=BERLIN, now=NOW), delivery.plan.profile
    for name, situation, changes in (
        ("one-file", Situation.REVISION, CHANGES),
        ("page", Situation.REVISION, Changes()),
        ("one-link", Situation.RENEWED, None),
        ("two-links", Situation.RENEWED, None),
    ):
        spoken = replace(situations[name], language=code)
        texts = compose(spoken, options=options, zone=BERLIN, now=NOW, situation=situation, changes=changes)
        yield f"{name}, {situation}", texts, spoken.plan.profile
    for to in Reply:
        for name in (None, "one-file", "one-link", "volumes-in-two"):
            delivery = situations[name] if name else None
            profile = situations["one-file"].plan.profile
            texts = reply(
                to, profile=profile, language=code, options=options, zone=BERLIN, now=NOW, delivery=delivery, renewals=1
            )
            yield f"reply {to}" + (f", {name}" if name else ""), texts, profile


@pytest.mark.parametrize("code", CODES)
def test_every_text_passes_the_lint_and_is_whole(code, situations):
    for title, texts, profile in every_text(code, situations):
        assert texts, title
        for text in texts:
            assert lint(text, profile) == (), title
            assert len(text) > 40, title
            assert not re.search(r"[{}]|\bNone\b|\bTrue\b|\bFalse\b|\n\n\n|  |\(\)", text), title


@pytest.mark.parametrize("code", CODES)
def test_texts_are_as_they_were_read_and_approved(code, situations):
    """``UPDATE_GOLDEN=1`` writes the files anew, to be read before they are committed."""
    shown = "".join(
        f"==== {title} ({n} of {len(texts)})\n{text}\n\n"
        for title, texts, _ in every_text(code, situations)
        for n, text in enumerate(texts, start=1)
    )
    path = GOLDEN / f"{code}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == shown


def test_english_stands_below_where_it_is_asked_for(situations):
    delivery = situations["one-link"]
    unlimited = replace(delivery.plan, profile=replace(delivery.plan.profile, message_chars=None))
    delivery = replace(delivery, language="de", plan=unlimited)
    (text,) = compose(delivery, options=MessageOptions(bilingual=True), zone=BERLIN, now=NOW)
    german, english = text.split("\n---\n")
    assert "Ihr Auftrag ist fertig" in german
    assert "Your finished work is ready" in english
    assert "The link is above." in english
    assert text.count("https://") == 1
    same = replace(delivery, language="en")
    assert "---" not in compose(same, options=MessageOptions(bilingual=True), zone=BERLIN, now=NOW)[0]


@pytest.mark.parametrize("code", ["ar", "ur"])
def test_what_begins_with_a_digit_or_a_dot_is_isolated_in_right_to_left_text(code, situations):
    language = load(code)
    assert language.isolated("logo.png") == "logo.png"
    assert language.isolated("01 logo.png") == "\u206601 logo.png\u2069"
    assert language.isolated("01 ملف.png") == "\u206801 ملف.png\u2069"
    for delivery in situations.values():
        for text in compose(replace(delivery, language=code), options=MessageOptions(), zone=BERLIN, now=NOW):
            assert text.count("\u2066") + text.count("\u2068") == text.count("\u2069")
            assert not re.search(r"(?<![\w\u2066])\.(zip|\d{3})", text)


@pytest.mark.parametrize("code", CODES)
def test_right_to_left_letters_in_a_name_turn_nothing_around(code):
    """Without the isolates "شعار (3 MB)" is read as "3) شعار MB)", and "Logo شعار final.png" from its end."""
    language = load(code)
    for name in ("شعار", "شعار.png", "Logo شعار final.png"):
        assert language.isolated(name) == f"\u2068{name}\u2069"


LOCALES = {"en": "en_001", "pt": "pt_BR", "zh": "zh_Hans"}


@pytest.mark.parametrize("code", CODES)
def test_plural_rules_are_those_of_cldr(code):
    babel = pytest.importorskip("babel")
    rule = babel.Locale.parse(LOCALES.get(code, code)).plural_form
    language = load(code)
    numbers = [*range(2_100), *range(99_900, 100_100)]
    assert [language.plural(number) for number in numbers] == [rule(number) for number in numbers]


@pytest.mark.parametrize("code", CODES)
def test_numbers_and_months_are_those_of_cldr(code):
    babel = pytest.importorskip("babel")
    from babel.numbers import get_decimal_symbol, get_group_symbol

    language = load(code)
    locale = babel.Locale.parse(LOCALES.get(code, code))
    assert language.decimal == get_decimal_symbol(locale, numbering_system="latn")
    assert language.group == get_group_symbol(locale, numbering_system="latn")
    if code != "zh":  # which writes the month as a number in a date
        assert language.months == tuple(locale.months["format"]["wide"][n] for n in range(1, 13))
    assert language.direction == ("rtl" if locale.text_direction == "rtl" else "ltr")


@pytest.mark.parametrize("code", CODES)
def test_dates_are_those_of_cldr(code):
    pytest.importorskip("babel")
    from babel.dates import format_date

    for day in (datetime(2026, 11, 29, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)):
        expected = format_date(day, "long", locale=LOCALES.get(code, code))
        arabic = {ord("٠") + n: str(n) for n in range(10)}
        assert load(code).day(day) == expected.translate(arabic).replace("\u200f", "")


def test_numbers_are_grouped_as_each_country_does():
    assert load("en").number(1_234_567) == "1,234,567"
    assert load("de").number(1_234_567) == "1.234.567"
    assert load("hi").number(1_234_567) == "12,34,567"
    assert load("hi").number(100_000) == "1,00,000"
    assert [load("en").number(n) for n in (0, 7, 999, 1000)] == ["0", "7", "999", "1,000"]


def test_sizes_are_short_and_never_nothing():
    english = load("en")
    sizes = (0, 1, 512, 1000, 999_949, 999_950, 15_445_678, 5_000_000_000, 3_600_000_000_000)
    assert [english.size(size) for size in sizes] == [
        "0 KB", "0.1 KB", "0.5 KB", "1 KB", "999.9 KB", "1 MB", "15.4 MB", "5 GB", "3.6 TB",
    ]  # fmt: skip
    assert load("fr").size(15_445_678) == "15,4\u00a0Mo"


def test_the_docs_name_every_value_that_the_layouts_use(situations):
    docs = (Path(__file__).parents[3] / "docs" / "messages.md").read_text("utf-8")
    facts = Facts(situations["one-link"], load("en"), BERLIN, NOW)
    for name in {**facts.attach(1, 1), **facts.link(), **facts.reply()}:
        assert f"`{name}`" in docs, name


def test_no_space_stands_behind_a_chinese_sign(situations):
    for title, texts, _ in every_text("zh", situations):
        assert not any(re.search("[。，！？；：）] ", text) for text in texts), title


def test_french_signs_do_not_fall_to_the_next_line():
    """A no-break space stands before : ; ! ? » and behind «, in the messages and on the pages."""
    texts = [str(form.body) for sentence in load("fr").sentences.values() for form in sentence.forms.values()]
    texts += [text for section in ("proof", "joiner", "page") for text in words("fr", section).values()]
    for text in texts:
        assert not re.search(r" [:;!?»]|« ", text), text


@pytest.mark.parametrize(
    ("code", "said_by_men"), [("hi", r"[ूु]ँ?गा|(?:ता|रहा) हूँ"), ("ur", r"وں گا|(?:تا|رہا) ہوں"), ("pt", "[Oo]brigado")]
)
def test_no_sentence_tells_whether_the_seller_is_a_man(code, said_by_men):
    for name, sentence in load(code).sentences.items():
        for form in sentence.forms.values():
            assert not re.search(said_by_men, str(form.body)), name
