"""Whole deliveries, for the rules that go by a platform's limits, by what was promised, or by the files' neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from support import corpus, hostile_archives
from support.leaky import JPG, PNG

from delivery.options import CheckOptions
from delivery.profile import Limits, Profile


class Case(NamedTuple):
    code: str
    files: Mapping[str, bytes]
    told: tuple[str, ...] = ()
    """Where the code must be found; nowhere else, and for honest deliveries nowhere at all. "" is the whole."""
    profile: Profile = Profile("market", "Market", marketplace=True)
    options: CheckOptions = CheckOptions()


def locked(files: dict[str, bytes]) -> bytes:
    """A zip whose members say that they need a password."""
    data = bytearray(corpus.zipped(files))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 1)
    return bytes(data)


TIGHT = Profile("tight", "Tight", Limits(file_bytes=100, message_bytes=150, message_files=2))
PICKY = Profile(
    "picky", "Picky", blocked_types=frozenset({"exe"}), blocked_inside_archives=True, blocks_nested_archives=True
)
BY_NAME = replace(PICKY, blocked_inside_archives=False, blocks_nested_archives=False)
LISTED = Profile("listed", "Listed", allowed_types=frozenset({"png", "zip"}))
MANIFEST = b'{"schema": "delivery.manifest/1", "name": "final",\n"files": [],\n"parts": []}\n'
EXE = corpus.zipped({"a/tool.exe": b"MZ"})
LONG = "/".join(["folder" * 8] * 4)


def _expecting(*patterns: str) -> CheckOptions:
    return CheckOptions(expect=patterns)


def _since(year: int) -> CheckOptions:
    return CheckOptions(since=datetime(year, 1, 1, tzinfo=UTC))


CASES = (
    Case("over-file-limit", {"a.txt": b"x" * 101, "b.txt": b"x" * 100}, ("a.txt",), TIGHT),
    Case("over-message-limit", {"a.txt": b"x" * 76, "b.txt": b"x" * 75}, ("",), TIGHT),
    Case("over-message-limit", {"a.txt": b"x" * 75, "b.txt": b"y" * 75}, (), TIGHT),
    Case("too-many-files", {"a.txt": b"x", "b.txt": b"y", "c.txt": b"z"}, ("",), TIGHT),
    Case("too-many-files", {"a.txt": b"x", "b.txt": b"y"}, (), TIGHT),
    Case("blocked-type", {"a.exe": b"MZ", "B.EXE": b"MZ.", "a.exe.txt": b"y"}, ("B.EXE", "a.exe"), PICKY),
    Case("blocked-type", {"a.exe": b"MZ"}),
    Case("type-needs-zip", {"a.psd": b"8BPS", "b.png": PNG, "c.zip": EXE}, ("a.psd",), LISTED),
    Case("type-needs-zip", {"a.exe": b"MZ", "b.txt": b"x"}, ("a.exe",), BY_NAME),
    Case(
        "blocked-inside",
        {
            "a.zip": EXE, "b.tar": corpus.tar("w"), "c.zip": corpus.zipped({"in.zip": EXE}),
            "d.zip": corpus.zipped({"exe/a.txt": b"x"}),
        },
        ("a.zip", "c.zip"),
        PICKY,
    ),
    Case("blocked-inside", {"a.zip": EXE}, (), BY_NAME),
    Case(
        "encrypted-nested",
        {"a.zip": locked({"in.zip": EXE}), "b.zip": locked({"a.txt": b"x"}), "c.zip": corpus.zipped({"in.zip": b"x"})},
        ("a.zip",),
        PICKY,
    ),
    Case("encrypted-nested", {"a.zip": locked({"in.zip": EXE})}),
    Case("path-too-long", {f"{LONG}/a.txt": b"x", "short/a.txt": b"y"}, (f"{LONG}/a.txt",)),
    Case("name-collision", {"Logo.png": PNG, "logo.png": JPG, "logos.png": b"x"}, ("logo.png",)),
    Case("locked", {"a.zip": locked({"a.txt": b"x"}), "b.zip": EXE, "password.txt": b"x"}, ("a.zip",)),
    Case(
        "unfinished-download",
        {"a.mp4.crdownload": b"x", "b.zip.part": b"y", "part.txt": b"z", "my-download.txt": b"v"},
        ("a.mp4.crdownload", "b.zip.part"),
    ),
    Case("not-looked-into", {"a.zip": hostile_archives.quine_like(), "b.zip": EXE}, ("a.zip",)),
    Case("duplicate", {"a.png": PNG, "b.png": PNG, "c.jpg": JPG}, ("b.png",)),
    Case("duplicate", {"a.txt": b"one", "b.txt": b"two", "c.txt": b"", "d.txt": b""}),
    Case(
        "earlier-delivery",
        {
            "final/logo.png": PNG, "final-delivery/final.zip": EXE, "final-delivery/SHA256SUMS": b"",
            "final-delivery/delivery-manifest.json": MANIFEST, "fetched/delivery-manifest.json": MANIFEST,
            "other/delivery-manifest.json": b'{"schema": "mine/1"}', "other/SHA256SUMS": b"",
        },
        ("final-delivery",),
    ),
    Case("earlier-delivery", {"delivery-manifest.json": MANIFEST, "SHA256SUMS": b"", "logo.png": PNG}, ("",)),
    Case("older-than-order", {"a.txt": b"x", "b.png": PNG}, ("a.txt", "b.png"), options=_since(2100)),
    Case("older-than-order", {"a.txt": b"x"}, options=_since(1990)),
    Case("promised-absent", {"a.png": PNG}, ("",), options=_expecting("*.png", "*.psd")),
    Case("promised-absent", {"a.png": PNG, "b/c.psd": b"8BPS"}, options=_expecting("*.png", "*.psd")),
    Case("not-promised", {"a.png": PNG, "b.txt": b"x"}, ("b.txt",), options=_expecting("*.png")),
    Case("not-promised", {"a.png": PNG, "b.txt": b"x"}),
    Case("private-folder", {".git/config": b"[core]", "x/.ssh/known": b"y", "git/a": b"z"}, (".git", "x/.ssh")),
    Case(
        "private-folder",
        {
            "a.zip": corpus.zipped({"site/.git/HEAD": b"x", "site/.git/config": b"y"}),
            "b.zip": corpus.zipped({"in.zip": corpus.zipped({".aws/config": b"x"})}),
            "c.zip": corpus.zipped({"site/.gitignore": b"x", "docs/git/a.txt": b"y"}),
        },
        ("a.zip", "b.zip"),
    ),
    Case("word-in-name", {"skype logo.png": PNG, "money.txt": b"x", "sky.png": JPG}, ("money.txt", "skype logo.png")),
    Case("word-in-name", {"skype logo.png": PNG}, (), LISTED),
    Case(
        "left-out",
        {".DS_Store": b"x", "node_modules/a.js": b"y", "~$plan.docx": b"z", "__MACOSX/._a": b"v", "modules/a.js": b"w"},
        (".DS_Store", "__MACOSX/", "node_modules/", "~$plan.docx"),
    ),
)  # fmt: skip
"""Beside the files of :data:`support.leaky.CASES`, which are right or wrong each by itself."""
