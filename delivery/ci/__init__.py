"""Continuous integration: which service it is, how its log is spoken to, and what it shows and hands on.

Pure but for ``files``, which writes what the service or the user names.
"""

from delivery.ci.services import Origin, Service, detect, origin, place_in_sources, variables
from delivery.ci.voice import Remark, Voice, voice_of

__all__ = ["Origin", "Remark", "Service", "Voice", "detect", "origin", "place_in_sources", "variables", "voice_of"]
