"""Each service simulated by its variables: what the log, the files and stdout get."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from pathlib import Path

import jsonschema
import pytest
from support.terminal import Run

from delivery import report
from delivery.cli import app, streams
from delivery.cli.colour import colour
from delivery.cli.progress import progress_for

SERVICES = {
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITLAB_CI": "true"},
    "azure": {"TF_BUILD": "True"},
    "buildkite": {"BUILDKITE": "true"},
    "circleci": {"CIRCLECI": "true"},
    "bitbucket": {"BITBUCKET_BUILD_NUMBER": "1"},
    "jenkins": {"JENKINS_URL": "https://ci.example"},
    "ci": {"CI": "true"},
}
PLAIN = """\
warning: empty.png: it is empty [empty-file]
hint: export or download it again
3 files, 35 bytes
way: attach
  3 files of 35 bytes fit one Fiverr message as they are
  empty.png (as-is, 0 bytes)
  more.txt (as-is, 16 bytes)
  notes.txt (as-is, 19 bytes)
{}ready in HERE/ready
  empty.png  0 bytes
  more.txt  16 bytes
  notes.txt  19 bytes
attach them here: the order page, under Deliver now
recorded as ID; `delivery message ID` writes the message again

message to paste:

"""
FINDING = PLAIN[: PLAIN.index("3 files, 35")]
GOLDEN = {
    "github": "::group::checking the files\n::endgroup::\n"
    + PLAIN.format("::group::packing and sending\n::endgroup::\n").replace(
        FINDING,
        "::warning file=work/empty.png,title=empty-file::empty.png: it is empty%0Ahint: export or "
        "download it again\n",
    ),
    "azure": "##[group]checking the files\n##[endgroup]\n"
    + PLAIN.format("##[group]packing and sending\n##[endgroup]\n").replace(
        FINDING,
        "##vso[task.logissue type=warning;sourcepath=work/empty.png;code=empty-file]empty.png: it is empty%0Ahint: "
        "export or download it again\n",
    )
    + "".join(
        f"##vso[task.setvariable variable=DELIVERED_{name};isOutput=true]{value}\n"
        for name, value in [("ID", "ID"), ("METHOD", "attach"), ("EXPIRES_AT", ""), ("FILES", "3"), ("BYTES", "35"),
                            ("OUT", "HERE/ready"), ("REPORT", "")]
    ),
    "gitlab": "\x1b[0Ksection_start:0:delivery_check[collapsed=true]\n\x1b[0Kchecking the files\n"
    "\x1b[0Ksection_end:0:delivery_check\n\x1b[0K\n"
    + PLAIN.format(
        "\x1b[0Ksection_start:0:delivery_deliver[collapsed=true]\n\x1b[0Kpacking and sending\n"
        "\x1b[0Ksection_end:0:delivery_deliver\n\x1b[0K\n"
    ),
    "buildkite": "--- checking the files\n+++ delivery\n"
    + PLAIN.format("--- packing and sending\n+++ delivery\n"),
    **{name: PLAIN.format("") for name in ("circleci", "bitbucket", "jenkins", "ci")},
}  # fmt: skip


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in SERVICES[request.param].items():
        monkeypatch.setenv(name, value)
    return str(request.param)


def test_the_log_of_each_service(run: Run, work: Path, service: str) -> None:
    (work / "empty.png").touch()
    answer = run("send", work, "--out", "ready")
    said = answer.err.replace(f"{work.parent}{os.sep}", "HERE/").replace("\r", "\n")
    said = re.sub(r"20\d{6}-[0-9a-f]{8}", "ID", said)
    said = re.sub(r"(section_\w+:)\d+", r"\g<1>0", said)
    assert (answer.code, said) == (0, GOLDEN[service])
    assert answer.out.startswith("Hello, and thank you")
    assert "::" not in answer.out and "##" not in answer.out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_bars_no_colour_and_no_question_though_there_is_a_terminal(
    service: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some services run their commands on one."""
    (work / "empty.png").touch()
    monkeypatch.chdir(work.parent)
    monkeypatch.setattr(sys, "stdin", Terminal("gmail\ny\n"))
    for arguments in (["init", "made.ini"], ["send", str(work), "--out", "ready"]):
        out, err = Terminal(), Terminal()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with progress_for(True) as progress:
            assert type(progress).__name__ == "_Lines"
        with pytest.raises(SystemExit) as ended:
            app.main(arguments)
        assert ended.value.code == 0
        assert not re.search(r"\x1b\[[0-9;]*m", out.getvalue() + err.getvalue())
        assert sys.stdin.tell() == 0
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(SystemExit):
        app.main(["check", str(work / "none")])
    assert "\x1b[31m" in err.getvalue() or service in ("github", "azure")


