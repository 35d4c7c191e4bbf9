"""Leaks: credentials, places, names, serials and contact details that leave with the work."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.checks.rule import Case, File, Group, each, whole
from delivery.checks.words import name_pattern, word_set
from delivery.escape import printable
from delivery.intake import contacts
from delivery.model import Severity

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
    return bool(name_pattern("secrets", "files").match(name)) and name not in word_set("secrets", "harmless")


@whole(
    "private-folder", Severity.WARNING, _L, "A folder of a version history or of keys",
    why="A .git folder holds every earlier version, deleted files and names; .ssh and .aws hold keys.",
    hint="leave it out with a line in .deliveryignore; deliver a history only when the buyer asked for it",
)  # fmt: skip
def private_folder(case: Case) -> Iterator[tuple[str, str]]:
    folders = word_set("secrets", "folders")
    seen: dict[str, int] = {}
    for entry in case.deliverable.entries:
        if "." not in entry.arcname:
            continue
        pieces = entry.arcname.split("/")
        for depth, piece in enumerate(pieces[:-1]):
            if piece in folders:
                folder = "/".join(pieces[: depth + 1])
                seen[folder] = seen.get(folder, 0) + 1
                break
    for folder, count in seen.items():
        what = (
            "a version history"
            if folder.rpartition("/")[2] in word_set("secrets", "repositories")
            else "settings and keys"
        )
        yield folder, f"a folder of {what} with {count:,} {'file' if count == 1 else 'files'}"


@each(
    "contact-in-name", Severity.WARNING, _L, "Contact details in a file's name",
    why="Marketplaces hold contact details against the seller, in names of attachments too.",
    hint="rename it",
)  # fmt: skip
def contact_in_name(file: File, case: Case) -> Iterator[str]:
    if case.profile.marketplace:
        for found in contacts.in_name(file.path):
            yield f"its name holds {found.kind}: {printable(found.text)}"
