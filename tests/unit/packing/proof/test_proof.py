"""The proof sheet: one small PDF that everybody can open, that shows what was delivered and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from delivery.errors import Cancelled, LocalError
from delivery.model import FileEntry
from delivery.packing import proof
from delivery.packing.proof import lettering
from delivery.progress import CancelToken, RecordingProgress
from delivery.web.words import languages

WHEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4


def entry(arcname: str, size: int = 1000, *, path: str = "/home/jane.doe/secret/x", media_type: str = "") -> FileEntry:
    return FileEntry(path, arcname, size, 0, media_type=media_type or "application/octet-stream", sha256=DIGEST)


def picture(folder: Path, name: str, image: Image.Image | None = None, **options: object) -> FileEntry:
    path = folder / name
    (image or Image.linear_gradient("L").convert("RGB")).save(path, **options)  # type: ignore[arg-type]
    return entry(name, path.stat().st_size, path=str(path), media_type=f"image/{path.suffix[1:]}")


def made(folder: Path, files: list[FileEntry], **changes: object) -> bytes:
    given = {"name": "Acme site", "files": files, "when": WHEN, "order": "FO-1234"}
    folder.mkdir(exist_ok=True)
    return proof.write(folder, **{**given, **changes}).read_bytes()  # type: ignore[arg-type]


def streams(data: bytes) -> Iterator[str]:
    for body in re.findall(rb"/FlateDecode>>\nstream\n(.*?)\nendstream", data, re.S):
        yield zlib.decompress(body).decode("latin-1")


def shown(data: bytes) -> str:
    """The text that the built-in fonts show, and what the drawn words say."""
    text = []
    for stream in streams(data):
        for literal, actual in re.findall(r"\(((?:[^()\\]|\\.)*)\) Tj|ActualText <FEFF([0-9A-F]*)>", stream):
            if actual:
                text.append(bytes.fromhex(actual).decode("utf-16-be", "surrogatepass"))
            else:
                raw = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), literal)
                text.append(raw.encode("latin-1").decode("cp1252"))
    return "\n".join(text)


def test_it_shows_what_was_delivered(tmp_path: Path) -> None:
    files = [entry("site/index.html", 2_500_000), picture(tmp_path, "hero.png")]
    text = shown(made(tmp_path, files, expires_at=WHEN + timedelta(days=7)))
    for part in (
        "Acme site",
        "FO-1234",
        "site/index.html",
        "2.5 MB",
        DIGEST,
        "hero.png",
        "2026-11-22 10:00 UTC",
        "2026-11-29 10:00",
    ):
        assert part in text


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    files = [picture(tmp_path, "a.jpg"), entry("отчёт 设计.pdf")]
    assert made(tmp_path / "1", files) == made(tmp_path / "2", files)


def test_it_holds_no_path_name_or_metadata_of_the_source(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Jane Doe"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0)}
    data = made(tmp_path, [picture(tmp_path, "a.jpg", exif=exif, comment=b"jane.doe was here"), entry("b.txt")])
    everything = data + "".join(streams(data)).encode("latin-1")
    for secret in (b"jane", b"Jane", b"/home", str(tmp_path).encode(), b"Exif", b"/Author", b"/Producer", b"/Creator"):
        assert secret not in everything
    info = re.search(rb"<</Title.*?>>\nendobj", data, re.S)
    assert info and set(re.findall(rb"/([A-Z]\w+)", info[0])) == {b"Title", b"CreationDate"}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 24, 60])
def test_any_number_of_pictures_stays_small(tmp_path: Path, count: int) -> None:
    noise = [
        picture(tmp_path, f"{n}.png", Image.effect_noise((500, 400), 150).convert("RGB")) for n in range(min(count, 3))
    ]
    files = [noise[n % len(noise)] for n in range(count)]
    progress = RecordingProgress()
    data = made(tmp_path, files, progress=progress)
    assert len(data) < 1_000_000
    assert progress.tasks[0].done == progress.tasks[0].total == min(count, 24)
    assert ("More pictures" in shown(data)) == (count > 24)


@pytest.mark.parametrize("script", ["plain", "设计稿", "تصميم", "🎉", "\u202e\x1b"])
def test_a_hundred_thousand_files_are_summed_up(tmp_path: Path, script: str) -> None:
    files = [entry(f"{script} folder {n % 977}/" + "x" * (n % 140) + f"{n:06}.dat", n) for n in range(100_000)]
    data = made(tmp_path, files, name=script * 40)
    assert len(data) < 1_000_000
    assert "More files: 99,700" in shown(data)
    assert data.count(b"/Type /Page ") < 30


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\nbroken", b"GIF89a", b"%!PS-Adobe-3.0 EPSF-3.0\n"],
)
def test_a_broken_picture_becomes_a_tile(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    data = made(tmp_path, [entry("bad.png", 5, path=str(path), media_type="image/png")])
    assert b"/DCTDecode" not in data
    assert "bad.png" in shown(data)
    assert "\nPNG\n" in shown(data)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("fonts", [True, False])
def test_every_language_is_legible_with_and_without_fonts(
    tmp_path: Path, language: str, fonts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fonts:
        monkeypatch.setattr(lettering, "_font_files", lambda: ())
    name = "作品 🎉 تصميم चित्र.psd"
    data = made(tmp_path, [entry(name)], language=language, name=name)
    assert name in shown(data)
    if not fonts:
        pictures = data.count(b"/ImageMask")
        assert pictures == 0
        assert "\\u4f5c" in "".join(streams(data)).replace("\\134", "\\")


def test_what_no_font_covers_is_written_in_ascii_never_as_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lettering.readable("a\U000f0000b") == "a\\U000f0000b"
    assert not lettering.drawable("a\U000f0000b")


def test_control_and_direction_characters_are_made_visible(tmp_path: Path) -> None:
    text = shown(made(tmp_path, [entry("bad\x1b[31m\u202egnp.exe")]))
    assert "bad\\x1b[31m\\u202egnp.exe" in text
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize("name", ["a)(\\b", "100% <b>", "line\nbreak", "\udcff", "é" * 300, "."])
def test_awkward_names_keep_the_pdf_whole(tmp_path: Path, name: str) -> None:
    data = made(tmp_path, [entry(name)], name=name, order=name)
    assert data.startswith(b"%PDF-1.5\n") and data.endswith(b"%%EOF\n")
    start = int(data.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert data[start : start + 4] == b"xref"
    for number, line in enumerate(data[start:].split(b"\n")[3:], start=1):
        if not line.endswith(b" n "):
            break
        at = int(line[:10])
        assert data[at:].startswith(b"%d 0 obj\n" % number)


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("Acme site", "Acme-site-proof.pdf"),
        ("Größe & Maße", "Groe-Mae-proof.pdf"),
        ("作品", "proof.pdf"),
        ("../../etc/passwd", "etc-passwd-proof.pdf"),
        ("CON", "CON-proof.pdf"),
        ("x" * 300, "x" * 60 + "-proof.pdf"),
        ("", "proof.pdf"),
    ],
)
def test_its_file_name_is_plain(name: str, filename: str) -> None:
    assert proof.file_name(name) == filename


def test_a_delivered_file_of_its_name_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "acme-SITE-proof.pdf").write_bytes(b"theirs")
    made = proof.write(tmp_path, name="Acme site", files=[entry("web/acme-SITE-proof.pdf")], when=WHEN)
    assert made.name == "Acme-site-proof (2).pdf"


def test_a_digest_that_is_not_known_yet_is_left_open(tmp_path: Path) -> None:
    assert "SHA-256  -" in shown(made(tmp_path, [FileEntry("x", "x", 1, 0)]))


def test_a_folder_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError) as caught:
        proof.write(tmp_path / "file", name="Acme site", files=[entry("a")], when=WHEN)
    assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_it_stops_when_it_is_told_to(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        made(tmp_path, [picture(tmp_path, "a.png")], cancel=cancel)
    assert not list(tmp_path.glob("*proof*"))


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_other_programs_find_no_fault(tmp_path: Path) -> None:
    files = [picture(tmp_path, "a.jpg"), entry("作品.psd"), *(entry(f"{n}.txt") for n in range(80))]
    path = proof.write(tmp_path, name="تصميم", files=files, when=WHEN, language="ar")
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_digests_and_names_of_every_script_can_be_copied(tmp_path: Path) -> None:
    files = [entry("作品/設計.psd"), entry("Отчёт.docx"), entry("plain.txt")]
    path = proof.write(tmp_path, name="x", files=files, when=WHEN)
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True).stdout
    for part in ("作品/設計.psd", "Отчёт.docx", "plain.txt", DIGEST):
        assert part in text
