"""Which service it is, told by the variables that each one documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery import ci

GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SHA": "c0ffee", "GITHUB_REPOSITORY": "acme/site",
          "GITHUB_JOB": "build"}  # fmt: skip
ENVIRONMENTS = {
    "github": GITHUB,
    "gitlab": {"CI": "true", "GITLAB_CI": "true", "CI_COMMIT_SHA": "c0ffee", "CI_PROJECT_PATH": "acme/site",
               "CI_JOB_NAME": "build"},
    "azure": {"TF_BUILD": "True", "BUILD_SOURCEVERSION": "c0ffee", "BUILD_REPOSITORY_NAME": "acme/site",
              "AGENT_JOBNAME": "build"},
    "buildkite": {"CI": "true", "BUILDKITE": "true", "BUILDKITE_COMMIT": "c0ffee",
                  "BUILDKITE_PIPELINE_SLUG": "acme/site", "BUILDKITE_LABEL": "build"},
    "circleci": {"CI": "true", "CIRCLECI": "true", "CIRCLE_SHA1": "c0ffee", "CIRCLE_PROJECT_REPONAME": "acme/site",
                 "CIRCLE_JOB": "build"},
    "jenkins": {"JENKINS_URL": "https://ci.example", "GIT_COMMIT": "c0ffee", "JOB_NAME": "acme/site"},
    "bitbucket": {"CI": "true", "BITBUCKET_BUILD_NUMBER": "7", "BITBUCKET_COMMIT": "c0ffee",
                  "BITBUCKET_REPO_FULL_NAME": "acme/site"},
}  # fmt: skip


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_each_is_known_by_its_own_variables_and_tells_what_it_runs_for(name: str) -> None:
    service = ci.detect(ENVIRONMENTS[name])
    assert service is not None and service.name == name
    job = "" if name in ("jenkins", "bitbucket") else "build"
    assert ci.origin(service, ENVIRONMENTS[name]) == ci.Origin("c0ffee", "acme/site", job)


@pytest.mark.parametrize("text", ["true", "1", "woodpecker"])
def test_any_other_is_a_service_without_a_name(text: str) -> None:
    service = ci.detect({"CI": text})
    assert service is not None and (service.name, service.speech) == ("ci", "plain")
    assert ci.origin(service, {"CI": text}) == ci.Origin()


@pytest.mark.parametrize("environ", [{}, {"CI": ""}, {"CI": "false"}, {"CI": "0"}, {"GITHUB_ACTIONS": "false"}])
def test_elsewhere_there_is_none(environ: dict[str, str]) -> None:
    assert ci.detect(environ) is None


def test_no_test_sees_the_service_that_runs_it() -> None:
    assert ci.detect() is None


def test_a_file_is_named_from_the_folder_of_the_sources(tmp_path: Path) -> None:
    service = ci.detect(GITHUB)
    assert service is not None
    environ = {**GITHUB, "GITHUB_WORKSPACE": str(tmp_path)}
    assert ci.place_in_sources(str(tmp_path / "dist" / "a.png"), service, environ) == "dist/a.png"
    assert ci.place_in_sources(str(tmp_path.parent / "a.png"), service, environ) is None