def test_a_dumb_terminal_gets_no_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", "dumb")
    assert colour() is False
    monkeypatch.setenv("TERM", "xterm")
    assert colour() is None


def test_github_gets_a_summary_and_outputs(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (work.parent / name).write_text("before\n")
        monkeypatch.setenv(name, str(work.parent / name))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    answer = run("send", work, "--out", "ready", "--json", "--report", "kept/delivery.json")
    shown = (work.parent / "GITHUB_STEP_SUMMARY").read_text()
    assert shown.startswith("before\n### Delivery work\n")
    assert "| notes.txt | 19 bytes |" in shown
    outputs = (work.parent / "GITHUB_OUTPUT").read_text()
    assert re.search(r"^method<<(\S+)\nattach\n\1$", outputs, re.MULTILINE)
    assert json.loads((work.parent / "kept" / "delivery.json").read_text()) == answer.document


def test_files_for_every_other_service(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "empty.png").touch()
    monkeypatch.setenv("GITLAB_CI", "true")
    run("send", work, "--out", "ready", "--summary", "s.md", "--dotenv", "d.env", "--code-quality", "q.json")
    assert (work.parent / "s.md").read_text().startswith("### Delivery work\n")
    assert "DELIVERED_METHOD=attach\n" in (work.parent / "d.env").read_text()
    (found,) = json.loads((work.parent / "q.json").read_text())
    assert (found["check_name"], found["location"]["path"]) == ("empty-file", "work/empty.png")
    run("check", work, "--code-quality", "c.json")
    assert json.loads((work.parent / "c.json").read_text()) == [found]
    monkeypatch.setenv("TF_BUILD", "True")
    monkeypatch.delenv("GITLAB_CI")
    azure = run("send", work, "--out", "ready2", "--summary", "s.md")
    assert f"##vso[task.uploadsummary]{work.parent / 's.md'}\n" in azure.err


def test_a_failure_leaves_its_files_and_its_own_exit_code(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work / "setup.exe").write_bytes(b"MZ" + bytes(200))
    (work.parent / "shown").touch()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(work.parent / "shown"))
    answer = run("send", work, "-p", "gmail", "--report", "r.json", "--code-quality", "q.json")
    assert answer.code == 3
    assert "::error file=work/setup.exe,title=blocked-type::setup.exe: " in answer.err
    assert "\n::error title=blocking-findings::not delivered" in answer.err
    document = json.loads((work.parent / "r.json").read_text())
    jsonschema.validate(document, report.schema("delivery.error/1"))
    assert "blocked-type" in {item["check_name"] for item in json.loads((work.parent / "q.json").read_text())}
    assert "### Not delivered" in (work.parent / "shown").read_text()
    as_json = run("send", work, "-p", "gmail", "--json")
    assert as_json.document["exit_code"] == 3
    assert "::error " in as_json.err
    assert "::error title=usage::" in run("send", "--json").err


def test_a_report_that_cannot_be_written_does_not_hide_what_went_wrong(run: Run, work: Path) -> None:
    (work.parent / "file").touch()
    (work / "setup.exe").write_bytes(b"MZ" + bytes(200))
    blocked = run("send", work, "-p", "gmail", "--report", "file/r.json")
    assert blocked.code == 3
    assert "file/r.json cannot be written" in blocked.err.replace("\\", "/")
    assert run("send", work, "--out", "ready", "--report", "file/r.json").code == 4


def test_what_an_earlier_run_left_does_not_pass_for_the_outcome_of_one_that_was_misread(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = work.parent
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "shown"))
    monkeypatch.setenv("DELIVERY_DOTENV", str(here / "d.env"))
    for wrong in (["--expires", "soon"], ["--via", "mail"], ["--language", "tlh"]):
        (here / "r.json").write_text("that of an earlier run")
        (here / "d.env").write_text("DELIVERED_ID=earlier\n")
        (here / "shown").write_text("")
        said = run("send", work, *wrong, "--report", "r.json")
        assert said.code == 2 and "::error title=" in said.err
        document = json.loads((here / "r.json").read_text())
        jsonschema.validate(document, report.schema("delivery.error/1"))
        assert (document["exit_code"], (here / "d.env").read_text()) == (2, "")
        assert (here / "shown").read_text().startswith("### Not delivered")
    monkeypatch.setenv("DELIVERY_REPORT", str(here / "by-variable.json"))
    for misread in (["send", "--no-such-option"], ["send"]):
        assert run(*misread).code == 2
        assert json.loads((here / "by-variable.json").read_text())["code"] == "usage"
        (here / "by-variable.json").unlink()
    assert run("list", "--no-such-option").code == 2
    assert not (here / "by-variable.json").exists()


