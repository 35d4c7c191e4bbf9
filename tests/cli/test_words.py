"""`reply`, `lint`, `status`, `--copy`, `--qr`, `--bilingual` and `--revision-of`."""

from __future__ import annotations

import io
import shutil
import sqlite3
import stat
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from PIL import Image
from support.terminal import Run

from delivery import places, report
from delivery.cli import clipboard, qr
from delivery.cli.act import finish
from delivery.errors import DeliveryError, LocalError, UsageError
from delivery.ledger import Ledger, State
from delivery.model import Link
from delivery.units import format_utc

NOW = datetime.now(UTC)
LINK = "https://deliveries.s3.eu-central-1.amazonaws.com/d/work.zip?X-Amz-Signature=" + "a1" * 32

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the clipboard")


@pytest.fixture
def sent(run: Run, work: Path) -> str:
    answer = run("send", work, "--json", "--out", "ready", "--language", "de")
    assert answer.code == 0
    return str(answer.document["id"])


def linked(id: str, ends_in: timedelta) -> None:
    """Keep a delivery with a link that ends then, made from the kept one ``id``."""
    ledger = Ledger(places.data_dir())
    kept = ledger.load(id)
    end = datetime.now(UTC) + ends_in
    link = Link("work.zip", "d/work.zip", 5, "a" * 64, end, LINK)
    method = type(kept.method).LINK
    new = replace(
        kept, id=f"link-{round(ends_in.total_seconds())}", plan=replace(kept.plan, method=method), links=(link,),
        expires_at=end,
    )  # fmt: skip
    ledger.record(new)


def test_words_of_the_sellers_own_are_looked_for_in_what_the_tool_writes(run: Run, work: Path, tmp_path: Path) -> None:
    (tmp_path / "delivery.ini").write_text("[message]\nheld = thank you\n")
    made = run("send", work, "--json", "--out", "ready").document
    assert any("on your own list" in note for note in made["notes"])
    for again in (run("message", made["id"]), run("reply", "cannot-open", made["id"])):
        assert "on your own list" in again.err


def test_a_reply_is_in_the_language_of_the_delivery_and_is_kept(run: Run, sent: str) -> None:
    answer = run("reply", "email-request", sent[:12])
    assert answer.code == 0
    assert "Vielen" not in answer.out
    assert "Alles hängt hier im Chat: 2 Dateien" in answer.out
    kept = Ledger(places.data_dir()).account(sent, now=datetime.now(UTC)).messages
    assert [message.situation for message in kept] == ["delivery", "reply: email-request"]
    run("reply", "email-request", sent)
    assert len(Ledger(places.data_dir()).account(sent, now=datetime.now(UTC)).messages) == 2


