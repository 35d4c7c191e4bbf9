"""What a mistyped name was probably meant to be, for hints."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.5) -> list[str]:
    """The ``most`` names in ``known`` that ``name`` begins, shortest first; else those that look most like it, best
    first, none where all differ too much."""
    import difflib  # here, since few runs need a hint and each would wait for its loading

    known = list(known)
    begun = sorted((each for each in known if len(name) > 2 and each.startswith(name)), key=len)
    return begun[:most] or difflib.get_close_matches(name, known, n=most, cutoff=cutoff)