@pytest.mark.parametrize(
    "option, variable",
    [("--summary", "GITHUB_STEP_SUMMARY"), ("--dotenv", "GITHUB_OUTPUT"), ("--report", "GITHUB_OUTPUT")],
)
def test_what_a_step_has_written_for_the_service_is_not_written_over(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch, option: str, variable: str
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv(variable, "own")
    Path("own").write_text("earlier=1\n")
    answer = run("pack", work, "-o", "ready", option, "own")
    assert answer.code == 2 and f"${variable}" in answer.err and f"leave {option} out" in answer.err
    assert Path("own").read_text().startswith("earlier=1\n")
    assert not Path("ready").exists()


def test_two_options_cannot_have_the_same_file(run: Run, work: Path) -> None:
    refused = run("upload", work, "--report", "out/a", "--summary", "./out/../out/a")
    assert refused.code == 2
    assert "--report and --summary would both be written to" in refused.err
    assert not Path("out").exists()
    assert run("send", work, "--dry-run", "--report", os.devnull, "--summary", os.devnull).code == 0


@pytest.mark.parametrize("option", ["--report", "--summary", "--dotenv", "--code-quality", "--qr"])
def test_no_file_is_written_over_the_work_or_into_it(run: Run, work: Path, option: str) -> None:
    """Written into it, the links of this delivery would go to the buyer of the next."""
    before = sorted(work.iterdir())
    for place, delivered in (("work/new.json", work), ("work/notes.txt", "work/notes.txt"), ("work", work)):
        for more in ([], ["absent.txt"], ["--expires", "soon"]):
            said = run("upload", delivered, *more, option, place)
            assert said.code == (2 if "soon" in more else 4)
            assert "soon" in more or "to be delivered" in said.err
    assert run("check", work, "--code-quality", "work/notes.txt").code == 4
    assert (sorted(work.iterdir()), (work / "notes.txt").read_bytes()) == (before, b"The finished work.\n")


HOSTILE = "##[add-mask]b.txt"


@pytest.mark.skipif(sys.platform == "win32", reason="no such names on Windows")
def test_a_hostile_name_is_no_command_on_stdout_or_stderr(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (work / HOSTILE).touch()
    (work / "\n::add-mask::c.txt").touch()
    said = run("send", work, "--out", "ready")
    for line in re.split(r"[\r\n]", said.out + said.err):
        assert not re.match(r"\s*::(add-mask|stop|set|save|debug)", line), line
        assert "##[" not in line or line.startswith("::notice file=work/##[add-mask]b.txt,title="), line
    document = run("send", work, "--out", "again", "--json")
    assert "##" not in document.out
    assert HOSTILE in {item["name"] for item in document.document["files"]}
    wrong = run("send", "::add-mask::x", "nothing\n::add-mask::y")
    assert wrong.code != 0
    assert not re.search(r"(?m)^\s*::add-mask", wrong.err)


def test_the_guard_keeps_count_of_lines_over_several_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    streams.guard()
    try:
        for text in ("name", "::notice::kept\n", "  ", "::error::broken\n", "half a line"):
            sys.stderr.write(text)
        streams.command("::group::ours")
        sys.stderr.write("::error::broken too")
    finally:
        streams.unguard()
    assert err.getvalue() == (
        "name::notice::kept\n  : :error::broken\nhalf a line\n::group::ours\n: :error::broken too"
    )
    assert sys.stderr is err


def test_a_file_that_could_not_be_written_is_told_before_anything_is_done(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    bad = str(tmp_path / "file" / "there-is-no-folder")
    for option in ("--report", "--summary", "--dotenv", "--code-quality"):
        done = run("send", str(work), "-o", str(tmp_path / "ready"), option, bad, "--json")
        assert done.code == 4 and json.loads(done.out)["code"] == "report-file"
        assert not (tmp_path / "ready").exists()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", bad)
    assert run("send", str(work), "-o", str(tmp_path / "ready"), "--json").code == 4
    assert not (tmp_path / "ready").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is full")
def test_what_fails_after_the_result_is_told_beside_it(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    checked = run("check", str(work), "--json", "--code-quality", str(tmp_path / "file" / "x"))
    assert checked.code == 4 and json.loads(checked.out)["schema"] == report.CHECK
    assert "cannot be written" in checked.err
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/dev/full")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    sent = run("send", str(work), "-o", str(tmp_path / "ready"), "--json")
    assert sent.code == 4 and json.loads(sent.out)["schema"] == report.SEND
    assert json.loads(sent.out)["id"] in (tmp_path / "outputs").read_text()
