"""What is delivered: walked, stat'ed, typed, looked into, and read once."""

from __future__ import annotations

from delivery.lazy import lazily

TYPE_CHECKING = False  # as type checkers read it; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from delivery.intake.digest import with_digests
    from delivery.intake.observation import Observations
    from delivery.intake.walk import take_in

__getattr__ = lazily(__name__, {"digest": "with_digests", "observation": "Observations", "walk": "take_in"})

__all__ = ["Observations", "take_in", "with_digests"]
