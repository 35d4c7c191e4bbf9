"""Which continuous integration service this runs in, and what it calls things, as its documentation says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, NamedTuple

Speech = Literal["plain", "github", "gitlab", "azure", "buildkite"]


class Service(NamedTuple):
    """One service. Where several variables are named, the first that is set counts."""

    name: str
    marker: str
    """The variable that only this service sets."""
    value: str = ""
    """What the marker must be, in any case; empty: anything."""
    speech: Speech = "plain"
    """How its log takes annotations, groups and variables."""
    commit: str = ""
    repository: tuple[str, ...] = ()
    job: tuple[str, ...] = ()
    folder: str = ""
    """Where the sources lie: annotations name files from there."""
    summary: str = ""
    """Names the file whose Markdown it shows."""
    outputs: str = ""
    """Names the file that takes outputs for later steps."""
    masks: bool = False
    """Drops job outputs that contain what it keeps secret, the key id of links for one, and blanks it elsewhere."""


SERVICES = (
    Service(
        "github", "GITHUB_ACTIONS", "true", "github",
        commit="GITHUB_SHA", repository=("GITHUB_REPOSITORY",), job=("GITHUB_JOB",),
        folder="GITHUB_WORKSPACE", summary="GITHUB_STEP_SUMMARY", outputs="GITHUB_OUTPUT", masks=True,
    ),
    Service(
        "gitlab", "GITLAB_CI", "true", "gitlab",
        commit="CI_COMMIT_SHA", repository=("CI_PROJECT_PATH",), job=("CI_JOB_NAME",), folder="CI_PROJECT_DIR",
    ),
    Service(
        "azure", "TF_BUILD", "true", "azure",
        commit="BUILD_SOURCEVERSION", repository=("BUILD_REPOSITORY_NAME",), job=("SYSTEM_JOBNAME", "AGENT_JOBNAME"),
        folder="BUILD_SOURCESDIRECTORY",
    ),
    Service(
        "buildkite", "BUILDKITE", "true", "buildkite",
        commit="BUILDKITE_COMMIT", repository=("BUILDKITE_PIPELINE_SLUG",),
        job=("BUILDKITE_STEP_KEY", "BUILDKITE_LABEL"), folder="BUILDKITE_BUILD_CHECKOUT_PATH",
    ),
    Service(
        "circleci", "CIRCLECI", "true",
        commit="CIRCLE_SHA1", repository=("CIRCLE_PROJECT_REPONAME",), job=("CIRCLE_JOB",),
    ),
    Service(
        "bitbucket", "BITBUCKET_BUILD_NUMBER",
        commit="BITBUCKET_COMMIT", repository=("BITBUCKET_REPO_FULL_NAME",), folder="BITBUCKET_CLONE_DIR",
    ),
    Service(
        "jenkins", "JENKINS_URL",
        commit="GIT_COMMIT", repository=("JOB_NAME",), folder="WORKSPACE",
    ),
    Service("ci", "CI"),
)  # fmt: skip
"""The last one is any service that says ``CI`` and nothing else that is known."""

_NO = frozenset({"", "0", "false", "no", "off"})


def detect(environ: Mapping[str, str] = os.environ) -> Service | None:
    """The service whose variables stand in ``environ``, or None."""
    for service in SERVICES:
        found = environ.get(service.marker, "").strip().lower()
        if found not in _NO and service.value in ("", found):
            return service
    return None


class Origin(NamedTuple):
    """What a run was started for. Empty where the service does not tell."""

    commit: str = ""
    repository: str = ""
    job: str = ""


def origin(service: Service, environ: Mapping[str, str] = os.environ) -> Origin:
    """The commit, repository and job of this run."""
    return Origin(
        environ.get(service.commit, "") if service.commit else "",
        _first(service.repository, environ),
        _first(service.job, environ),
    )


def place_in_sources(path: str, service: Service, environ: Mapping[str, str] = os.environ) -> str | None:
    """``path`` as the service names the file: from its folder of sources; None for a file outside of it."""
    folder = environ.get(service.folder, "") if service.folder else ""
    base, place = os.path.realpath(folder or "."), os.path.realpath(path)
    try:
        inside = os.path.commonpath([base, place]) == base
    except ValueError:  # another drive
        return None
    return os.path.relpath(place, base).replace(os.sep, "/") if inside else None


def variables() -> frozenset[str]:
    """The names of all variables that are looked at here."""
    return frozenset(
        name
        for row in SERVICES
        for name in (row.marker, row.commit, row.folder, row.summary, row.outputs, *row.repository, *row.job)
        if name
    )


def _first(names: tuple[str, ...], environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")
