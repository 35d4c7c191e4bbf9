from __future__ import annotations

import errno
import os
import unicodedata
from pathlib import Path

import pytest
from support.junctions import make_junction

from delivery.errors import Cancelled, LocalError
from delivery.intake import junk, take_in, trouble, walk
from delivery.progress import CancelToken, RecordingProgress

LONG = "\\\\?\\"
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX links, pipes or modes")


def make(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def names(*paths: Path | str, **options: bool) -> list[str]:
    return [entry.arcname for entry in take_in(list(paths), **options).entries]


def test_one_folder_gives_paths_relative_to_itself_in_a_persons_order(tmp_path: Path) -> None:
    work = make(tmp_path / "work", page10="x", page2="x", sub__inner="x", Page3="x")
    deliverable = take_in([work])
    assert [entry.arcname for entry in deliverable.entries] == ["page2", "Page3", "page10", "sub/inner"]
    assert deliverable.name == "work"


def test_a_file_of_windows_named_twice_in_other_letters_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, Logo_dot_txt="hello")
    typed = [tmp_path / name for name in ("LOGO.TXT", "Logo.txt", "logo.txt ")]
    for path in typed:
        if not path.exists():
            os.link(tmp_path / "Logo.txt", path)
    if os.name != "nt":
        monkeypatch.setattr(walk, "_TAKES_ANY_CASE", True)
        realpath = os.path.realpath
        monkeypatch.setattr(
            os.path, "realpath", lambda path: str(tmp_path / "Logo.txt") if Path(path) in typed else realpath(path)
        )
    assert names(*typed) == ["Logo.txt"]


def test_a_file_of_which_windows_tells_no_true_name_keeps_the_typed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, Logo_dot_txt="hello")
    realpath = os.path.realpath

    def silent(path: str | os.PathLike[str]) -> str:
        if os.fspath(path).endswith("Logo.txt"):
            raise OSError(errno.EINVAL, "Incorrect function")
        return realpath(path)

    monkeypatch.setattr(walk, "_TAKES_ANY_CASE", True)
    monkeypatch.setattr(os.path, "realpath", silent)
    walked = walk._Walk(keep_junk=False, cancel=CancelToken())
    walked.add(tmp_path / "Logo.txt", alone=True)
    assert list(walked.found) == ["Logo.txt"] and not walked.problems


def test_whatever_lies_deep_is_reached_as_windows_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, a_dot_txt="x", deep__b_dot_txt="x", deep___dot_deliveryignore="c.txt", deep__c_dot_txt="x")
    asked = []
    for module in (walk, junk):
        monkeypatch.setattr(module, "reachable", lambda path: asked.append(os.path.relpath(path, tmp_path)) or path)
    assert names(tmp_path) == ["a.txt", "deep/b.txt"]
    assert {os.path.join("deep", name) for name in ("b.txt", ".deliveryignore")} < set(asked)


@posix
def test_a_link_whose_target_windows_tells_in_the_long_form_lies_in_the_folder_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, deep__b_dot_txt="x")
    (tmp_path / "deep" / "link.txt").symlink_to("b.txt")
    realpath, stat = os.path.realpath, os.stat

    def told(path: str | os.PathLike[str]) -> str:
        return f"{LONG if os.fspath(path).endswith('link.txt') else ''}{realpath(path)}"

    walked = walk._Walk(keep_junk=False, cancel=CancelToken())
    with monkeypatch.context() as there:
        there.setattr(os.path, "realpath", told)
        there.setattr(os, "stat", lambda path, **more: stat(os.fspath(path).removeprefix(LONG), **more))
        walked.add(tmp_path, alone=True)
    assert not walked.problems and sorted(walked.found) == ["deep/b.txt", "deep/link.txt"]
    assert walked.found["deep/link.txt"].path.startswith(LONG)


def test_one_file_keeps_its_name_and_names_the_delivery(tmp_path: Path) -> None:
    make(tmp_path, logo_dot_txt="hello")
    deliverable = take_in([tmp_path / "logo.txt"])
    entry = deliverable.entries[0]
    assert (deliverable.name, entry.arcname, entry.size, entry.media_type) == ("logo", "logo.txt", 5, "text/plain")
    assert entry.sha256 is None


@pytest.mark.parametrize("name", ["a" * 250, "\u6f22" * 83], ids=["latin", "han"])
def test_the_longest_name_leaves_room_for_what_is_called_after_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.txt"
    path.write_text("hello")
    called = take_in([path]).name
    assert name.startswith(called.rpartition("~")[0])
    (tmp_path / f"{called}-delivery-100").mkdir()


