"""Each bad input has a clear message, a hint, its exit code, and leaves nothing half-written behind."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from support.terminal import Run

from delivery import report
from delivery.packing import workspace
from delivery.storage import local

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX links and pipes")


def refused(run: Run, code: int, words: str, *arguments: str | Path, error: str | None = None) -> None:
    """As text and as a document; both must hold."""
    spoken = run(*arguments)
    assert spoken.code == code, spoken.err
    assert words in spoken.err
    assert "hint: " in spoken.err
    assert spoken.out == ""
    told = run(*arguments, "--json")
    jsonschema.validate(told.document, report.schema("delivery.error/1"))
    assert (told.code, told.document["exit_code"]) == (code, code)
    assert told.document["hint"]
    if error is not None:
        assert told.document["code"] == error


def test_a_missing_path(run: Run) -> None:
    refused(run, 4, "nothing-here does not exist", "send", "nothing-here", error="path-not-found")
    for quote in "\"'":
        refused(run, 4, "write it as C:", "send", f"{quote}C:\\my work{quote}", error="path-not-found")


@pytest.mark.parametrize(("typed", "meant"), [("sned", "'send'"), ("platform", "'platforms'"), ("final/", "--help")])
def test_a_mistyped_command(run: Run, typed: str, meant: str) -> None:
    answer = run(typed)
    assert (answer.code, answer.out) == (2, "")
    assert f"No such command {typed!r}." in answer.err
    assert meant in answer.err.rpartition("No such command")[2]


def test_an_empty_path_as_of_a_variable_that_is_not_set(run: Run, work: Path) -> None:
    for command in ("send", "check"):
        refused(run, 2, "one of the paths is empty", command, work, "", error="paths")


def test_an_empty_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(run, 4, "the folder is empty", "send", tmp_path / "empty", error="nothing-to-deliver")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(run: Run, work: Path) -> None:
    (work / "notes.txt").chmod(0)
    refused(run, 4, "cannot be read", "send", work, error="file-not-readable")


@posix
def test_a_pipe_and_a_device(run: Run, work: Path) -> None:
    os.mkfifo(work / "pipe")
    refused(run, 4, "a pipe", "send", work, error="not-a-file")
    refused(run, 4, "a device", "send", os.devnull, error="not-a-file")


@posix
def test_a_dangling_link_and_a_link_out_of_the_tree(run: Run, work: Path) -> None:
    (work / "link").symlink_to("nowhere")
    refused(run, 4, "a link to something that is not there", "send", work, error="dangling-link")
    (work / "link").unlink()
    (work / "link").symlink_to("/etc/hostname")
    refused(run, 4, "leads out of the folder", "send", work, error="link-out-of-tree")


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_a_dry_run_refuses_what_the_run_refuses_before_it_begins(
    run: Run, work: Path, tmp_path: Path, home: Path, dry: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("keep")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "attach.txt").write_text("{no_such_value}")
    (tmp_path / "own.ini").write_text(f"[message]\ntemplates = {tmp_path / 'own'}\n")
    before = everything(tmp_path)
    refused(run, 2, "no delivery 'nope'", "send", work, "--revision-of", "nope", *dry, error="unknown-delivery")
    refused(run, 2, "the note: ", "upload", work / "notes.txt", "--note", "whatsapp me", *dry, error="held-words")
    refused(run, 4, "is not a folder", "pack", work, "-o", "file", *dry, error="out-not-a-folder")
    refused(run, 4, "is not a folder", "pack", work, "-o", "file/below", *dry, error="out-not-a-folder")
    for way in ("attach", "link"):
        refused(run, 4, "is not empty", "send", work, "-o", "mine", "--via", way, *dry, error="out-not-empty")
        inside = ("send", work, "-o", work / "out", "--via", way)
        refused(run, 4, "which is delivered", *inside, *dry, error="out-inside-source")
    refused(run, 2, "attach.txt", "send", work, "--config", "own.ini", *dry)
    assert everything(tmp_path) == before
    assert not local.stop(), "the embedded store was started for nothing"
    if dry:
        assert not (home / "ledger.sqlite3").exists(), "a dry run keeps no record"


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root writes everywhere")
def test_a_dry_run_into_a_folder_that_cannot_be_written(run: Run, work: Path, tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir(mode=0o500)
    refused(run, 4, "cannot be written", "pack", work, "-o", "sealed/out", "--dry-run", error="out-not-writable")


def test_a_dry_run_names_what_the_marketplace_may_hold_back(run: Run, work: Path) -> None:
    told = run("pack", work, "--dry-run", "--order", "whatsapp me", "--json")
    assert told.code == 0 and any("the order label: " in note for note in told.document["notes"])


@pytest.mark.parametrize("way", ["attach", "link"])
def test_an_out_folder_that_holds_something(run: Run, work: Path, tmp_path: Path, way: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("keep")
    refused(run, 4, "is not empty", "send", work, "--out", "mine", "--via", way, error="out-not-empty")
    assert not local.stop(), "the embedded store was started for nothing"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["precious.txt"]


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_store_that_is_not_known_even_where_none_is_needed(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry: tuple[str, ...]
) -> None:
    refused(run, 2, "no store is called 'nix'", "send", work, "--store", "nix", *dry, error="store-unknown")
    (tmp_path / "own.ini").write_text("[delivery]\nstore = main\n[store:main]\nprofile = minoi\n")
    refused(run, 2, "no store profile is called 'minoi'", "pack", work, "--config", "own.ini", *dry)
    monkeypatch.setenv("DELIVERY_STORE", "nix")
    refused(run, 2, "DELIVERY_STORE: no store is called 'nix'", "pack", work, *dry, error="store-unknown")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.ini", "work"]


def test_an_out_folder_inside_the_work(run: Run, work: Path) -> None:
    refused(run, 4, "which is delivered", "send", work, "--out", work / "out", error="out-inside-source")
    assert {path.name for path in work.iterdir()} == {"notes.txt", "more.txt"}


@posix
def test_the_home_of_a_user_that_is_not_there_is_a_name_like_any_other(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(run, 2, "~nobody-here/x does not exist", "check", work, "--config", "~nobody-here/x")
    (tmp_path / "templates.ini").write_text("[message]\ntemplates = ~nobody-here/x\n")
    refused(run, 2, "~nobody-here/x does not exist", "pack", work, "--config", "templates.ini")
    assert run("pack", work, "--out", "~nobody-here/x").code == 0
    assert (tmp_path / "~nobody-here" / "x" / "notes.txt").is_file()


def test_an_out_that_is_a_file(run: Run, work: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    refused(run, 4, "is not a folder", "send", work, "--out", "file", error="out-not-a-folder")


def test_a_full_disk(run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(stream: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(workspace, "flush_to_disk", full)
    monkeypatch.setattr("delivery.packing.manifest.flush_to_disk", full)
    refused(run, 4, "full", "send", work, "--out", "ready", error="disk-full")
    assert not (tmp_path / "ready").exists()


def test_a_file_that_changes_while_it_is_read(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes after the look and before the copy, as with a program that is still writing."""
    import delivery.service

    carry_out = delivery.service.carry_out

    def changing(*arguments: object, **options: object) -> object:
        with (work / "notes.txt").open("a") as stream:
            stream.write("more\n")
        return carry_out(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery.service, "carry_out", changing)
    refused(run, 4, "changed while it was being read", "send", work, "--out", "ready", error="source-changed")
    assert not (tmp_path / "ready").exists()