def test_variables_are_for_new_deliveries_and_a_kept_one_stays_what_it_is(
    run: Run, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERY_LANGUAGE", "fr")
    monkeypatch.setenv("DELIVERY_PLATFORM", "discord")
    assert "Ihr Auftrag ist fertig" in run("message", sent).out
    reply = run("reply", "email-request", sent, "--json").document
    assert (reply["language"], reply["platform"]) == ("de", "fiverr")
    asked = run("reply", "email-request", sent, "--language", "es", "--platform", "upwork", "--json").document
    assert (asked["language"], asked["platform"]) == ("es", "upwork")
    without = run("reply", "email-request", "--json").document
    assert (without["language"], without["platform"]) == ("fr", "discord")


def test_what_is_shown_of_links_that_were_revoked_is_when_that_was(run: Run, sent: str) -> None:
    linked(sent, timedelta(days=2))
    at = datetime.now(UTC).replace(microsecond=0)
    Ledger(places.data_dir()).revoked("link-172800", at=at)
    assert f"links end   {format_utc(at)}" in run("show", "link-172800").out


def test_who_says_that_a_link_has_ended_is_told_where_there_was_none(run: Run, sent: str) -> None:
    assert f"{sent} was attached, so it has no link" in run("reply", "expired", sent).err


def test_a_reply_needs_no_delivery(run: Run) -> None:
    answer = run("reply", "cannot-open", "--json", "--platform", "upwork", "--language", "es", "--bilingual")
    jsonschema.validate(answer.document, report.schema("delivery.reply/1"))
    assert answer.document["platform"] == "upwork"
    assert "lamento la molestia" in answer.document["messages"][0]
    assert "sorry for the trouble" in answer.document["messages"][0]


def test_a_list_says_in_which_zone_its_times_are(run: Run, sent: str) -> None:
    made = Ledger(places.data_dir()).get(sent, now=NOW).created_at
    assert f"{sent}  {made:%Y-%m-%d %H:%M}Z  fiverr" in run("list").out


def test_a_list_keeps_its_columns_with_a_long_id(run: Run, sent: str) -> None:
    kept = Ledger(places.data_dir())
    kept.record(replace(kept.load(sent), id="main-3f69d7d34cd37c5b145aa6ac4114f5708028a0ae"))
    lines = run("list").out.splitlines()
    assert len(lines) == 2 and len({line.index("  fiverr") for line in lines}) == 1


def test_every_state_that_the_list_takes_is_in_its_help(run: Run) -> None:
    words = run("list", "--help").out.replace(",", " ").split()
    assert {state.value for state in State} <= set(words)


def test_a_terminal_lists_the_latest_and_a_pipe_gets_all(run: Run, sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for minutes in (10, 20):
        linked(sent, timedelta(minutes=minutes))
    monkeypatch.setattr("delivery.cli.list_._SCREENFUL", 2)
    assert len(run("list").out.splitlines()) == 3
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    short = run("list")
    assert len(short.out.splitlines()) == 2
    assert "--limit" in short.err
    assert len(run("list", "--limit", "3").out.splitlines()) == 3
    assert len(run("list", "--json").document["deliveries"]) == 3


def test_a_damaged_record_hides_no_other_and_stops_no_delivery(run: Run, sent: str, work: Path) -> None:
    kept = Ledger(places.data_dir())
    kept.record(replace(kept.load(sent), id="harmed", created_at=datetime.now(UTC) + timedelta(hours=1)))
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as db:
        db.execute("UPDATE delivery SET method = 'x' WHERE id = 'harmed'")
    answer = run("list")
    assert (answer.code, answer.out.split()[0]) == (0, sent)
    assert "1 damaged in the record and left out: harmed" in answer.err
    assert run("send", work, "--out", "more").code == 0
    assert "harmed is left as it is" in run("prune").err


def test_the_list_can_be_of_one_day(run: Run, sent: str) -> None:
    made = Ledger(places.data_dir()).load(sent).created_at.date()
    assert sent in run("list", "--since", str(made), "--until", str(made)).out
    assert run("list", "--until", str(made - timedelta(days=1))).out == ""
    assert run("list", "--until", "9999-12-31").code == 0
    answer = run("list", "--since", "yesterday")
    assert (answer.code, "'yesterday' is not a day; write 2026-01-31" in answer.err) == (2, True)


def test_a_message_in_html_is_kept_without_links_and_written_again(run: Run, work: Path, tmp_path: Path) -> None:
    (tmp_path / "delivery.ini").write_text("[platform:club]\ntitle = Club\nmarkup = html\n")
    made = run("send", work, "--json", "--out", "ready", "--platform", "club", "--order", "<1>").document
    (text,) = made["messages"]
    assert text.startswith("<p>Hello, and thank you for your order (&lt;1&gt;).</p>\n<p>")
    assert run("message", made["id"]).out == text + "\n"
    assert run("message", made["id"], "--language", "ur").out.startswith('<p dir="rtl">')
    assert run("lint", text, "--platform", "club").code == 0
    assert "HTML" in run("platforms", "club").out


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("attach.txt", "{hello}{#page}{nonsense}{/page}", "asks for {nonsense}"),
        ("link.txt", "{#links}{link}{/links}", "asks for {link}"),
        ("en.toml", '[sentences]\npiece_of = "{n} of {total}"\n', "asks for {total}"),
        ("en.toml", '[sentences]\nthanks = "Bye {hello}"\nhello = "{thanks}"\n', "never ends"),
    ],
)
def test_a_template_that_cannot_be_written_is_told_before_anything_is_made(
    run: Run, work: Path, tmp_path: Path, file: str, text: str, wrong: str
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / file).write_text(text)
    (tmp_path / "delivery.ini").write_text(f"[message]\ntemplates = {own}\n")
    answer = run("send", work, "--out", "ready")
    assert (answer.code, answer.out) == (2, "")
    assert wrong in answer.err
    assert not (tmp_path / "ready").exists()
    assert run("list").out == ""


