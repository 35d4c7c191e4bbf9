"""What is delivered: walked, stat'ed, typed, and read once."""

from delivery.intake.digest import with_digests
from delivery.intake.observation import Observations
from delivery.intake.observe import observe
from delivery.intake.walk import take_in

__all__ = ["Observations", "observe", "take_in", "with_digests"]
