"""`send`, `pack`, `check` and their documents, by the attach way."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import jsonschema
import pytest
from PIL import Image
from support.terminal import Run

from delivery import Settings, report, send

ROOT = Path(__file__).parents[2]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_few_files_lie_ready_as_they_are_and_stdout_is_the_message_alone(run: Run, work: Path) -> None:
    answer = run("send", work, "--out", "ready")
    assert answer.code == 0
    ready = work.parent / "ready"
    assert {path.name for path in ready.iterdir()} == {
        "notes.txt", "more.txt", "SHA256SUMS", "delivery-manifest.json",
    }  # fmt: skip
    assert (ready / "notes.txt").read_bytes() == (work / "notes.txt").read_bytes()
    assert "thank you" in answer.out
    assert "notes.txt" in answer.out
    assert "ready in" in answer.err
    assert "ready in" not in answer.out


def test_the_document_keeps_to_its_schema_and_its_digests_are_right(run: Run, work: Path) -> None:
    answer = run("send", work, "--json", "--out", "ready", "--order", "FO123")
    document = answer.document
    jsonschema.validate(document, report.schema("delivery.send/1"))
    assert answer.err == ""
    assert (document["method"], document["platform"], document["order"]) == ("attach", "fiverr", "FO123")
    assert {item["name"]: item["sha256"] for item in document["files"]} == {
        name: sha256(work / name) for name in ("notes.txt", "more.txt")
    }
    for item in document["attachments"]:
        assert item["kind"] == "as-is"
        assert sha256(Path(item["path"])) == item["sha256"]
    assert document["page"] is None
    assert document["links"] == []
    assert len(document["messages"]) == 1


def test_many_files_become_zips_in_several_messages(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.bin").write_bytes(random.Random(number).randbytes(20_000))
    config = tmp_path / "own.ini"
    config.write_text("[platform:small]\nfile_limit = 100KB\nmessage_limit = 250KB\n")
    answer = run("send", folder, "--json", "--config", config, "-p", "small", "-o", "ready", "--allow", "wrong-content")
    document = answer.document
    assert answer.code == 0, answer.out
    assert {item["kind"] for item in document["attachments"]} == {"archive"}
    assert len(document["messages"]) == max(item["message"] for item in document["attachments"]) > 1
    found = {}
    for item in document["attachments"]:
        assert item["size"] <= 100_000
        with zipfile.ZipFile(item["path"]) as archive:
            found |= {name: archive.read(name) for name in archive.namelist()}
    assert found == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_dry_run_says_what_would_be_done_and_does_nothing(run: Run, work: Path) -> None:
    answer = run("send", work, "--dry-run", "--json")
    jsonschema.validate(answer.document, report.schema("delivery.send/1"))
    assert answer.document["dry_run"] is True
    assert [item["sha256"] for item in answer.document["attachments"]] == [None, None]
    assert [path.name for path in work.parent.iterdir()] == ["work"]
    assert run("list").out == ""
    spoken = run("send", work, "--dry-run", "--via", "link")
    assert spoken.code == 0
    assert "way: link" in spoken.err
    assert "recorded" not in spoken.err
    assert "proof sheet" not in answer.err
    for asked in (spoken, run("send", work, "--dry-run", "--proof")):
        assert "a proof sheet to attach is made too: work-proof.pdf" in asked.err
    assert [path.name for path in work.parent.iterdir()] == ["work"]


def test_the_document_of_a_dry_run_names_what_would_be_uploaded(run: Run, work: Path) -> None:
    for number in range(20):
        (work / f"{number}.txt").write_text(f"page {number}\n")
    document = run("send", work, "--dry-run", "--via", "link", "--json").document
    jsonschema.validate(document, report.schema("delivery.send/1"))
    (archive,) = document["planned"]
    assert (archive["name"], archive["kind"]) == ("work.zip", "archive")
    assert sorted(archive["members"]) == sorted(item["name"] for item in document["files"])
    assert archive["size"] >= sum(item["size"] for item in document["files"])
    assert (document["attachments"], document["links"]) == ([], [])
    attached = run("send", work / "notes.txt", "--dry-run", "--json").document
    size = (work / "notes.txt").stat().st_size
    assert attached["planned"] == [{"name": "notes.txt", "kind": "as-is", "size": size, "members": ["notes.txt"]}]
    assert "planned" not in run("send", work / "notes.txt", "-o", "ready", "--json").document


def test_the_default_folder_is_named_after_the_work_and_never_reused(run: Run, work: Path) -> None:
    assert run("send", work).code == 0
    assert run("send", work).code == 0
    assert {path.name for path in work.parent.iterdir()} == {"work", "work-delivery", "work-delivery-2"}


@pytest.mark.parametrize("whole", [False, True])
def test_what_a_killed_run_left_in_the_default_folder_is_cleaned_up(run: Run, work: Path, whole: bool) -> None:
    """Only what it had not moved whole: a delivery that lies ready stays, and the next one goes beside it."""
    out = work.parent / "work-delivery"
    dead = out / ".delivery-unfinished-0badcafe"
    (dead / "ready").mkdir(parents=True)
    (dead / "lock").touch()
    (dead / "moving").write_text("notes.txt\0SHA256SUMS")
    (out / "notes.txt").write_text("half of it")
    if not whole:
        (dead / "ready" / "SHA256SUMS").touch()
    os.utime(dead, (1_790_000_000, 1_790_000_000))
    assert run("send", work, "--dry-run").code == 0
    assert dead.exists()
    assert run("send", work).code == 0
    assert dead.exists() is whole
    assert (work.parent / "work-delivery-2").exists() is whole
    assert ((out / "notes.txt").read_text() == "half of it") is whole


def test_from_inside_the_work_the_folder_goes_beside_it(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(work)
    assert run("send", ".").code == 0
    assert (work.parent / "work-delivery" / "notes.txt").is_file()


def test_every_door_gives_the_same_result(run: Run, work: Path, home: Path) -> None:
    """The installed command is tried by CI on the built wheel."""

    def facts(document: dict[str, object]) -> object:
        attachments = document["attachments"]
        assert isinstance(attachments, list)
        return (
            document["method"], document["reasons"], document["files"], document["findings"], document["messages"],
            [(item["message"], item["size"], item["sha256"], item["kind"]) for item in attachments],
        )  # fmt: skip

    first = facts(run("send", work, "--json", "--out", "in-process").document)
    for number, door in enumerate(([str(ROOT / "cli.py")], ["-m", "delivery"])):
        command = [sys.executable, *door, "send", str(work), "--json", "--out", str(work.parent / f"door{number}")]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, check=True)
        assert facts(json.loads(done.stdout)) == first
    result = send([work], settings=Settings.load(), out=str(work.parent / "library"))
    assert facts(report.as_dict(report.send_document(result))) == first


def test_blocking_findings_stop_it_and_a_waiver_lets_it_pass(run: Run, work: Path) -> None:
    (work / "setup.exe").write_bytes(b"MZ" + bytes(200))
    blocked = run("send", work, "-p", "gmail")
    assert blocked.code == 3
    assert "[blocked-type]" in blocked.err
    assert "hint:" in blocked.err
    assert [path.name for path in work.parent.iterdir()] == ["work"]
    document = run("send", work, "-p", "gmail", "--json").document
    jsonschema.validate(document, report.schema("delivery.error/1"))
    assert (document["exit_code"], document["code"]) == (3, "blocking-findings")
    assert any(item["code"] == "blocked-type" for item in document["findings"])


def test_strict_lets_warnings_block(run: Run, work: Path) -> None:
    (work / "empty.png").touch()
    assert run("send", work, "--out", "a").code == 0
    assert run("send", work, "--strict", "--out", "b").code == 3
    assert run("send", work, "--strict", "--allow", "empty-file", "--out", "c").code == 0


def test_check_reports_and_writes_nothing(run: Run, work: Path) -> None:
    answer = run("check", work, "--json")
    jsonschema.validate(answer.document, report.schema("delivery.check/1"))
    assert {item["name"]: item["sha256"] for item in answer.document["files"]} == {
        name: sha256(work / name) for name in ("notes.txt", "more.txt")
    }
    assert run("check", work, "--json", "--no-hash").document["files"][0]["sha256"] is None
    assert [path.name for path in work.parent.iterdir()] == ["work"]


def test_pack_and_verify_and_what_was_altered_is_named(run: Run, work: Path) -> None:
    assert run("pack", work, "-o", "ready").code == 0
    ready = work.parent / "ready"
    good = run("verify", ready)
    assert (good.code, good.out.startswith("complete")) == (0, True)
    jsonschema.validate(run("verify", ready, "--json").document, report.schema("delivery.verify/1"))
    (ready / "notes.txt").write_text("Something else....\n")
    bad = run("verify", ready)
    assert bad.code == 7
    assert "notes.txt" in bad.err


def test_what_was_delivered_is_in_the_ledger(run: Run, work: Path) -> None:
    made = run("send", work, "--json", "--out", "ready", "--order", "FO9").document
    listed = run("list", "--json").document
    jsonschema.validate(listed, report.schema("delivery.list/1"))
    assert [(item["id"], item["order"], item["files"]) for item in listed["deliveries"]] == [(made["id"], "FO9", 2)]
    shown = run("show", made["id"], "--json").document
    jsonschema.validate(shown, report.schema("delivery.send/1"))
    assert shown["files"] == made["files"]
    assert made["id"] in run("list").out
    assert made["files"][0]["sha256"] in run("show", made["id"][:10]).out
    assert run("message", made["id"]).out.strip() == made["messages"][0].strip()


def test_quiet_leaves_the_message_alone(run: Run, work: Path) -> None:
    answer = run("send", work, "--out", "ready", "--quiet")
    assert (answer.code, answer.err) == (0, "")
    assert "thank you" in answer.out


def test_a_proof_sheet_goes_along_when_it_is_asked_for(run: Run, work: Path) -> None:
    document = run("send", work, "--json", "--out", "ready", "--proof").document
    proof = document["attachments"][-1]
    assert (proof["kind"], proof["message"]) == ("proof", 1)
    assert Path(proof["path"]).read_bytes().startswith(b"%PDF")
    assert sha256(Path(proof["path"])) == proof["sha256"]
    assert run("verify", "ready").code == 0


@pytest.mark.parametrize(("platform", "files"), [("github-issue", 1), ("etsy", 5)])
def test_a_proof_sheet_that_the_platform_has_no_place_for_stays_away(
    platform: str, files: int, run: Run, tmp_path: Path
) -> None:
    """Either it takes no PDF, or the sheet would need one message more than there is."""
    paths = [tmp_path / f"photo {number}.png" for number in range(files)]
    for number, path in enumerate(paths):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
    answer = run("pack", *paths, "--platform", platform, "--json", "--out", "ready", "--proof")
    assert [item["kind"] for item in answer.document["attachments"]] == ["as-is"] * files
    assert len(answer.document["messages"]) == 1
    assert any("no proof sheet" in note for note in answer.document["notes"])
    assert not list(Path(answer.document["manifest"]["path"]).parent.glob("*.pdf"))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="another program opens folders there")
def test_open_shows_the_folder_and_holds_no_stream_of_ours(work: Path, tmp_path: Path) -> None:
    """Whoever reads the output would wait for as long as the file manager is open."""
    (tmp_path / "bin").mkdir()
    opener = tmp_path / "bin" / "xdg-open"
    opener.write_text(
        f'#!/bin/sh\necho of its own\nprintf %s "$1" > {tmp_path}/shown\necho $$ > {tmp_path}/pid\nsleep 30\n'
    )
    opener.chmod(0o755)
    command = [sys.executable, str(ROOT / "cli.py"), "pack", str(work), "--open", "--json", "--out"]
    environ = {**os.environ, "PATH": f"{opener.parent}{os.pathsep}{os.environ['PATH']}"}
    try:
        done = subprocess.run([*command, str(tmp_path / "r1")], capture_output=True, text=True, timeout=20, env=environ)
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
            time.sleep(0.05)
    finally:
        os.killpg(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert (done.returncode, json.loads(done.stdout)["out"]) == (0, str(tmp_path / "r1"))
    assert (tmp_path / "shown").read_text() == str(tmp_path / "r1")
    opener.unlink()
    environ["PATH"] = str(opener.parent)
    done = subprocess.run([*command, str(tmp_path / "r2")], capture_output=True, text=True, timeout=20, env=environ)
    assert done.returncode == 0 and "note: the folder cannot be opened here" in done.stderr


def test_the_file_that_the_shell_writes_the_message_into_is_not_delivered(work: Path, home: Path) -> None:
    """``cd work; delivery send . > message.txt``: the shell makes the file before anything is looked at."""
    run = [sys.executable, str(ROOT / "cli.py"), "send", ".", "-o", str(work.parent / "out")]
    with (work / "message.txt").open("wb") as stdout, (work / "log.txt").open("wb") as stderr:
        subprocess.run(run, cwd=work, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, check=True, timeout=60)
    assert (work / "message.txt").read_text().startswith("Hello")
    said = (work / "log.txt").read_text()
    assert "message.txt: left out: what this run prints is written into it" in said
    assert not {"message.txt", "log.txt"} & {path.name for path in (work.parent / "out").iterdir()}
