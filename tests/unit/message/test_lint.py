"""The lint sees what marketplaces hold back, through its disguises, and leaves the rest alone."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from delivery.message import lint, lint_name, warnings
from delivery.model import Severity
from delivery.profile import Profile

FIVERR = Profile("fiverr", "Fiverr", marketplace=True, message_chars=2500)
GMAIL = Profile("gmail", "Gmail")


def codes(text: str, profile: Profile = FIVERR) -> set[str]:
    return {finding.code for finding in lint(text, profile)}


@pytest.mark.parametrize(
    "text",
    [
        "I can send it by email.", "my E-Mail", "e mail me", "e.m.a.i.l", "em@il", "3mail it", "EMAILS", "е-mаil",
        "e\u200bmail", "ｅｍａｉｌ", "gmail", "mi correo", "ईमेल", "邮箱", "por e-mail", "envíame un correo",
    ],
)  # fmt: skip
def test_email_is_seen_in_every_spelling(text):
    assert "held-word" in codes(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("text me on WhatsApp", "other-messenger"),
        ("s k y p e", "other-messenger"),
        ("let us talk outside of Fiverr", "off-platform"),
        ("I can't work outside-of fiverr", "off-platform"),
        ("the payment went through", "money-word"),
        ("p@yp@l", "money-word"),
        ("paypa1", "money-word"),
        ("p.a.y.p.a.l", "money-word"),
        ("john.doe@example.com", "contact"),
        ("john (at) gmail (dot) com", "contact"),
        ("john at gmail dot com", "contact"),
        ("add me, @john_doe", "contact"),
        ("+49 171 234 56 78", "phone-digits"),
        ("0171-2345678", "phone-digits"),
        ("ISBN 0-306-40615-3", "phone-digits"),
        ("9783161484101", "phone-digits"),
        ("٠١٧١٢٣٤٥٦٧٨", "phone-digits"),
        ("nine eight seven six five four three two one zero", "phone-digits"),
        ("https://bit.ly/abc", "shortener"),
        ("tinyurl.com/abc", "shortener"),
        ("it is on bit.ly.", "shortener"),
        ("Https://Bit.ly/abc", "shortener"),
        ("https://drive.google.com/file/d/1", "personal-link"),
        ("(drive.google.com), please", "personal-link"),
        ("please leave a 5-star rating", "review-pressure"),
        ("could you change your review", "review-pressure"),
        ("see the zip file", "borderline-word"),
        ("pass\u200bword", "invisible-character"),
        ("a wоrd", "lookalike"),
        ("https://example.com/a.", "link-punctuation"),
        ("see https://example.com/a here", "link-not-alone"),
        ("https://example.com/d/payment%20page.zip?sig=x", "money-word"),
        ("https://john@example.com/a", "contact"),
        ("https://example.com/d/jane%40roe.studio.pdf", "contact"),
        ("https://example.com/@janeroe", "contact"),
        ("https://web.whatsapp.com/send", "other-messenger"),
        ("https://join.skype.com/abc", "other-messenger"),
        ("https://paypal-jane.s3.eu-central-1.amazonaws.com/d/a.zip", "money-word"),
        ("x" * 2501, "too-long"),
    ],
)
def test_what_is_held_back_is_named(text, code):
    assert code in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "All communication needs to be within the platform.",
        "Set from ISBN 978-3-16-148410-0; before that it was ISBN 0-306-40615-2, or ISBN-10: 0-8044-2957-X.",
        "The play area is repainted; I displayed it in the bay.",
        "The work.zip is 1,234,567 bytes; frame 1920 x 1080 at 29.97 fps.",
        "Until 29 November 2026 at 10:00 UTC (11:00 Europe/Berlin).",
        "IMG_20261122_101500.jpg",
        "x.com.png and t.me_1.png",
        "Rendered on 2026-11-22 and 22.11.2026.",
        "Rendered on 2026/11/22 and 02/11/2026, at 1920/1080.",
        "Please review the files and tell me what to change.",
        "version 1.2.3 of the logo, 3 of 5",
        "https://bucket.example.com/d/8f3a/123456789?X-Amz-Date=20261122T100000Z&x=paypal",
        "https://bucket.s3.eu-central-1.amazonaws.com/d/550e8400-e29b-41d4-a716-446655440000/a.zip",
        "https://work.0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com/a.zip",
        "https://s3.us-west-004.backblazeb2.com/work/4h7ngag3gbby7r6q24g6fq4hw36e3tjs/index.html",
        "https://work.fra1.digitaloceanspaces.com/a.zip",
        "https://s3.eu-central-2.wasabisys.com/work/a@2x.png",
        "https://cdn.example.com/npm/vue@3.2.1-beta.js",
        "http://127.0.0.1:31119/deliveries/4h7ngag3gbby7r6q24g6fq4hw36e3tjs/index.html",
        "👩‍💻 नमस्ते, یہ کام مکمل ہے",
        "तबरीद تبريد المكان",
        "- film.mov.005 (211.5 MB)",
        "- 0123456 (१२३.५ एमबी)",
    ],
)
def test_ordinary_sentences_pass(text):
    assert codes(text) == set()


def test_a_finding_points_at_the_word_and_offers_another():
    text = "I will send it to your e-mail now."
    (finding,) = lint(text, FIVERR)
    assert text[finding.start : finding.end] == finding.found == "e-mail"
    assert finding.severity is Severity.WARNING
    assert "chat" in finding.suggestion
    assert "fiverr" in finding.source


def test_words_are_free_where_it_is_no_marketplace():
    assert codes("Write an email; payment follows.", GMAIL) == set()
    assert codes("https://bit.ly/x", GMAIL) == {"shortener"}


def test_own_words_are_held_too():
    assert [finding.code for finding in lint("the invoice", FIVERR, held=("invoice*",))] == ["own-word"]
    assert "'invoices' is on your own list" in warnings(["the invoices"], FIVERR, held=("invoice*",))[0]


def test_a_name_is_never_too_long():
    assert lint_name("x" * 3000, FIVERR) == ()


def test_a_signature_never_stands_in_a_finding():
    findings = lint("https://bit.ly/x?X-Amz-Signature=secret.", FIVERR)
    assert findings
    assert not any("secret" in str(finding) for finding in findings)


def test_what_rules_words_out_quickly_rules_out_none_of_them():
    """Each listed word, alone and inside a sentence, is found."""
    data = tomllib.loads((files("delivery.message") / "lint.toml").read_text("utf-8"))
    for group in data["group"]:
        for word in (word for words in group["words"].values() for word in words):
            for text in (word.removesuffix("*"), f"a {word.removesuffix('*')} b"):
                assert group["code"] in codes(text), word


@pytest.mark.parametrize("language", ["en", "ar", "de", "es", "fr", "hi", "id", "pt", "ur", "zh"])
def test_the_pages_and_the_proof_say_nothing_that_is_held_back(language):
    data = tomllib.loads((files("delivery.web") / "languages" / f"{language}.toml").read_text("utf-8"))
    texts = [text for section in data.values() for text in section.values() if isinstance(text, str)]
    assert len(texts) > 20
    for text in texts:
        assert lint(text, FIVERR) == (), text


@pytest.mark.parametrize(
    "unit", ["a", "a.", "a@", "1", "1-", "e m ", "pay ", "at dot ", "é", "ا", "w@", "https://", "five ", " "]
)
def test_a_long_text_is_checked_from_end_to_end(unit):
    """Each is one that a careless expression would take hours for."""
    text = "a" + unit * (60_000 // len(unit)) + "\nWhatsApp"
    found = lint(text, FIVERR)
    assert "other-messenger" in {finding.code for finding in found}
    assert all(0 <= finding.start < finding.end <= len(text) for finding in found)


def test_own_words_that_are_empty_are_left_aside():
    assert lint("some text", FIVERR, held=("*", " ", "")) == ()


@pytest.mark.parametrize(
    ("usual", "other"),
    [("بريد إلكتروني", "بريد الكتروني"), ("تقييم إيجابي", "تقييم ايجابى"), ("اسکائپ", "اسكائپ"),
     ("प्लेटफार्म के बाहर", "प्लेटफ़ार्म के बाहर"), ("what's app", "what’s app")],
)  # fmt: skip
def test_a_letter_that_is_written_in_several_ways_is_one(usual, other):
    assert codes(other) == codes(usual) != set()