def test_of_several_paths_each_keeps_its_own_name_in_front(tmp_path: Path) -> None:
    make(tmp_path, a__one="x", b__one="x", top="x")
    assert names(tmp_path / "a", tmp_path / "b", tmp_path / "top") == ["a/one", "b/one", "top"]


def test_of_several_paths_the_folder_above_has_its_own_name_too(tmp_path: Path, monkeypatch) -> None:
    make(tmp_path, work__logo="x", work__deep__inner="x", notes__a="x")
    monkeypatch.chdir(tmp_path / "work" / "deep")
    deliverable = take_in(["..", "../../notes"])
    assert [(entry.arcname, entry.original) for entry in deliverable.entries] == [
        ("notes/a", None),
        ("work/deep/inner", None),
        ("work/logo", None),
    ]


def test_the_same_path_twice_is_taken_once(tmp_path: Path) -> None:
    make(tmp_path, a="x", b="x")
    assert names(tmp_path / "a", tmp_path / "a", tmp_path / "b") == ["a", "b"]
    assert names(tmp_path / "a", f"{tmp_path}/../{tmp_path.name}/a", tmp_path / "b") == ["a", "b"]


def test_two_files_that_would_get_one_name_are_refused(tmp_path: Path) -> None:
    make(tmp_path, x__logo="1", y__logo="2")
    with pytest.raises(LocalError, match="would both be called logo") as caught:
        take_in([tmp_path / "x" / "logo", tmp_path / "y" / "logo"])
    assert caught.value.code == "same-name"


@pytest.mark.parametrize("other", ["final", "FINAL"])
def test_two_folders_of_one_name_are_not_mixed(tmp_path: Path, other: str) -> None:
    make(tmp_path, x__final__a="1")
    make(tmp_path / "y", **{f"{other}__b": "2"})
    with pytest.raises(LocalError, match=rf"would both be called {other}/") as caught:
        take_in([tmp_path / "x" / "final", tmp_path / "y" / other])
    assert caught.value.code == "same-name"
    assert names(tmp_path / "x" / "final", f"{tmp_path}/y/../x/final/") == ["final/a"]


def test_names_are_normalised(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "é.txt")
    (tmp_path / decomposed).write_text("x")
    assert names(tmp_path) == ["é.txt"]


def test_junk_is_left_out_and_listed_and_kept_when_asked(tmp_path: Path) -> None:
    make(tmp_path, work__a="x", work__Thumbs_dot_db="x", work__node_modules__m="x")
    deliverable = take_in([tmp_path / "work"])
    assert [entry.arcname for entry in deliverable.entries] == ["a"]
    assert {item.path for item in deliverable.left_out} == {"Thumbs.db", "node_modules/"}
    assert names(tmp_path / "work", keep_junk=True) == ["a", "node_modules/m", "Thumbs.db"]


def test_a_missing_path_says_so(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="does not exist") as caught:
        take_in([tmp_path / "none"])
    assert (caught.value.code, caught.value.exit_code) == ("path-not-found", 4)


def test_an_empty_folder_is_nothing_to_deliver(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LocalError, match="the folder is empty"):
        take_in([tmp_path])


def test_empty_folders_are_told_for_no_zip_holds_them(tmp_path: Path) -> None:
    work = make(tmp_path / "work", logo="x")
    (work / "a" / "b").mkdir(parents=True)
    assert [left.path for left in take_in([work]).left_out] == ["a/b/"]
    (tmp_path / "renders").mkdir()
    assert [left.path for left in take_in([work / "logo", tmp_path / "renders"]).left_out] == ["renders/"]
    with pytest.raises(LocalError, match="the folder is empty"):
        take_in([tmp_path / "renders"])


def test_a_folder_of_junk_alone_says_why(tmp_path: Path) -> None:
    make(tmp_path, _dot_DS_Store="x")
    with pytest.raises(LocalError, match="left out") as caught:
        take_in([tmp_path])
    assert "--keep-junk" in caught.value.hint


@posix
def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    make(tmp_path, a="x")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LocalError, match="a pipe"):
        take_in([tmp_path])


@posix
def test_a_device_is_refused() -> None:
    with pytest.raises(LocalError, match="a device"):
        take_in([os.devnull])


@posix
def test_a_link_inside_the_tree_is_delivered_as_its_file(tmp_path: Path) -> None:
    make(tmp_path, sub__real="content")
    (tmp_path / "link").symlink_to("sub/real")
    entries = {entry.arcname: entry.size for entry in take_in([tmp_path]).entries}
    assert entries == {"link": 7, "sub/real": 7}


@posix
def test_a_link_to_a_folder_inside_the_tree_is_left_out_and_listed(tmp_path: Path) -> None:
    make(tmp_path, sub__real="content")
    (tmp_path / "again").symlink_to("sub")
    deliverable = take_in([tmp_path])
    assert [entry.arcname for entry in deliverable.entries] == ["sub/real"]
    assert [item.path for item in deliverable.left_out] == ["again"]


