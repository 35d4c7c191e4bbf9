"""PDF: the Info dictionary, the XMP packets and what programs keep privately are taken out; pages stay as they are."""

from __future__ import annotations

import io
import logging

from delivery.intake.codecs import pdf_errors
from delivery.intake.strip.pieces import CannotStrip

_PRIVATE = ("/Metadata", "/PieceInfo", "/LastModified")


def clean(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import DependencyError
    from pypdf.generic import DictionaryObject

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            opens = reader.decrypt("")
            raise CannotStrip("it is protected against changes" if opens else "it is protected with a password")
        root = reader.trailer["/Root"].get_object()
        form = root.get("/AcroForm") if isinstance(root, DictionaryObject) else None
        if form is not None and form.get_object().get("/SigFlags"):
            raise CannotStrip("it is signed, and cleaning would break the signature")
        what = [str(key).lstrip("/").lower() for key in reader.metadata or {}]
        writer = PdfWriter(clone_from=reader)
        for item in writer._objects:
            if isinstance(item, DictionaryObject):
                for key in _PRIVATE:
                    if key in item:
                        del item[key]
                        what.append("XMP" if key == "/Metadata" else "private data of programs")
        if not what:
            return data, ()
        writer.metadata = None
        writer.compress_identical_objects(remove_duplicates=False, remove_unreferenced=True)
        out = io.BytesIO()
        writer.write(out)
        if len(PdfReader(io.BytesIO(out.getvalue())).pages) != len(reader.pages):
            raise CannotStrip("its pages would change")
    except (DependencyError, NotImplementedError) as error:  # a lock that pypdf cannot open here
        raise CannotStrip("it is protected") from error
    except pdf_errors() as error:
        raise CannotStrip(f"it is damaged ({type(error).__name__})") from error
    return out.getvalue(), tuple(dict.fromkeys(what))
