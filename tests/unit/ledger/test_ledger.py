"""The ledger keeps what was delivered and gives it back without urls."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import escape
from pathlib import Path

import pytest

from delivery.errors import LocalError, UsageError
from delivery.ledger import Ledger, State, database
from delivery.ledger.lookup import find
from delivery.ledger.rows import delivery_row, seconds
from delivery.model import (
    Attachment,
    Deliverable,
    Delivery,
    FileEntry,
    Finding,
    Link,
    ManifestPlace,
    Method,
    PartKind,
    Plan,
    Severity,
)
from delivery.profile import Limits, LinkPolicy, Profile, Source

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECRET = "https://bucket.example.com/d/abc/work.zip?X-Amz-Signature=topsecret"
PROFILE = Profile(
    "fiverr",
    "Fiverr",
    limits=Limits(message_bytes=5_000_000_000),
    blocked_types=frozenset({"exe", "bat"}),
    link_policy=LinkPolicy.RISKY,
    message_chars=2500,
    marketplace=True,
    sources=(Source("https://example.com/limits", True),),
    checked_on=date(2026, 11, 1),
    confirmed=True,
)


def made(id: str = "20261122-abcd", *, method: Method = Method.LINK, until: datetime | None = None) -> Delivery:
    files = (
        FileEntry("/src/logo.png", "logo.png", 1000, 1_700_000_000_000_000_000, 0o600, "image/png", "a" * 64),
        FileEntry("/src/gu:ide.pdf", "guide.pdf", 2000, 5, 0o644, "application/pdf", "b" * 64, original="gu:ide.pdf"),
    )
    end = until or NOW + timedelta(days=7)
    links = (Link("work.zip", "d/abc/work.zip", 2500, "c" * 64, end, SECRET, "as asked", ("logo.png", "guide.pdf")),)
    page = Link("index.html", "d/abc/index.html", 900, "d" * 64, end, SECRET + "page")
    proof = Attachment(1, "/out/overview.png", 100, "e" * 64, PartKind.PROOF)
    archive = Attachment(2, "/out/work.zip", 2500, "c" * 64, PartKind.ARCHIVE, ("logo.png", "guide.pdf"), offset=7)
    link = method is Method.LINK
    return Delivery(
        id=id,
        created_at=NOW.replace(microsecond=250_000),
        plan=Plan(Deliverable("work", files), PROFILE, method, (), 1 if link else 2, ("because",)),
        files=files,
        findings=(Finding("code.one", Severity.WARNING, "logo.png", "large", "make it small"),),
        attachments=(proof,) if link else (proof, archive),
        links=links if link else (),
        page=page if link else None,
        manifest=ManifestPlace("/out/delivery-manifest.json", SECRET + "manifest" if link else None),
        messages=(f"Here:\n{SECRET}page\n{SECRET}\n{SECRET}manifest\nbye",) if link else ("one", "two"),
        out="/out",
        order="FO1",
        language="de",
        store="mine" if link else None,
        prefix="d/abc" if link else None,
        expires_at=end if link else None,
        notes=("a note",),
    )


def bare(delivery: Delivery) -> Delivery:
    """What the ledger promises to give back."""
    return replace(
        delivery,
        files=tuple(replace(entry, path="") for entry in delivery.files),
        plan=replace(
            delivery.plan,
            deliverable=Deliverable("work", tuple(replace(entry, path="") for entry in delivery.files)),
        ),
        links=tuple(replace(link, url="") for link in delivery.links),
        page=replace(delivery.page, url="") if delivery.page else None,
        manifest=ManifestPlace(delivery.manifest.path),
        messages=("Here:\n{link:page}\n{link:work.zip}\n{link:manifest}\nbye",)
        if delivery.links
        else delivery.messages,
    )


@pytest.mark.parametrize("method", list(Method))
def test_what_is_recorded_comes_back_without_urls(tmp_path, method):
    ledger = Ledger(tmp_path)
    ledger.record(made(method=method))
    assert ledger.load("20261122-abcd") == bare(made(method=method))


def test_no_url_is_anywhere_in_its_files(tmp_path):
    Ledger(tmp_path).record(made())
    assert not any(b"topsecret" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_signed_url_that_it_does_not_know_is_taken_out_too(tmp_path):
    other = "https://else.example.com/x?X-Amz-Signature=foreign"
    Ledger(tmp_path).record(replace(made(), messages=(f"see\n{other}\nbye",)))
    assert Ledger(tmp_path).load("20261122-abcd").messages == ("see\n{link}\nbye",)


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_its_files_are_private(tmp_path):
    ledger = Ledger(tmp_path / "new")
    ledger.record(made())
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()} == {0o600}


def test_an_exposed_file_is_made_private_again(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made())
    ledger.path.chmod(0o644)
    ledger.load("2026")
    assert os.name != "posix" or ledger.path.stat().st_mode & 0o777 == 0o600


def test_it_is_in_wal_mode_and_has_a_version(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made())
    with sqlite3.connect(ledger.path) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA user_version").fetchone()[0] >= 1
    db.close()


def test_a_unique_beginning_of_an_id_is_enough(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made("20261122-abcd"))
    ledger.record(made("20261122-axyz"))
    assert ledger.load("20261122-ab").id == "20261122-abcd"


def test_an_ambiguous_beginning_names_the_candidates(tmp_path):
    ledger = Ledger(tmp_path)
    for id in ("20261122-abcd", "20261122-axyz"):
        ledger.record(made(id))
    with pytest.raises(UsageError) as caught:
        ledger.load("20261122-a")
    assert caught.value.code == "ambiguous-delivery"
    assert "20261122-abcd" in caught.value.hint
    assert "20261122-axyz" in caught.value.hint


def test_an_id_that_is_the_beginning_of_another_is_found(tmp_path):
    ledger = Ledger(tmp_path)
    for id in ("ab", "abc"):
        ledger.record(made(id))
    assert ledger.load("ab").id == "ab"


@pytest.mark.parametrize("id", ["20261122-abce", "nothing like it", "", "\U0010ffff", "\ud7ff", "%", "_", "\udcff"])
def test_an_unknown_id_is_a_usage_error_with_the_nearest(tmp_path, id):
    ledger = Ledger(tmp_path)
    ledger.record(made("20261122-abcd"))
    with pytest.raises(UsageError) as caught:
        ledger.load(id)
    assert caught.value.code == "unknown-delivery"
    assert "20261122-abcd" in caught.value.hint


def test_an_empty_ledger_says_so(tmp_path):
    with pytest.raises(UsageError) as caught:
        Ledger(tmp_path).load("x")
    assert "nothing has been delivered" in caught.value.hint
    assert Ledger(tmp_path).list(now=NOW) == []


def test_the_same_id_is_not_kept_twice(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made())
    with pytest.raises(UsageError, match="in the record already"):
        ledger.record(made())
    assert len(ledger.list(now=NOW)) == 1


def test_the_list_is_filtered(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made("old", until=NOW - timedelta(hours=1)))
    ledger.record(replace(made("soon", until=NOW + timedelta(hours=2)), order="FO2"))
    ledger.record(replace(made("live"), created_at=NOW + timedelta(hours=1)))
    ledger.record(made("gone"))
    ledger.record(made("att", method=Method.ATTACH))
    ledger.revoked("gone", at=NOW)

    def ids(**filters):
        return {record.id for record in ledger.list(now=NOW, **filters)}

    assert [record.id for record in ledger.list(now=NOW, limit=1)] == ["live"]
    assert ids(order="FO2") == {"soon"}
    assert ids(platform="gmail") == set()
    assert ids(since=NOW + timedelta(minutes=30)) == {"live"}
    states = {"old": "expired", "soon": "expiring", "live": "live", "gone": "revoked", "att": "attached"}
    assert {record.id: record.state.value for record in ledger.list(now=NOW)} == states
    for id, state in states.items():
        assert ids(state=state) == {id}


def test_an_unknown_state_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="not a state"):
        Ledger(tmp_path).list(state="gone", now=NOW)


def test_renewing_moves_the_end_and_is_kept(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made(until=NOW - timedelta(days=1)))
    later = NOW + timedelta(days=3)
    ledger.renewed("2026", until=later, at=NOW)
    loaded = ledger.load("2026")
    assert {link.expires_at for link in loaded.links} == {later}
    assert loaded.page.expires_at == later
    assert ledger.get("2026", now=NOW).state is State.LIVE
    assert [(event.at, event.kind) for event in ledger.events("2026")] == [(NOW, "renewed")]


def test_later_messages_are_kept_without_urls(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made())
    ledger.wrote("2026", replace(made(), messages=(f"again\n{SECRET}",)), situation="renewed", at=NOW)
    kept = ledger.account("2026", now=NOW).messages
    assert [message.situation for message in kept] == ["delivery", "renewed"]
    assert kept[-1].text == "again\n{link:work.zip}"
    assert len(ledger.load("2026").messages) == 1


def test_messages_in_html_are_kept_without_urls_and_still_as_html(tmp_path):
    delivery = made()
    plan = replace(delivery.plan, profile=replace(delivery.plan.profile, markup="html"))
    (first, *others) = delivery.links
    address = "https://here.example/?a=topsecret&b='1'"
    written = '<p><a href="{0}">{0}</a></p>'
    links = (replace(first, url=address, name="<w>.zip"), *others)
    Ledger(tmp_path).record(replace(delivery, plan=plan, links=links, messages=(written.format(escape(address)),)))
    assert Ledger(tmp_path).load(delivery.id).messages == (written.format("{link:&lt;w&gt;.zip}"),)
    assert not any(b"topsecret" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_damaged_file_is_a_local_error_with_a_hint(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.path.write_bytes(b"this is no database at all, but long enough to be read as one" * 40)
    with pytest.raises(LocalError) as caught:
        ledger.record(made())
    assert caught.value.code == "ledger-damaged"
    assert "ledger.sqlite3" in caught.value.hint


def test_a_newer_version_is_left_alone(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made())
    with sqlite3.connect(ledger.path) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(LocalError) as caught:
        ledger.list(now=NOW)
    assert caught.value.code == "ledger-newer"


def test_a_folder_that_is_a_file_is_a_local_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalError) as caught:
        Ledger(tmp_path / "file").record(made())
    assert "DELIVERY_HOME" in caught.value.hint


def test_a_folder_of_its_name_is_told_and_left_as_it_is(tmp_path):
    (tmp_path / "ledger.sqlite3").mkdir()
    (tmp_path / "ledger.sqlite3").chmod(0o755)
    with pytest.raises(LocalError, match="cannot be opened") as caught:
        Ledger(tmp_path).list(now=NOW)
    assert "look at what is there" in caught.value.hint
    assert os.name != "posix" or (tmp_path / "ledger.sqlite3").stat().st_mode & 0o777 == 0o755


def test_what_cannot_be_written_is_told_when_it_is_read(tmp_path, monkeypatch):
    """So that nothing is sent which could not be recorded then."""
    Ledger(tmp_path).list(now=NOW)
    (tmp_path / "ledger.sqlite3").chmod(0o400)
    monkeypatch.setattr("os.access", lambda path, mode: not mode & os.W_OK)  # root may write whatever the mode says
    with pytest.raises(LocalError, match="cannot be opened") as caught:
        Ledger(tmp_path).list(limit=1, now=NOW)
    assert "check the permissions" in caught.value.hint


def test_a_name_with_a_stray_byte_and_a_wild_time_are_kept(tmp_path):
    odd = FileEntry("/x", "caf\udce9.txt", 1, 2**70, sha256=None)
    delivery = replace(made(), files=(odd,))
    Ledger(tmp_path).record(delivery)
    (entry,) = Ledger(tmp_path).load("2026").files
    assert entry.arcname == "caf\\udce9.txt"
    assert entry.sha256 is None


def test_objects_are_needed_as_long_as_the_longest_link_that_was_ever_signed(tmp_path):
    ledger, day = Ledger(tmp_path), timedelta(days=1)
    ledger.record(made("renewed", until=NOW + 7 * day))
    ledger.renewed("renewed", until=NOW + day, at=NOW)
    ledger.record(made("again", until=NOW + 7 * day))
    ledger.record(made("again", until=NOW + day), again=True)
    ledger.record(made("lengthened", until=NOW + day))
    ledger.renewed("lengthened", until=NOW + 7 * day, at=NOW)
    assert {record.expires_at for record in ledger.list(now=NOW)} == {NOW + day, NOW + 7 * day}
    assert ledger.get("renewed", now=NOW).expires_at == ledger.get("again", now=NOW).expires_at == NOW + day
    assert ledger.over(after=day, now=NOW + 8 * day - timedelta(seconds=1)) == frozenset()
    assert ledger.over(after=day, now=NOW + 8 * day) == {"renewed", "again", "lengthened"}


def test_objects_of_links_whose_end_is_not_known_are_never_over(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.record(made())
    ledger.renewed("20261122-abcd", until=None, at=NOW)
    assert ledger.over(after=timedelta(0), now=NOW + timedelta(days=999)) == frozenset()


def test_what_was_revoked_is_over_whatever_was_promised_and_what_is_made_again_owes_its_own_links_only(tmp_path):
    ledger, day = Ledger(tmp_path), timedelta(days=1)
    ledger.record(made(until=NOW + 7 * day))
    ledger.revoked("20261122-abcd", at=NOW)
    assert ledger.over(after=timedelta(0), now=NOW) == {"20261122-abcd"}
    ledger.record(made(until=NOW + day), again=True)
    assert ledger.over(after=timedelta(0), now=NOW) == frozenset()
    assert ledger.over(after=timedelta(0), now=NOW + day) == {"20261122-abcd"}


def test_links_are_revoked_once_and_what_proves_it_again_changes_nothing(tmp_path):
    ledger, day = Ledger(tmp_path), timedelta(days=1)
    ledger.record(made())
    for at in (NOW, NOW + day):
        ledger.revoked("20261122-abcd", at=at)
    assert ledger.get("20261122-abcd", now=NOW).revoked_at == NOW
    assert [event.kind for event in ledger.events("20261122-abcd")] == ["revoked"]
    ledger.record(made(), again=True)
    ledger.revoked("20261122-abcd", at=NOW + 2 * day)
    assert ledger.get("20261122-abcd", now=NOW).revoked_at == NOW + 2 * day


def remade(id: str = "20261122-abcd") -> Delivery:
    files = (FileEntry("/src/new.png", "new.png", 7, 5, 0o644, "image/png", "f" * 64),)
    again = made(id)
    return replace(again, plan=replace(again.plan, deliverable=Deliverable("new", files)), files=files)


def test_what_is_read_while_it_is_made_again_is_of_one_moment(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path)
    ledger.record(made())

    def found(db: sqlite3.Connection, id: str) -> sqlite3.Row:
        row = find(db, id)
        Ledger(tmp_path).record(remade(), again=True)
        return row

    for read in (lambda: ledger.load("20261122-abcd"), lambda: ledger.account("20261122-abcd", now=NOW).delivery):
        ledger.record(made(), again=True)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr("delivery.ledger.ledger.find", found)
            before = read()
        assert (before.plan.deliverable.name, [entry.arcname for entry in before.files]) == (
            "work",
            ["logo.png", "guide.pdf"],
        )
        after = read()
        assert (after.plan.deliverable.name, [entry.arcname for entry in after.files]) == ("new", ["new.png"])


def test_a_ledger_of_an_earlier_version_knows_how_long_objects_are_needed(tmp_path, monkeypatch):
    day, steps = timedelta(days=1), database.STEPS
    first = next(number for number, step in enumerate(steps) if "needed_until" in step)
    with monkeypatch.context() as earlier:
        earlier.setattr(database, "STEPS", steps[:first])
        with database.writing(Ledger(tmp_path).path) as db:
            for id, end in (("known", NOW + day), ("unknown", None), ("attached", None)):
                row = delivery_row(made(id, until=NOW + day), None)
                row |= {"expires_at": end and seconds(end)}
                names = [item["name"] for item in db.execute("PRAGMA table_info(delivery)") if item["name"] in row]
                marks = ", ".join(f":{name}" for name in names)
                db.execute(f"INSERT INTO delivery ({', '.join(names)}) VALUES ({marks})", row)
            columns = "delivery, position, role, name, place, size, sha256"
            db.execute(f"INSERT INTO part ({columns}) SELECT n, 0, 'link', 'a', 'k', 1, x'00' FROM delivery")
            db.execute("UPDATE part SET expires_at = ? WHERE delivery = 1", (seconds(NOW + 3 * day),))
    ledger = Ledger(tmp_path)
    assert ledger.over(after=timedelta(0), now=NOW + 3 * day - timedelta(seconds=1)) == frozenset()
    assert ledger.over(after=timedelta(0), now=NOW + 3 * day) == {"known"}


def test_texts_that_are_no_text_are_kept_with_their_bytes_escaped_and_found_by_them(tmp_path):
    ledger = Ledger(tmp_path)
    place, order = "/caf\udce9", "FO\udcff"
    delivery = replace(
        made(),
        out=place,
        order=order,
        manifest=ManifestPlace(f"{place}/delivery-manifest.json"),
        notes=(f"in {place}",),
        messages=(f"It lies in {place}.",),
    )
    ledger.record(delivery)
    kept = ledger.load("2026")
    assert (kept.out, kept.order) == ("/caf\\udce9", "FO\\udcff")
    assert kept.manifest.path == "/caf\\udce9/delivery-manifest.json"
    assert kept.notes == ("in /caf\\udce9",)
    assert kept.messages == ("It lies in /caf\\udce9.",)
    assert [record.id for record in ledger.list(order=order, now=NOW)] == [delivery.id]
    assert ledger.list(platform="\udcff", now=NOW) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows says of such a name that nothing is there")
def test_a_record_that_cannot_be_looked_at_is_no_unknown_delivery(tmp_path: Path) -> None:
    """As in a folder of another user's; a name that no system follows shows the same to root too."""
    with pytest.raises(LocalError, match="cannot be opened"):
        Ledger(tmp_path / ("n" * 300)).load("20260101")
