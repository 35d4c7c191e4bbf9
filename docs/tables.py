"""Writes the pages that are tables of data: docs/platforms.md and docs/faults.md."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from delivery import platforms
from delivery.profile import Profile
from delivery.units import format_size

DOCS = Path(__file__).parent
FAULTS = DOCS.parent / "delivery" / "storage" / "faults.toml"
PASSING = "the tool tries again, with growing pauses; then: run the same command again"


def platforms_page() -> str:
    return (
        "# What each platform takes\n\nWritten from `delivery/platforms/profiles.toml` by `python docs/make.py`; "
        "`delivery platforms NAME` says the same.\nA size is the most that is taken; - means that none is stated. "
        "A limit of your own goes into `[platform:NAME]` of the configuration.\n"
        + "".join(f"\n{line}" for profile in platforms.all_profiles().values() for line in _platform(profile))
        + "\n"
    )


def _platform(profile: Profile) -> Iterator[str]:
    limits = profile.limits
    sizes = [format_size(size) if size else "-" for size in (limits.file_bytes, limits.message_bytes)]
    yield f"## {profile.title} (`{profile.name}`)\n"
    yield f"- One file: {sizes[0]}; one message: {sizes[1]}; files in one message: {limits.message_files or '-'}"
    yield f"- Text: {f'{profile.message_chars:,} characters' if profile.message_chars else '-'}"
    yield f"- Links: {profile.link_policy.value}. {profile.link_note}".rstrip()
    if profile.note:
        yield f"- {profile.note}"
    if profile.blocked_types:
        yield f"- Refused types: {' '.join(sorted(profile.blocked_types))}"
    if profile.allowed_types is not None:
        yield f"- Allowed types: {' '.join(sorted(profile.allowed_types))}"
    for source in profile.sources:
        yield f"- Source ({'official' if source.official else 'second-hand'}): {source.address}"
    sure = "Confirmed" if profile.confirmed else "Not confirmed: at least one value is cautious or second-hand"
    yield f"- {sure}" + (f"; checked {profile.checked_on:%Y-%m}\n" if profile.checked_on else "\n")


def faults_page() -> str:
    table = tomllib.loads(FAULTS.read_text("utf-8"))
    rows = [("`{}`", table["codes"]), ("HTTP {}", table["status"])]
    return (
        (
            "# What a store refuses, and what helps\n\nWritten from `delivery/storage/faults.toml` by "
            "`python docs/make.py`. A code of the store counts before the status of its answer.\n\n"
            "| The store answers | What it means | What helps |\n|---|---|---|\n"
            + "".join(
                f"| {form.format(name)} | {row['message']} | {row.get('hint') or PASSING} |\n"
                for form, faults in rows
                for name, row in faults.items()
            )
        )
        .replace("{store}", "NAME")
        .replace("{bucket}", "BUCKET")
    )


PAGES = {"platforms.md": platforms_page, "faults.md": faults_page}


def write() -> None:
    for name, text in PAGES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")
