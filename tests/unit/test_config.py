from __future__ import annotations

import os
import traceback
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click import BOOL

from delivery import config
from delivery.config import Settings
from delivery.errors import ConfigError
from delivery.model import Via
from delivery.options import (
    CheckOptions,
    MessageOptions,
    PlatformOptions,
    SendOptions,
    StoreOptions,
    UploadOptions,
    option_names,
)
from delivery.values import parse_bool

ROOT = Path(__file__).parents[2]


def load(tmp_path: Path, text: str, **environ: str) -> Settings:
    path = tmp_path / "config.ini"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return Settings.load(path, environ=environ)


def test_without_a_file_every_option_has_its_default() -> None:
    settings = Settings.load(environ={"DELIVERY_HOME": "/nowhere"})
    assert settings == Settings()
    assert settings.delivery.platform == "fiverr"
    assert settings.delivery.expires == timedelta(days=7)
    assert settings.origin("delivery.platform") == "default"


def test_option_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    text = "[delivery]\nplatform = gmail\nlanguage = es\nexpires = 3d\n"
    settings = load(tmp_path, text, DELIVERY_LANGUAGE="fr", DELIVERY_EXPIRES="2d").override(expires=timedelta(days=1))
    assert (settings.delivery.platform, settings.delivery.language) == ("gmail", "fr")
    assert settings.delivery.expires == timedelta(days=1)
    assert "config.ini [delivery]" in settings.origin("delivery.platform")
    assert settings.origin("delivery.language") == "DELIVERY_LANGUAGE"
    assert settings.origin("delivery.expires") == "given"


def test_every_option_but_those_of_stores_and_platforms_has_a_variable(tmp_path: Path) -> None:
    given = {
        "STRIP": "yes",
        "EXPECT": "*.svg",
        "SINCE": "2026-01-31",
        "BWLIMIT": "5MB",
        "VERIFY": "y",
        "BILINGUAL": "on",
    }
    settings = load(tmp_path, "[checks]\nstrip = no\n", **{f"DELIVERY_{name}": text for name, text in given.items()})
    assert settings.checks.strip and settings.checks.expect == ("*.svg",) and settings.checks.since is not None
    assert settings.upload.bwlimit == 5_000_000 and settings.upload.verify and settings.message.bilingual
    assert settings.origin("checks.strip") == "DELIVERY_STRIP"
    names = [
        name for section in (SendOptions, UploadOptions, CheckOptions, MessageOptions) for name in option_names(section)
    ]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("text", ["1", "true", "t", "yes", "y", "on", "0", "false", "f", "no", "n", "off"])
def test_yes_and_no_are_what_the_command_line_takes(text: str) -> None:
    assert parse_bool(text) is parse_bool(text.upper()) is BOOL.convert(text, None, None)


def test_a_file_here_comes_before_the_one_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.ini").write_text("[delivery]\nplatform = gmail\n")
    monkeypatch.chdir(tmp_path)
    environ = {"DELIVERY_HOME": str(home)}
    assert Settings.load(environ=environ).delivery.platform == "gmail"
    Path("delivery.ini").write_text("[delivery]\nplatform = discord\n")
    assert Settings.load(environ=environ).delivery.platform == "discord"


def test_several_stores_and_platforms_have_sections_of_their_own(tmp_path: Path) -> None:
    text = "[store:a]\nbucket = one\n[store:b]\nbucket = two\n[platform:club]\nfile_limit = 5 MB\n"
    settings = load(tmp_path, text)
    assert {name: store.bucket for name, store in settings.stores.items()} == {"a": "one", "b": "two"}
    assert settings.platforms["club"].file_limit == 5_000_000


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("[delivery]\nplatfrom = fiverr\n", "unknown option 'platfrom'", "did you mean 'platform'?"),
        ("[delivry]\n", "unknown section [delivry]", "did you mean 'delivery'?"),
        ("[store]\nbucket = x\n", "unknown section [store]", "store:NAME"),
        ("[delivery]\nexpires = soon\n", "'soon' is not a duration", "How long links live"),
        ("[delivery]\nvia = pigeon\n", "'pigeon' is not one of auto, attach, link", "auto picks"),
        ("[delivery]\nstrict = perhaps\n", "neither yes nor no", "Warnings block too"),
        ("platform = fiverr\n", "line 1 stands in no section", "config.example.ini"),
        ("[store:mine]\nbucket = a\n[store: mine]\nbucket = b\n", "[store:mine] stands there twice", "make it one"),
        ("[delivery]\nplatform = a\nplatform = b\n", "line 3: the option stands in [delivery] already", "example.ini"),
        ("[delivery]\n[delivery]\n", "line 2: there is a section [delivery] already", "config.example.ini"),
        ("[delivery]\nplatform = a\n  via = link\n", "via is indented", "at the start of its line"),
        ("[delivery]\nexpires = 7d ; a week\n", "is not a duration", "a comment needs a line of its own"),
        ("[delivery]\nstrict = yes # always\n", "neither yes nor no", "a comment needs a line of its own"),
    ],
)
def test_a_broken_file_is_a_clear_error(tmp_path: Path, text: str, words: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert words in str(caught.value)
    assert "config.ini" in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "line",
    [
        "secret_access_key {key}",
        "secret_access_key {key}=",
        "session_token =\n{key}==",
        "[delivery\nsecret_access_key = {key}",
        "secret_access_key = a\nsecret_access_key = {key}",
    ],
)
def test_a_line_that_may_hold_a_key_is_not_quoted(tmp_path: Path, line: str) -> None:
    key = "wJalrXUtnFEMI/K7MDENG"
    for head in ("[store:mine]\n", ""):
        with pytest.raises(ConfigError, match=r"config\.ini") as caught:
            load(tmp_path, f"{head}{line.format(key=key)}\n")
        told = "".join(traceback.format_exception(caught.value)) + caught.value.hint
        assert key.lower() not in told.split("Error: ", 1)[1].lower()