def test_words_of_own_templates_that_may_be_held_back_are_told_each_time(run: Run, work: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "en.toml").write_text('[sentences]\nthanks = "Bye, e-mail me."\n')
    (own / "attach.txt").write_text("{hello} {thanks}")
    (own / "expired.txt").write_text("{thanks}")
    (tmp_path / "delivery.ini").write_text(f"[message]\ntemplates = {own}\n")
    made = run("send", work, "--out", "ready", "--json").document
    assert made["messages"] == ["Hello, and thank you for your order. Bye, e-mail me."]
    for again in (run("message", made["id"]), run("reply", "expired", made["id"])):
        assert "note: message 1: 'e-mail' may be held back" in again.err


def test_the_situation_can_be_chosen(run: Run, work: Path, sent: str) -> None:
    revised = run("send", work, "--situation", "revision", "--out", "again", "--quiet")
    assert "Here is the revised version" in revised.out
    again = run("list", "--json").document["deliveries"][0]["id"]
    assert run("message", again).out == revised.out
    first = run("send", work, "--situation", "first", "--revision-of", sent, "--out", "third", "--quiet")
    assert "Your finished work is ready" in first.out
    refused = run("message", sent, "--situation", "renewed")
    assert (refused.code, refused.out) == (2, "")
    assert "was attached" in refused.err


def test_an_unknown_situation_or_delivery_is_a_usage_error(run: Run) -> None:
    assert run("reply", "nonsense").code == 2
    answer = run("reply", "expired", "nonsense")
    assert (answer.code, answer.out) == (2, "")
    assert "there is no delivery 'nonsense'" in answer.err


def test_lint_points_at_the_word_and_offers_another(run: Run) -> None:
    answer = run("lint", "I will send it by e-mail")
    assert answer.code == 3
    head, line, carets, instead = answer.out.splitlines()
    assert head.startswith("1:19: warning: 'e-mail'")
    assert line[carets.index("^") : carets.rindex("^") + 1] == "e-mail"
    assert "here in the chat" in instead


def test_lint_reads_standard_input_and_passes_what_is_fine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO("All fine.\r\nSee the preview. \xff".encode("latin-1")))
    )
    answer = run("lint", "-")
    assert (answer.code, answer.out) == (0, "")


def test_the_lint_document_keeps_to_its_schema(run: Run) -> None:
    answer = run("lint", "--json", "pay me on WhatsApp")
    assert answer.code == 3
    jsonschema.validate(answer.document, report.schema("delivery.lint/1"))
    assert [item["found"] for item in answer.document["findings"]] == ["pay", "WhatsApp"]


def test_lint_holds_to_the_platform_and_to_own_words(run: Run, tmp_path: Path) -> None:
    assert run("lint", "--platform", "gmail", "I will send it by e-mail").code == 0
    (tmp_path / "delivery.ini").write_text("[message]\nheld = invoice*\n")
    answer = run("lint", "the invoices follow")
    assert answer.code == 3
    assert "own-word" in answer.out


