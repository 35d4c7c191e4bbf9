"""Which file types a platform takes, by the extension of the name. Pure."""

from __future__ import annotations

from delivery.intake.names import extension
from delivery.profile import Profile


def is_taken(name: str, profile: Profile) -> bool:
    """Whether the platform takes an attachment of this name."""
    kind = extension(name)
    return kind not in profile.blocked_types and (profile.allowed_types is None or kind in profile.allowed_types)


def is_taken_in_zip(name: str, profile: Profile) -> bool:
    """Whether the platform takes a zip that holds a file of this name."""
    return not (profile.blocked_inside_archives and extension(name) in profile.blocked_types)
