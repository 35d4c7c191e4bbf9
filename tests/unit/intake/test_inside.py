"""The look into a zip stays within its bounds and says so, whatever the archive claims."""

from __future__ import annotations

import tracemalloc
import zipfile

import pytest
from support import corpus, hostile_archives, leaky
from support.corpus import zipped

from delivery.errors import Cancelled
from delivery.intake import inside
from delivery.intake.inside import Lookout
from delivery.intake.look import look
from delivery.intake.observation import Seen
from delivery.intake.readers import zips
from delivery.intake.readers.view import View
from delivery.progress import CancelToken

MIB = 1024**2


def photo(size: int = 0) -> bytes:
    """With a place at its beginning, and ``size`` bytes of picture."""
    whole = leaky.photo(gps=True)
    return whole[:-2] + b"\x55" * size + whole[-2:]


def film(size: int) -> bytes:
    """With its index, and in that a place, at its end."""
    whole = leaky.place(b"+52.5200+013.4050/")
    index, end = whole.index(b"moov") - 4, whole.index(b"mdat") - 4
    return whole[:index] + corpus.box(b"mdat", bytes(size)) + whole[index:end]


def looked(data: bytes, lookout: Lookout | None = None) -> tuple[dict[str, set[Seen]], list[str]]:
    """The kinds of facts by file, and what is said not to be looked into."""
    view = View.of_bytes(data, name="final.zip")
    look(view)
    (lookout or Lookout(whole=False, cancel=CancelToken())).look_inside(view)
    found = {item.name: {fact.kind for fact in item.facts} for item in view.inside}
    return found, [fact.detail for fact in view.facts if fact.kind is Seen.UNSEEN]


def test_of_a_large_file_the_beginning_is_looked_at(monkeypatch):
    monkeypatch.setattr(inside, "_LARGEST", MIB)
    data = zipped({"large.jpg": photo(2 * MIB), "cut.jpg": photo(2 * MIB)[:-2], "small.jpg": photo(100)[:-2]})
    found, unseen = looked(data)
    assert found == {"large.jpg": {Seen.GPS}, "cut.jpg": {Seen.GPS}, "small.jpg": {Seen.GPS, Seen.DAMAGED}}
    assert unseen == ["looked at only in part: 2 of 3 pictures, documents and the like in it"]


def test_a_large_file_that_is_not_packed_is_read_where_it_lies(monkeypatch):
    monkeypatch.setattr(inside, "_LARGEST", MIB)
    found, unseen = looked(zipped({"large.jpg": photo(2 * MIB), "film.mp4": film(3 * MIB)}, zipfile.ZIP_STORED))
    assert found == {"large.jpg": {Seen.GPS}, "film.mp4": {Seen.GPS}}
    assert not unseen


def test_no_more_than_so_many_files(monkeypatch):
    monkeypatch.setattr(inside, "_MOST", 3)
    found, unseen = looked(zipped({f"{number}.jpg": photo() for number in range(5)}))
    assert list(found) == ["0.jpg", "1.jpg", "2.jpg"]
    assert unseen == ["not looked at: 2 of 5 pictures, documents and the like in it"]


def test_the_bounds_of_one_archive_leave_something_for_each_of_its_files(monkeypatch):
    """The small are looked at whole, and of each of the large ones the beginning."""
    monkeypatch.setattr(inside, "_OF_ONE_ARCHIVE", 4 * MIB)
    files = {f"{number}.jpg": photo(2 * MIB) for number in range(10)}
    found, unseen = looked(zipped({**files, "z.docx": leaky.docx(core="<dc:creator>Jane Roe</dc:creator>")}))
    assert found.pop("z.docx") == {Seen.PERSON}
    assert found == {name: {Seen.GPS} for name in files}
    assert len(unseen) == 1
    assert "only in part" in unseen[0]


def test_the_bounds_of_all_archives_are_shared(monkeypatch):
    monkeypatch.setattr(inside, "_OF_ALL_ARCHIVES", 3 * MIB)
    lookout = Lookout(whole=False, cancel=CancelToken())
    data = zipped({"a.jpg": photo(2 * MIB)})
    assert looked(data, lookout) == ({"a.jpg": {Seen.GPS}}, [])
    assert "only in part" in looked(data, lookout)[1][0]
    for _ in range(5):
        last = looked(data, lookout)
    assert last == ({}, ["not looked at: 1 of 1 pictures, documents and the like in it"])


