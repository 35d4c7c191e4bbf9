"""The reasons for a plan, in plain words for the seller. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from delivery.escape import printable
from delivery.model import Deliverable, FileEntry
from delivery.profile import Limits, Profile
from delivery.units import counted, format_size

NO_ZIPS = "you asked for no zips, so each file goes by itself"


def what(deliverable: Deliverable) -> str:
    return f"{counted(len(deliverable.entries), 'file')} of {format_size(deliverable.size)}"


def limits(profile: Profile) -> str:
    """All limits that the platform states, in one phrase."""
    known = profile.limits
    stated = [
        f"{format_size(known.file_bytes)} a file" if known.file_bytes is not None else "",
        f"{format_size(known.message_bytes)} a message in total" if known.message_bytes is not None else "",
        f"{counted(known.message_files, 'file')} a message" if known.message_files is not None else "",
    ]
    *first, last = [phrase for phrase in stated if phrase] or ["no limit"]
    return f"{', '.join(first)} and {last}" if first else last


def single_limit(profile: Profile) -> str:
    """The limit that a single attachment meets first."""
    known = profile.limits
    if known.file_bytes is not None and (known.message_bytes is None or known.file_bytes <= known.message_bytes):
        return f"the {format_size(known.file_bytes)} that {profile.title} takes as one file"
    if known.message_bytes is not None:
        return f"the {format_size(known.message_bytes)} that one {profile.title} message takes in total"
    return "what fits one zip"


def too_large(entry: FileEntry, profile: Profile) -> str:
    return f"{printable(entry.arcname)} alone is {format_size(entry.size)}, more than {single_limit(profile)}"


def too_many_messages(deliverable: Deliverable, profile: Profile, messages: int) -> str:
    most = profile.limits.messages or 1
    return (
        f"{what(deliverable)} would need {messages} messages on {profile.title} ({limits(profile)}), "
        f"and a delivery there is {counted(most, 'message')}"
    )


def blocked(names: Sequence[str], profile: Profile) -> str:
    shown = ", ".join(printable(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{profile.title} does not take files of the type of {shown}"


def fits_as_is(deliverable: Deliverable, profile: Profile) -> str:
    alone = len(deliverable.entries) == 1
    whole = f"one file of {format_size(deliverable.size)}" if alone else what(deliverable)
    if profile.limits == Limits():
        return f"{whole} {'goes as it is' if alone else 'go as they are'}: no limit applies"
    return f"{whole} {'fits a' if alone else 'fit one'} {profile.title} message as {'it is' if alone else 'they are'}"


def zips(number: int, messages: int) -> str:
    opens = "one zip" if number == 1 else f"{number:,} zips that each open on their own"
    return opens if messages == 1 else f"{opens}, in {messages:,} messages"
