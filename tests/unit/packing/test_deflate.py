from __future__ import annotations

import random
import subprocess
import sys
import zlib

import pytest

from delivery.packing import deflate

_noise = random.Random(9).randbytes


def unpacked(data: bytes) -> bytes:
    return zlib.decompress(data, -15)


@pytest.mark.parametrize("size", [0, 1, 100, 32 * 1024, 32 * 1024 + 1, 900_000])
def test_any_size_comes_back(size: int) -> None:
    data = (b"to be or not to be %d " * (size // 20 + 1))[:size]
    assert unpacked(deflate.compress(memoryview(data))) == data


def test_text_is_squeezed_and_noise_is_not() -> None:
    text = b"".join(b"line %d of a text\n" % n for n in range(3000))
    packed = deflate.squeezed(memoryview(text))
    assert packed is not None and len(packed) < len(text) / 2 and unpacked(packed) == text
    for size in (0, 10, 5_000, 20_000, 500_000):
        assert deflate.squeezed(memoryview(_noise(size))) is None


def test_noise_around_text_does_not_hide_the_text() -> None:
    data = _noise(3_000) + b"the same words again and again " * 2_000 + _noise(3_000)
    packed = deflate.squeezed(memoryview(data))
    assert packed is not None and unpacked(packed) == data


def test_hopeless_bytes_are_not_compressed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = deflate.compress, []

    def compress(data: memoryview) -> bytes:
        seen.append(len(data))
        return real(data)

    monkeypatch.setattr(deflate, "compress", compress)
    assert deflate.squeezed(memoryview(_noise(400_000))) is None
    assert sum(seen) < 10_000


def test_without_the_quick_wheels_the_standard_library_serves() -> None:
    script = (
        "import sys; sys.modules['isal'] = sys.modules['zlib_ng'] = None\n"
        "from delivery.packing import deflate; import zlib\n"
        "data = b'one and two ' * 900\n"
        "packed = deflate.squeezed(memoryview(data))\n"
        "assert zlib.decompress(packed, -15) == data and len(packed) < 500, len(packed)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_libraries_first_call_is_made_when_the_module_is_loaded() -> None:
    """Threads that make isal's first call at the same time may get different bytes for the same file."""
    script = """
import isal.isal_zlib, threading
first = []
real = isal.isal_zlib.compress
def compress(*args):
    first.append(threading.current_thread() is threading.main_thread())
    return real(*args)
isal.isal_zlib.compress = compress
import delivery.packing.deflate
assert first == [True], first
"""
    subprocess.run([sys.executable, "-c", script], check=True)
