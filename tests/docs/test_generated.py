"""The generated pages are what the code says, and the public interface is what was promised."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from types import ModuleType

import pytest
from support.blocks import ROOT

ACCEPT = """the public interface has changed:

{changes}

If nothing went away or means something else, and what was added has defaults, this may be in any release: see "What may
change" in docs/library.md, then accept it with

    .venv/bin/python docs/make.py --accept-api

Otherwise it waits for the next major release; until then keep the old name, and say in CHANGELOG.md that it will go."""


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_make", ROOT / "docs" / "make.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_make"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_public_interface_is_as_promised(make: ModuleType) -> None:
    kept, now = make.SNAPSHOT.read_text("utf-8"), make.snapshot()
    changes = "\n".join(difflib.unified_diff(kept.splitlines(), now.splitlines(), "promised", "now", lineterm=""))
    assert not changes, ACCEPT.format(changes=changes)


@pytest.mark.parametrize("page", ["api", "cli"])
def test_the_page_is_what_the_code_says(make: ModuleType, page: str) -> None:
    place, text = {"api": (make.API, make.api_page), "cli": (make.CLI, make.cli_page)}[page]
    assert place.read_text("utf-8") == text(), "run: .venv/bin/python docs/make.py"


@pytest.mark.parametrize("page", ["platforms.md", "faults.md", "checks.md"])
def test_a_table_is_what_the_data_says(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    tables = importlib.import_module("tables")
    assert (ROOT / "docs" / page).read_text("utf-8") == tables.PAGES[page](), "run: .venv/bin/python docs/make.py"


def test_every_public_name_is_on_the_page_and_described(make: ModuleType) -> None:
    shown = [name for names in make.GROUPS.values() for name in names.split()]
    assert sorted(shown) == sorted(make.public())
    assert [name for name in shown if not make.read(name).doc] == []


def test_every_option_says_why(make: ModuleType) -> None:
    for name in make.public():
        if name.endswith("Options") and name != "DeliveryOptions":
            assert all(member.doc for member in make.read(name).members), name
