"""Inputs for the packing benchmark, the same on every machine with the same Python."""

from __future__ import annotations

import json
import random
import sysconfig
from pathlib import Path

_MB = 10**6


def noise(folder: Path, size: int) -> Path:
    """One incompressible file, as video is."""
    chance = random.Random(1)
    path = folder / "film.mov"
    with path.open("wb") as out:
        for _ in range(size >> 20):
            out.write(chance.randbytes(1 << 20))
        out.write(chance.randbytes(size & 0xFFFFF))
    return path


def tree(folder: Path, size: int) -> Path:
    """Code, logs, tables, JSON and some pictures: about ``size`` bytes in files of 2 KB to 20 MB, in 40 folders."""
    chance = random.Random(2)
    lines = _lines()
    words = sorted({word for line in lines[:40_000] for word in line.split() if word.isalpha()})
    written = number = 0
    while written < size:
        length = int(min(20 * _MB, 2_000 * chance.paretovariate(0.55)))
        kind = chance.choices(["py", "log", "csv", "json", "txt", "jpg"], [5, 4, 3, 3, 4, 1])[0]
        data = _MAKERS[kind](chance, length, lines, words)
        path = folder / f"part {number % 40:02d}" / f"{kind}-{number}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        written += len(data)
        number += 1
    return folder


def many(folder: Path, count: int) -> Path:
    """Small files: code, JSON and icons of 0.2 to 12 KB in 200 folders."""
    chance = random.Random(3)
    lines = _lines()
    words = ["width", "height", "name", "price"]
    for number in range(count):
        kind = chance.choices(["py", "json", "jpg"], [5, 3, 2])[0]
        path = folder / f"{number % 200:03d}" / f"{number}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_MAKERS[kind](chance, chance.randint(200, 12_000), lines, words))
    return folder


def _lines() -> list[str]:
    """The lines of the standard library's own sources."""
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")) + sorted(
        Path(sysconfig.get_path("stdlib")).glob("[a-e]*/*.py")
    )
    return [line for path in sources for line in path.read_text("utf-8", "replace").splitlines(keepends=True)]


def _code(chance: random.Random, length: int, lines: list[str], words: list[str]) -> bytes:
    pieces = []
    while length > 0:
        at = chance.randrange(len(lines) - 200)
        piece = "".join(lines[at : at + chance.randint(20, 200)]).encode()
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _log(chance: random.Random, length: int, lines: list[str], words: list[str]) -> bytes:
    pieces = []
    while length > 0:
        piece = (
            f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}T{chance.randint(0, 23):02d}:"
            f"{chance.randint(0, 59):02d}:{chance.randint(0, 59):02d}Z {chance.choice(['INFO', 'WARN', 'DEBUG'])} "
            f"{chance.choice(words)} id={chance.getrandbits(32):08x} took {chance.expovariate(0.02):.2f} ms\n"
        ).encode()
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _csv(chance: random.Random, length: int, lines: list[str], words: list[str]) -> bytes:
    pieces = []
    while length > 0:
        piece = f"{len(pieces)},{chance.choice(words)},{chance.gauss(50, 12):.3f},{chance.randint(0, 9999)}\n".encode()
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _json(chance: random.Random, length: int, lines: list[str], words: list[str]) -> bytes:
    pieces = []
    while length > 0:
        record = {"id": chance.getrandbits(40), chance.choice(words): chance.choice(words), "on": chance.random() < 0.5}
        piece = (json.dumps(record) + "\n").encode()
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _text(chance: random.Random, length: int, lines: list[str], words: list[str]) -> bytes:
    pieces = []
    while length > 0:
        piece = (" ".join(words[int(len(words) * chance.random() ** 4)] for _ in range(14)) + ".\n").encode()
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _picture(chance: random.Random, length: int, lines: list[str], words: list[str]) -> bytes:
    return chance.randbytes(length)


_MAKERS = {"py": _code, "log": _log, "csv": _csv, "json": _json, "txt": _text, "jpg": _picture}
