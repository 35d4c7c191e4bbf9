"""The proof sheet laid out: who made what when is not on it, only what was delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from delivery.escape import printable
from delivery.model import PROOF_ROWS, FileEntry
from delivery.packing.proof import lettering, pdf
from delivery.packing.proof.ink import Ink, wrap
from delivery.progress import CancelToken, Progress
from delivery.web.sizes import short_size
from delivery.web.thumbnails import Thumbnail, is_picture, thumbnail
from delivery.web.words import FALLBACK, RTL, known, words

MOST_PICTURES = 24
_PICTURE_BYTES = 560_000

_MARGIN = 44.0
_WIDTH = pdf.A4[0] - 2 * _MARGIN
_BOTTOM = pdf.A4[1] - 56
_INK = (0.09, 0.10, 0.13)
_SOFT = (0.37, 0.40, 0.46)
_LINE = (0.87, 0.88, 0.91)
_TILE = (0.955, 0.96, 0.97)
_ACCENT = (0.11, 0.36, 0.68)
_ROW_NAME, _ROW_DIGEST = 9.2, 7.0


@dataclass(slots=True)
class _Tile:
    file: FileEntry
    picture: Thumbnail | None


def draw(
    *,
    name: str,
    files: Sequence[FileEntry],
    when: datetime,
    order: str | None,
    language: str,
    expires_at: datetime | None,
    progress: Progress,
    cancel: CancelToken,
) -> bytes:
    """The bytes of the sheet."""
    said, mirrored, language = _words(known(language))
    document = pdf.Document(f"{said['title']}: {printable(name)}", when, language)
    sheet = _Sheet(document, said, mirrored, printable(name))
    facts = [(said["date"], _moment(when))]
    if order:
        facts.append((said["order"], printable(order)))
    facts += [(said["files"], f"{len(files):,}"), (said["size"], short_size(sum(file.size for file in files)))]
    if expires_at is not None:
        facts.append((said["until"], _moment(expires_at)))
    sheet.head(facts)
    pictures = sum(1 for file in files if is_picture(file.media_type))
    if pictures:
        sheet.pictures(_tiles(files, min(pictures, MOST_PICTURES), progress, cancel), pictures)
    sheet.table(files, cancel)
    sheet.feet()
    return document.render()


def _words(language: str) -> tuple[Mapping[str, str], bool, str]:
    """The words of ``language``, or English where this machine has no font that shows them as they are written."""
    said = words(language, "proof")
    for text in said.values():
        if not pdf.encodes(text) and not lettering.drawable(text):
            return words(FALLBACK, "proof"), False, FALLBACK
    return said, language in RTL, language


def _tiles(files: Sequence[FileEntry], count: int, progress: Progress, cancel: CancelToken) -> list[_Tile]:
    """The first pictures, each within its share of the sheet's bytes."""
    tiles: list[_Tile] = []
    box = 1100 if count == 1 else 640 if count <= 4 else 330
    with progress.task("proof sheet", count, "files") as task:
        for file in files:
            if len(tiles) == count:
                break
            if not is_picture(file.media_type):
                continue
            cancel.check()
            tiles.append(
                _Tile(
                    file, thumbnail(file.path, box=box, most_bytes=_PICTURE_BYTES // count, media_type=file.media_type)
                )
            )
            task.advance(1)
    return tiles


class _Sheet:
    """Pages filled from the top; ``y`` is where the next thing goes."""

    def __init__(self, document: pdf.Document, said: Mapping[str, str], mirrored: bool, name: str) -> None:
        self._document = document
        self._said = said
        self._name = name
        self._ink = Ink(document, document.page(), mirrored)
        self._y = _MARGIN

    def _new_page(self) -> None:
        self._ink.page = self._document.page()
        self._y = _MARGIN

    def head(self, facts: Sequence[tuple[str, str]]) -> None:
        ink = self._ink
        ink.box(_MARGIN, self._y, 26, 3, _ACCENT)
        self._y += 20
        ink.text(_MARGIN, self._y, self._said["title"], 10, _ACCENT, font=pdf.BOLD)
        lines = wrap(self._name, 21, _WIDTH, 2, pdf.BOLD)
        for line in lines:
            self._y += 27
            ink.text(_MARGIN, self._y, line, 21, _INK, font=pdf.BOLD, says=self._name if len(lines) == 1 else None)
        self._y += 30
        columns = 3
        width = _WIDTH / columns
        for index, (label, value) in enumerate(facts):
            x = _MARGIN + width * (index % columns)
            if index and index % columns == 0:
                self._y += 34
            ink.text(x, self._y, label, 8, _SOFT)
            ink.text(x, self._y + 13, wrap(value, 10.5, width - 10, 1)[0], 10.5, _INK, font=pdf.BOLD, says=value)
        self._y += 34

    def _heading(self, text: str) -> None:
        self._ink.box(_MARGIN, self._y, _WIDTH, 0.7, _LINE)
        self._y += 21
        self._ink.text(_MARGIN, self._y, text, 11.5, _INK, font=pdf.BOLD)
        self._y += 11

    def pictures(self, tiles: Sequence[_Tile], total: int) -> None:
        self._heading(self._said["preview"])
        columns = min(len(tiles), 4) if len(tiles) != 4 else 2
        gap = 10.0
        width = (_WIDTH - gap * (columns - 1)) / columns
        height = {1: 300.0, 2: 190.0, 3: 126.0}.get(columns, 92.0)
        for start in range(0, len(tiles), columns):
            if self._y + height + 20 > _BOTTOM:
                self._new_page()
            for column, tile in enumerate(tiles[start : start + columns]):
                self._tile(tile, _MARGIN + column * (width + gap), width, height)
            self._y += height + 21
        if total > len(tiles):
            self._ink.text(_MARGIN, self._y, self._fill("more_pictures", count=f"{total - len(tiles):,}"), 8.5, _SOFT)
            self._y += 14
        self._y += 5

    def _tile(self, tile: _Tile, x: float, width: float, height: float) -> None:
        ink = self._ink
        ink.box(x, self._y, width, height, _TILE)
        basename = printable(tile.file.arcname.rpartition("/")[2])
        if tile.picture is None:
            ending = basename.rpartition(".")[2].upper() if "." in basename else ""
            label = ending if 0 < len(ending) <= 5 and pdf.encodes(ending) else self._said["no_preview"]
            ink.text(x + 8, self._y + height - 8, label, 9, _SOFT, font=pdf.BOLD)
        else:
            picture = self._document.jpeg(tile.picture.jpeg, tile.picture.width, tile.picture.height)
            inner_width, inner_height = width - 8, height - 8
            scale = min(inner_width / picture.width, inner_height / picture.height)
            shown_width, shown_height = picture.width * scale, picture.height * scale
            left = x + (width - shown_width) / 2
            left = pdf.A4[0] - left - shown_width if ink.mirrored else left
            ink.page.picture(picture, left, self._y + (height - shown_height) / 2, shown_width, shown_height)
        caption = wrap(basename, 7.5, width, 1)[0]
        ink.text(x, self._y + height + 10, caption, 7.5, _SOFT, says=basename)

    def table(self, files: Sequence[FileEntry], cancel: CancelToken) -> None:
        if self._y + 90 > _BOTTOM:
            self._new_page()
        self._heading(self._said["contents"])
        self._ink.text(_MARGIN, self._y + 2, self._said["check"], 8, _SOFT)
        self._y += 12
        shown = files[:PROOF_ROWS]
        for index, file in enumerate(shown):
            if index % 50 == 0:
                cancel.check()
            lines = wrap(file.arcname, _ROW_NAME, _WIDTH - 90, 2)
            if self._y + 14 * len(lines) + 14 > _BOTTOM:
                self._new_page()
            self._row(file, lines)
        rest = files[PROOF_ROWS:]
        if rest:
            if self._y + 24 > _BOTTOM:
                self._new_page()
            text = self._fill("more", count=f"{len(rest):,}", size=short_size(sum(file.size for file in rest)))
            self._ink.text(_MARGIN, self._y + 18, text, 9.5, _INK, font=pdf.BOLD)

    def _row(self, file: FileEntry, lines: Sequence[str]) -> None:
        ink = self._ink
        self._y += 13
        ink.text(_MARGIN, self._y, short_size(file.size), _ROW_NAME, _INK, width=_WIDTH, align="end")
        for number, line in enumerate(lines):
            if number:
                self._y += 12
            ink.text(_MARGIN, self._y, line, _ROW_NAME, _INK, says=printable(file.arcname) if len(lines) == 1 else None)
        self._y += 10
        ink.text(_MARGIN, self._y, f"SHA-256  {file.sha256 or '-'}", _ROW_DIGEST, _SOFT, font=pdf.MONO)
        self._y += 6
        ink.box(_MARGIN, self._y, _WIDTH, 0.4, _LINE)

    def feet(self) -> None:
        """The running foot, once it is known how many pages there are."""
        pages = self._document.pages
        for number, page in enumerate(pages, start=1):
            self._ink.page = page
            y = pdf.A4[1] - 30
            label = self._fill("page", page=str(number), pages=str(len(pages)))
            self._ink.text(_MARGIN, y, wrap(self._name, 8, _WIDTH - 120, 1)[0], 8, _SOFT, says=self._name)
            self._ink.text(_MARGIN, y, label, 8, _SOFT, width=_WIDTH, align="end")

    def _fill(self, key: str, **values: str) -> str:
        return self._said[key].format(**values)


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
