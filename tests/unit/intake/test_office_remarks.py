"""Comments, tracked changes, notes and what is hidden in Office documents, wherever in them, and in how much time."""

from __future__ import annotations

import time

import pytest
from support import corpus
from support.leaky import docx, open_document, rtf, sheets, slide, slides, style

from delivery.intake.look import look
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers import office_remarks
from delivery.intake.readers.rtf import note_remarks as remarks_of_rtf
from delivery.intake.readers.view import View

NOTES, SLIDES = Fact(Seen.REVIEW, "speaker notes"), Fact(Seen.REVIEW, "hidden slides")
CHANGES, COMMENTS = Fact(Seen.REVIEW, "tracked changes"), Fact(Seen.REVIEW, "comments")
CHANGED = '<w:ins w:id="1" w:author="J">'


def noted(data: bytes, name: str) -> list[Fact]:
    view = View.of_bytes(data, name=name)
    look(view)
    return view.facts


def test_each_is_told_in_its_own_words() -> None:
    assert noted(slide("<draw:text-box><text:p>x"), "work.odp") == [NOTES]
    assert noted(slide(by="dp2"), "work.odp") == [SLIDES]
    assert noted(slides('<p:sld show="0">', '<p:sld show="0">'), "work.pptx") == [SLIDES]
    hidden = [Fact(Seen.REVIEW, "a hidden sheet: Fees & costs"), Fact(Seen.REVIEW, "a hidden sheet: Old")]
    assert noted(sheets(("Fees &amp; costs", "ta2"), ("Front", "ta1"), ("Old", "ta2")), "work.ods") == hidden
    assert noted(rtf(b"", rb"{\*\annotation x}{\deleted y}"), "work.rtf") == [COMMENTS, CHANGES]


def test_comments_that_lie_in_threads_alone_are_found() -> None:
    threads = '<ThreadedComments><threadedComment ref="A1" id="{1}"><text>Too dear?</text></threadedComment>'
    parts = {"xl/workbook.xml": b"<workbook/>", "xl/threadedComments/threadedComment1.xml": threads.encode()}
    assert noted(corpus.zipped(parts), "work.xlsx") == [COMMENTS]
    parts["xl/threadedComments/threadedComment1.xml"] = b"<ThreadedComments/>"
    assert noted(corpus.zipped(parts), "work.xlsx") == []


def test_templates_of_open_documents_are_looked_at_as_they_are() -> None:
    assert noted(open_document("<office:annotation >"), "work.ott") == [COMMENTS]
    assert noted(slide(by="dp2"), "work.otp") == [SLIDES]
    assert noted(sheets(("Old", "ta2")), "work.ots") == [Fact(Seen.REVIEW, "a hidden sheet: Old")]


def test_what_stands_far_behind_in_a_long_document_is_found() -> None:
    filler = "<w:p><w:t>Work.</w:t></w:p>" * 200_000
    assert noted(docx(body=filler + CHANGED), "work.docx") == [CHANGES]
    last = '<draw:page draw:style-name="dp2">'
    hidden = style("dp2", "drawing-page", 'presentation:visibility="hidden"')
    assert noted(open_document("<draw:page/>" * 400_000 + last, hidden), "work.odp") == [SLIDES]


@pytest.mark.parametrize("shift", range(0, 24, 3))
def test_what_lies_across_two_pieces_is_found(shift: int) -> None:
    before = " " * (256 * 1024 - shift - len("<office:document-content>"))
    assert noted(corpus.zipped({"word/document.xml": (before + CHANGED).encode()}), "work.docx") == [CHANGES]


def test_where_the_search_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_remarks, "_MOST_SEARCHED", 1024**2)
    [told] = noted(docx(body=" " * 1024**2 + CHANGED), "work.docx")
    assert told.kind is Seen.UNSEEN and "its first 1 MiB" in told.detail


def test_changes_behind_the_pictures_of_an_rtf_are_found() -> None:
    picture = b"{\\pict\\pngblip " + b"89504e470d0a1a0a" * 1_000_000 + b"}"
    assert CHANGES in noted(rtf(b"", picture + rb"{\revised more}"), "work.rtf")


def test_a_word_of_rtf_at_the_end_of_a_block_is_none_yet() -> None:
    for cut in (rb"{\*\annotation", rb"{\revised", rb"{\deleted", rb"{\deleted0", rb"{\revised0 x", rb"{\revisedx "):
        view = View.of_bytes(b"")
        remarks_of_rtf(view, cut)
        assert view.facts == []
    for word in (rb"{\revised01 ", rb"{\revised1 ", rb"{\revised\b"):
        view = View.of_bytes(b"")
        remarks_of_rtf(view, word)
        assert view.facts == [CHANGES]


@pytest.mark.parametrize(
    "endless",
    [
        "<style:style ", "<style:style a>", '<draw:page table:display="false" ', "<w:ins w:author=",
        "<w:ins <w:author=", '"notes" presentation:class="notes">',
        'presentation:class="notes"><a><a><a>', "<office:change-info", "<p:sld ",
    ],
)  # fmt: skip
def test_parts_made_of_nothing_but_beginnings_are_soon_done_with(endless: str) -> None:
    text = (style("dp2", "table", 'table:display="false"') + endless * (2 * 1024**2 // len(endless))).encode()
    parts = {"content.xml": text, "word/document.xml": text, "ppt/presentation.xml": text, "ppt/slides/s.xml": text}
    for name in ("work.odp", "work.docx", "work.pptx"):
        began = time.process_time()
        noted(corpus.zipped(parts), name)
        assert time.process_time() - began < 3


@pytest.mark.parametrize("endless", ['<a presentation:class="notes">', f'<{"a" * 460} presentation:class="notes">'])
def test_a_long_part_is_read_once_however_many_notes_begin_in_it(endless: str) -> None:
    began = time.process_time()
    noted(corpus.zipped({"content.xml": (endless * (15 * 1024**2 // len(endless))).encode()}), "work.odp")
    assert time.process_time() - began < 3
