"""The decision, from sizes and limits alone: no file is touched here."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.errors import PackingError, UsageError
from delivery.model import Deliverable, FileEntry, Method, PartKind, Plan, Via
from delivery.planning import names, plan
from delivery.profile import Limits, LinkPolicy, Profile

MB, GB, TB, MiB = 10**6, 10**9, 10**12, 2**20


def entry(name: str, size: int) -> FileEntry:
    return FileEntry(f"/nowhere/{name}", name, size, 0)


def files(*entries: FileEntry) -> Deliverable:
    return Deliverable("Logo design", entries)


FIVERR = Profile("fiverr", "Fiverr", Limits(message_bytes=5 * GB, messages=1))
GMAIL = Profile(
    "gmail", "Gmail", Limits(message_bytes=25 * MB), blocked_types=frozenset({"exe"}), blocked_inside_archives=True
)
DISCORD = Profile("discord", "Discord", Limits(10 * MiB, 25 * MiB, 10))
NONE = Profile("none", "no platform")
MIXED = files(
    *(
        entry(f"set {n % 12}/{n}.{kind}", size)
        for n, (kind, size) in enumerate(
            zip(random.Random(5).choices(["jpg", "pdf", "txt"], k=300), [1_333_333] * 300, strict=True)
        )
    )
)


def kinds(made: Plan) -> set[PartKind]:
    return {part.kind for part in made.parts}


def assert_keeps_limits(made: Plan) -> None:
    limits = made.profile.limits
    for number in range(1, made.messages + 1):
        parts = [part for part in made.parts if part.message == number]
        assert parts
        assert limits.message_bytes is None or sum(part.size for part in parts) <= limits.message_bytes
        assert limits.message_files is None or len(parts) <= limits.message_files
    assert all(limits.file_bytes is None or part.size <= limits.file_bytes for part in made.parts)
    assert [part.index for part in made.parts] == list(range(1, len(made.parts) + 1))
    assert {part.total for part in made.parts} == {len(made.parts)}
    assert len({part.filename.casefold() for part in made.parts}) == len(made.parts)
    assert [part.message for part in made.parts] == sorted(part.message for part in made.parts)


def test_one_picture_goes_as_it_is() -> None:
    made = plan(files(entry("logo.jpg", 3 * MB)), FIVERR)
    assert [(part.filename, part.kind, part.message) for part in made.parts] == [("logo.jpg", PartKind.AS_IS, 1)]
    assert made.reasons == ("one file of 3 MB fits a Fiverr message as it is",)


def test_without_limits_no_platform_and_no_message_is_named() -> None:
    one, two = entry("logo.jpg", 3 * MB), entry("logo.pdf", MB)
    assert plan(files(one), NONE).reasons == ("one file of 3 MB goes as it is: no limit applies",)
    assert plan(files(one, two), NONE).reasons == ("2 files of 4 MB go as they are: no limit applies",)


@pytest.mark.parametrize("profile", [GMAIL, DISCORD])
def test_many_files_become_zips_in_several_messages(profile: Profile) -> None:
    made = plan(MIXED, profile)
    assert (made.method, kinds(made)) == (Method.ATTACH, {PartKind.ARCHIVE})
    assert made.messages > 1
    assert_keeps_limits(made)
    assert sorted(e.arcname for part in made.parts for e in part.members) == sorted(e.arcname for e in MIXED.entries)


def test_zip_names_sort_in_their_order() -> None:
    names = [part.filename for part in plan(MIXED, DISCORD).parts]
    assert names[0] == f"Logo design-01of{len(names)}.zip"
    assert names == sorted(names)


def test_a_file_above_the_total_goes_by_link_with_the_reason() -> None:
    made = plan(files(entry("film.mov", 6 * GB)), FIVERR)
    assert (made.method, made.parts[0].kind) == (Method.LINK, PartKind.AS_IS)
    assert "film.mov alone is 6 GB, more than the 5 GB" in made.reasons[0]


def test_a_delivery_over_more_messages_than_the_platform_has_goes_by_link() -> None:
    made = plan(files(*(entry(f"{n}.mov", 1 * GB) for n in range(6))), FIVERR)
    assert made.method is Method.LINK
    assert "2 messages" in made.reasons[0]


def test_forced_to_attach_the_same_delivery_takes_two_messages() -> None:
    made = plan(files(*(entry(f"{n}.mov", 1 * GB) for n in range(6))), FIVERR, via=Via.ATTACH)
    assert (made.method, made.messages) == (Method.ATTACH, 2)
    assert_keeps_limits(made)


def test_where_links_are_barred_it_is_attached() -> None:
    barred = Profile("c", "Contest", Limits(message_bytes=5 * GB, messages=1), link_policy=LinkPolicy.BARRED)
    assert plan(files(entry("film.mov", 6 * GB)), barred).method is Method.ATTACH


def test_forced_to_attach_a_large_file_becomes_volumes_with_joiner_and_manifest() -> None:
    made = plan(files(entry("film.mov", 6 * GB), entry("notes.txt", 5)), FIVERR, via=Via.ATTACH)
    volumes = [part for part in made.parts if part.kind is PartKind.VOLUME]
    assert [part.filename for part in volumes] == ["film.mov.001", "film.mov.002"]
    assert [part.offset for part in volumes] == [0, volumes[0].size]
    assert sum(part.size for part in volumes) == 6 * GB
    assert kinds(made) == {PartKind.VOLUME, PartKind.JOINER, PartKind.MANIFEST, PartKind.ARCHIVE}
    assert_keeps_limits(made)


@pytest.mark.parametrize("stem", ["film" * 59, "\u6f22" * 78 + "a"], ids=["latin", "han"])
def test_volumes_of_the_longest_name_differ_in_their_number_alone(stem: str) -> None:
    made = plan(files(entry(f"{stem}.mov", 3 * MB)), Profile("t", "T", Limits(MB)), via=Via.ATTACH)
    names = [part.filename for part in made.parts if part.kind is PartKind.VOLUME]
    assert names == [f"{stem}.mov.00{number}" for number in (1, 2, 3)]
    assert all(len(name.encode()) <= 255 for name in names)


def test_volumes_fill_the_file_limit() -> None:
    made = plan(files(entry("film.mov", 100 * MiB)), DISCORD, via=Via.ATTACH)
    assert sum(part.kind is PartKind.VOLUME for part in made.parts) == 10
    assert_keeps_limits(made)


def test_a_type_that_is_blocked_inside_archives_too_goes_by_link_or_not_at_all() -> None:
    work = files(entry("tool.exe", 5 * MB))
    assert plan(work, GMAIL).method is Method.LINK
    with pytest.raises(PackingError, match=r"Gmail.*tool\.exe") as caught:
        plan(work, GMAIL, via=Via.ATTACH)
    assert caught.value.hint


def test_a_type_that_is_blocked_by_name_goes_in_a_zip() -> None:
    profile = Profile("x", "X", blocked_types=frozenset({"exe"}))
    assert kinds(plan(files(entry("tool.exe", 5 * MB)), profile)) == {PartKind.ARCHIVE}


def test_a_type_that_is_not_on_the_list_goes_in_a_zip_where_zips_are() -> None:
    with_zip = Profile("x", "X", allowed_types=frozenset({"png", "zip"}))
    without = Profile("x", "X", allowed_types=frozenset({"png"}))
    assert kinds(plan(files(entry("a.psd", 5)), with_zip)) == {PartKind.ARCHIVE}
    assert kinds(plan(files(entry("a.png", 5)), without)) == {PartKind.AS_IS}
    assert plan(files(entry("a.psd", 5)), without).method is Method.LINK


def test_where_no_zip_is_taken_the_reasons_say_so() -> None:
    profile = Profile("x", "X", allowed_types=frozenset({"png"}))
    made = plan(files(entry("a/x.png", 5), entry("b/x.png", 5)), profile)
    assert [part.filename for part in made.parts] == ["x.png", "x (2).png"]
    assert made.reasons[-1] == "X takes no zips, so the files go side by side"


def test_more_than_ten_files_become_one_zip() -> None:
    assert kinds(plan(files(*(entry(f"{n}.png", 5) for n in range(10))), NONE)) == {PartKind.AS_IS}
    made = plan(files(*(entry(f"{n}.png", 5) for n in range(11))), NONE)
    assert [part.filename for part in made.parts] == ["Logo design.zip"]


def test_folders_and_names_that_would_fall_together_are_kept_by_a_zip() -> None:
    assert kinds(plan(files(entry("a/x.png", 5), entry("b/y.png", 5)), NONE)) == {PartKind.ARCHIVE}
    assert kinds(plan(files(entry("x.png", 5), entry("X.png", 5)), NONE)) == {PartKind.ARCHIVE}
    assert kinds(plan(files(entry("SHA256SUMS", 5)), NONE)) == {PartKind.ARCHIVE}


def test_files_that_would_each_fill_a_zip_go_as_they_are_in_several_messages() -> None:
    made = plan(files(*(entry(f"{n}.psd", 20 * MB) for n in range(3))), GMAIL)
    assert (kinds(made), made.messages) == ({PartKind.AS_IS}, 3)


def test_a_file_too_large_for_a_zip_that_opens_everywhere_goes_beside_the_zip() -> None:
    made = plan(files(entry("film.mov", 3 * GB), *(entry(f"{n}.png", 5) for n in range(20))), FIVERR)
    assert sorted((part.filename, part.kind.value) for part in made.parts) == [
        ("Logo design.zip", "archive"),
        ("film.mov", "as-is"),
    ]


def test_what_compresses_enough_needs_no_volumes() -> None:
    work = files(entry("words.csv", 60 * MB))
    assert plan(work, GMAIL).method is Method.LINK
    made = plan(work, GMAIL, packed_sizes={"words.csv": 9 * MB})
    assert (made.method, kinds(made)) == (Method.ATTACH, {PartKind.ARCHIVE})


@pytest.mark.parametrize("size", [25 * MB - 1, 25 * MB, 25 * MB + 1])
def test_limits_are_inclusive(size: int) -> None:
    made = plan(files(entry("a.bin", size)), GMAIL)
    assert (made.method is Method.ATTACH) == (size <= 25 * MB)


def test_a_link_of_few_files_is_one_each_and_of_many_a_zip() -> None:
    few = plan(files(*(entry(f"{n}.mov", 3 * GB) for n in range(3))), FIVERR, via=Via.LINK)
    assert [part.filename for part in few.parts] == ["0.mov", "1.mov", "2.mov"]
    many = plan(files(entry("big.mov", 9 * GB), *(entry(f"{n}.png", 5) for n in range(5000))), FIVERR, via=Via.LINK)
    assert [(part.filename, part.kind) for part in many.parts] == [
        ("big.mov", PartKind.AS_IS),
        ("Logo design.zip", PartKind.ARCHIVE),
    ]
    assert many.reasons[0] == "you asked for a link"


def test_without_zips_each_file_goes_by_itself() -> None:
    work = files(*(entry(f"{folder}/{n}.png", 5) for folder in "ab" for n in range(2500)))
    linked = plan(work, FIVERR, via=Via.LINK, pack=False)
    assert (kinds(linked), len({part.filename for part in linked.parts})) == ({PartKind.AS_IS}, 5000)
    assert linked.reasons == ("you asked for a link", "you asked for no zips, so each file goes by itself")
    few = files(*(entry(f"{n}.png", 5 * MB) for n in range(12)))
    attached = plan(few, GMAIL, via=Via.ATTACH, pack=False)
    assert (kinds(attached), attached.messages) == ({PartKind.AS_IS}, 3)


def test_without_zips_a_type_that_needs_one_is_told_with_what_helps() -> None:
    work = files(entry("tool.exe", 5))
    blocked = Profile("x", "X", blocked_types=frozenset({"exe"}))
    with pytest.raises(PackingError, match=r"tool\.exe outside a zip, and you asked for none") as met:
        plan(work, blocked, via=Via.ATTACH, pack=False)
    assert "--pack" in (met.value.hint or "")
    no_zips = Profile("x", "X", blocked_types=frozenset({"exe", "zip"}))
    with pytest.raises(PackingError, match=r"tool\.exe, nor zips") as met:
        plan(work, no_zips, via=Via.ATTACH, pack=False)
    assert "--pack" not in (met.value.hint or "")


def test_thousands_of_one_name_are_numbered_without_starting_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(names, "fold", lambda name: asked.append(name) or name.lower())  # type: ignore[func-returns-value]
    made = plan(files(*(entry(f"{n}/index.html", 5) for n in range(300))), FIVERR, via=Via.LINK, pack=False)
    assert [part.filename for part in made.parts][-2:] == ["index (299).html", "index (300).html"]
    assert len(asked) < 300 * 5


def test_terabytes_and_hundreds_of_thousands_of_files_are_planned() -> None:
    made = plan(files(entry("a.mov", 40 * TB), entry("b.mov", 30 * TB)), FIVERR)
    assert made.method is Method.LINK
    volumes = plan(files(entry("a.mov", 40 * TB)), FIVERR, via=Via.ATTACH)
    assert sum(part.size for part in volumes.parts if part.kind is PartKind.VOLUME) == 40 * TB
    many = plan(files(*(entry(f"{n // 100}/{n}", 1) for n in range(70_000))), NONE)
    assert [len(part.members) <= 65_534 for part in many.parts] == [True, True]


def test_too_many_volumes_are_refused() -> None:
    with pytest.raises(PackingError, match=r"film\.mov alone is 1 TB"):
        plan(files(entry("film.mov", 1 * TB)), DISCORD, via=Via.ATTACH)


def test_nothing_to_deliver_is_refused() -> None:
    with pytest.raises(UsageError):
        plan(files(), FIVERR)


LIMIT = st.one_of(st.none(), st.integers(1_000, 10_000))
NAME = st.sampled_from(["a.jpg", "b.txt", "c.exe", "film.mov", "SHA256SUMS", "x", "d/a.jpg", "d/e/b.txt", "d/A.JPG"])


@given(
    st.lists(st.tuples(NAME, st.integers(0, 30_000)), min_size=1, max_size=30),
    st.builds(Limits, LIMIT, LIMIT, st.one_of(st.none(), st.integers(1, 12)), st.sampled_from([None, 1, 3])),
    st.sampled_from([frozenset[str](), frozenset({"exe"})]),
    st.booleans(),
    st.sampled_from(Via),
    st.booleans(),
    st.floats(0.1, 1),
)
def test_whatever_comes_every_plan_keeps_every_limit_and_loses_nothing(
    given_files: list[tuple[str, int]],
    limits: Limits,
    blocked: frozenset[str],
    inside: bool,
    via: Via,
    pack: bool,
    ratio: float,
) -> None:
    work = files(*(entry(f"{n}/{name}" if n % 3 else f"{n}{name}", size) for n, (name, size) in enumerate(given_files)))
    profile = Profile("p", "P", limits, blocked_types=blocked, blocked_inside_archives=inside)
    sizes = {e.arcname: int(e.size * ratio) for e in work.entries}
    try:
        made = plan(work, profile, via=via, pack=pack, packed_sizes=sizes)
    except PackingError as error:
        assert via is Via.ATTACH
        assert "P" in error.message
        assert error.hint
        return
    carried: dict[str, int] = {}
    for part in sorted(made.parts, key=lambda part: part.offset):
        if part.kind is PartKind.VOLUME:
            assert part.offset == carried.get(part.members[0].arcname, 0)
            carried[part.members[0].arcname] = part.offset + part.size
        elif part.kind in (PartKind.AS_IS, PartKind.ARCHIVE):
            for member in part.members:
                assert member.arcname not in carried
                carried[member.arcname] = member.size
    assert carried == {e.arcname: e.size for e in work.entries}
    assert made.reasons
    assert pack or PartKind.ARCHIVE not in kinds(made)
    if made.method is Method.LINK:
        assert via is not Via.ATTACH
        return
    assert via is not Via.LINK
    assert_keeps_limits(made)
    if via is Via.AUTO:
        assert limits.messages is None or made.messages <= limits.messages
        assert PartKind.VOLUME not in kinds(made)
    for part in made.parts:
        assert part.kind is not PartKind.AS_IS or part.filename.rpartition(".")[2] not in blocked
