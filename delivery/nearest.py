"""What a mistyped name was probably meant to be, for hints."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.5) -> list[str]:
    """The ``most`` names in ``known`` that look most like ``name``, best first; none where all differ too much."""
    import difflib  # here, since few runs need a hint and each would wait for its loading

    return difflib.get_close_matches(name, list(known), n=most, cutoff=cutoff)