def test_an_unknown_platform_language_zone_and_code(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(run, 2, "'fivver' is not known", "send", work, "-p", "fivver", error="unknown-platform")
    refused(run, 2, "'xx'", "send", work, "--language", "xx", error="unknown-language")
    refused(run, 2, "no-such-code", "send", work, "--allow", "no-such-code")
    monkeypatch.setenv("DELIVERY_TIMEZONE", "Mars/Base")
    refused(run, 2, "'Mars/Base'", "send", work, error="unknown-zone")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[delivery\n", "section"),
        ("[delivery]\nplatfrom = x\n", "did you mean 'platform'?"),
        ("[delivery]\nexpires = never\n", "'never' is not a duration"),
        ("[upload]\nbwlimit = 0\n", "would send nothing"),
    ],
)
def test_a_broken_ini(run: Run, work: Path, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.ini").write_text(text)
    refused(run, 2, words, "send", work, "--config", "bad.ini")


def test_an_absent_ini(run: Run, work: Path) -> None:
    refused(run, 2, "does not exist", "send", work, "--config", "none.ini", error="config-missing")


@pytest.mark.parametrize(
    "arguments",
    [
        ["send"],
        ["send", "x", "--via", "pigeon"],
        ["send", "x", "--expires", "soon"],
        ["upload", "x", "--bwlimit", "0"],
        ["nosuch"],
        ["send", "--nosuch"],
    ],
)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.code == 2
    assert "Error: " in answer.err
    told = run(*arguments, "--json")
    jsonschema.validate(told.document, report.schema("delivery.error/1"))
    assert told.code == told.document["exit_code"] == 2


@posix
@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (4, ("verify", "NAME")),
        (4, ("join", "NAME", "--out", "joined")),
        (4, ("check", "NAME")),
        (4, ("pack", "NAME/x")),
        (4, ("pack", "work", "--out", "NAME")),
        (2, ("pack", "work", "--config", "NAME")),
    ],
    ids=["verify", "join", "check", "pack", "out", "config"],
)
@pytest.mark.parametrize("kind", ["too-long", "circle"])
def test_a_name_that_the_system_cannot_follow(
    kind: str, code: int, arguments: tuple[str, ...], run: Run, work: Path, tmp_path: Path
) -> None:
    (tmp_path / "circle").symlink_to("circle")
    name = "n" * 300 if kind == "too-long" else "circle"
    refused(run, code, name, *(argument.replace("NAME", name) for argument in arguments))


