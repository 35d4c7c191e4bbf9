"""What a delivery is named after."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from delivery.config import Settings
from delivery.errors import UsageError
from delivery.surroundings import id_of, now_in_utc

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": COMMIT, "GITHUB_REPOSITORY": "Acme/the site", "GITHUB_JOB": "build"}


def named(id: str | None, environ: dict[str, str] | None = None) -> str | None:
    return id_of(Settings().override(id=id), environ or {})


def test_a_moment_without_a_zone_is_meant_here() -> None:
    here = datetime(2026, 1, 31, 12).astimezone()
    karachi = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=5)))
    assert now_in_utc(datetime(2026, 1, 31, 12)) == here
    assert str(now_in_utc(karachi)) == "2026-01-31 07:00:00+00:00"
    assert abs(now_in_utc(None) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_name_of_ones_own() -> None:
    assert named(None) is None
    assert [named(id) for id in ("a", "site-v1.2_x", "x" * 64)] == ["a", "site-v1.2_x", "x" * 64]


@pytest.mark.parametrize("id", ["", "-x", ".x", "a b", "a/b", "ü", "x" * 65, "a\n", "20260131-0a1b2c3d"])
def test_what_cannot_be_a_name(id: str) -> None:
    with pytest.raises(UsageError, match="cannot name a delivery") as caught:
        named(id)
    assert (caught.value.exit_code, caught.value.code) == (2, "delivery-id")


def test_the_commit_of_the_run_with_its_repository_and_job() -> None:
    id = named("commit", GITHUB)
    assert id is not None and id.startswith("Acme-the-site-build-0123456789ab-") and len(id) <= 64
    assert named("commit", GITHUB) == id
    assert named("commit", {**GITHUB, "GITHUB_JOB": "other"}) != id
    long = named("commit", {**GITHUB, "GITHUB_REPOSITORY": "x" * 300})
    assert long is not None and len(long) <= 64 and named(long) == long


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_outside_of_ci_it_is_the_commit_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "site"
    repository.mkdir()
    monkeypatch.chdir(repository)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(UsageError, match="neither the CI service nor git"):
        named("commit")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    id = named("commit", {"CI": "true"})
    assert id is not None and id.startswith(f"site-{head[:12]}-")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # as in a container that runs as another user
    with pytest.raises(UsageError, match=r"\(git: fatal: .*repository"):
        named("commit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git is not installed"):
        named("commit")
