"""The Markdown of a run's page, the outputs and the Code Quality report: golden, and proof against hostile names."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.ci import files, outputs, quality, summary
from delivery.errors import BlockedError, LocalError
from delivery.model import Deliverable, Delivery, FileEntry, Finding, Link, ManifestPlace, Method, Plan, Severity
from delivery.profile import Profile

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
URL = "https://s3.example/b/k/index.html?X-Amz-Credential=AKIDEXAMPLE%2F20260102&X-Amz-Signature=ab"
EVIL = "x|`</table>[a](http://evil)![b](c)<img src=x>@me #1 www.evil.example _i_ **b** \\\n## h"


def delivery(name: str = "cover.png", url: str = URL) -> Delivery:
    entry = FileEntry("/x", name, 1500, 0, sha256="0" * 64)
    page = Link("index.html", "k", 1, "1" * 64, NOW, url)
    return Delivery(
        "site-1",
        NOW,
        Plan(Deliverable("site", (entry,)), Profile("none", "None"), Method.LINK, (), 1, ()),
        (entry,),
        links=(replace(page, name=name),),
        page=page,
        manifest=ManifestPlace("m.json"),
        out="out",
        expires_at=NOW,
    )


def test_the_summary_shows_the_page_its_end_and_the_files() -> None:
    assert summary.summary(delivery(), masks=True, report="delivery.json") == "\n".join(
        [
            "### Delivery site",
            "",
            f"- [Delivery page](<{URL}>), until **2026-01-02T03:04:05Z**",
            "",
            "Where a link shows \\*\\*\\*, its key id is a secret of this workflow: "
            "take it from the artifact delivery.json.",
            "",
            "| File | Size | SHA-256 |",
            "| --- | ---: | --- |",
            f"| cover.png | 1.5 KB | `{'0' * 64}` |",
            "",
            "Recorded as `site-1`.",
            "",
        ]
    )


def test_a_dry_run_claims_no_record_and_no_digest() -> None:
    foreseen = replace(delivery(), dry_run=True, links=(), page=None, files=(FileEntry("/x", "cover.png", 1500, 0),))
    said = summary.summary(foreseen)
    assert "nothing was delivered" in said and "| cover.png | 1.5 KB |  |" in said
    assert "Recorded" not in said and "site-1" not in said


def test_no_file_name_becomes_markup() -> None:
    found = (Finding("code", Severity.WARNING, EVIL, EVIL, ""),)
    said = summary.summary(replace(delivery(EVIL), findings=found))
    rows = [line for line in said.splitlines() if line.startswith("| ") and "evil" in line]
    assert len(rows) == 2
    for row in rows:
        inside = row.replace("`code`", "").replace(f"`{'0' * 64}`", "")
        assert not set("<>[]()!*_`\\@") & set(inside)
        assert inside.count("|") == 4
        assert "www." not in inside and "://" not in inside
    assert not any(line.startswith("## h") for line in said.splitlines())


def test_a_link_with_a_session_token_stands_in_the_file_alone() -> None:
    url = f"{URL}&X-Amz-Security-Token=SECRETTOKEN"
    said = summary.summary(delivery(url=url), masks=True, report="delivery.json")
    assert "SECRETTOKEN" not in said and "https://" not in said
    assert "stands in the artifact delivery.json" in said


def test_a_long_list_is_cut_with_a_word() -> None:
    many = tuple(FileEntry("/x", f"{n}.png", 1, 0) for n in range(summary.MOST_FILES + 7))
    assert "and 7 more files" in summary.summary(replace(delivery(), files=many))


def test_why_nothing_was_delivered() -> None:
    said = summary.failure(BlockedError("not delivered: 1 finding <b>", hint="mend it"), ())
    assert said.startswith("### Not delivered: not delivered&#58; 1 finding &#60;b&#62;\n\nmend it\n\nExit code 3")


def test_outputs_hold_no_link_and_cannot_be_ended_early() -> None:
    values = outputs.outputs(delivery(), report="delivery.json")
    assert values == {"id": "site-1", "method": "link", "expires-at": "2026-01-02T03:04:05Z", "files": "1",
                      "bytes": "1500", "out": "out", "report": "delivery.json"}  # fmt: skip
    lines = outputs.for_github({"a": "x\nend\nb=1"}).splitlines()
    end = lines[0].removeprefix("a<<")
    assert lines == [f"a<<{end}", "x", "end", "b=1", end]
    assert outputs.for_github({"a": "x"}) != outputs.for_github({"a": "x"})
    assert outputs.dotenv(values).splitlines()[:3] == [
        "DELIVERED_ID=site-1", "DELIVERED_METHOD=link", "DELIVERED_EXPIRES_AT=2026-01-02T03:04:05Z",
    ]  # fmt: skip


def test_a_folder_with_a_line_end_in_its_name_is_one_line() -> None:
    values = outputs.outputs(replace(delivery(), out="a\nDELIVERED_ID=b"))
    assert len(outputs.dotenv(values).splitlines()) == len(values)


def test_the_code_quality_report_has_the_form_that_gitlab_documents() -> None:
    found = [Finding("gps", Severity.WARNING, "a.jpg", "it tells a place", "strip it"), Finding("x", Severity.ERROR, "",
             "nothing", "")]  # fmt: skip
    rows = list(quality.code_quality(found, {"a.jpg": "dist/a.jpg"}))
    assert rows[0] | {"fingerprint": ""} == {
        "description": "it tells a place; strip it",
        "check_name": "gps",
        "fingerprint": "",
        "severity": "minor",
        "location": {"path": "dist/a.jpg", "lines": {"begin": 1}},
    }
    assert (rows[1]["severity"], rows[1]["location"]["path"]) == ("critical", ".")
    assert rows[0]["fingerprint"] != rows[1]["fingerprint"]
    assert json.loads("".join(files.json_pieces(rows))) == rows
    assert json.loads("".join(files.json_pieces([]))) == []


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="cannot be written"):
        files.write(str(tmp_path / "file" / "deeper.json"), ["x"])
    with pytest.raises(LocalError, match="cannot be written"):
        files.append(str(tmp_path / "none" / "x"), "x")
