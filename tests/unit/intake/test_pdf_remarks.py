"""Comments and attached files in PDFs, as programs write them, and what only looks like them."""

from __future__ import annotations

import io
import os
import re
import time
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Highlight, Link, Text
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    StreamObject,
    TextStringObject,
)
from support.pdfs import packed

from delivery.intake.look import look
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers import pdf_remarks
from delivery.intake.readers.view import View

COMMENTS = Fact(Seen.REVIEW, "comments")
RECT = (10, 10, 40, 40)


def noted(data: bytes) -> list[Fact]:
    view = View.of_bytes(data, name="work.pdf")
    look(view)
    return view.facts


def made(*steps: Callable[[PdfWriter], object]) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    for step in steps:
        step(writer)
    writer.write(out)
    return out.getvalue()


def annotation(kind: str, **fields: str) -> DictionaryObject:
    made = DictionaryObject({
        NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject(f"/{kind}"),
        NameObject("/Rect"): ArrayObject(map(FloatObject, RECT)),
    })  # fmt: skip
    for key, value in fields.items():
        made[NameObject(f"/{key}")] = NameObject(value) if value.startswith("/") else TextStringObject(value)
    return made


@pytest.mark.parametrize(
    "remark",
    [
        Text(text="ask for more", rect=RECT),
        FreeText(text="why?", rect=RECT),
        annotation("Highlight", Contents="wrong colour"),
        annotation("Underline", RC="<p>wrong</p>"),
        annotation("Squiggly", Contents="größer"),
        annotation("StrikeOut"),
        annotation("Caret"),
    ],
)
def test_comments_on_a_page_are_told_once(remark: DictionaryObject) -> None:
    both = made(lambda writer: writer.add_annotation(0, remark), lambda writer: writer.add_annotation(0, remark))
    assert noted(both) == [COMMENTS]


@pytest.mark.parametrize(
    "honest",
    [
        Link(rect=RECT, url="https://example.com/Text"),
        Highlight(rect=RECT, quad_points=ArrayObject(map(FloatObject, (1, 1, 2, 1, 1, 2, 2, 2)))),
        annotation("Text", Contents=""),
        annotation("Text", Contents=" "),
        annotation("FreeText", Contents="Jane Roe", IT="/FreeTextTypewriter"),
        annotation("Widget", FT="/Tx", V="Text", TU="/Subtype/Text", Contents="your name"),
        annotation("Stamp", Contents="paid"),
    ],
)
def test_links_forms_and_empty_remarks_are_left_in_peace(honest: DictionaryObject) -> None:
    def outline(writer: PdfWriter) -> None:
        writer.add_outline_item(title="Text", page_number=0)

    assert noted(made(lambda writer: writer.add_annotation(0, honest), outline)) == []


def test_attached_files_are_named() -> None:
    data = made(
        lambda writer: writer.add_attachment("costs.xlsx", b"x"),
        lambda writer: writer.add_attachment("final (2).docx", b"y"),
    )
    assert {fact.detail for fact in noted(data)} == {
        "an attached file: costs.xlsx", "an attached file: final (2).docx",
    }  # fmt: skip


def test_a_file_attached_to_a_page_is_named() -> None:
    remark = annotation("FileAttachment")
    remark[NameObject("/FS")] = DictionaryObject({NameObject("/F"): TextStringObject("costs.xlsx")})
    assert noted(made(lambda writer: writer.add_annotation(0, remark))) == [
        Fact(Seen.REVIEW, "an attached file: costs.xlsx")
    ]


def test_the_data_of_an_electronic_invoice_belong_to_it() -> None:
    def invoice(writer: PdfWriter) -> None:
        attached = writer.add_attachment("factur-x.xml", b"<x/>")
        attached.pdf_object[NameObject("/AFRelationship")] = NameObject("/Data")

    assert noted(made(invoice)) == []
    assert noted(made(lambda writer: writer.add_attachment("notes.xml", b"<x/>"))) != []


def test_a_list_of_attached_files_that_leads_back_to_itself_is_no_trouble() -> None:
    def circle(writer: PdfWriter) -> None:
        tree = writer._add_object(DictionaryObject())
        node = tree.get_object()
        assert isinstance(node, DictionaryObject)
        node[NameObject("/Kids")] = ArrayObject([tree, tree])
        names = DictionaryObject({NameObject("/EmbeddedFiles"): tree})
        writer.root_object[NameObject("/Names")] = names

    assert noted(made(circle)) == []


