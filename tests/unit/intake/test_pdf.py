"""PDFs as their makers leave them: protected against changes alone, or with all but the pages packed away."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfWriter
from support.pdfs import packed

from delivery.intake.look import look
from delivery.intake.observation import Fact, Seen
from delivery.intake.readers.view import View

AUTHOR = Fact(Seen.PERSON, "Jane Roe", "PDF author")


def facts(data: bytes) -> list[Fact]:
    view = View.of_bytes(data, name="work.pdf")
    look(view)
    return view.facts


def protected(user: str, algorithm: str) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.metadata = {"/Author": "Jane Roe"}
    writer.encrypt(user, "owner", algorithm=algorithm)
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_only_what_needs_a_password_to_be_opened_is_said_to(algorithm: str) -> None:
    assert facts(protected("", algorithm)) == [AUTHOR]
    assert facts(protected("secret", algorithm)) == [Fact(Seen.ENCRYPTED, "it is protected")]


def test_a_protected_file_whose_objects_are_damaged_is_still_protected() -> None:
    data = protected("", "RC4-128").replace(b"/Standard", b"/Stxndard")
    assert [fact.kind for fact in facts(data)] == [Seen.ENCRYPTED]


def test_an_author_in_a_packed_object_is_seen() -> None:
    data = packed(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        b"<</Author(Jane Roe)>>",
        fields=b"/Info 4 0 R",
    )
    assert facts(data) == [AUTHOR]