def test_a_store_of_ones_own_cannot_be_called_as_the_embedded_one(tmp_path: Path) -> None:
    """Links would open on this machine only, where the bucket was meant."""
    with pytest.raises(ConfigError, match="embedded store") as caught:
        load(tmp_path, "[delivery]\nstore = local\n[store:local]\nbucket = my-deliveries\n")
    assert "another name" in caught.value.hint
    with pytest.raises(ConfigError, match="embedded store"):
        Settings().with_store("local", StoreOptions(bucket="my-deliveries"))


DURATIONS = [
    (section, item.name)
    for section in (SendOptions, StoreOptions)
    for item in fields(section)
    if "timedelta" in str(item.type)
]


@pytest.mark.parametrize(("section", "name"), DURATIONS, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.parametrize(
    ("value", "words"), [(timedelta(-1), "at least 1s and at most 100 years"), (3.5, "3.5 is not a duration")]
)
def test_a_duration_given_as_a_value_keeps_to_the_range_of_its_text(
    section: Any, name: str, value: Any, words: str
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        section(**{name: value})
    assert str(caught.value).startswith(f"{name}: ") and caught.value.hint
    if section is SendOptions:
        with pytest.raises(ConfigError, match=words):
            config.configured(Settings(), {name: value})  # type: ignore[misc]


@pytest.mark.parametrize(
    ("section", "name", "value", "words"),
    [
        (UploadOptions, "threads", -1, "'-1' is not a whole number from 1 up"),
        (UploadOptions, "threads", "9" * 5000, "is not a whole number from 1 up"),
        (UploadOptions, "threads", 2.5, "2.5 is not a whole number"),
        (UploadOptions, "attempts", True, "True is not a whole number"),
        (UploadOptions, "part_size", -1, "'-1' is not a size"),
        (UploadOptions, "bwlimit", 0, "would send nothing"),
        (UploadOptions, "prove_parts", "perhaps", "not one of auto, yes, no"),
        (StoreOptions, "addressing", "elsewhere", "not one of virtual, path"),
        (StoreOptions, "bucket", 5, "5 is not text"),
        (PlatformOptions, "message_files", 0, "from 1 up"),
        (PlatformOptions, "markup", "rst", "not one of plain, markdown, html"),
        (SendOptions, "via", 5, "5 is not a way"),
        (SendOptions, "platform", b"gmail", "b'gmail' is not text"),
        (SendOptions, "strict", 1, "1 is not True or False"),
        (SendOptions, "allow", [5], "is not a list of texts"),
        (SendOptions, "allow", 5, "is not a list of texts"),
        (CheckOptions, "since", date(2026, 1, 31), "is not a datetime, nor text such as 2026-01-31"),
        (CheckOptions, "since", True, "is not a datetime"),
    ],
)
def test_a_value_keeps_to_what_its_text_may_say(section: Any, name: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        section(**{name: value})
    assert words in str(caught.value) and str(caught.value).startswith(f"{name}: ")
    assert caught.value.hint and caught.value.code == "config-value"


def test_text_a_list_and_a_path_become_what_the_option_holds(tmp_path: Path) -> None:
    given: Any = {
        "via": "link",
        "expires": "2h",
        "allow": ["a"],
        "strict": "no",
        "out": tmp_path,
        "since": "2026-01-31",
    }
    checks = CheckOptions(since=given.pop("since"))
    assert checks.since is not None and checks.since.tzinfo is not None
    for made in (SendOptions(**given), Settings().override(**given).delivery):
        assert made.via is Via.LINK and made.expires == timedelta(hours=2) and made.strict is False
        assert made.allow == ("a",) and made.out == str(tmp_path)


def test_a_key_of_the_wrong_type_does_not_show() -> None:
    with pytest.raises(ConfigError) as caught:
        StoreOptions(secret_access_key=b"hush")  # type: ignore[arg-type]
    assert "hush" not in str(caught.value)


def test_a_named_file_that_is_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        Settings.load(tmp_path / "none.ini")


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        Settings.load(path)
    path.write_bytes("[delivery]\n".encode("utf-16-le"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        Settings.load(path)


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_a_file_with_keys_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_text("[store:a]\nbucket = x\nsecret_access_key = hush\n")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others") as caught:
        Settings.load(path)
    assert "chmod 600" in caught.value.hint
    path.chmod(0o600)
    assert Settings.load(path).stores["a"].secret_access_key == "hush"


def test_keys_never_show(tmp_path: Path) -> None:
    settings = load(tmp_path, "[store:a]\naccess_key_id = AKIAHUSH\nsecret_access_key = hush-hush\n")
    assert "hush" not in repr(settings).lower()


def test_the_example_is_the_generated_one_and_loads_as_the_defaults(tmp_path: Path) -> None:
    text = (ROOT / "config.example.ini").read_text("utf-8")
    assert text == config.example()
    plain = load(tmp_path, text)
    assert (plain.delivery, plain.upload, plain.checks, plain.message) == (
        Settings().delivery, Settings().upload, Settings().checks, Settings().message,
    )  # fmt: skip


def test_every_option_of_the_example_can_be_taken_out_of_its_comment(tmp_path: Path) -> None:
    """Each line as a user would uncomment it, so that no example value is one that the reader refuses."""
    lines = [line[1:] if line.startswith("#") and line[1:2] != " " else line for line in config.example().splitlines()]
    settings = load(tmp_path, "\n".join(lines))
    assert settings.delivery.via is Via.AUTO
    assert settings.stores["mine"].bucket == "my-deliveries"
