"""What is given instead of an id, a language or a link is unknown, in words; it becomes no stray built-in error."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from delivery import (
    CancelToken,
    ConfigError,
    FileEntry,
    LocalError,
    MessageOptions,
    RecordingProgress,
    Settings,
    UsageError,
    carry_out,
    check,
    compose_message,
    compose_reply,
    doctor,
    fetch,
    join,
    pack,
    plan,
    prune,
    renew,
    revoke,
    send,
    verify,
)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("x")
    return tmp_path / "a.txt"


@pytest.mark.parametrize("wrong", [None, 5, 2, b"site-1", ["site-1"]])
@pytest.mark.parametrize("verb", [compose_message, renew, revoke, lambda id: compose_reply("expired", id or 0)])
def test_what_is_no_id_is_an_unknown_delivery(work: Path, verb: Callable[[Any], object], wrong: Any) -> None:
    for delivered in (False, True):
        if delivered:
            pack([work], out=work.parent / "out", id="2-of-them")
        with pytest.raises(UsageError) as caught:
            verb(wrong)
        assert caught.value.code == "unknown-delivery" and caught.value.hint


def test_what_is_no_language_is_an_unknown_one(work: Path) -> None:
    made = pack([work], out=work.parent / "out")
    with pytest.raises(UsageError) as caught:
        compose_message(made.id, language=5)  # type: ignore[arg-type]
    assert caught.value.code == "unknown-language"


@pytest.mark.parametrize("wrong", ["2026-01-31", 5, date(2026, 1, 31)])
@pytest.mark.parametrize("verb", [pack, check, lambda _, now: renew("x", now=now), lambda _, now: prune(now=now),
    lambda _, now: FileEntry.from_bytes("a", b"a", mtime=now)])  # fmt: skip
def test_what_is_no_moment_is_refused_in_words(work: Path, verb: Callable[..., object], wrong: Any) -> None:
    with pytest.raises(UsageError) as caught:
        verb([work], now=wrong)
    assert caught.value.code == "not-a-moment" and caught.value.hint


@pytest.mark.parametrize("wrong", [None, 5, b"https://example.com/x"])
def test_what_is_no_address_is_no_link(wrong: Any) -> None:
    with pytest.raises(UsageError) as caught:
        fetch(wrong)
    assert caught.value.code == "link-unusable"


@pytest.mark.parametrize("wrong", [None, 5, b"out", "a\0b", "~a\0b"])
def test_what_is_no_path_is_none(work: Path, wrong: Any) -> None:
    out = pack([work], out=work.parent / "out").out
    verbs: list[Callable[[], object]] = [
        lambda: verify(wrong),
        lambda: join(wrong, "x"),
        lambda: join(out or "", wrong),
    ]
    if wrong is not None:
        verbs.append(lambda: fetch("http://127.0.0.1:9/x", wrong))
    for verb in verbs:
        with pytest.raises(UsageError) as caught:
            verb()
        assert caught.value.code == "not-a-path" and caught.value.hint


@pytest.mark.parametrize("wrong", ["~a\0b", "~\0"])
def test_a_null_byte_makes_no_path_of_the_tools_own(wrong: str) -> None:
    loads: list[Callable[[], object]] = [
        lambda: Settings.load(wrong),
        lambda: Settings.load(environ={"DELIVERY_CONFIG": wrong}),
        lambda: Settings.load(environ={"DELIVERY_HOME": wrong}),
    ]
    for load in loads:
        with pytest.raises(UsageError) as caught:
            load()
        assert caught.value.code == "not-a-path" and caught.value.hint
    for folder in (wrong, "a\0b"):
        with pytest.raises(ConfigError, match="is no path"):
            MessageOptions(templates=folder)


@pytest.mark.parametrize("wrong", [5, b"x"])
def test_what_is_no_path_is_no_configuration(wrong: Any) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.load(wrong)
    assert caught.value.code == "not-a-path"


def verbs(work: Path) -> dict[str, Callable[..., object]]:
    made = pack([work], out=work.parent / "made").out or ""
    with check([work]) as inspection:
        planned = plan(inspection)
    return {
        "check": lambda **more: check([work], **more),
        "send": lambda **more: send([work], out=work.parent / "out", **more),
        "carry_out": lambda **more: carry_out(inspection, planned, **more),
        "renew": lambda **more: renew("x", **more),
        "revoke": lambda **more: revoke("x", **more),
        "prune": prune,
        "compose_message": lambda **more: compose_message("x", **more),
        "compose_reply": lambda **more: compose_reply("expired", **more),
        "doctor": doctor,
        "fetch": lambda **more: fetch("http://127.0.0.1:9/x", **more),
        "verify": lambda **more: verify(made, **more),
        "join": lambda **more: join(made, work.parent / "joined", **more),
    }


WITHOUT = {"settings": ("carry_out", "fetch", "verify", "join"), "progress": ("compose_reply",)}
WITHOUT["cancel"] = WITHOUT["progress"]


@pytest.mark.parametrize(
    ("name", "wrong", "code"),
    [
        *(("settings", wrong, "not-settings") for wrong in ("", {"secret_key": "s3cret"}, Settings)),
        *(("progress", wrong, "not-a-progress") for wrong in (print, 0, RecordingProgress)),
        *(("cancel", wrong, "not-a-token") for wrong in (threading.Event(), False, CancelToken)),
    ],
)
def test_what_is_no_settings_progress_or_token_is_refused_at_the_door(
    work: Path, name: str, wrong: Any, code: str
) -> None:
    for called, verb in verbs(work).items():
        if called not in WITHOUT[name]:
            with pytest.raises(UsageError) as caught:
                verb(**{name: wrong})
            assert (called, caught.value.code) == (called, code)
            assert caught.value.hint and "s3cret" not in str(caught.value)


def test_what_is_no_name_of_a_platform_is_an_unknown_one() -> None:
    with pytest.raises(UsageError) as caught:
        compose_reply("expired", platform=5)  # type: ignore[arg-type]
    assert caught.value.code == "unknown-platform"


@pytest.mark.parametrize("wrong", [timedelta.max, timedelta(seconds=-1), 7])
def test_files_are_kept_for_a_time_that_there_is(wrong: Any) -> None:
    with pytest.raises(UsageError) as caught:
        prune(after=wrong)
    assert caught.value.code == "prune-after" and caught.value.hint
    assert prune(after=timedelta(days=36500)) == ()


def test_a_manifest_that_cannot_be_read_is_told_with_a_hint(work: Path) -> None:
    with pytest.raises(LocalError) as caught:
        verify(work / "delivery-manifest.json")
    assert caught.value.code in ("file-not-readable", "manifest-missing") and caught.value.hint  # the second on Windows
