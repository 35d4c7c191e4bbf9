"""What is said to a service's log, and that no text can say anything to it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery import ci
from delivery.ci.services import SERVICES
from delivery.model import Severity

AT = datetime(2026, 1, 2, tzinfo=UTC)
REMARK = ci.Remark(Severity.WARNING, "odd:code,", "100 % is\nodd\r", "a,b:c%/d;e].png")


def voice(name: str) -> ci.Voice:
    return ci.voice_of(next(service for service in SERVICES if service.name == name))


def test_annotations_escape_what_each_service_wants_escaped() -> None:
    assert voice("github").annotation(REMARK) == (
        "::warning file=a%2Cb%3Ac%25/d;e].png,title=odd%3Acode%2C::100 %25 is%0Aodd"
    )
    assert voice("azure").annotation(REMARK) == (
        "##vso[task.logissue type=warning;sourcepath=a,b:c%AZP25/d%3Be%5D.png;code=odd:code,]100 %AZP25 is%0Aodd"
    )
    assert [voice(name).annotation(REMARK) for name in ("gitlab", "buildkite", "jenkins", "circleci")] == [None] * 4
    assert voice("github").annotation(ci.Remark(Severity.INFO, "c", "m")) == "::notice title=c::m"


def test_groups_of_lines() -> None:
    lines = {name: (voice(name).group("Sending", "x y", AT), voice(name).group_end("x y", AT)) for name in
             ("github", "azure", "gitlab", "buildkite", "jenkins")}  # fmt: skip
    assert lines["github"] == ("::group::Sending", "::endgroup::")
    assert lines["azure"] == ("##[group]Sending", "##[endgroup]")
    assert lines["gitlab"] == (
        "\x1b[0Ksection_start:1767312000:delivery_x_y[collapsed=true]\r\x1b[0KSending",
        "\x1b[0Ksection_end:1767312000:delivery_x_y\r\x1b[0K",
    )
    assert lines["buildkite"][0] == "--- Sending"
    assert lines["jenkins"] == (None, None)


def test_a_variable_cannot_carry_another_command() -> None:
    line = voice("azure").variable("A;B", "x\n##vso[task.setsecret]y")
    assert line == "##vso[task.setvariable variable=A%3BB;isOutput=true]x%0A##vso[task.setsecret]y"


# The runner's own rules: a command starts a line after white space, or stands in the older form anywhere in one.
RUNNER = re.compile(r"(?:\A|[\r\n])\s*::|##\[")


@given(st.lists(st.text(st.sampled_from(" \t\r\n:#[vso]x\u00a0"), max_size=12), max_size=5))
def test_what_is_printed_to_github_is_never_a_command(lines: list[str]) -> None:
    said = "".join(voice("github").harmless(f"{line}\n") for line in lines)
    assert not RUNNER.search(said)


@given(st.text(st.sampled_from(" \n:#[vso]x"), max_size=20))
def test_what_is_printed_to_azure_is_never_a_command(text: str) -> None:
    said = voice("azure").harmless(text)
    assert "##vso[" not in said and "##[" not in said


@pytest.mark.parametrize("text", ["a::b", "see https://x.example/::y", "# [x]", "x: y"])
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    assert voice("github").harmless(text) == text
    assert voice("github").harmless(f"::{text}", begun=True) == f"::{text}"
