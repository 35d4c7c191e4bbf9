"""`delivery fetch` as it is typed: its words, its document, its exit codes."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
from support.corpus import zipped
from support.everything import everything
from support.origin import Origin, origin, record_of
from support.terminal import Run

from delivery import report
from delivery.fetching.place import Place

SECRET = "5ec7e7"


@pytest.fixture
def server() -> Iterator[Origin]:
    with origin() as made:
        yield made


@pytest.fixture
def delivered(server: Origin) -> str:
    packed = io.BytesIO()
    files = {"logo/a.svg": b"<svg/>", "logo/b.png": b"png"}
    with zipfile.ZipFile(packed, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    listed = [record_of(name, data, "Work.zip") for name, data in files.items()]
    listed += [record_of("film.mov", b"film"), record_of("cut.bin", b"1234", "cut.bin.001")]
    listed[-1]["parts"] = ["cut.bin.001", "cut.bin.002"]
    volumes = {"kind": "volume", "file": "cut.bin", "of": 2}
    parts = {"Work.zip": packed.getvalue(), "film.mov": b"film", "cut.bin.001": b"12", "cut.bin.002": b"34"}
    url = server.deliver(parts, files=listed, Work={"kind": "archive"})
    document = json.loads(server.objects["manifest"].data)
    document["parts"][2] |= volumes | {"order": 1, "offset": 0}
    document["parts"][3] |= volumes | {"order": 2, "offset": 2}
    server.put("manifest", json.dumps(document).encode())
    return url


def test_it_says_what_came_and_names_it(run: Run, delivered: str) -> None:
    answer = run("fetch", delivered)
    assert answer.code == 0
    assert answer.out.splitlines() == [
        str(Path("Work", name)) for name in ("Work.zip", "cut.bin.001", "cut.bin.002", "film.mov")
    ]
    assert "complete: 4 in Work, " in answer.err and "all as sent" in answer.err
    assert "cut.bin came in volumes" in answer.err
    assert SECRET not in answer.err + answer.out
    again = run("fetch", delivered)
    assert again.out == answer.out
    assert "(4 of them there already)" in again.err
    assert run("verify", "Work").code == 0
    assert run("join", "Work", "-o", "joined").code == 0
    assert Path("joined/cut.bin").read_bytes() == b"1234"


def test_unpacked_they_are_the_files(run: Run, delivered: str) -> None:
    answer = run("fetch", delivered, "--unpack", "-o", "here", "--json")
    jsonschema.validate(answer.document, report.schema("delivery.fetch/1"))
    assert answer.document["verified"] is True and answer.document["volumes_of"] == []
    found = sorted(path.relative_to("here").as_posix() for path in Path("here").rglob("*") if path.is_file())
    assert found == ["cut.bin", "delivery-manifest.json", "film.mov", "logo/a.svg", "logo/b.png"]
    assert Path("here/cut.bin").read_bytes() == b"1234"
    assert run("verify", "here").code == 0
    Path("here/logo/a.svg").unlink()
    bad = run("verify", "here")
    assert (bad.code, "logo/a.svg is missing: it came in Work.zip" in bad.err) == (7, True)
    again = run("fetch", delivered, "--unpack", "-o", "here", "--json").document
    assert [item["path"] for item in again["files"] if not item["already_there"]] == [str(Path("here/logo/a.svg"))]


def test_quiet_is_the_names_alone_and_only_what_was_asked_for(run: Run, delivered: str, server: Origin) -> None:
    server.asked.clear()
    answer = run("fetch", delivered, "--only", "*.MOV", "-q")
    assert (answer.code, answer.out, answer.err) == (0, f"{Path('Work', 'film.mov')}\n", "")
    assert [item.name for item in server.asked] == ["manifest", "film.mov"]
    unmatched = run("fetch", delivered, "--only", "*.psd")
    assert unmatched.code == 2 and "logo/a.svg" in unmatched.err
    rest = run("fetch", delivered, "-q")
    assert rest.code == 0 and len(rest.out.splitlines()) == 4


def test_the_link_can_come_from_standard_input(run: Run, delivered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"\ufeff\n\ufeff {delivered} \r\n"))
    assert run("fetch", "-", "-q", "-o", "here").code == 0
    assert Path("here/film.mov").read_bytes() == b"film"


def test_the_folder_may_be_named_from_home(
    run: Run, delivered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "me"))
    assert run("fetch", delivered, "-q", "--out=~/here").code == 0
    assert (tmp_path / "me" / "here" / "film.mov").read_bytes() == b"film"


def test_what_was_pasted_around_a_link_is_left_off(run: Run, delivered: str) -> None:
    assert run("fetch", f" {delivered}\n", "-q", "-o", "here").code == 0
    assert Path("here/film.mov").read_bytes() == b"film"


@pytest.mark.parametrize("stdin", [None, io.StringIO(""), io.TextIOWrapper(io.BytesIO(b"\xff\xfe"), "utf-8")])
def test_without_a_link_on_standard_input_that_is_said(
    run: Run, stdin: io.TextIOBase | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", stdin)
    answer = run("fetch", "-")
    assert answer.code == 2
    assert answer.err.startswith("error: no link came on standard input\nhint: echo ")


def test_a_single_files_link_is_one_file_and_says_what_is_not_known(run: Run, server: Origin) -> None:
    disposition = "attachment; filename=\"file.pdf\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf"
    url = server.put("k3y", b"%PDF", headers={"Content-Disposition": disposition})
    answer = run("fetch", url)
    assert (answer.code, answer.out) == (0, "Grüße.pdf\n")
    assert "does not tell its SHA-256" in answer.err
    assert Path("Grüße.pdf").read_bytes() == b"%PDF"
    again = run("fetch", url)
    assert (again.code, again.out) == (0, "Grüße.pdf\n")
    assert "(1 of them there already)" in again.err
    for option in ("--unpack", "--only=*.pdf"):
        assert run("fetch", url, option).code == 2


def test_a_single_files_name_may_stand_without_quotes(run: Run, server: Origin) -> None:
    url = server.put("k3y", b"%PDF", headers={"Content-Disposition": "attachment; filename=report.pdf; size=4"})
    assert run("fetch", url).out == "report.pdf\n"


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "..\\evil", "CON", "a\x1b[31m", ".."])
def test_a_single_files_name_is_mended(run: Run, server: Origin, tmp_path: Path, name: str) -> None:
    url = server.put("k", b"x", headers={"Content-Disposition": f'attachment; filename="{name}"'})
    assert run("fetch", url, "-o", "here").code == 0
    (made,) = (path for path in Path("here").iterdir())
    assert made.is_file() and made.read_bytes() == b"x"
    assert not (tmp_path / "evil").exists() and not (tmp_path.parent / "evil").exists()


def test_a_single_file_with_an_md5_for_its_etag_is_known_again(run: Run, server: Origin) -> None:
    url = server.put("a.txt", b"hello", etag='"5d41402abc4b2a76b9719d911017c592"')
    assert run("fetch", url).code == 0
    again = run("fetch", url, "--json").document
    assert [item["already_there"] for item in again["files"]] == [True]


@pytest.mark.parametrize(
    ("url", "code"),
    [("nonsense", 2), ("http://example.com/x", 2), ("", 2), ("http://127.0.0.1:9/x", 6)],
)
def test_what_is_no_link_is_told(run: Run, url: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("delivery.storage.retry._FIRST", 0.001)
    answer = run("fetch", url, "--json")
    jsonschema.validate(answer.document, report.schema("delivery.error/1"))
    assert answer.code == code
    assert answer.document["hint"]
    assert "not followed" not in answer.document["message"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"schema": "delivery.manifest/1"', "not a sound manifest"),
        (b'{"schema": "delivery.manifest/1", "files": 3, "parts": []}', "not a sound manifest"),
        (b'{"schema": "delivery.manifest/1", "files": [], "parts": [7]}', "not a sound manifest"),
        (b'{"schema": "delivery.manifest/1", "x": "\xff"}', "not UTF-8"),
        (b'{"schema": "delivery.manifest/1", "x": ' + b"[" * 100_000, "not a sound manifest"),
    ],
)
def test_a_broken_manifest_is_an_integrity_error(run: Run, server: Origin, text: bytes, why: str) -> None:
    answer = run("fetch", server.put("m", text), "-o", "here")
    assert answer.code == 7 and why in answer.err
    assert not Path("here").exists()


def test_the_sellers_own_copy_holds_no_links_and_says_so(run: Run, server: Origin, work: Path) -> None:
    run("pack", work, "-o", "ready")
    url = server.put("m", Path("ready/delivery-manifest.json").read_bytes())
    answer = run("fetch", url)
    assert answer.code == 7 and "holds no links" in answer.err


def test_another_delivery_in_the_folder_is_left_alone(run: Run, delivered: str, server: Origin) -> None:
    assert run("fetch", delivered, "-o", "here").code == 0
    other = server.deliver({"other.txt": b"other"}, name="Other")
    answer = run("fetch", other, "-o", "here")
    assert answer.code == 4 and "exists already" in answer.err
    assert not Path("here/other.txt").exists()


def test_a_zip_that_holds_more_than_was_listed_puts_nothing_in_place(run: Run, delivered: str, server: Origin) -> None:
    document = json.loads(server.objects["manifest"].data)
    document["files"] = [item for item in document["files"] if item["path"] != "logo/b.png"]
    url = server.put("fewer", json.dumps(document).encode())
    answer = run("fetch", url, "--unpack", "-o", "here")
    assert answer.code == 7 and "logo/b.png, which is not in the manifest" in answer.err
    assert not Path("here/logo").exists()


def test_a_delivered_file_that_is_called_like_the_manifest_hides_it_not(run: Run, server: Origin) -> None:
    packed = zipped({"delivery-manifest.json": b"the buyer's own"})
    listed = [record_of("delivery-manifest.json", b"the buyer's own", "Work.zip")]
    url = server.deliver({"Work.zip": packed}, files=listed, Work={"kind": "archive"})
    answer = run("fetch", url, "--unpack")
    assert "its own manifest is delivery-manifest (2).json" in answer.err
    assert Path("Work/delivery-manifest.json").read_bytes() == b"the buyer's own"
    assert run("verify", Path("Work", "delivery-manifest (2).json")).code == 0
    assert "1 of them there already" in run("fetch", url, "--unpack").err
    assert [path.name for path in Path().iterdir() if path.name.startswith("Work")] == ["Work"]


def test_a_folder_that_is_called_like_the_manifest_hides_it_not(run: Run, server: Origin) -> None:
    packed = zipped({"Delivery-Manifest.json/a.txt": b"a"})
    listed = [record_of("Delivery-Manifest.json/a.txt", b"a", "Work.zip")]
    url = server.deliver({"Work.zip": packed}, files=listed, Work={"kind": "archive"})
    assert run("fetch", url, "--unpack").code == 0
    assert run("verify", Path("Work", "delivery-manifest (2).json")).code == 0


@pytest.mark.parametrize("size", [200, 200_000])
def test_a_manifest_that_comes_packed_unasked_is_one(run: Run, server: Origin, size: int) -> None:
    """As some servers and caches in front of a store do."""
    url = server.deliver({"a.txt": b"a"}, name="W" * size)
    plain = server.objects["manifest"].data
    server.put("manifest", gzip.compress(plain), headers={"Content-Encoding": "gzip"})
    assert run("fetch", url, "-o", "here").code == 0
    assert Path("here/a.txt").read_bytes() == b"a"


def test_nothing_is_asked_for_in_packed_form(run: Run, delivered: str, server: Origin) -> None:
    assert run("fetch", delivered).code == 0
    assert {asked.headers["accept-encoding"] for asked in server.asked} == {"identity"}


def test_what_is_said_to_be_packed_and_is_not_is_a_file(run: Run, server: Origin) -> None:
    url = server.put("notes.txt", b"no gzip at all", headers={"Content-Encoding": "gzip"})
    assert run("fetch", url, "-o", "here").code == 0
    assert Path("here/notes.txt").read_bytes() == b"no gzip at all"


def test_a_dry_run_says_what_the_run_then_does_and_writes_nothing(run: Run, delivered: str, server: Origin) -> None:
    before = everything()
    server.asked.clear()
    answer = run("fetch", delivered, "-n")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[1:] == [f"{Path('Work', name)}  {size} bytes" for name, size in
                         (("cut.bin.001", 2), ("cut.bin.002", 2), ("film.mov", 4))]  # fmt: skip
    assert "would bring 4 to Work, " in answer.err and " to download" in answer.err
    assert [item.name for item in server.asked] == ["manifest"] and everything() == before
    told = run("fetch", delivered, "-n", "--json").document
    jsonschema.validate(told, report.schema("delivery.fetch/1"))
    assert (told["dry_run"], told["verified"], told["files"], told["out"]) == (True, False, [], "Work")
    done = run("fetch", delivered, "--json").document
    assert done["dry_run"] is False and "planned" not in done
    assert told["planned"] == [{"path": item["path"], "size": item["size"]} for item in done["files"]]
    assert told["to_download"] == sum(item["size"] for item in done["files"])
    Path("Work/film.mov").unlink()
    before = everything()
    rest = run("fetch", delivered, "--dry-run")
    assert "would bring 1 to Work (3 there already), 4 bytes to download" in rest.err
    assert f"{Path('Work', 'film.mov')}  4 bytes\n" in rest.out
    assert f"{Path('Work', 'cut.bin.001')}  2 bytes, there already\n" in rest.out
    assert everything() == before


def test_a_dry_run_counts_a_zip_whole_where_one_file_of_it_is_wanted(run: Run, delivered: str, server: Origin) -> None:
    told = run("fetch", delivered, "-n", "--unpack", "--only", "a.svg", "-o", "deep/here", "--json").document
    assert told["planned"] == [{"path": str(Path("deep/here/logo/a.svg")), "size": 6}]
    assert told["to_download"] == len(server.objects["Work.zip"].data) > 6
    assert not Path("deep").exists()


def _other_file() -> None:
    Path("here").mkdir()
    Path("here/film.mov").write_bytes(b"mine")


def _file_for_a_folder() -> None:
    Path("here").mkdir()
    Path("here/logo").write_bytes(b"mine")


def _link_for_a_folder() -> None:
    Path("here").mkdir()
    Path("elsewhere").mkdir()
    Path("here/logo").symlink_to(Path("elsewhere").resolve())


def _file_for_out() -> None:
    Path("here").write_bytes(b"mine")


@pytest.mark.parametrize(
    ("arrange", "options", "code"),
    [
        (None, ("--only", "*.psd"), 2),
        (_other_file, (), 4),
        (_file_for_a_folder, ("--unpack",), 4),
        pytest.param(_link_for_a_folder, ("--unpack",), 4, marks=pytest.mark.skipif(os.name == "nt", reason="links")),
        (_file_for_out, (), 4),
    ],
)
def test_a_dry_run_refuses_what_the_run_refuses(
    run: Run, delivered: str, arrange: Callable[[], None] | None, options: tuple[str, ...], code: int
) -> None:
    if arrange:
        arrange()
    before = everything()
    answer = run("fetch", delivered, "-o", "here", *options, "-n")
    assert (answer.code, answer.out, everything()) == (code, "", before)
    assert run("fetch", delivered, "-o", "here", *options).code == code


def test_a_dry_run_refuses_an_ended_link_and_unsafe_names(run: Run, server: Origin) -> None:
    before = everything()
    assert run("fetch", server.url("gone"), "-n").code == run("fetch", server.url("gone")).code == 5
    assert run("fetch", server.deliver({"../evil": b"x"}), "-n").code == 7
    assert everything() == before


def test_a_dry_run_refuses_the_folder_that_a_run_writes_into(run: Run, delivered: str) -> None:
    with Place(Path("here")):
        answer = run("fetch", delivered, "-o", "here", "-n")
        assert answer.code == 4 and "another run is writing" in answer.err
    assert run("fetch", delivered, "-o", "here", "-n").code == 0
    assert not Path("here").exists()


def test_a_dry_run_leaves_what_a_broken_run_left(run: Run, delivered: str) -> None:
    with pytest.raises(KeyError), Place(Path("here")) as place:
        (place.work / "x.part").write_bytes(b"half")
        raise KeyError
    before = everything()
    assert run("fetch", delivered, "-o", "here", "-n").code == 0
    assert everything() == before != {}


def test_a_dry_run_of_a_single_file(run: Run, server: Origin) -> None:
    url = server.put("a.txt", b"hello", etag='"5d41402abc4b2a76b9719d911017c592"')
    told = run("fetch", url, "-n", "-o", "here", "--json").document
    jsonschema.validate(told, report.schema("delivery.fetch/1"))
    assert (told["planned"], told["to_download"]) == ([{"path": str(Path("here/a.txt")), "size": 5}], 5)
    assert everything() == {}
    assert run("fetch", url, "-o", "here").out == f"{Path('here/a.txt')}\n"
    before = everything()
    again = run("fetch", url, "-n", "-o", "here")
    assert again.out == f"{Path('here/a.txt')}  5 bytes, there already\n" and everything() == before
    Path("here/a.txt").write_bytes(b"other one")
    assert run("fetch", url, "-n", "-o", "here").code == 4


def test_a_dry_run_of_join_says_of_how_many_parts_each_file_would_be(run: Run, delivered: str) -> None:
    assert run("fetch", delivered, "-o", "here").code == 0
    before = everything()
    answer = run("join", "here", "-o", "joined", "-n")
    assert (answer.code, answer.out) == (0, f"{Path('joined/cut.bin')}  4 bytes, would be joined of 2 parts\n")
    told = run("join", "here", "-o", "joined", "-n", "--json").document
    jsonschema.validate(told, report.schema("delivery.verify/1"))
    assert (told["dry_run"], told["complete"], told["checked"], told["joined"]) == (True, False, 0, [])
    assert told["planned"] == [{"path": str(Path("joined/cut.bin")), "size": 4, "parts": 2}]
    assert everything() == before
    assert run("join", "here", "-o", "joined", "--json").document["joined"] == [told["planned"][0]["path"]]
    for refused in (run("join", "here", "-o", "joined", "-n"), run("join", "here", "-o", "joined")):
        assert (refused.code, refused.out) == (4, "")
    Path("here/cut.bin.002").unlink()
    refused = run("join", "here", "-o", "again", "-n")
    assert refused.code == 7 and "cut.bin.002 is missing" in refused.err and not Path("again").exists()
