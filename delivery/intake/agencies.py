"""Stock agencies, as they stand in file names and in metadata."""

from __future__ import annotations

import re

AGENCIES = (
    "depositphotos", "shutterstock", "adobe[ _-]?stock", "istock(?:photo)?", "getty(?:[ _-]?images|(?=[ _-]?[0-9]))",
    "dreamstime", "alamy", "123rf", "freepik", "envato(?:[ _-]?elements)?", "big[ _-]?stock(?:photo)?",
    "canstock(?:photo)?", "pond5", "videohive",
    "graphicriver", "audiojungle", "fotolia", "vecteezy", "storyblocks", "motion[ _-]?array", "artgrid", "artlist",
    "epidemic[ _-]?sound", "pngtree", "stocksy", "vectorstock", "featurepics", "photodune", "rawpixel", "thinkstock",
    "stockfood", "agefotostock",
)  # fmt: skip
_ANY = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(AGENCIES)})(?![^\W\d_])", re.IGNORECASE)


def find(text: str) -> str | None:
    """The first agency that ``text`` names as a word of its own, as it is written there."""
    found = _ANY.search(text)
    return found[0] if found else None
