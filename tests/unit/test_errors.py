from __future__ import annotations

import ast
import builtins
from pathlib import Path

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


def test_every_error_says_what_to_do_next() -> None:
    kinds = {name for name in vars(errors) if isinstance(getattr(errors, name), type)} - {"DeliveryError"}
    silent = [
        f"{path.name}:{call.lineno}"
        for path in Path(errors.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in kinds
        if all(given.arg not in ("hint", None) for given in call.keywords)
    ]
    assert silent == []
