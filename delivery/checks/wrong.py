"""The wrong thing: stock comps, drafts, older versions, doubles, files from before the order, promises not kept."""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from delivery.checks.rule import STRIP, Case, File, Group, each, whole
from delivery.checks.words import draft_phrases, word_set
from delivery.escape import printable
from delivery.intake import agencies
from delivery.intake.observation import Seen
from delivery.intake.readers.formats import needs_content
from delivery.model import Severity
from delivery.units import counted

_W = Group.WRONG
_VERSION = re.compile(r"^(.*?)[ _.-]?(?:v|ver|version|rev|r)[ _.-]?(\d{1,3})$", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")


_WORK = frozenset({"svg", "obj", "gltf", "fbx", "stl", "c4d", "max"})
_PACKED = frozenset({"gz", "bz2", "xz", "zst", "tar", "tgz", "jar", "sqlite", "dll", "exe"})


def _is_work(file: File) -> bool:
    """Pictures, documents, sound, video and zips: the rules on names would misjudge what belongs to source code."""
    return file.extension in _WORK or (needs_content(file.extension) and file.extension not in _PACKED)


@each(
    "stock-name", Severity.WARNING, _W, "Named like a stock agency's file",
    why="A stock agency's comp delivered instead of the work is what buyers complain about first.",
    hint="make sure that it is the finished work and that you may deliver it",
)  # fmt: skip
def stock_name(file: File, case: Case) -> Iterator[str]:
    if _is_work(file):
        found = agencies.find(file.lowered)
        if found:
            yield f"its name says {found}"


@each(
    "reference-name", Severity.WARNING, _W, "Named like a reference picture",
    why="What the work was made after, delivered in its place, is what buyers complain about first.",
    hint="leave it out, or rename it if it is the finished work",
)  # fmt: skip
def reference_name(file: File, case: Case) -> Iterator[str]:
    if file.extension not in word_set("references", "pictures"):
        return
    folder = file.path.lower().rpartition("/")[0].rpartition("/")[2]
    for place, text in (("its name", file.lowered), ("its folder", folder)):
        found = sorted(word_set("references", "words") & set(_WORD.findall(text)))
        if found:
            yield f"{place} says {found[0]!r}"
            return


@each(
    "stock-metadata", Severity.WARNING, _W, "A stock agency stands in its metadata", inside=True,
    why="The buyer sees the credit in the file's properties and asks whether this is the work that was paid for.",
    hint=f"make sure that it is licensed and finished, and say so to the buyer; {STRIP}",
)  # fmt: skip
def stock_metadata(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.STOCK):
        yield f"{printable(fact.detail)} stands in its {fact.place}"


@each(
    "draft-name", Severity.WARNING, _W, "Named like a draft",
    why="Drafts, previews and copies are delivered by mistake more often than anything else.",
    hint="deliver the final file, or rename this one if it is final",
)  # fmt: skip
def draft_name(file: File, case: Case) -> Iterator[str]:
    if not _is_work(file):
        return
    words = set(_WORD.findall(file.lowered)) & word_set("drafts", "words")
    phrase = draft_phrases().search(file.lowered)
    found = phrase[0].strip() if phrase else next(iter(sorted(words)), None)
    if found:
        yield f"its name says {found!r}"


@whole(
    "older-version", Severity.WARNING, _W, "An older version beside a newer one",
    why="The buyer has to guess which of the two is meant.",
    hint="leave the older ones out, or say in the message why they are there",
)  # fmt: skip
def older_version(case: Case) -> Iterator[tuple[str, str]]:
    versions: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for entry in case.deliverable.entries:
        stem, dot, ending = entry.arcname.rpartition(".")
        if not dot or not needs_content(ending.lower()):
            continue
        found = _VERSION.match(stem)
        if found:
            versions[found[1].lower(), ending.lower()].append((int(found[2]), entry.arcname))
    for known in versions.values():
        newest, name = max(known)
        for number, path in known:
            if number < newest:
                yield path, f"{printable(name)} is newer"


@each(
    "duplicate", Severity.INFO, _W, "The same content twice", inside=True,
    why="Doubles make the buyer wonder which one is meant, and often one of them should have been another file.",
    hint="leave one out, if both are not needed",
)  # fmt: skip
def duplicate(file: File, case: Case) -> Iterator[str]:
    for fact in file.seen.of(Seen.TWIN) if _is_work(file) else ():
        same = (
            "has the size and the first, middle and last bytes of" if fact.place else "is the same, byte for byte, as"
        )
        yield f"it {same} {printable(fact.detail)}"


@whole(
    "earlier-delivery", Severity.WARNING, _W, "What an earlier delivery made",
    why="The folder that an earlier run left to be attached: the buyer would get it all again, perhaps an old state.",
    hint="move it out of the work, or name it in a .deliveryignore",
)  # fmt: skip
def earlier_delivery(case: Case) -> Iterator[tuple[str, str]]:
    """A fetched folder has a manifest too, but no checksums beside it, and holds the work itself."""
    observed = case.observations.by_arcname
    folders = [path.rpartition("/")[0] for path in observed if any(observed[path].of(Seen.MANIFEST))]
    paths = {entry.arcname for entry in case.deliverable.entries} if folders else set[str]()
    for folder in folders:
        inside = f"{folder}/" if folder else ""
        if f"{inside}SHA256SUMS" in paths:
            count = sum(path.startswith(inside) for path in paths)
            yield folder, f"it is the folder that an earlier delivery made, with {counted(count, 'file')}"


@each(
    "older-than-order", Severity.WARNING, _W, "Older than the order",
    why="A file from before the order began is seldom the work that was ordered. Only looked for with --since DAY.",
    hint="make sure that it belongs to this order",
)  # fmt: skip
def older_than_order(file: File, case: Case) -> Iterator[str]:
    since = case.options.since
    if since is not None and file.entry.mtime_ns < since.timestamp() * 1e9:
        after_1970 = timedelta(microseconds=file.entry.mtime_ns // 1000)  # before it, Windows converts no number
        zone = since.tzinfo or since.astimezone().tzinfo
        changed = (datetime(1970, 1, 1, tzinfo=UTC) + after_1970).astimezone(zone)
        yield f"it was last changed on {changed:%Y-%m-%d}, before the order began on {since:%Y-%m-%d}"


@whole(
    "promised-absent", Severity.ERROR, _W, "Promised but absent",
    why="What was agreed on is not among the files. Only looked for with --expect PATTERN.",
    hint="add what is missing, or correct the pattern",
)  # fmt: skip
def promised_absent(case: Case) -> Iterator[tuple[str, str]]:
    for pattern in case.options.expect:
        if not any(_matches(entry.arcname, pattern) for entry in case.deliverable.entries):
            yield "", f"no file matches {printable(pattern)}"


@each(
    "not-promised", Severity.WARNING, _W, "Not among what was promised",
    why="What nobody asked for puzzles the buyer, or was never meant to leave. Only looked for with --expect PATTERN.",
    hint="leave it out, or add a pattern for it",
)  # fmt: skip
def not_promised(file: File, case: Case) -> Iterator[str]:
    if case.options.expect and not any(_matches(file.path, pattern) for pattern in case.options.expect):
        yield "no pattern of what was promised names it"


def _matches(path: str, pattern: str) -> bool:
    """Without regard to case; a pattern without a slash is matched against the name, one with it against the path."""
    path, pattern = path.lower(), pattern.lower().replace("\\", "/").removeprefix("./")
    if pattern.endswith("/"):
        return path.startswith(pattern)
    name = path if "/" in pattern else path.rpartition("/")[2]
    return name == pattern or fnmatch.fnmatchcase(name, pattern)  # a name may hold brackets