@pytest.mark.parametrize(("bound", "looked_at"), [("_SECONDS_OF_ONE", [2, 2]), ("_SECONDS_OF_ALL", [2, 0])])
def test_files_that_take_endless_time_to_look_at_end_the_look(monkeypatch, bound, looked_at):
    ticks = iter(range(1000))
    monkeypatch.setattr(inside, "thread_time", lambda: next(ticks))
    monkeypatch.setattr(inside, bound, 2)
    lookout = Lookout(whole=False, cancel=CancelToken())
    data = zipped({f"{number}.jpg": photo() for number in range(5)})
    for count in looked_at:
        found, unseen = looked(data, lookout)
        assert len(found) == count
        assert unseen == [f"not looked at: {5 - count} of 5 pictures, documents and the like in it"]


@pytest.mark.parametrize("maker", ["overlapping", "claims petabytes", "link upwards"])
def test_what_is_hostile_is_not_unpacked(monkeypatch, maker):
    view = View.of_bytes(hostile_archives.MAKERS[maker](), name="final.zip")
    look(view)
    view.zipped = [member._replace(name="a.jpg") for member in view.zipped]
    assert view.zipped
    monkeypatch.setattr(inside, "look", lambda *_, **__: pytest.fail("it was looked into"))
    Lookout(whole=False, cancel=CancelToken()).look_inside(view)


def test_a_stated_size_that_is_too_large():
    """The archive's data end before: no program unpacks that."""
    whole = photo()
    data = bytearray(zipped({"a.jpg": whole}))
    for at in (22, data.index(b"PK\1\2") + 24):
        data[at : at + 4] = (len(whole) + 10).to_bytes(4, "little")
    assert looked(bytes(data))[0] == {"a.jpg": {Seen.DAMAGED}}


def test_data_that_do_not_unpack():
    data = bytearray(zipped({"a.jpg": photo()}))
    data[35:45] = b"\xff" * 10
    assert looked(bytes(data))[0] == {"a.jpg": {Seen.DAMAGED}}


def test_data_of_which_not_one_byte_unpacks():
    data = bytearray(zipped({"a.jpg": photo()}))
    data[35] = 0xFF
    assert looked(bytes(data))[0] == {"a.jpg": {Seen.DAMAGED}}


def test_sizes_of_a_file_that_is_not_packed_must_agree():
    whole = photo()
    data = bytearray(zipped({"a.jpg": whole, "b.txt": b"x" * 100}, zipfile.ZIP_STORED))
    at = data.index(b"PK\1\2") + 24
    data[at : at + 4] = (len(whole) + 10).to_bytes(4, "little")
    assert looked(bytes(data))[0] == {"a.jpg": {Seen.DAMAGED}}


def test_memory_holds_one_file_at_a_time():
    data = zipped({f"{number:02}.jpg": photo(4 * MIB) for number in range(12)})
    tracemalloc.start()
    found, _ = looked(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 12
    assert peak < 12 * MIB


def test_it_is_cancelled_between_two_files():
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        looked(zipped({"a.jpg": photo()}), Lookout(whole=False, cancel=cancel))


@pytest.mark.parametrize("size", [256 * 1024 + extra for extra in (0, 1, 100, 258, 259, 500)])
def test_a_packed_file_is_had_to_its_last_byte(size):
    """zlib holds back what does not fit, though it has taken all that it was given."""
    view = View.of_bytes(zipped({"a": bytes(size)}), name="a.zip")
    (member,) = zips.members(view)
    assert sum(map(len, zips.pieces(view, member, 10 * MIB))) == size


def test_names_are_kept_within_what_fits_in_memory(monkeypatch, tmp_path):
    from delivery import intake
    from delivery.intake import observe

    monkeypatch.setattr(observe, "_MOST_NAMES", 50)
    for number in range(3):
        tmp_path.joinpath(f"{number}.zip").write_bytes(zipped({f"{index}.jpg": photo() for index in range(30)}))
    seen = observe.observe(intake.take_in([tmp_path]))
    assert sorted(len(item.inside) for item in seen.by_arcname.values()) == [20, 20, 20]


def test_a_picture_of_endless_packed_texts_ends_the_look():
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + bytes(4)

    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(MIB)))
    head, _, rest = corpus.picture("PNG").partition(b"\0\0\0\rIHDR")
    data = head + b"\0\0\0\rIHDR" + rest[:17] + text * 400 + rest[17:]
    view = View.of_bytes(data, name="a.png")
    look(view)
    assert [fact.kind for fact in view.facts] == [Seen.UNSEEN]
