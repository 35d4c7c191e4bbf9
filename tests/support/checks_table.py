"""How often each rule is right: ``PYTHONPATH=.:tests python -m support.checks_table`` writes it into the docs."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from support import corpus, leaky, parcels, trees

from delivery import checks, intake
from delivery.intake.observe import observe
from delivery.options import CheckOptions
from delivery.profile import Profile

PAGE = Path(__file__).parents[2] / "docs" / "checks.md"
MEASURED = "<!-- measured -->"
MARKET = Profile("market", "Market", marketplace=True)


@dataclass(frozen=True, slots=True)
class Score:
    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def found_in(
    files: Mapping[str, bytes], profile: Profile = MARKET, options: CheckOptions | None = None
) -> dict[str, set[str]]:
    """The codes found, by path."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "work"
        for name, data in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        deliverable = intake.take_in([root])
        deliverable = replace(deliverable, entries=intake.with_digests(deliverable.entries))
        options = options or CheckOptions()
        observations = observe(deliverable, options=options)
        found: dict[str, set[str]] = {}
        written = {entry.arcname: entry.original or entry.arcname for entry in deliverable.entries}
        for item in checks.run(deliverable, observations, profile, options, now=datetime.now(UTC)):
            found.setdefault(written.get(item.path, item.path), set()).add(item.code)
        return found


def scores() -> dict[str, Score]:
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for _, name, data, wanted in corpus.mutilated():
        found = found_in({name: data}).get(name, set())
        hit = found & wanted
        for code in hit:
            right[code] += 1
        if not hit:
            missed[min(wanted)] += 1
        for code in found - wanted:
            wrong[code] += 1
    for found in found_in(corpus.good()).values():
        wrong.update(found)
    for code, (bad, honest) in leaky.CASES.items():
        found_all = found_in({**bad, **honest})
        for name in bad:
            (right if code in found_all.get(name, ()) else missed)[code] += 1
        for name in honest:
            if code in found_all.get(name, ()):
                wrong[code] += 1
    for case in parcels.CASES:
        places = found_in(case.files, case.profile, case.options)
        told = {path for path, codes in places.items() if case.code in codes}
        right[case.code] += len(told & set(case.told))
        wrong[case.code] += len(told - set(case.told))
        missed[case.code] += len(set(case.told) - told)
    codes = [code for code in checks.RULES if right[code] + missed[code]]
    return {code: Score(right[code], wrong[code], missed[code]) for code in codes}


def as_text(measured: Mapping[str, Score]) -> str:
    types = len({name.rpartition(".")[2] for name in corpus.good()})
    lines = [
        f"Over whole files of {types} types, {len(corpus.mutilated())} mutilated ones, and files and deliveries",
        "with one thing wrong or leaky each beside honest ones that look like them, all made by the tests:",
        "",
        "| Code | Found | False alarms | Missed | Precision | Recall |",
        "|---|---|---|---|---|---|",
    ]
    for code, score in measured.items():
        shares = f"{score.precision:.2f} | {score.recall:.2f}"
        lines.append(f"| `{code}` | {score.right} | {score.wrong} | {score.missed} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    alarms = (
        "Rules on leaks and on the wrong thing, over trees of honest files as they lie on a machine. Private keys and\n"
        "exact doubles, which really are some, are not counted. The tests hold them to one file in a thousand."
    )
    table = f"## How often the rules are right\n\n{as_text(scores())}\n"
    budget = f"## False alarms\n\n{alarms}\n\n{trees.as_text()}\n"
    text = PAGE.read_text(encoding="utf-8")
    rules, measured = text.partition(MEASURED)[0], f"{MEASURED}\n\n{table}\n{budget}"
    PAGE.write_text("".join([rules, measured, *text.partition("\n## How fast")[1:]]), encoding="utf-8")


if __name__ == "__main__":
    main()
