"""Would not open: empty, cut off, not what the name says, or a name that deceives."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.checks.rule import Case, File, Group, each
from delivery.checks.words import word_set
from delivery.escape import BIDI, INVISIBLE, printable
from delivery.intake.observation import Seen
from delivery.intake.readers.formats import PROGRAMS, TITLES, needs_content
from delivery.model import Severity
from delivery.units import format_size

_O = Group.OPEN


@each(
    "empty-file", Severity.WARNING, _O, "An empty file that should not be empty",
    why="A picture, document or archive of no bytes opens nowhere; mostly an export or a download failed.",
    hint="export or download it again",
)  # fmt: skip
def empty_file(file: File, case: Case) -> Iterator[str]:
    if file.entry.is_empty and needs_content(file.extension):
        yield "it is empty"


@each(
    "empty-text", Severity.INFO, _O, "An empty file",
    why="It may be meant, as with placeholders; a buyer may still ask.",
    hint="fill it or leave it out, if it was not meant to be empty",
)  # fmt: skip
def empty_text(file: File, case: Case) -> Iterator[str]:
    if (
        file.entry.is_empty
        and not needs_content(file.extension)
        and file.lowered not in word_set("names", "empty_is_normal")
    ):
        yield "it is empty"


@each(
    "zero-filled", Severity.WARNING, _O, "Nothing but zero bytes", inside=True,
    why="A copy from a failing disk, a broken download or a preallocated file that was never written.",
    hint="export or download it again",
)  # fmt: skip
def zero_filled(file: File, case: Case) -> Iterator[str]:
    if needs_content(file.extension) and any(file.seen.of(Seen.ZEROS)):
        yield f"its {format_size(file.entry.size)} are nothing but zeros"


@each(
    "zero-data", Severity.WARNING, _O, "Nothing but zero bytes in a file of no known type", inside=True,
    why="Mostly a file that was never written; now and then a blank disk image that is meant.",
    hint="look whether it was meant so",
)  # fmt: skip
def zero_data(file: File, case: Case) -> Iterator[str]:
    if not needs_content(file.extension) and any(file.seen.of(Seen.ZEROS)):
        yield f"its {format_size(file.entry.size)} are nothing but zeros"


@each(
    "damaged", Severity.ERROR, _O, "Cut off or damaged", inside=True,
    why="The format's own framing says that bytes are missing or wrong: programs refuse it or show half.",
    hint="export it again, or copy it again from where it is whole",
)  # fmt: skip
def damaged(file: File, case: Case) -> Iterator[str]:
    return _told(file, Seen.DAMAGED)


@each(
    "odd-structure", Severity.WARNING, _O, "May not open everywhere", inside=True,
    why="The framing is not as the format wants it. Forgiving programs open it, strict ones do not.",
    hint="open it in another program than the one that made it, and save it again",
)  # fmt: skip
def odd_structure(file: File, case: Case) -> Iterator[str]:
    return _told(file, Seen.DOUBTFUL)


@each(
    "wrong-content", Severity.WARNING, _O, "Not what its name says, and nothing known", inside=True,
    why="No program that goes by the name can open it: a saved error page, a renamed text, a Git LFS pointer.",
    hint="export or download it again, or give it its true extension",
)  # fmt: skip
def wrong_content(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.FORMAT):
        if fact.detail == "lfs":
            yield "it is a Git LFS pointer instead of the file itself"
        elif not fact.detail:
            yield f"it is named .{file.extension} but is not one: its content is {_kind(file)}"


@each(
    "content-mismatch", Severity.WARNING, _O, "Of another format than its name says", inside=True,
    why="Forgiving programs open it all the same, others refuse it, and mail filters distrust it.",
    hint="give it its true extension, or export it again in the format that the name says",
)  # fmt: skip
def content_mismatch(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.FORMAT):
        if fact.detail and fact.detail != "lfs" and fact.detail not in PROGRAMS:
            yield f"it is named .{file.extension} but is {TITLES[fact.detail]}"


def _kind(file: File) -> str:
    kind = file.entry.media_type
    if kind == "text/html":
        return "a web page"
    return "plain text" if kind.startswith("text/") else "of no known format"


@each(
    "deceptive-name", Severity.WARNING, _O, "A name that deceives",
    why="Names such as invoice.pdf.exe, or that read backwards, are how malware hides; scanners stop them.",
    hint="rename it to what it is",
)  # fmt: skip
def deceptive_name(file: File, case: Case) -> Iterator[str]:
    if not file.name.isascii():
        if not BIDI.isdisjoint(file.name):
            yield "its name has characters that reverse the order in which it is read"
        elif not INVISIBLE.isdisjoint(file.name):
            yield "its name has invisible characters"
    if file.extension in word_set("names", "programs"):
        before = file.lowered.split(".")[-2].strip()
        if before in word_set("names", "harmless") and file.lowered.count(".") > 1:
            yield f"its name looks like .{before} but it is .{file.extension}"
    if "   " in file.name:
        yield "its name has a run of spaces that can hide its extension"


@each(
    "hostile-archive", Severity.ERROR, _O, "An archive that is dangerous to unpack", inside=True,
    why="Unpackers and virus scanners refuse it, or it writes outside its folder or fills the disk.",
    hint="pack it again from the files themselves",
)  # fmt: skip
def hostile_archive(file: File, case: Case) -> Iterator[str]:
    return _told(file, Seen.HOSTILE)


def _told(file: File, kind: Seen) -> Iterator[str]:
    for fact in file.seen.of(kind):
        yield f"in {printable(fact.place)}: {fact.detail}" if fact.place else fact.detail


@each(
    "locked", Severity.WARNING, _O, "Needs a password", inside=True,
    why="Without the password the buyer has nothing; sending it by another way is often against the platform's rules.",
    hint="deliver it without a password, or put the password into the order's messages",
)  # fmt: skip
def locked(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.ENCRYPTED):
        yield f"it needs a password: {fact.detail}"


@each(
    "unfinished-download", Severity.WARNING, _O, "A download that did not finish",
    why="Browsers rename the file when the download is complete; under this name it is not.",
    hint="finish the download, or leave it out",
)  # fmt: skip
def unfinished_download(file: File, case: Case) -> Iterator[str]:
    if file.extension in word_set("names", "unfinished"):
        yield f".{file.extension} is the ending of a download that is not complete"


@each(
    "missing-asset", Severity.WARNING, _O, "A file that it needs is not delivered", inside=True,
    why="A page without its pictures or a scene without its textures looks broken at the buyer's.",
    hint="add the file, or correct the path",
)  # fmt: skip
def missing_asset(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.ASSET):
        yield f"it needs {printable(fact.detail)}, which is not delivered"


@each(
    "not-looked-into", Severity.INFO, _O, "Not looked into", inside=True,
    why="A cap on size, count or depth was reached, or a stream is sent as it comes: what lies there was not checked.",
    hint="look at it yourself, if you do not know what it holds",
)  # fmt: skip
def not_looked_into(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.UNSEEN):
        yield fact.detail