@posix
@pytest.mark.parametrize("arguments", [("pack", "work", "--dry-run"), ("show", "20260101")], ids=["dry-run", "show"])
def test_a_record_that_cannot_be_looked_at(
    arguments: tuple[str, ...], run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERY_HOME", str(tmp_path / ("n" * 300)))
    (tmp_path / "own.ini").touch()
    monkeypatch.setenv("DELIVERY_CONFIG", str(tmp_path / "own.ini"))
    refused(run, 4, "the record of deliveries", *arguments)


@posix
def test_a_manifest_of_names_that_the_system_cannot_have(run: Run, work: Path) -> None:
    """Another's word, on which a system's limits need not hold."""
    record = {"path": "n" * 300, "size": 1, "sha256": "0" * 64, "parts": []}
    manifest = {"schema": "delivery.manifest/1", "name": "x", "files": [record], "parts": []}
    (work / "delivery-manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    refused(run, 7, "is missing", "verify", work)


def test_a_way_that_is_impossible_names_the_limit_and_the_file(run: Run, work: Path, tmp_path: Path) -> None:
    (work / "tool.exe").write_bytes(b"MZ" + bytes(100))
    arguments = ["send", work, "-p", "gmail", "--via", "attach", "--allow", "blocked-type"]
    answer = run(*arguments)
    assert answer.code in {2, 4}
    assert "tool.exe" in answer.err
    assert "Gmail" in answer.err


def own_store(tmp_path: Path, port: int, bucket: str = "bucket = b\n") -> Path:
    path = tmp_path / "store.ini"
    path.write_text(
        f"[delivery]\nstore = mine\n[upload]\nattempts = 1\n"
        f"[store:mine]\nprofile = minio\nendpoint = http://127.0.0.1:{port}\nregion = us-east-1\n{bucket}"
    )
    return path


@pytest.fixture
def silent_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_unreachable_endpoint(
    run: Run, work: Path, tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-words")
    config = own_store(tmp_path, silent_port)
    refused(run, 6, "cannot be reached", "send", work, "--via", "link", "--config", config, "--out", "ready")
    assert not (tmp_path / "ready").exists()


def test_no_credentials_at_all(run: Run, work: Path, tmp_path: Path, silent_port: int) -> None:
    config = own_store(tmp_path, silent_port)
    refused(run, 5, "credentials", "send", work, "--via", "link", "--config", config, "--out", "ready")
    assert not (tmp_path / "ready").exists()


def test_an_absent_bucket_and_an_unknown_store(run: Run, work: Path, tmp_path: Path, silent_port: int) -> None:
    config = own_store(tmp_path, silent_port, bucket="")
    refused(run, 2, "no bucket", "send", work, "--via", "link", "--config", config)
    refused(run, 2, "'other'", "send", work, "--via", "link", "--config", config, "--store", "other")


def test_an_unknown_delivery(run: Run, work: Path) -> None:
    refused(run, 2, "nope", "show", "nope", error="unknown-delivery")
    refused(run, 2, "nope", "message", "nope", error="unknown-delivery")
    refused(run, 2, "no delivery ''", "send", work, "--revision-of", "", error="unknown-delivery")


def test_a_place_without_a_manifest(run: Run, work: Path) -> None:
    refused(run, 4, "manifest", "verify", work)


def test_a_name_with_terminal_escapes_is_shown_harmless(run: Run, work: Path) -> None:
    if os.name == "posix":
        (work / "bad\x1b[31mname.txt").write_text("x")
    answer = run("send", work, "--out", "ready")
    assert "\x1b" not in answer.out + answer.err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_names_that_are_no_text_are_delivered_under_mended_ones(run: Run, work: Path) -> None:
    (work / os.fsdecode(b"b\xff.txt")).write_text("x")
    answer = run("send", work, "--out", "ready", "--json")
    assert answer.code == 0, answer.out
    mended = next(item for item in answer.document["files"] if "renamed_from" in item)
    assert mended["renamed_from"] == "b\\udcff.txt"
    assert run("verify", "ready").code == 0
    assert run("show", answer.document["id"]).code == 0
    refused(run, 2, "not readable text", "send", work, "--out", os.fsdecode(b"o\xff"), error="out-name")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
@pytest.mark.parametrize("way", ["attach", "link"])
def test_a_delivery_made_in_a_folder_whose_name_is_no_text_is_kept(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    here = tmp_path / os.fsdecode(b"caf\xe9")
    here.mkdir()
    monkeypatch.chdir(here)
    made = run("send", work, "--via", way, "--order", os.fsdecode(b"FO\xff"), "--json")
    assert local.stop() == (way == "link")
    assert made.code == 0, made.out
    (listed,) = run("list", "--order", os.fsdecode(b"FO\xff"), "--json").document["deliveries"]
    assert listed["id"] == made.document["id"]
    assert run("show", listed["id"]).code == 0


@posix
def test_a_current_folder_that_was_removed(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    words = "the current folder is not there any more"
    away, above = ["pack", work, "--out", "ready"], ["pack", f"../{work.name}"]
    report = ["pack", work, "--out", tmp_path / "ready", "--report", "a.json"]
    for arguments in (["send", work], ["upload", work], away, ["pack", "."], above, report):
        refused(run, 4, words, *arguments, error="no-current-folder")
    assert not local.stop(), "the embedded store was started for nothing"
    assert run("pack", work, "--out", tmp_path / "ready").code == 0


@pytest.mark.skipif(os.name != "posix", reason="arguments are text on Windows")
@pytest.mark.parametrize("command", ["show", "renew", "record"])
def test_an_id_that_is_no_text_is_an_unknown_one(run: Run, command: str) -> None:
    refused(run, 2, "no delivery", command, os.fsdecode(b"\xff"), error="unknown-delivery")


def test_a_bucket_name_that_is_not_allowed(
    run: Run, work: Path, tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-words")
    config = own_store(tmp_path, silent_port, bucket="bucket = Bad_Bucket!!\n")
    refused(run, 5, "bucket", "send", work, "--via", "link", "--config", config)
    refused(run, 5, "bucket", "send", work, "--via", "link", "--config", config, "--dry-run")


def test_doctor_tells_an_unreachable_store_by_its_exit_code(
    run: Run, tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-words")
    told = run("doctor", "--config", own_store(tmp_path, silent_port))
    assert told.code == 6
    assert "(run the same command again)" in told.out, "there is nothing to go on with"
    assert "permissions" not in told.err


@pytest.mark.parametrize("blank", ["", " \n"])
def test_an_empty_variable_is_no_value(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    for name in ("PLATFORM", "VIA", "EXPIRES", "LANGUAGE", "STRICT", "OUT", "STORE", "ALLOW", "CONFIG", "REPORT"):
        monkeypatch.setenv(f"DELIVERY_{name}", blank)
    assert run("send", work).code == 0


def test_what_stands_around_a_variable_is_left_off(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PLATFORM": "gmail", "VIA": "attach", "EXPIRES": "2d", "STRICT": "yes", "JSON": "yes"}.items():
        monkeypatch.setenv(f"DELIVERY_{name}", f" {value}\n")
    assert run("send", work, "--dry-run").document["platform"] == "gmail"
    refused = run("verify", work)
    assert json.loads(refused.out)["code"] == "manifest-missing"


def test_a_wrong_variable_is_told_by_its_name(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELIVERY_EXPIRES", "soon")
    assert "Invalid value for 'DELIVERY_EXPIRES': 'soon' is not a duration" in run("send", work).err
    assert "Invalid value for '--expires': 'later' is not a duration" in run("send", work, "--expires", "later").err


def test_where_a_setting_came_from_is_the_variable(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELIVERY_PLATFORM", "gmail")
    monkeypatch.setenv("DELIVERY_LANGUAGE", "fr")
    told = run("send", work, "--dry-run", "--verbose", "--language", "es")
    assert "platform = gmail (DELIVERY_PLATFORM)" in told.err
    assert "language = es (given)" in told.err
    monkeypatch.setenv("DELIVERY_STORE", "nix")
    refused(run, 2, "DELIVERY_STORE: no store is called 'nix'", "send", work, "--dry-run", error="store-unknown")


def test_the_home_that_no_shell_reads_behind_an_equals_sign_is_read(
    run: Run, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "me"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("DELIVERY_SUMMARY", "~/summary.md")
    assert run("send", work, "--out=~/made", "--report=~/report.json").code == 0
    assert run("verify", "~/made").code == 0
    assert run("join", "~/made", "--out=~/joined").code == 0
    assert {"made", "report.json", "summary.md"} <= {path.name for path in home.iterdir()}
    assert not Path("~").exists()


LOOKED_FOR = {
    "check {}": 4,
    "upload {} --abort": 4,
    "verify {}": 4,
    "join {} --out there": 4,
    "init {}": 4,
    "list --config {}": 2,
    "pack work --out {}": 4,
    "upload work --qr {}": 4,
}
AT_HOME = {"show ID": 4, "revoke ID": 4, "check work": 2, "lint words": 2, "platforms": 2, "send work --dry-run": 2}


@posix
@pytest.mark.parametrize("words", LOOKED_FOR)
@pytest.mark.parametrize("place", ["n" * 300, "circle", "circle/below"])
def test_a_place_that_the_system_will_not_even_look_for(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch, words: str, place: str
) -> None:
    """As one in a folder that the user may not enter, which root, under whom tests may run, always may."""
    monkeypatch.chdir(work.parent)
    Path("circle").symlink_to("circle")
    answer = run(*words.format(place).split())
    assert answer.code == LOOKED_FOR[words], answer.err
    assert "hint: " in answer.err and answer.out == ""


@posix
@pytest.mark.parametrize("words", AT_HOME)
def test_a_home_that_the_system_will_not_even_look_for(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(work.parent)
    monkeypatch.setenv("DELIVERY_HOME", str(work / ("n" * 300)))
    refused(run, AT_HOME[words], "File name too long", *words.split())


def test_words_of_ones_own_that_cannot_be_read_are_not_passed_over(run: Run, work: Path, tmp_path: Path) -> None:
    for name in ("en.toml", "attach.txt"):
        (tmp_path / "words" / name).mkdir(parents=True)  # no file, so that reading fails for root too
        (tmp_path / "delivery.ini").write_text("[message]\ntemplates = words\n")
        refused(run, 2, name, "pack", work, "--dry-run", "--config", tmp_path / "delivery.ini")
        (tmp_path / "words" / name).rmdir()


@posix
def test_a_path_that_is_too_long_for_the_system(run: Run, work: Path) -> None:
    here = os.getcwd()
    try:
        os.chdir(work)
        for _ in range(25):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
        Path("deep.txt").write_text("x")
    finally:
        os.chdir(here)
    answer = run("send", work)
    assert answer.code == 4
    assert "hint: " in answer.err
    subprocess.run(["rm", "-rf", str(work)], check=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@posix
def test_output_that_cannot_be_written_and_a_reader_that_goes_away(work: Path) -> None:
    command = [sys.executable, str(ROOT / "cli.py"), "platforms"]
    with open("/dev/full", "w") as full:
        lost = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (lost.returncode, "Traceback" in lost.stderr, "hint: " in lost.stderr) == (4, False, True)
    piped = subprocess.run(f"'{command[0]}' '{command[1]}' platforms | true; exit ${{PIPESTATUS[0]}}", shell=True,
                           executable="/bin/bash", stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert (piped.returncode, piped.stderr) == (0, "")


def test_a_note_that_gets_the_seller_flagged_is_refused_before_anything_is_done(
    run: Run, work: Path, tmp_path: Path
) -> None:
    refused(
        run, 2, "the note: ", "send", work, "--out", "ready", "--note", "write to jo@example.com", error="held-words"
    )
    assert not (tmp_path / "ready").exists()
    answer = run("send", work, "--out", "ready", "--order", "pay me 20")
    assert answer.code == 0
    assert "the order label: " in answer.err


@pytest.mark.parametrize("command", [("pack", "work"), ("join", "work"), ("fetch", "http://127.0.0.1:9/x")])
def test_a_folder_without_a_name_is_not_the_one_that_one_is_in(run: Run, work: Path, command: tuple[str, str]) -> None:
    """As a shell makes it of a variable that is not set."""
    answer = run(*command, "--out", "")
    assert (answer.code, answer.out) == (2, "")
    assert "write . for the folder that you are in" in answer.err


def test_a_report_of_whose_place_windows_tells_no_true_name_is_no_bug(
    run: Run, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    realpath = os.path.realpath

    def refused(path: str | os.PathLike[str], **more: bool) -> str:
        if "told.json" in os.fspath(path):
            raise OSError(errno.EINVAL, "The user name or password is incorrect")
        return realpath(path, **more)

    monkeypatch.setattr(os.path, "realpath", refused)
    assert run("pack", work, "-n", "--report", "told.json").code == 0
    answer = run("pack", work, "-n", "--report", "told.json", "--summary", "told.json")
    assert answer.code == 2 and "would both be written" in answer.err
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(Path("told.json").absolute()))
    answer = run("pack", work, "-n", "--report", "told.json")
    assert answer.code == 2 and "$GITHUB_STEP_SUMMARY" in answer.err


@pytest.mark.parametrize("option", ["--report", "--summary", "--dotenv", "--code-quality"])
def test_what_is_written_to_a_file_is_not_written_to_one_called_dash(run: Run, work: Path, option: str) -> None:
    answer = run("send", work, "--out", "ready", option, "-")
    assert (answer.code, answer.out) == (2, "")
    assert "name a file" in answer.err
    assert not (work.parent / "-").exists() and not (work.parent / "ready").exists()


def test_files_may_be_kept_no_longer_than_their_links(run: Run) -> None:
    assert run("prune", "--after", "0d").code == 0
    assert run("prune", "--after", "200000d").code == 2
