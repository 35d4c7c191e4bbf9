"""Names that survive every system."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.intake import names, take_in
from delivery.intake.names import NAME_BYTES, PATH_CHARS, flaw, fold, is_safe, mend, mend_name
from delivery.units import utf16

AWKWARD = st.text(alphabet=st.sampled_from("aAéÉ\u0301e.: /\\CONcon1~\x00ß\U0001f600\ud800"), max_size=40)
NAMES = st.one_of(
    AWKWARD, st.text(max_size=300), st.sampled_from(["CON", "nul.txt", "a/b", "A/B", "a", "a/.", "com1 .x"])
)


@pytest.mark.parametrize(
    ("path", "mended"),
    [
        ("plain/file.txt", "plain/file.txt"),
        ("Grüße/日本 📷.jpg", "Grüße/日本 📷.jpg"),
        ("Gru\u0308n.txt", "Grün.txt"),
        ("CON.txt", "CON_.txt"),
        ("sub/aux", "sub/aux_"),
        ("com1.tar.gz", "com1_.tar.gz"),
        ("console.txt", "console.txt"),
        ("what?.txt", "what_.txt"),
        ('a:b*"<c>|.txt', "a_b___c__.txt"),
        ("ends. /x", "ends/x"),
        ("...", "_"),
        ("tab\tname", "tab_name"),
        ("back\\slash", "back_slash"),
        ("bad\udcff.txt", "bad_.txt"),
    ],
)
def test_one_path(path: str, mended: str) -> None:
    assert mend([path]) == (mended,)


def test_names_that_differ_by_case_alone_are_told_apart() -> None:
    assert mend(["Case.txt", "case.txt", "CASE.TXT"]) == ("Case.txt", "case (2).txt", "CASE (3).TXT")


def test_thousands_that_fall_together_are_numbered_without_starting_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(names, "fold", lambda name: asked.append(name) or name.lower())  # type: ignore[func-returns-value]
    assert mend(["a?.jpg"] * 300)[-1] == "a_ (300).jpg"
    assert len(asked) < 300 * 6


def test_an_untouched_name_keeps_its_place_before_a_mended_one() -> None:
    assert mend(["a?.txt", "a_.txt"]) == ("a_ (2).txt", "a_.txt")


def test_a_file_that_would_sit_where_a_folder_is_gives_way() -> None:
    assert mend(["Docs", "docs/a.txt"]) == ("Docs (2)", "docs/a.txt")


def test_long_paths_are_cut_and_stay_different() -> None:
    one, two = mend([f"{'long folder ' * 12}/{'very long name ' * 9}{n}.psd" for n in (1, 2)])
    assert one != two
    assert len(one) <= PATH_CHARS
    assert one.endswith(".psd")


def test_a_path_is_as_long_as_windows_counts_it() -> None:
    """It has 16 bits for a character; an emoji takes two of them."""
    folder = "/".join(["🎨" * 30, "🖼" * 30])
    safe, *long = mend([f"{folder}/{'a' * 58}", f"{folder}/{'a' * 59}", f"{folder}/{'🎬' * 50}.mov"])
    assert safe == f"{folder}/{'a' * 58}" and utf16(safe) == 180
    assert all(170 < utf16(path) <= 180 for path in long)
    assert long[1].endswith(".mov")


def test_very_deep_paths_fit() -> None:
    (path,) = mend(["/".join(["abcdefgh"] * 60) + "/file.txt"])
    assert len(path) <= PATH_CHARS
    assert path.endswith("/file.txt")


@pytest.mark.parametrize(
    "path",
    [
        "/".join(["a" * 24] * 8) + "/backup.tar.20240101-120000",
        "/".join(["abcdefghij"] * 17) + "/Invoice template final.mobileprovisionx",
        "/".join([f"{n}.tar.{'x' * 16}" for n in range(9)]),
    ],
)
def test_long_extensions_do_not_keep_a_path_from_being_cut(path: str) -> None:
    (mended,) = mend([path])
    assert len(mended) <= PATH_CHARS
    assert mended.endswith(path.rpartition(".")[2])


@given(st.lists(NAMES, max_size=12, unique=True))
def test_whatever_comes_is_safe_unique_and_stable(paths: list[str]) -> None:
    mended = mend(paths)
    assert len({fold(path) for path in mended}) == len(paths)
    folded = {fold(path) for path in mended}
    for path in mended:
        assert 0 < utf16(path) <= PATH_CHARS
        for name in path.split("/"):
            assert mend_name(name) == name
            assert 0 < len(name.encode()) <= NAME_BYTES
            assert not re.search(r'[\x00-\x1f<>:"|?*\\]|[. ]$', name)
        folders = path.split("/")[:-1]
        assert not {fold("/".join(folders[:depth])) for depth in range(1, len(folders) + 1)} & folded
    assert mend(mended) == mended


@given(st.one_of(NAMES, st.sampled_from(["com0", "LPT¹.x", "conin$", "con .x", "漢" * 80, "漢" * 81, "\x85", ""])))
def test_a_name_is_mended_where_it_has_a_flaw_and_only_there(name: str) -> None:
    name = name.replace("/", "")
    assert (flaw(name) == "") == (mend_name(name) == unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "empty"),
        ("Com0.tar.gz", "reserved"),
        ("a?", "does not allow"),
        ("a\x85", "control"),
        ("a\udcff", "not readable"),
        ("caf\\udce9.txt", "not readable text"),
        ("caf\udcc3\udca9.txt", "in UTF-8 it is, so set PYTHONUTF8=1"),
        ("caf\\udcc3\\udca9.txt", "in UTF-8 it is, so set PYTHONUTF8=1"),
        ("a\ud800", "not readable text"),
        ("a.", "dot or space"),
        ("漢" * 81, "243 bytes"),
        ("Gru\u0308n.txt", ""),
    ],
)
def test_a_flaw_is_told_in_words(name: str, words: str) -> None:
    assert words in flaw(name) and bool(words) == bool(flaw(name))


def test_a_path_is_safe_where_it_alone_would_not_be_mended() -> None:
    assert is_safe("a/Gru\u0308n.txt") and is_safe("a/B.txt")
    assert not is_safe("a/com0/b.txt") and not is_safe("/".join(["long folder name"] * 12))


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot hold such names")
def test_a_folder_taken_in_has_safe_names_and_remembers_the_old_ones(tmp_path: Path) -> None:
    for name in ("CON.txt", "a?.txt", "Case.txt", "case.txt", "plain.txt", "Gru\u0308n.txt"):
        (tmp_path / name).write_text(name)
    entries = take_in([tmp_path]).entries
    renamed = {entry.original: entry.arcname for entry in entries if entry.original is not None}
    expected = {"CON.txt": "CON_.txt", "a?.txt": "a_.txt"}
    if len(entries) == 6:  # a file system that tells case apart
        expected["case.txt"] = "case (2).txt"
    assert renamed == expected
    assert {"Grün.txt", "plain.txt", "Case.txt"} <= {entry.arcname for entry in entries}
