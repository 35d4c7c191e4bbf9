from __future__ import annotations

import builtins

import pytest

from delivery import errors


@pytest.mark.parametrize(
    ("kind", "exit_code", "builtin"),
    [
        ("UsageError", 2, "ValueError"), ("ConfigError", 2, "ValueError"), ("LocalError", 4, "OSError"),
        ("SourceChangedError", 4, "OSError"), ("PackingError", 4, "OSError"),
        ("StoreRefusedError", 5, "PermissionError"), ("StoreUnreachableError", 6, "ConnectionError"),
        ("IntegrityError", 7, "Exception"), ("Cancelled", 130, "Exception"),
    ],
)  # fmt: skip
def test_each_error_has_its_exit_code_and_fits_a_builtin(kind: str, exit_code: int, builtin: str) -> None:
    error = getattr(errors, kind)("what happened", hint="what to do")
    assert isinstance(error, errors.DeliveryError)
    assert isinstance(error, getattr(builtins, builtin))
    assert (str(error), error.hint, error.exit_code) == ("what happened", "what to do", exit_code)
    assert error.code


def test_blocking_findings_travel_with_the_error() -> None:
    error = errors.BlockedError("blocked", findings=())
    assert (error.exit_code, error.findings) == (3, ())
