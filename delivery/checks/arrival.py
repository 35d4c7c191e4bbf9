"""Would not arrive: limits, refused types, archives that are refused, names that other systems cannot keep."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.checks.rule import Case, File, Group, each, whole
from delivery.escape import listed, printable
from delivery.intake.names import PATH_CHARS, extension, flaw, is_safe
from delivery.intake.observation import Seen
from delivery.intake.readers.formats import PROGRAMS, TITLES
from delivery.model import FileEntry, Severity
from delivery.units import format_size, utf16

_A = Group.ARRIVE
_ARCHIVES = frozenset({"zip", "7z", "rar", "gz", "tgz", "tar", "bz2", "xz", "zst"})


@each(
    "over-file-limit", Severity.INFO, _A, "Larger than one attachment may be",
    why="A platform that refuses the file does so after the upload. Such a file is cut into volumes or sent as a link.",
    hint="nothing to do: it is cut into volumes or sent as a link; --via chooses which",
)  # fmt: skip
def over_file_limit(file: File, case: Case) -> Iterator[str]:
    limit = case.profile.limits.file_bytes
    if limit is not None and file.entry.size > limit:
        size = format_size(file.entry.size)
        yield f"{size} is more than the {format_size(limit)} that {case.profile.title} takes in one file"


@whole(
    "over-message-limit", Severity.INFO, _A, "More than one message carries",
    why="What does not fit one message needs several messages or a link, and the buyer should be told so beforehand.",
    hint="nothing to do: it is spread over several messages or sent as a link; --via chooses which",
)  # fmt: skip
def over_message_limit(case: Case) -> Iterator[tuple[str, str]]:
    limit = case.profile.limits.message_bytes
    if limit is not None and case.deliverable.size > limit:
        size = format_size(case.deliverable.size)
        yield (
            "",
            f"{size} in total is more than the {format_size(limit)} that one message on {case.profile.title} carries",
        )


@whole(
    "too-many-files", Severity.INFO, _A, "More files than one message carries",
    why="Platforms count attachments. Too many are put into zips, or spread over several messages.",
    hint="nothing to do: they are put into zips or spread over several messages",
)  # fmt: skip
def too_many_files(case: Case) -> Iterator[tuple[str, str]]:
    limit, count = case.profile.limits.message_files, len(case.deliverable.entries)
    if limit is not None and count > limit:
        yield "", f"{count:,} files are more than the {limit:,} that one message on {case.profile.title} carries"


@each(
    "blocked-type", Severity.ERROR, _A, "A type that the platform refuses, in archives too",
    why="The platform looks at names, into archives as well, and refuses the whole message.",
    hint="leave it out, or send a link: --via link",
)  # fmt: skip
def blocked_type(file: File, case: Case) -> Iterator[str]:
    if file.extension in case.profile.blocked_types and case.profile.blocked_inside_archives:
        yield f"{case.profile.title} refuses .{file.extension} files, in archives too"


@each(
    "type-needs-zip", Severity.INFO, _A, "A type that the platform takes only inside a zip",
    why="The platform refuses the name as it is but does not look into archives, so the file travels in a zip.",
    hint="nothing to do: it is put into a zip, or sent as a link where none may be made",
)  # fmt: skip
def type_needs_zip(file: File, case: Case) -> Iterator[str]:
    profile = case.profile
    refused = file.extension in profile.blocked_types and not profile.blocked_inside_archives
    if refused or (profile.allowed_types is not None and file.extension not in profile.allowed_types):
        yield f"{profile.title} does not take {f'.{file.extension}' if file.extension else 'such'} files as they are"


@each(
    "blocked-inside", Severity.ERROR, _A, "An archive that holds a type the platform refuses", inside=True,
    why="Some platforms look into archives and refuse the message for a single name in them.",
    hint="pack it again without those files, or send a link: --via link",
)  # fmt: skip
def blocked_inside(file: File, case: Case) -> Iterator[str]:
    if not (case.profile.blocked_inside_archives and case.profile.blocked_types):
        return
    refused = [name for name in file.seen.members if extension(name) in case.profile.blocked_types]
    if refused:
        yield f"it holds what {case.profile.title} refuses: {listed(refused)}"


@each(
    "blocked-content", Severity.ERROR, _A, "A program under another name", inside=True,
    why="Platforms that refuse programs recognise them by content too, and buyers' virus scanners do so everywhere.",
    hint="deliver it under its own name in a way that takes programs, or leave it out",
)  # fmt: skip
def blocked_content(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.FORMAT):
        if fact.detail in PROGRAMS:
            yield f"it is named .{file.extension} but is {TITLES[fact.detail]}"


@each(
    "encrypted-nested", Severity.ERROR, _A, "A locked archive that holds archives", inside=True,
    why="Some platforms refuse an archive with a password that holds another one: they cannot look inside.",
    hint="pack it again without a password, or send a link: --via link",
)  # fmt: skip
def encrypted_nested(file: File, case: Case) -> Iterator[str]:
    if case.profile.blocks_nested_archives and any(file.seen.of(Seen.ENCRYPTED)):
        nested = [name for name in file.seen.members if extension(name) in _ARCHIVES]
        if nested:
            yield f"{case.profile.title} refuses locked archives that hold archives: {listed(nested)}"


@each(
    "name-breaks", Severity.WARNING, _A, "A name that other systems cannot keep",
    why="Windows refuses these names, Linux the longest ones: the buyer's unpacking stops there or renames the file.",
    hint="rename it: no reserved word, none of < > : \" | ? * \\, no dot or space at the end, no more than 240 bytes",
)  # fmt: skip
def name_breaks(file: File, case: Case) -> Iterator[str]:
    """Intake mends such names: one that was never another has no flaw."""
    for piece in file.entry.original.split("/") if file.entry.original is not None else ():
        if reason := flaw(piece):
            yield f"{printable(piece)} {reason}{_mended(file.entry)}"
            return


def _mended(entry: FileEntry) -> str:
    return f"; it is delivered as {printable(entry.arcname)}" if entry.original is not None else ""


@each(
    "path-too-long", Severity.WARNING, _A, "A path too long for Windows",
    why="Windows still stops at 260 characters in many programs, the buyer's own folder included.",
    hint="shorten its name or those of the folders above it",
)  # fmt: skip
def path_too_long(file: File, case: Case) -> Iterator[str]:
    chars = utf16(file.entry.original or file.path)
    if chars > PATH_CHARS:
        yield f"its path has {chars} characters; above {PATH_CHARS} Windows may not unpack it{_mended(file.entry)}"


@each(
    "name-collision", Severity.WARNING, _A, "Names that differ by case alone",
    why="On Windows and macOS one of the two overwrites the other when the buyer unpacks them.",
    hint="rename one of them",
)  # fmt: skip
def name_collision(file: File, case: Case) -> Iterator[str]:
    """Intake mends such names; what alone would not have been mended fell together with another name."""
    entry = file.entry
    if entry.original is not None and is_safe(entry.original):
        yield f"{printable(entry.original)} and another file have one name on Windows and macOS{_mended(entry)}"
