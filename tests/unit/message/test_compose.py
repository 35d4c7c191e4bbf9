"""The message says what is there, how to open it and until when, and nothing that is held back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from delivery.errors import ConfigError, UsageError
from delivery.message import Changes, Reply, Situation, compose, lint
from delivery.model import PROOF_ROWS, Attachment, FileEntry, Link, PartKind
from delivery.options import MessageOptions
from delivery.profile import Profile

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ASKS = "If anything does not open, please tell me here in the chat"


def written(delivery, *, zone=BERLIN, **options):
    return compose(delivery, options=MessageOptions(**options), zone=zone, now=NOW)


def test_every_way_passes_the_lint_and_fits(situations):
    for name, delivery in situations.items():
        for text in written(delivery):
            assert lint(text, delivery.plan.profile) == (), name
            assert not re.search(r"[{}]|None|True|False|\n\n\n", text), name


def test_one_message_per_planned_message(situations):
    assert [len(written(delivery)) for delivery in situations.values()] == [1, 1, 3, 2, 1, 1, 1, 1, 1]


def test_each_message_names_its_own_attachments_and_what_is_to_come(situations):
    first, second, third = written(situations["archives-in-three"])
    assert "message 1 of 3. 2 more messages with the rest" in first
    assert "message 2 of 3. One more message with the rest" in second
    assert "message 3 of 3. With this one, everything is here." in third
    assert [re.findall(r"- (\S+) \(", text) for text in (first, second)] == [["work-1.zip"], ["work-2.zip"]]
    assert ASKS in third
    assert ASKS not in first


def test_the_last_message_says_how_to_join_volumes(situations):
    first, last = written(situations["volumes-in-two"])
    assert "film.mov is larger than one attachment may be, so it comes in 4 parts." in first
    assert "JOIN.html" in last
    assert "opens the part that ends in .001" in last
    assert [line[:2] for line in last.splitlines() if re.match(r"\d\.", line)] == ["1.", "2.", "3."]


@pytest.mark.parametrize("zip_in", [1, 2])
def test_how_a_zip_is_opened_is_said_once_whoever_packed_it_and_whichever_message_has_it(make, zip_in):
    film = Attachment(1, "/out/film.mov", 5, "b" * 64, PartKind.AS_IS)
    kind = PartKind.AS_IS if zip_in == 1 else PartKind.ARCHIVE
    packed = Attachment(zip_in, "/out/Final.ZIP", 5, "b" * 64, kind)
    first, *later = written(make(attachments=(film, packed), messages_needed=zip_in))
    assert "a name that ends in .zip is opened with a right-click" in first
    assert "tap it in your Files app" in first
    assert all("right-click" not in text for text in later)


@pytest.mark.parametrize(("count", "named"), [(PROOF_ROWS, True), (PROOF_ROWS + 1, False)])
def test_a_proof_sheet_is_said_to_name_every_file_only_where_it_does(make, count, named):
    files = tuple(FileEntry(f"/{number}", f"{number}.txt", 1, 0) for number in range(count))
    kinds = {"work.zip": PartKind.ARCHIVE, "work-proof.pdf": PartKind.PROOF}
    attachments = tuple(Attachment(1, f"/out/{name}", 5, "b" * 64, kind) for name, kind in kinds.items())
    (text,) = written(make(files=files, attachments=attachments))
    assert ("work-proof.pdf names every one of them" in text) is named
    assert f"you have {count} files" in text


def test_a_revision_in_which_nothing_changed_claims_no_changes(make):
    for delivery in (make(), make(links=(Link("x", "k", 5, "e" * 64, NOW, "https://example.com/x"),))):
        (text,) = compose(
            delivery, options=MessageOptions(), zone=UTC, now=NOW, situation=Situation.REVISION, changes=Changes()
        )
        assert "The files are the same as in the version before." in text
        assert "with the changes you asked for" not in text


def test_many_attachments_are_counted(situations):
    (text,) = written(situations["forty-files"])
    assert "40 attachments. The first is photo-01.jpg, the last is photo-40.jpg." in text
    assert "photo-02" not in text


def test_links_stand_alone_with_their_end_in_both_zones(situations):
    (text,) = written(situations["two-links"])
    urls = [line for line in text.splitlines() if line.startswith("https://")]
    assert urls == [link.url for link in situations["two-links"].links]
    assert "The links" not in text.splitlines()[0]
    assert "The links work until 28 November 2026 at 22:00 UTC (23:00 Europe/Berlin)." in text
    assert "attached to this message (work-overview.png)" in text


def test_the_other_day_is_named_where_the_zones_differ(situations):
    (text,) = written(situations["two-links"], zone=ZoneInfo("Asia/Karachi"))
    assert "28 November 2026 at 22:00 UTC (29 November 2026 at 03:00 Asia/Karachi)" in text


def test_utc_stands_once(situations):
    (text,) = written(situations["one-link"], zone=UTC)
    assert "until 29 November 2026 at 10:00 UTC." in text


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=-3), "-03"), ZoneInfo("Etc/GMT+3")], ids=str)
def test_a_zone_without_letters_is_told_from_utc(make, zone):
    """As the system names it; the sign in the names of the tz database is the other way round."""
    link = Link("x", "k", 5, "e" * 64, NOW + timedelta(days=1), "https://example.com/x")
    (text,) = written(make(links=(link,)), zone=zone)
    assert "10:00 UTC (07:00 UTC-03)" in text


def test_an_unknown_end_is_never_promised(situations):
    (text,) = written(situations["end-unknown"])
    assert "until" not in text.lower()
    assert "within the next few hours" in text


def test_a_page_stands_for_its_links(situations):
    delivery = situations["page"]
    (text,) = written(delivery)
    assert [line for line in text.splitlines() if line.startswith("https://")] == [delivery.page.url]


def test_renamed_files_are_named(situations):
    (text,) = written(situations["one-link"])
    assert "- brand/guide.pdf (before: brand/gu:ide.pdf)" in text


def test_many_renamed_files_are_counted(make):
    files = tuple(FileEntry("/x", f"file-{n}", 1, 0, original=f"file:{n}") for n in range(20))
    (text,) = written(make(files=files))
    assert "the names of 20 files were adapted" in text
    assert "file:3" not in text


@pytest.mark.parametrize(
    "name",
    [
        "payment.png",
        "my-email.txt",
        "call 0171 2345678.png",
        "e\u202egnp.exe",
        "PayPal.svg",
        "https://x.test/1",
        "a\nb",
    ],
)
def test_a_name_that_is_held_back_is_counted_instead(make, name):
    logo, other = make().attachments[0], FileEntry("/x", name, 5, 0)
    held = type(logo)(1, f"/out/{name}", 5, "d" * 64, PartKind.AS_IS)
    link = Link(name, "k", 5, "e" * 64, NOW, "https://example.com/x")
    for delivery in (
        make(attachments=(logo, held), files=(other,)),
        make(links=(link,), files=(other,)),
        make(order=name),
        make(attachments=(held,) * 30),
    ):
        (text,) = written(delivery)
        assert name not in text
        assert "\\" not in text
        assert lint(text, delivery.plan.profile) == ()


def test_no_digest_is_in_the_chat(situations):
    for delivery in situations.values():
        assert not any(re.search(r"\b[0-9a-f]{64}\b", re.sub(r"https://\S+", "", text)) for text in written(delivery))


def test_a_short_limit_cuts_into_more_messages(situations):
    delivery = situations["two-links"]
    short = Profile("x", "X", marketplace=True, message_chars=500)
    texts = written(replace(delivery, plan=replace(delivery.plan, profile=short)))
    assert len(texts) > 2
    assert all(len(text) <= 500 for text in texts)
    assert f"(Text 1 of {len(texts)}; the rest follows.)" in texts[0]


def test_no_piece_of_a_cut_message_is_told_to_hold_tricks(situations):
    """As the size above a link that fills a message of its own; a word cut in two by them is still told."""
    delivery = situations["two-links"]
    short = Profile("x", "X", marketplace=True, message_chars=300)
    texts = written(replace(delivery, language="ur", plan=replace(delivery.plan, profile=short)), bilingual=True)
    assert any(re.fullmatch(r"[^\u0600-\u06ff]+", text) for text in texts)
    codes = {found.code for text in texts for found in lint(text, short)}
    assert codes <= {"too-long"}
    assert "invisible-character" in {found.code for found in lint("de\u2066si\u2069gn", short)}


def test_an_unknown_language_is_a_usage_error(make):
    with pytest.raises(UsageError, match="language 'tlh'") as caught:
        written(make(language="tlh"))
    assert "en" in caught.value.hint


def test_a_region_finds_its_language(make):
    assert written(make(language="en-GB")) == written(make(language="en_us")) == written(make())


def test_own_sentences_and_layouts_are_used(make, tmp_path):
    (tmp_path / "en.toml").write_text('[sentences]\nthanks = "Warm regards"\n', encoding="utf-8")
    (text,) = written(make(), templates=str(tmp_path))
    assert text.endswith("Warm regards")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "attach.txt").write_text("Only this: {files}. {thanks}", encoding="utf-8")
    assert written(make(), templates=str(tmp_path / "mine")) == ("Only this: 1 file. Thank you for working with me.",)


def test_an_own_sentence_that_there_is_not_is_named(make, tmp_path):
    (tmp_path / "en.toml").write_text('[sentences]\nthankz = "x"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="thankz"):
        written(make(), templates=str(tmp_path))


@pytest.mark.parametrize(
    "sentence",
    ["5", "[]", "true", '{ one = "x" }', '{ by = 5, other = "x" }', '{ other = "x", othr = "y" }',
     '{ by = "nosuch", other = "x" }', '{ by = "order", other = "x" }'],
)  # fmt: skip
def test_an_own_sentence_that_is_no_text_or_counts_by_no_number_is_named(make, tmp_path, sentence):
    (tmp_path / "en.toml").write_text(f"[sentences]\nthanks = {sentence}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"needs a text|no number"):
        written(make(order="FO42"), templates=str(tmp_path))


def test_an_own_layout_that_asks_for_something_unknown_is_named(make, tmp_path):
    (tmp_path / "attach.txt").write_text("{buyer}", encoding="utf-8")
    with pytest.raises(ConfigError, match="buyer") as caught:
        written(make(), templates=str(tmp_path))
    assert "attach.txt" in str(caught.value)


def test_a_folder_of_templates_that_is_not_there_is_named(make, tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        written(make(), templates=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "sentences",
    [
        'thanks = "{thanks}"',
        'thanks = "{help}"\nhelp = "{thanks}"',
        'thanks = "' + "{help}" * 3000 + '"',
        'thanks = "' + "{help}" * 100 + '"\nhelp = "' + "{check}" * 100 + '"',
    ],
)
def test_own_sentences_that_never_end_are_stopped(make, tmp_path, sentences):
    (tmp_path / "en.toml").write_text(f"[sentences]\n{sentences}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="never ends"):
        written(make(), templates=str(tmp_path))


def test_names_stand_in_backticks_where_markdown_would_change_them(make):
    delivery = make(files=(FileEntry("/x", "a_b_*c*.png", 5, 0, original="a_b_:c*`.png"),))
    plan = replace(delivery.plan, profile=Profile("github-issue", "GitHub", markup="markdown"))
    (text,) = written(replace(delivery, plan=plan))
    assert "- `logo.png` (3.1 MB)" in text
    assert "- `a_b_*c*.png` (before: `a_b_:c*\u02bc.png`)" in text


@pytest.mark.parametrize("kind", [Situation, Reply])
def test_a_word_that_is_no_situation_is_told_with_those_that_are(kind: type[Situation] | type[Reply]) -> None:
    with pytest.raises(UsageError, match="'revisoin' is not known") as caught:
        kind("revisoin")
    assert str(next(iter(kind))) in (caught.value.hint or "")
