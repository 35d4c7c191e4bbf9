"""Hostile bytes end in facts or in silence: no reader crashes, none reads without bound, whatever it is given."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import corpus, leaky

from delivery import checks
from delivery.escape import printable
from delivery.intake import contacts, secrets
from delivery.intake.look import look
from delivery.intake.observation import Observation, Observations
from delivery.intake.readers.formats import _PREFIXES
from delivery.intake.readers.view import View
from delivery.intake.strip import copies, office, pdf, pictures
from delivery.intake.strip.pieces import CannotStrip
from delivery.model import Deliverable, FileEntry
from delivery.options import CheckOptions
from delivery.profile import Profile

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    database=None,
)
SEEDS = {
    **corpus.good(),
    **{
        f"{code}/{name}": data
        for code, (bad, honest) in leaky.CASES.items()
        for name, data in (*bad.items(), *honest.items())
        if len(data) > 40
    },
}
TYPES = sorted({name.rpartition(".")[2] for name in SEEDS})


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """``data`` with bytes changed, numbers set to extremes, pieces cut out, doubled or moved."""
    made = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        if not made:
            break
        at = draw(st.integers(0, min(len(made) - 1, 600)) | st.integers(0, len(made) - 1))
        match draw(st.integers(0, 5)):
            case 0:
                made[at] = draw(st.integers(0, 255))
            case 1:
                width = draw(st.sampled_from((1, 2, 4, 8)))
                made[at : at + width] = draw(st.sampled_from((b"\xff", b"\0", b"\x7f", b"\x80"))) * width
            case 2:
                del made[at : at + draw(st.integers(1, 400))]
            case 3:
                made[at:at] = made[at : at + draw(st.integers(1, 200))]
            case 4:
                del made[at:]
            case 5:
                made[at : at + 4] = draw(st.binary(min_size=4, max_size=4))
    return bytes(made)


class Counted(View):
    """Counts what is asked of it."""

    reads = 0

    def at(self, offset: int, count: int) -> bytes:
        self.reads += 1
        return super().at(offset, count)


def seen_in(data: bytes, name: str) -> Observation:
    view = Counted.of_bytes(data, name=name)
    look(view)
    assert view.reads < 60_000
    assert len(view.facts) < 250 and all(len(fact.detail) <= 200 for fact in view.facts)
    return view.observation


@pytest.mark.parametrize("kind", TYPES)
def test_readers_take_mutated_files(kind):
    seeds = [(name, data) for name, data in SEEDS.items() if name.endswith(f".{kind}")]

    @fuzzed
    @given(st.data())
    def run(draws: st.DataObject) -> None:
        name, data = draws.draw(st.sampled_from(seeds))
        seen_in(draws.draw(mutations(data)), name)

    run()


@fuzzed
@given(st.sampled_from([prefix for prefix, _ in _PREFIXES]), st.binary(max_size=600), st.sampled_from(TYPES))
def test_readers_take_any_bytes_behind_a_signature(prefix, rest, kind):
    seen_in(prefix + rest, f"a.{kind}")


@fuzzed
@given(st.sampled_from(["<II", "<QQ", ">I"]), st.lists(st.integers(0, 255), max_size=80), st.sampled_from(TYPES))
def test_readers_take_any_bytes_at_all(_order, values, kind):
    seen_in(bytes(values), f"a.{kind}")


@pytest.mark.parametrize(
    ("cleaner", "kinds"),
    [
        (pictures.jpeg, ("jpg", "jpeg")),
        (pictures.png, ("png",)),
        (pictures.webp, ("webp",)),
        (pdf.clean, ("pdf",)),
        (office.clean, ("docx", "xlsx", "odt")),
    ],
)
def test_cleaners_take_mutated_files(cleaner: copies.Cleaner, kinds):
    seeds = [data for name, data in SEEDS.items() if name.rpartition(".")[2] in kinds]

    @fuzzed
    @given(st.data())
    def run(draws: st.DataObject) -> None:
        data = draws.draw(mutations(draws.draw(st.sampled_from(seeds))))
        try:
            cleaner(data)
        except CannotStrip as error:
            assert str(error)

    run()


@fuzzed
@given(st.binary(max_size=2000) | st.text(max_size=800).map(lambda text: text.encode("utf-8", "replace")))
def test_text_searches_take_anything(data):
    for found in contacts.in_text(data):
        assert found.text and 0 <= found.start <= len(data)
    for kind, at in secrets.find(data, "ini"):
        assert kind and 0 <= at < len(data)


@fuzzed
@given(
    st.text(min_size=1, max_size=60).filter(lambda name: "\0" not in name), st.lists(st.text(max_size=40), max_size=5)
)
def test_rules_take_any_name(name, members):
    entry = FileEntry("x", name, 5, 0)
    seen = Observations({name: Observation((), tuple(members))})
    picky = Profile("p", "P", blocked_types=frozenset({"exe"}), blocked_inside_archives=True, marketplace=True)
    for found in checks.run(Deliverable("d", (entry,)), seen, picky, CheckOptions(), now=datetime.now(UTC)):
        assert found.message == printable(found.message)
