"""The one tree of errors. Each carries what happened, what to do next, a stable code and the exit code it becomes."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from delivery.model import Finding

FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What the system says where there is no room, where nothing may be written, and of locks where the disk knows none."""


class DeliveryError(Exception):
    """The base of everything this library raises for what a user, a disk or a network can cause.

    ``str(error)`` is one sentence that names the file or place; ``hint`` says what to do next, or is empty.
    """

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    def __str__(self) -> str:
        return self.message


class UsageError(DeliveryError, ValueError):
    """What was asked for cannot be done as asked."""

    exit_code = 2
    default_code = "usage"


class ConfigError(DeliveryError, ValueError):
    """The configuration is broken, unknown or unsafe."""

    exit_code = 2
    default_code = "config"


class MissingDependencyError(ConfigError):
    """An optional package or a shared library that this needs is not installed."""

    default_code = "missing-dependency"


class BlockedError(DeliveryError):
    """Findings stand in the way. They are in ``findings``; in CI ``places`` tells where their files lie."""

    exit_code = 3
    default_code = "blocking-findings"

    def __init__(self, message: str, *, findings: tuple[Finding, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.findings = findings
        self.places: dict[str, str] = {}


class LocalError(DeliveryError, OSError):
    """A local file, a folder, the disk or the packing of it."""

    exit_code = 4
    default_code = "local"


class SourceChangedError(LocalError):
    """A file was not the same at the end of its reading as at the start."""

    default_code = "source-changed"


class PackingError(LocalError):
    """It cannot be packed into what the platform takes."""

    default_code = "packing"


class StoreRefusedError(DeliveryError, PermissionError):
    """The store said no: credentials, permission, bucket. Trying again will not help."""

    exit_code = 5
    default_code = "store-refused"


class StoreUnreachableError(DeliveryError, ConnectionError):
    """The store is unreachable or kept failing. Running the same command again resumes."""

    exit_code = 6
    default_code = "store-unreachable"


class IntegrityError(DeliveryError):
    """What is there is not what was sent."""

    exit_code = 7
    default_code = "integrity"


class Cancelled(DeliveryError):
    """The work was cancelled. Running the same command again resumes."""

    exit_code = 130
    default_code = "cancelled"
