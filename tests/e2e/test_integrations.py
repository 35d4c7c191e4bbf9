"""The action, the GitLab job and the Jenkins stage carried out, without their services, on the embedded store."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import urllib.request
from pathlib import Path

import jsonschema
import pytest
from support.steps import ROOT, Ran, job_of, run_action, run_lines, tool_in

from delivery import report

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
INTEGRATIONS = ROOT / "integrations"
ACTION = INTEGRATIONS / "github" / "action.yml"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOOL = {"DELIVERY_PACKAGE": "delivery-0.1.0-py3-none-any.whl[local]"}
RUN = {"GITHUB_SHA": COMMIT, "GITHUB_REPOSITORY": "acme/site", "GITHUB_JOB": "build"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a build leaves: more than one file, names with spaces and worse."""
    folder = tmp_path / "checkout"
    (folder / "dist").mkdir(parents=True)
    (folder / "dist" / "notes one.txt").write_text("The finished work.\n")
    (folder / "dist" / "$(touch pwned)`x`.bin").write_bytes(bytes(range(256)) * 40)
    return folder


@pytest.fixture
def environ(tmp_path: Path, home: Path) -> dict[str, str]:
    path = tool_in(tmp_path / "tools")
    return {"PATH": path, "HOME": str(tmp_path), "DELIVERY_HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}


def act(checkout: Path, environ: dict[str, str], **inputs: str) -> Ran:
    given = {"paths": "dist", "via": "link", "allow": "wrong-content", **inputs}
    return run_action(ACTION, given, folder=checkout, environ={**environ, **RUN})


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        data: bytes = answer.read()
        return data


def link_in(summary: str) -> str:
    found = re.search(r"\[Delivery page\]\(<(http[^>]+)>\)", summary)
    assert found is not None, summary
    return found[1]


def test_the_action_delivers_and_its_page_opens_while_no_secret_leaves(
    checkout: Path, environ: dict[str, str], home: Path
) -> None:
    ran = act(checkout, {**environ, "AWS_SECRET_ACCESS_KEY": "sk-of-the-job", "AWS_SESSION_TOKEN": "token-of-the-job"})
    assert ran.code == 0, ran.log
    page = read(link_in(ran.summary)).decode()
    assert "notes one.txt" in page
    document = json.loads((checkout / "delivery.json").read_text())
    jsonschema.validate(document, report.schema("delivery.send/1"))
    assert document["page"]["url"] == link_in(ran.summary)
    for link in document["links"]:
        assert hashlib.sha256(read(link["url"])).hexdigest() == link["sha256"]
    assert document["page"]["url"] in (checkout / "delivery-message.txt").read_text()
    first_end = min(link["expires_at"] for link in document["links"])
    assert ran.outputs == {
        "id": document["id"], "method": "link", "expires-at": first_end, "files": "2",
        "bytes": str(19 + 256 * 40), "out": str(checkout / "delivered"), "report": "delivery.json",
    }  # fmt: skip
    assert document["id"].startswith("acme-site-build-0123456789ab-")
    identity = json.loads((home / "store" / "identity.json").read_text())
    told = json.dumps(ran.outputs)
    for secret in (identity["secret_access_key"], "sk-of-the-job", "token-of-the-job"):
        assert secret not in ran.summary + told + ran.log
    assert identity["access_key_id"] not in told
    assert "X-Amz" not in told + ran.log
    assert "links are not among the outputs" in ran.log
    assert not list(checkout.rglob("pwned"))
    asked = (checkout.parent / "tools" / "pip.txt").read_text()
    assert asked.split()[:2] == ["install", "--quiet"]
    assert (ROOT / "pyproject.toml").samefile(Path(asked.split()[2].removesuffix("[local]")) / "pyproject.toml")


def test_the_job_again_on_a_fresh_machine_sends_nothing_twice(
    checkout: Path, environ: dict[str, str], home: Path
) -> None:
    """All that stays is the store: no ledger, no state, another checkout with other times."""
    first = act(checkout, environ)
    assert first.code == 0, first.log
    held = {path: path.stat() for path in (home / "store" / "files").rglob("*") if path.is_file()}
    for path in home.iterdir():
        if path.name != "store":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (checkout / "dist").iterdir():
        os.utime(path)
    shutil.rmtree(checkout / "delivered")
    again = act(checkout, environ)
    assert again.code == 0, again.log
    assert again.outputs["id"] == first.outputs["id"]
    assert again.log.count("is in the store already") >= 2
    assert link_in(again.summary).partition("?")[0] == link_in(first.summary).partition("?")[0]
    sent = {path for path, seen in held.items() if path.stat().st_mtime_ns != seen.st_mtime_ns}
    assert {path.name for path in sent} <= {"index.html", "delivery-manifest.json"} | {
        path.name for path in held if path.parent.name == "standing"
    }
    assert {path for path in (home / "store" / "files").rglob("*") if path.is_file()} == set(held)


def test_an_input_that_is_left_out_leaves_the_configuration_as_it_is(checkout: Path, environ: dict[str, str]) -> None:
    (checkout / "delivery.ini").write_text("[delivery]\nstrict = yes\n")
    (checkout / "dist" / "a:b.txt").write_text("a warning, for its name\n")
    ran = act(checkout, environ)
    assert ran.code == 3 and "name-breaks" in ran.log, ran.log
    assert act(checkout, environ, strict="false").code == 0


def test_inputs_are_never_shell(checkout: Path, environ: dict[str, str]) -> None:
    evil = '"; touch pwned; $(touch pwned) `touch pwned` #'
    ran = act(checkout, environ, order=evil, via="attach", paths=f"dist\n{evil}")
    assert ran.code == 4, ran.log
    ran = act(checkout, environ, order=evil, via="attach")
    assert ran.code == 0, ran.log
    assert not (checkout / "pwned").exists()
    text = ACTION.read_text("utf-8")
    scripts = re.findall(r"run: \|\n((?: {8}.*\n|\n)+)", text)
    assert len(scripts) == 2 and not any("${{" in script for script in scripts)


def test_a_failing_delivery_fails_the_job_with_its_own_code(checkout: Path, environ: dict[str, str]) -> None:
    (checkout / "dist" / "setup.exe").write_bytes(b"MZ" + bytes(200))
    ran = act(checkout, environ, platform="gmail", via="attach")
    assert ran.code == 3
    assert "::error file=dist/setup.exe,title=blocked-type::" in ran.log
    assert "### Not delivered" in ran.summary
    assert json.loads((checkout / "delivery.json").read_text())["exit_code"] == 3


def test_every_input_is_an_option_of_the_tool() -> None:
    from delivery.cli.send import command

    step = next(step for step in job_of(ACTION, "runs")["steps"] if step.get("id") == "deliver")
    variables = {option.envvar for option in command.params}
    assert {name for name in step["env"] if name.startswith("DELIVERY_")} <= variables
    assert {f"${{{{ inputs.{name} }}}}" for name in job_of(ACTION, "inputs")} == {
        *step["env"].values(), "${{ inputs.python }}",
    }  # fmt: skip


def test_the_gitlab_job(checkout: Path, environ: dict[str, str]) -> None:
    job = job_of(INTEGRATIONS / "gitlab" / "delivery.yml", ".delivery")
    run = {"CI": "true", "GITLAB_CI": "true", "CI_COMMIT_SHA": COMMIT, "CI_PROJECT_PATH": "acme/site",
           "CI_JOB_NAME": "deliver", "CI_PROJECT_DIR": str(checkout)}  # fmt: skip
    (checkout / "dist" / "empty.png").touch()
    more = {"PATHS_TO_DELIVER": "dist/notes one.txt\ndist/empty.png", "DELIVERY_VIA": "link"}
    unnamed = run_lines(
        "\n".join(job["script"]), shell="bash", folder=checkout, environ={**environ, **job["variables"], **run, **more}
    )
    assert unnamed.code == 2 and "another project has its name" in unnamed.log
    more |= TOOL
    ran = run_lines("\n".join(job["script"]), shell="bash", folder=checkout,
                    environ={**environ, **job["variables"], **run, **more})  # fmt: skip
    assert ran.code == 0, ran.log
    assert "section_start:" in ran.log
    for name in (*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()):
        assert (checkout / name).exists(), name
    values = dict(line.split("=", 1) for line in (checkout / "delivered.env").read_text().splitlines())
    assert values["DELIVERED_ID"].startswith("acme-site-deliver-0123456789ab-")
    assert all(re.fullmatch(r"DELIVERED_[A-Z_]+", name) for name in values)
    assert "X-Amz" not in (checkout / "delivered.env").read_text()
    assert "notes one.txt" in read(link_in((checkout / "delivery.md").read_text())).decode()
    (found,) = json.loads((checkout / "gl-code-quality-report.json").read_text())
    assert found["location"]["path"] == "dist/empty.png"


def test_the_jenkins_stage(checkout: Path, environ: dict[str, str]) -> None:
    text = (INTEGRATIONS / "jenkins" / "Jenkinsfile").read_text("utf-8")
    (script,) = re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL)
    variables = dict(re.findall(r"^ {8}([A-Z_]+) = '(.*?)'", text, re.MULTILINE))
    assert "${" not in script and '"""' not in text
    run = {"JENKINS_URL": "https://ci.example", "GIT_COMMIT": COMMIT, "JOB_NAME": "acme/site", "DELIVERY_VIA": "link"}
    unnamed = run_lines(script, shell="sh", folder=checkout, environ={**environ, **variables, **run})
    assert unnamed.code == 2 and "another project has its name" in unnamed.log
    run |= TOOL
    for _ in range(2):  # the second build finds the workspace as the first one left it
        ran = run_lines(script, shell="sh", folder=checkout, environ={**environ, **variables, **run})
        assert ran.code == 0, ran.log
    assert "notes one.txt" in read(link_in((checkout / "delivery.md").read_text())).decode()
    assert (checkout / "delivered").is_dir()
    assert "DELIVERED_ID=acme-site-0123456789ab-" in (checkout / "delivered.env").read_text()