def test_status_tells_what_ends_soon_by_its_exit_code(run: Run, sent: str) -> None:
    linked(sent, timedelta(hours=-1))
    linked(sent, timedelta(days=3))
    answer = run("status")
    assert (answer.code, answer.out) == (0, "")
    linked(sent, timedelta(hours=5))
    answer = run("status", "--within", "4d")
    assert answer.code == 3
    assert [line.split()[0] for line in answer.out.splitlines()] == ["link-18000", "link-259200"]
    assert "delivery renew link-18000" in answer.err
    document = run("status", "--json").document
    jsonschema.validate(document, report.schema("delivery.status/1"))
    assert [item["id"] for item in document["deliveries"]] == ["link-18000"]


def test_a_revision_names_what_changed_and_keeps_its_former_version(run: Run, work: Path, sent: str) -> None:
    (work / "notes.txt").write_text("Changed.\n")
    (work / "more.txt").unlink()
    (work / "new.txt").write_text("New.\n")
    answer = run("send", work, "--revision-of", sent[:-2], "--out", "again")
    assert answer.code == 0
    for line in ("- Added: new.txt", "- Changed: notes.txt", "- Left out: more.txt"):
        assert line in answer.out.splitlines()
    newest = run("list", "--json").document["deliveries"][0]
    assert newest["revision_of"] == sent


def test_a_revision_of_nothing_is_refused_before_anything_is_made(run: Run, work: Path) -> None:
    answer = run("send", work, "--revision-of", "nonsense", "--out", "again")
    assert answer.code == 2
    assert not (work.parent / "again").exists()


@posix_only
def test_copy_hands_the_message_to_the_clipboard_program(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "wl-copy"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat > '{tmp_path}/copied'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    answer = run("send", work, "--out", "ready", "--language", "ar", "--copy")
    assert answer.code == 0
    assert (tmp_path / "copied").read_text("utf-8").strip() == answer.out.strip()
    assert "on the clipboard" in answer.err


def test_without_a_clipboard_nothing_is_begun(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("WAYLAND_DISPLAY", "DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(variable, raising=False)
    if sys.platform in {"win32", "darwin"} or shutil.which("termux-clipboard-set"):
        pytest.skip("this system has a clipboard")
    answer = run("send", work, "--out", "ready", "--copy")
    assert answer.code == 4
    assert "install wl-clipboard" in answer.err
    assert not (work.parent / "ready").exists()


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("darwin", {}, "pbcopy"),
        ("win32", {}, "clip.exe"),
        ("linux", {"WAYLAND_DISPLAY": "x", "DISPLAY": ":0"}, "wl-copy"),
        ("linux", {"DISPLAY": ":0"}, "xclip"),
        ("linux", {"WSL_DISTRO_NAME": "Debian"}, "clip.exe"),
        ("linux", {}, "termux-clipboard-set"),
    ],
)
def test_each_system_has_its_program(
    platform: str, environ: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: name)
    assert clipboard.find(platform, environ).command[0] == expected


@posix_only
def test_a_clipboard_program_that_fails_is_a_local_error() -> None:
    with pytest.raises(LocalError, match="code 1") as caught:
        clipboard.Clipboard(("false",)).copy("text")
    assert caught.value.code == "no-clipboard"
    with pytest.raises(LocalError, match="did not take"):
        clipboard.Clipboard(("no-such-program-here",)).copy("text")


def test_a_qr_code_is_one_link_or_refused(run: Run, sent: str) -> None:
    kept = Ledger(places.data_dir()).load(sent)
    with pytest.raises(UsageError, match="has no link"):
        qr.url_of(kept)
    link = Link("a", "k", 1, "a" * 64, None, LINK)
    assert qr.url_of(replace(kept, links=(link,))) == LINK
    page = replace(link, url=LINK + "page")
    assert qr.url_of(replace(kept, links=(link, link), page=page)) == LINK + "page"
    plan = replace(kept.plan, method=type(kept.method).LINK)
    with pytest.raises(UsageError, match="2 links and no page"):
        qr.url_of(replace(kept, plan=plan, links=(link, link)))


@pytest.mark.parametrize(
    ("length", "place", "words"),
    [(3000, "-", "than a QR code holds"), (3000, "link.png", "than a QR code holds"), (0, "-", "terminal 40")],
)
def test_a_delivery_that_is_done_stays_so_where_no_qr_code_can_be_shown(
    sent: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, length: int, place: str, words: str
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    copied: list[str] = []
    monkeypatch.setattr(clipboard.Clipboard, "copy", lambda self, text: copied.append(text))
    url = LINK + "x" * length
    done = replace(
        Ledger(places.data_dir()).load(sent), links=(Link("a", "k", 1, "a" * 64, None, url),), messages=("m",)
    )
    with pytest.raises(UsageError, match=words):
        qr.show(url, place)
    finish(done, clipboard.Clipboard(("none",)), place)
    note, hint, clip = capsys.readouterr().err.splitlines()
    assert note.startswith("note: ") and words in note and hint.startswith("hint: ")
    assert copied == ["m"] and "clipboard" in clip and not Path(place).exists()


def test_a_qr_picture_is_a_png_that_is_never_written_over(tmp_path: Path) -> None:
    place = tmp_path / "link.png"
    qr.show(LINK, str(place))
    with Image.open(place) as picture:
        assert picture.format == "PNG"
        assert picture.size[0] == picture.size[1] > 300
    with pytest.raises(DeliveryError, match="is there already"):
        qr.show(LINK, str(place))


def test_where_a_qr_picture_was_written_is_shown_as_every_name_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    qr.show(LINK, str(tmp_path / "a\u202eb.png"))
    assert capsys.readouterr().err.endswith("a\\u202eb.png\n")


@pytest.mark.parametrize("length", [0, 1200])
def test_another_program_reads_the_same_link_from_the_picture_and_from_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], length: int
) -> None:
    if shutil.which("zbarimg") is None:
        pytest.skip("zbarimg is not installed")
    import subprocess

    url = LINK + "x" * length
    qr.show(url, str(tmp_path / "link.png"))
    capsys.readouterr()
    qr.show(url, "-")
    _draw(capsys.readouterr().err, tmp_path / "terminal.png")
    for name in ("link.png", "terminal.png"):
        read = subprocess.run(
            ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", name],
            cwd=tmp_path, capture_output=True, encoding="utf-8", check=True,
        )  # fmt: skip
        assert read.stdout.strip() == url