def appended(data: bytes, number: int, body: bytes) -> bytes:
    """As programs save quickly: the old object stays, and a new one behind the end counts."""
    size = len(PdfReader(io.BytesIO(data)).xref[0]) + 1
    before, root = data.rindex(b"startxref"), PdfReader(io.BytesIO(data)).trailer.raw_get("/Root")
    assert isinstance(root, IndirectObject)
    at = len(data)
    objects = b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, at)
    trailer = b"trailer\n<</Size %d/Root %d 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, root.idnum, int(data[before + 9 :].split()[0]), at + len(objects),
    )  # fmt: skip
    return data + objects + table + trailer


def test_a_comment_that_was_deleted_is_told_no_more_though_it_is_still_in_the_file() -> None:
    data = made(lambda writer: writer.add_annotation(0, Text(text="ask for more", rect=RECT)))
    page = PdfReader(io.BytesIO(data)).pages[0].indirect_reference
    assert page is not None and noted(data) == [COMMENTS]
    without = appended(data, page.idnum, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots[]>>")
    assert b"ask for more" in without and noted(without) == []


@pytest.mark.parametrize(
    "body", [b"<</Type/Annot/Subtype/Text/P 3 0 R/Contents(more)>>", b"[<</Subtype/Text/Contents(more)>>]"]
)
def test_a_comment_in_a_packed_object_or_a_list_is_found(body: bytes) -> None:
    assert noted(with_packed(body)) == [COMMENTS]


def with_packed(remark: bytes) -> bytes:
    annotations = b"4 0 R" if remark.startswith(b"[") else b"[4 0 R]"
    return packed(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Annots %s>>" % annotations,
        remark,
    )


def test_a_protected_file_that_opens_for_everyone_is_looked_at_too() -> None:
    def lock(writer: PdfWriter) -> None:
        writer.add_annotation(0, Text(text="ask for more", rect=RECT))
        writer.encrypt("", "owner", algorithm="RC4-128")

    assert noted(made(lock)) == [COMMENTS]


def test_the_pictures_of_a_large_file_are_passed_over() -> None:
    out = io.BytesIO()
    pictures = [Image.frombytes("RGB", (1200, 1200), os.urandom(3 * 1200 * 1200)) for _ in range(8)]
    pictures[0].save(out, "PDF", save_all=True, append_images=pictures[1:], quality=95)
    writer, marked = PdfWriter(clone_from=io.BytesIO(out.getvalue())), io.BytesIO()
    writer.add_annotation(7, Text(text="ask for more", rect=RECT))
    writer.write(marked)
    data, read = marked.getvalue(), [0]

    def at(offset: int, count: int) -> bytes:
        read[0] += count
        return data[offset : offset + count]

    view = View(at, len(data), name="work.pdf")
    look(view)
    assert view.facts == [COMMENTS] and read[0] < len(data) * 0.75


def test_what_is_too_large_to_be_searched_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_remarks, "_MOST", 2 * 1024**2)
    monkeypatch.setattr(pdf_remarks, "_LENGTH", re.compile(rb"none(\d)"))
    held = StreamObject()
    held.set_data(bytes(4 * 1024**2))
    data = made(lambda writer: writer._add_object(held))
    assert [fact.kind for fact in noted(data)] == [Seen.UNSEEN]


def test_bytes_made_to_take_long_are_soon_done_with() -> None:
    head = b"%PDF-1.5\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    end = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R/Size 2>>\nstartxref\n%d\n%%%%EOF\n"
    pieces = (
        b"/ObjStm" + b">" * 400, b"<</Type/ObjStm", b"/Subtype   ", b"1 0 obj ", b">>stream\n/Length 1 ",
        b"/Subtype/Text ", b"9" * 300, b"/ObjStm/First 9>>stream\n",
        b"<</Type/ObjStm/First 9/Filter/FlateDecode>>stream\n" + zlib.compress(b"/Subtype/Text " * 75000, 9),
    )  # fmt: skip
    for piece in pieces:
        body = piece * (2 * 1024**2 // len(piece))
        begin = time.process_time()
        noted(head + body + b"\n" + end % (len(head) + len(body) + 1))
        assert time.process_time() - begin < 3, piece


def test_a_file_cut_off_or_changed_anywhere_is_no_trouble() -> None:
    data = with_packed(b"<</Type/Annot/Subtype/Text/P 3 0 R/Contents(more)>>")
    for at in range(0, len(data), 7):
        noted(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        noted(data[:at])
