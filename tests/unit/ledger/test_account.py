"""The account states what was delivered and asks for nothing; every name in it is only a name."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from delivery import report
from delivery.ledger import Ledger, account, writing
from delivery.ledger.record import Account
from delivery.model import Attachment, Deliverable, Delivery, FileEntry, Finding, Link, Method, PartKind, Plan, Severity
from delivery.profile import Profile

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
NASTY = "a|b &amp; `c` <script>alert(1)</script> *x* [y](z).txt"


def delivery() -> Delivery:
    files = (
        FileEntry("/x", NASTY, 1_234_567, 0, sha256="a" * 64, media_type="text/plain"),
        FileEntry("/x", "ملف نهائي.pdf", 10, 0, sha256="b" * 64, media_type="application/pdf"),
    )
    proof = Attachment(1, "/o/overview.png", 50, "e" * 64, PartKind.PROOF)
    url = "https://b.example.com/k?X-Amz-Signature=topsecret"
    link = Link("work.zip", "d/work.zip", 999, "c" * 64, NOW + timedelta(days=1), url)
    finding = Finding("image.small", Severity.WARNING, "logo.png", "is small", "")
    plan = Plan(Deliverable("work", files), Profile("fiverr", "Fiverr"), Method.LINK, (), 1, ("too large to attach",))
    return Delivery(
        "20261122-abcd", NOW, plan, files, findings=(finding,), attachments=(proof,), links=(link,),
        messages=(f"Here:\n{url}\n```\nbye",), order="FO1", store="mine", expires_at=NOW + timedelta(days=1),
    )  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> Account:
    ledger = Ledger(tmp_path)
    waived = Finding("name.placeholder", Severity.ERROR, "x", "looks like a stand-in", "")
    ledger.record(delivery(), waived=[waived], revision_of="20261101-0000")
    ledger.renewed("2026", until=NOW + timedelta(days=9), at=LATER)
    ledger.wrote("2026", replace(delivery(), messages=("A new link",)), situation="reply: expired", at=LATER)
    return ledger.account("2026", now=LATER)


def markdown(kept: Account) -> str:
    return "".join(writing.markdown(account.title(kept), account.outline(kept, now=LATER)))


def html(kept: Account) -> str:
    return "".join(writing.html(account.title(kept), account.outline(kept, now=LATER)))


@pytest.mark.parametrize("write", [markdown, html])
def test_it_holds_what_support_asks_for(kept, write):
    text = write(kept)
    for expected in (
        "20261122-abcd", "20261101-0000", "FO1", "Fiverr", "2026-11-22 10:00:00 UTC", "a" * 64, "b" * 64, "c" * 64,
        "e" * 64, "1,234,567", "ملف نهائي.pdf", "d/work.zip", "2026-12-01 10:00:00 UTC", "Links renewed",
        "answer (expired)", "A new link", "image.small", "allowed by the seller", "name.placeholder",
    ):  # fmt: skip
        assert expected in text, expected


@pytest.mark.parametrize("write", [markdown, html])
def test_it_holds_no_secret_and_no_request(kept, write):
    text = write(kept)
    assert "topsecret" not in text
    assert "{link:work.zip}" in text
    assert not re.search(r"review|remove|please|unfair|rating", text, re.IGNORECASE)


def test_a_name_is_only_a_name_in_markdown(kept):
    line = next(line for line in markdown(kept).splitlines() if "script" in line)
    assert len(re.findall(r"(?<!\\)\|", line)) == 5
    assert "<script>" not in line.replace("\\<", "")
    assert "\\&amp;" in line
    assert "````text" in markdown(kept)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in {"meta"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_one_attachment_is_one(tmp_path):
    made = delivery()
    plan = replace(made.plan, method=Method.ATTACH)
    Ledger(tmp_path).record(replace(made, id="one", plan=plan, links=(), store=None, expires_at=None))
    assert "**Way:** 1 attachment in one message" in markdown(Ledger(tmp_path).account("one", now=LATER))


def test_what_came_in_the_second_of_the_delivery_stands_behind_it(tmp_path):
    made = replace(delivery(), created_at=NOW + timedelta(milliseconds=200))
    Ledger(tmp_path).record(made)
    Ledger(tmp_path).renewed(made.id, until=LATER, at=NOW + timedelta(milliseconds=700))
    text = markdown(Ledger(tmp_path).account(made.id, now=LATER))
    assert text.index("| Made ready") < text.index("| Links renewed")


def test_links_are_not_said_to_work_longer_than_they_did(tmp_path, kept):
    assert "**Links work until:** 2026-12-01 10:00:00 UTC" in markdown(kept)
    ledger = Ledger(tmp_path)
    ledger.revoked("2026", at=LATER)
    text = markdown(ledger.account("2026", now=LATER))
    assert "**Links worked until:** 2026-11-24 10:00:00 UTC" in text
    row = next(line for line in text.splitlines() if "d/work.zip" in line)
    assert row.endswith("2026-11-24 10:00:00 UTC |")
    assert text.index("Links renewed, working until 2026-12-01 10:00:00 UTC") < text.index("Message composed: answer")


def test_links_that_had_ended_when_they_were_revoked_are_not_said_to_have_ended_early(tmp_path):
    made = delivery()
    Ledger(tmp_path).record(made)
    assert made.expires_at is not None
    late = made.expires_at + timedelta(days=1)
    Ledger(tmp_path).revoked(made.id, at=late)
    text = markdown(Ledger(tmp_path).account(made.id, now=late))
    assert f"**Links worked until:** {made.expires_at:%Y-%m-%d %H:%M:%S} UTC" in text
    assert "its links were revoked" in text
    assert "before their time" not in text


def test_the_page_is_well_formed_and_loads_nothing(kept):
    page = html(kept)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.isdisjoint({"script", "img", "link", "iframe", "a"})
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|url\(|@import", page)


def test_the_document_keeps_to_its_schema(kept):
    document = json.loads(json.dumps(report.as_dict(account.document(kept, now=LATER))))
    jsonschema.validate(document, report.schema("delivery.record/1"))
    assert [finding["waived"] for finding in document["findings"]] == [False, True]
    assert document["events"] == [
        {"at": "2026-11-24T10:00:00Z", "what": "Links renewed, working until 2026-12-01 10:00:00 UTC"}
    ]


def test_waived_findings_are_not_among_the_standing_ones(tmp_path, kept):
    assert [finding.code for finding in Ledger(tmp_path).load("2026").findings] == ["image.small"]
