"""Deflate by zlib-ng and isal where their wheels are installed, by zlib otherwise; what is worth it.

zlib-ng at level 4 measured 3 to 4 times the speed of zlib at level 6 for output 1 to 5 % larger. On small files isal at
level 1 is two and a half times as fast as that, for output about 6 % larger than zlib's; on large ones it loses more.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from delivery.model import FileEntry

try:
    from zlib_ng import zlib_ng as _zlib

    LEVEL = 4
except ImportError:
    import zlib as _zlib  # type: ignore[no-redef]

    LEVEL = 6

try:
    from isal import isal_zlib as _quick

    _QUICK_MAX = 32 * 1024
    """Up to this size a file is packed by isal."""
except ImportError:
    import zlib as _quick  # type: ignore[no-redef]

    _QUICK_MAX = 0

_RAW = -15
_MEMORY = 9
WINDOW = 32 * 1024
SMALL = 256 * 1024
"""Up to this size a file is compressed to learn whether that pays; above, samples of it are."""
_SAMPLES = 16
_SAMPLE = 32 * 1024
_LOOK = 1024
_HOPELESS = 0.98
_WORTH = 0.95
"""Compressed to less than this share, it is deflated. Photos, music, video and archives are not."""


def _choose_machine_code() -> None:
    """Make the libraries do now, on one thread, what they do at their first call: choose the code for this processor.

    Where two threads make isal's first call at once, one of them in a thousand gets other bytes, though sound ones, and
    the same files would not always become the same zips.
    """
    sample = memoryview(bytes(range(256)) * 16)
    for squeeze, level in ((_zlib.compress, LEVEL), (_quick.compress, 1)):
        squeeze(sample, level, _RAW)


_choose_machine_code()


def compressor() -> Any:
    return _zlib.compressobj(LEVEL, _zlib.DEFLATED, _RAW, _MEMORY)


def compress(data: memoryview) -> bytes:
    """A small file or a sample as a whole raw deflate stream."""
    packed: bytes
    packed = _quick.compress(data, 1, _RAW) if len(data) <= _QUICK_MAX else _zlib.compress(data, LEVEL, _RAW)
    return packed


def squeezed(data: memoryview) -> bytes | None:
    """The deflated form of a small file, or None where that does not pay.

    A quick look at two places inside spares most of the work on photos, music and archives.
    """
    size = len(data)
    if size > 8 * _LOOK:
        third = size // 3
        some = b"".join((data[third : third + _LOOK], data[size - third : size - third + _LOOK]))
        if len(compress(memoryview(some))) > len(some) * _HOPELESS:
            return None
    packed = compress(data)
    return packed if pays(len(packed), size) else None


def compress_block(data: bytes, before: bytes, is_last: bool) -> bytes:
    """A piece of a raw deflate stream whose pieces are made apart; ``before`` is up to WINDOW bytes before it."""
    squeezer = _zlib.compressobj(LEVEL, _zlib.DEFLATED, _RAW, _MEMORY, _zlib.Z_DEFAULT_STRATEGY, before)
    start: bytes = squeezer.compress(data)
    end: bytes = squeezer.flush(_zlib.Z_FINISH if is_last else _zlib.Z_SYNC_FLUSH)
    return start + end


def pays(packed: int, size: int) -> bool:
    return packed < size * _WORTH


def ratio(entry: FileEntry, descriptor: int) -> float:
    """Compressed size to size, from samples spread over the open file; at most 1. Leaves the position undefined.

    A few samples end it where none of them compresses, as in photos and films.
    """
    if entry.size <= SMALL:
        return _sampled(descriptor, (0,), entry.size)[0]
    step = (entry.size - _SAMPLE) // (_SAMPLES - 1)
    places = [number * step for number in range(_SAMPLES)]
    few = places[:: _SAMPLES // 4]
    first, read = _sampled(descriptor, few, _SAMPLE)
    if first > _HOPELESS:
        return 1.0
    rest, more = _sampled(descriptor, [place for place in places if place not in few], _SAMPLE)
    return (first * read + rest * more) / max(read + more, 1)


def _sampled(descriptor: int, places: Sequence[int], length: int) -> tuple[float, int]:
    """The ratio over these places, and the bytes that were read."""
    read = packed = 0
    for place in places:
        os.lseek(descriptor, place, os.SEEK_SET)
        data = os.read(descriptor, length)
        read += len(data)
        packed += len(compress(memoryview(data)))
    return (min(packed / read, 1.0) if read else 1.0), read
