"""Leaks: credentials, places, names, serials and contact details that leave with the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from delivery.checks.rule import STRIP, Case, File, Group, each, whole
from delivery.checks.words import secret_names, word_set
from delivery.escape import printable
from delivery.intake import contacts
from delivery.intake.observation import Seen
from delivery.message import held_words
from delivery.model import Severity
from delivery.units import counted

_L = Group.LEAK


@each(
    "secret-file", Severity.WARNING, _L, "A file that holds credentials",
    why="Keys and passwords that leave once are public for good.",
    hint="leave it out; if it was ever delivered, change what it holds",
)  # fmt: skip
def secret_file(file: File, case: Case) -> Iterator[str]:
    if _names_secret(file.lowered):
        yield "by its name it holds credentials"
    for member in file.seen.members:
        if _names_secret(member.rpartition("/")[2].lower()):
            yield f"it holds {printable(member)}, which by its name holds credentials"
            return


def _names_secret(name: str) -> bool:
    return bool(secret_names("files").match(name)) and not secret_names("harmless").match(name)


@whole(
    "private-folder", Severity.WARNING, _L, "A folder of a version history or of keys",
    why="A .git folder holds every earlier version, deleted files and names; .ssh and .aws hold keys.",
    hint="leave it out (.deliveryignore; an archive: pack it again), unless the buyer asked for the history",
)  # fmt: skip
def private_folder(case: Case) -> Iterator[tuple[str, str]]:
    seen = Counter(_private(entry.arcname) for entry in case.deliverable.entries)
    for folder, count in seen.items():
        if folder:
            yield folder, f"a folder of {_what_is_in(folder)} with {counted(count, 'file')}"
    for path, observed in case.observations.by_arcname.items():
        for folder in dict.fromkeys(map(_private, observed.members)):
            if folder:
                yield path, f"it holds {printable(folder)}, a folder of {_what_is_in(folder)}"


def _private(path: str) -> str:
    """The first folder in ``path`` that should not leave; empty where there is none."""
    if "." not in path:
        return ""
    pieces = path.split("/")
    for depth, piece in enumerate(pieces[:-1], start=1):
        if piece in word_set("secrets", "folders"):
            return "/".join(pieces[:depth])
    return ""


def _what_is_in(folder: str) -> str:
    repository = folder.rpartition("/")[2] in word_set("secrets", "repositories")
    return "a version history" if repository else "settings and keys"


@each(
    "contact-in-name", Severity.WARNING, _L, "Contact details in a file's name",
    why="Marketplaces hold contact details against the seller, in names of attachments too.",
    hint="rename it",
)  # fmt: skip
def contact_in_name(file: File, case: Case) -> Iterator[str]:
    if case.profile.marketplace:
        for found in contacts.in_name(file.path):
            yield f"its name holds {found.kind}: {printable(found.text)}"


@each(
    "word-in-name", Severity.INFO, _L, "A word in a file's name that marketplaces hold back",
    why="Names of attachments show in the chat, and sellers report that messages with such words were held.",
    hint="rename it where the word can be spared; the message counts such files instead of naming them",
)  # fmt: skip
def word_in_name(file: File, case: Case) -> Iterator[str]:
    for found in held_words(file.name, case.profile):
        yield f"in its name, {found.message}"


@each(
    "contact-inside", Severity.WARNING, _L, "Contact details inside a file", inside=True,
    why="Marketplaces look into texts and metadata, and hold an address or a number against the seller.",
    hint=f"take it out; where it stands in metadata, {STRIP}",
)  # fmt: skip
def contact_inside(file: File, case: Case) -> Iterator[str]:
    if case.profile.marketplace:
        for fact in file.seen.of(Seen.CONTACT):
            yield f"{printable(fact.detail)} ({printable(fact.place)})"


@each(
    "secret-in-text", Severity.WARNING, _L, "A credential in a text", inside=True,
    why="A key that leaves once is public for good, and the bill for its use comes to whoever owns it.",
    hint="take it out, and change it where it was issued",
)  # fmt: skip
def secret_in_text(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.SECRET):
        yield f"{fact.detail} ({printable(fact.place)})"


@each(
    "gps", Severity.WARNING, _L, "Where it was taken", inside=True,
    why="The coordinates in a picture or video tell where you, or your client, live or work.",
    hint=STRIP,
)  # fmt: skip
def gps(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.GPS):
        yield f"it holds the place on earth where it was taken ({fact.place})"


@each(
    "personal-metadata", Severity.WARNING, _L, "A person or company in metadata", inside=True,
    why="Author, company and last editor stand in the file's properties: yours, or a former client's.",
    hint=f"look whether the buyer should see it; {STRIP}",
)  # fmt: skip
def personal_metadata(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.PERSON):
        yield f"{fact.place}: {printable(fact.detail)}"


@each(
    "serial-number", Severity.WARNING, _L, "A device's serial number", inside=True,
    why="It ties every picture of the same camera to you.",
    hint=STRIP,
)  # fmt: skip
def serial_number(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.SERIAL):
        yield f"it holds the {fact.detail} ({fact.place})"


@each(
    "local-path", Severity.WARNING, _L, "A path of your own computer", inside=True,
    why="It shows your account's name and folders, and what it points to is missing at the buyer's.",
    hint=f"make the path relative, or export again; where it stands in metadata, {STRIP}",
)  # fmt: skip
def local_path(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.LOCAL_PATH):
        yield f"{printable(fact.detail)} ({fact.place})"


@each(
    "review-traces", Severity.WARNING, _L, "Comments, tracked changes or what is hidden", inside=True,
    why="Remarks, deleted sentences, speaker notes, hidden sheets or slides, attached files: the buyer can see them.",
    hint="accept or reject the changes, and delete the rest, unless the buyer should see it",
)  # fmt: skip
def review_traces(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.REVIEW):
        yield f"it still holds {printable(fact.detail)}"