def _draw(shown: str, place: Path) -> None:
    """A picture of half-block characters as a terminal with a dark background shows them."""
    rows = [line for line in shown.splitlines() if line.strip("\x1b[0m7 ")]
    scale = 4
    width = max(len(row) for row in rows)
    picture = Image.new("L", (width * scale, len(rows) * 2 * scale), 0)
    for y, row in enumerate(rows):
        for x, char in enumerate(row):
            upper, lower = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255)}.get(char, (0, 0))
            for half, shade in enumerate((upper, lower)):
                top = (2 * y + half) * scale
                picture.paste(shade, (x * scale, top, (x + 1) * scale, top + scale))
    picture.save(place)


def test_the_record_is_markdown_a_page_or_a_document(run: Run, sent: str) -> None:
    answer = run("record", sent[:12])
    assert answer.code == 0
    assert answer.out.startswith(f"# Record of delivery {sent}\n")
    page = run("record", sent, "--html").out
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    jsonschema.validate(run("record", sent, "--json").document, report.schema("delivery.record/1"))
    assert run("record", "nonsense").code == 2


def test_a_qr_code_that_cannot_be_is_refused_before_anything_is_made(run: Run, work: Path) -> None:
    answer = run("send", work, "--out", "ready", "--qr", "-")
    assert (answer.code, answer.out) == (2, "")
    assert "--via link" in answer.err
    (work.parent / "link.png").write_bytes(b"mine")
    answer = run("send", work, "--out", "ready", "--via", "link", "--qr", "link.png")
    assert answer.code == 4
    assert not (work.parent / "ready").exists()
    assert (work.parent / "link.png").read_bytes() == b"mine"
    answer = run("send", work, "--out", "ready", "--via", "link", "--qr", "nowhere/link.png")
    assert answer.code == 4 and "cannot be written" in answer.err
    assert not (work.parent / "ready").exists()