@posix
@pytest.mark.parametrize("several", [False, True])
def test_a_link_to_a_folder_that_is_left_out_says_that_nothing_of_it_arrives(several: bool, tmp_path: Path) -> None:
    make(tmp_path, work__v3__final="content", work__v30="other")
    (tmp_path / "work" / ".deliveryignore").write_text("v3\n")
    for name, target in (("current", "v3"), ("all", ".")):
        (tmp_path / "work" / name).symlink_to(target)
    paths = [tmp_path / "work", tmp_path / "work" / "v30"] if several else [tmp_path / "work"]
    reasons = {item.path.rpartition("/")[2]: item.reason for item in take_in(paths).left_out}
    assert "nothing is delivered" in reasons["current"]
    assert "delivered anyway" in reasons["all"]


def test_a_junction_is_treated_as_a_link_to_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, sub__real="content")
    make_junction(tmp_path / "sub" / "up", tmp_path, monkeypatch)
    deliverable = take_in([tmp_path])
    assert [entry.arcname for entry in deliverable.entries] == ["sub/real"]
    assert [item.path for item in deliverable.left_out] == ["sub/up"]


@posix
@pytest.mark.parametrize(
    ("target", "code"), [("/etc/hostname", "link-out-of-tree"), ("nothing-there", "dangling-link")]
)
def test_a_link_that_leads_out_or_nowhere_is_refused(tmp_path: Path, target: str, code: str) -> None:
    make(tmp_path, a="x")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(LocalError) as caught:
        take_in([tmp_path])
    assert caught.value.code == code


@posix
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "file-not-readable"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "dangling-link"),
    ],
    ids=["locked", "removed meanwhile"],
)
def test_a_link_whose_file_cannot_be_looked_at_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, code: str
) -> None:
    make(tmp_path, sub__real="x")
    (tmp_path / "link").symlink_to("sub/real")
    look = Path.stat

    def refused(path: Path, **options: bool) -> os.stat_result:
        if path.name == "real":
            raise error
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", refused)
    with pytest.raises(LocalError, match="link") as caught:
        take_in([tmp_path])
    assert caught.value.code == code


@posix
def test_a_link_in_a_circle_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(LocalError) as caught:
        take_in([tmp_path])
    assert caught.value.code == "dangling-link"


@posix
def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    make(tmp_path, a="x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nothing-there")
    with pytest.raises(LocalError) as caught:
        take_in([tmp_path])
    assert "pipe" in str(caught.value)
    assert "link" in str(caught.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    make(tmp_path, a="x")
    (tmp_path / "a").chmod(0)
    with pytest.raises(LocalError, match="cannot be read"):
        take_in([tmp_path])


def test_progress_counts_every_file(tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"{number}.txt").write_text("x")
    progress = RecordingProgress()
    assert len(take_in([tmp_path], progress=progress).entries) == 600
    assert [(task.done, task.total) for task in progress.tasks] == [(600, 600)]


def test_it_stops_when_cancelled(tmp_path: Path) -> None:
    make(tmp_path, a="x")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        take_in([tmp_path], cancel=token)


@posix
def test_a_link_that_goes_while_it_is_followed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of other programs in /proc do."""
    make(tmp_path, a="x")
    (tmp_path / "link").symlink_to("a")
    follow = os.path.realpath

    def gone(path: str) -> str:
        if str(path).endswith("link"):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return follow(path)

    monkeypatch.setattr(os.path, "realpath", gone)
    with pytest.raises(LocalError) as caught:
        take_in([tmp_path])
    assert caught.value.code == "dangling-link"


@posix
def test_problems_of_several_kinds_have_the_hint_of_each(tmp_path: Path) -> None:
    make(tmp_path, a="x")
    (tmp_path / "link").symlink_to("nothing-there")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LocalError, match="a pipe") as caught:
        take_in([tmp_path])
    assert caught.value.code == "inputs"
    assert "remove the link" in caught.value.hint and "remove it from what you deliver" in caught.value.hint


def test_where_no_modes_are_kept_nobody_but_the_owner_writes_what_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("delivery.intake.walk._KEEPS_MODES", False)
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.txt").chmod(0o666)
    (entry,) = take_in([tmp_path / "a.txt"]).entries
    assert entry.mode == 0o644


def test_a_name_that_no_file_can_have_is_not_there() -> None:
    """So Windows answers for quotes that were taken for a part of the name."""
    told = trouble.no_such_path(Path('"my work"'), OSError(errno.EINVAL, "Invalid name"))
    assert told.code == "path-not-found" and told.hint and "write it as my work" in told.hint
