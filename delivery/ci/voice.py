"""How a service's log is spoken to: annotations, groups, variables; and how texts are kept from speaking to it.

Each function gives one line, or None where the service has no such thing. Nothing is printed here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from delivery.ci.services import Service
from delivery.escape import printable

if TYPE_CHECKING:  # every start of the command line comes by here, and has no need of the nouns
    from datetime import datetime

    from delivery.model import Severity


class Remark(NamedTuple):
    """What an annotation says."""

    severity: Severity
    code: str
    message: str
    path: str = ""
    """The file that it is about, from the folder of sources; or empty."""

    def text(self) -> str:
        return "\n".join(printable(line) for line in self.message.splitlines())


class Voice:
    """A log that knows nothing but lines."""

    def annotation(self, remark: Remark) -> str | None:
        return None

    def group(self, title: str, name: str, at: datetime) -> str | None:
        """The line that begins a group of lines; ``name`` is the same at its end."""
        return None

    def group_end(self, name: str, at: datetime) -> str | None:
        return None

    def variable(self, name: str, value: str) -> str | None:
        """The line that hands an output to later steps."""
        return None

    def attached_summary(self, path: str) -> str | None:
        """The line that has the Markdown file at the absolute ``path`` shown."""
        return None

    def harmless(self, text: str, *, begun: bool = False) -> str:
        """``text`` with everything broken that would be a command; ``begun``: it goes on in the middle of a line."""
        return text


class GitHub(Voice):
    """Workflow commands, which the runner reads from stdout and stderr."""

    _LEVELS = {"error": "error", "warning": "warning", "info": "notice"}  # noqa: RUF012
    _COMMAND = re.compile(r"(\A|[\r\n])([^\S\r\n]*):(?=:)")
    _LATER_COMMAND = re.compile(r"([\r\n])([^\S\r\n]*):(?=:)")

    def annotation(self, remark: Remark) -> str:
        place = f"file={self._property(printable(remark.path))}," if remark.path else ""
        title = self._property(printable(remark.code))
        return f"::{self._LEVELS[remark.severity.value]} {place}title={title}::{self._data(remark.text())}"

    def group(self, title: str, name: str, at: datetime) -> str:
        return f"::group::{self._data(printable(title))}"

    def group_end(self, name: str, at: datetime) -> str:
        return "::endgroup::"

    def harmless(self, text: str, *, begun: bool = False) -> str:
        pattern = self._LATER_COMMAND if begun else self._COMMAND
        return pattern.sub(r"\1\2: ", text.replace("##[", "## ["))  # the older form counts anywhere in a line

    @staticmethod
    def _data(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    @classmethod
    def _property(cls, text: str) -> str:
        return cls._data(text).replace(":", "%3A").replace(",", "%2C")


class Azure(Voice):
    """Logging commands, which the agent reads anywhere in a line."""

    def annotation(self, remark: Remark) -> str | None:
        if remark.severity.value == "info":
            return None  # it knows errors and warnings
        place = f"sourcepath={self._property(printable(remark.path))};" if remark.path else ""
        code = self._property(printable(remark.code))
        return f"##vso[task.logissue type={remark.severity.value};{place}code={code}]{self._data(remark.text())}"

    def group(self, title: str, name: str, at: datetime) -> str:
        return f"##[group]{self._data(printable(title))}"

    def group_end(self, name: str, at: datetime) -> str:
        return "##[endgroup]"

    def variable(self, name: str, value: str) -> str:
        return f"##vso[task.setvariable variable={self._property(name)};isOutput=true]{self._data(value)}"

    def attached_summary(self, path: str) -> str:
        return f"##vso[task.uploadsummary]{self._data(path)}"

    def harmless(self, text: str, *, begun: bool = False) -> str:
        return text.replace("##[", "## [").replace("##vso[", "## vso[")

    @staticmethod
    def _data(text: str) -> str:
        return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")

    @classmethod
    def _property(cls, text: str) -> str:
        return cls._data(text).replace(";", "%3B").replace("]", "%5D")


class GitLab(Voice):
    """Sections of the job's log. A text can name none: that takes control characters, which are never printed."""

    def group(self, title: str, name: str, at: datetime) -> str:
        begins = f"section_start:{int(at.timestamp())}:{self._name(name)}[collapsed=true]"
        return f"\x1b[0K{begins}\r\x1b[0K{printable(title)}"

    def group_end(self, name: str, at: datetime) -> str:
        return f"\x1b[0Ksection_end:{int(at.timestamp())}:{self._name(name)}\r\x1b[0K"

    @staticmethod
    def _name(name: str) -> str:
        return re.sub(r"[^a-z0-9_.-]", "_", f"delivery_{name}".lower())


class Buildkite(Voice):
    """Group headings, which end at the next one."""

    def group(self, title: str, name: str, at: datetime) -> str:
        return f"--- {printable(title)}"

    def group_end(self, name: str, at: datetime) -> str:
        return "+++ delivery"


_VOICES: dict[str, Voice] = {
    "plain": Voice(),
    "github": GitHub(),
    "gitlab": GitLab(),
    "azure": Azure(),
    "buildkite": Buildkite(),
}


def voice_of(service: Service | None) -> Voice:
    """How ``service`` is spoken to; None: no service, a plain log."""
    return _VOICES[service.speech if service else "plain"]
