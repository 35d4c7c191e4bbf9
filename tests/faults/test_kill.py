"""An upload of 1 GiB to a real store, killed at 30 random moments, each time gone on with."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support.faulty import proxy_before
from support.stores import KEYS, opened

MIB = 1024**2
SIZE = 1024 * MIB
PART = 16 * MIB
KILLS = 30
ROOT = Path(__file__).parents[2]


def _run(endpoint: str, bucket: str, path: Path, home: Path) -> subprocess.Popen[str]:
    environ = {**os.environ, "DELIVERY_HOME": str(home), "PYTHONPATH": str(ROOT)}
    keys = [KEYS["access_key_id"], KEYS["secret_access_key"]]
    command = [sys.executable, str(Path(__file__).with_name("kill_loop.py")), endpoint, bucket, str(path), *keys]
    return subprocess.Popen(command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _big_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        for _ in range(SIZE // (64 * MIB)):
            block = os.urandom(64 * MIB)
            digest.update(block)
            stream.write(block)
    return digest.hexdigest()


@pytest.mark.heavy
@pytest.mark.slow
def test_thirty_kills_and_every_part_is_sent_once_but_for_those_on_the_way(ceph_address: str, tmp_path: Path) -> None:
    store = opened(ceph_address, "ceph")
    path, home, chance = tmp_path / "big.bin", tmp_path / "home", random.Random(4)
    wanted = _big_file(path)
    journals, whole, unseen = home / "state" / "uploads", [], 0
    with proxy_before(ceph_address) as proxy:
        kills = 0
        ended = False
        while not ended:
            last = kills == KILLS
            before, process = len(proxy.seen), _run(proxy.address, store.bucket, path, home)
            target = before + chance.randint(1, 8)
            pause = chance.random() * 0.3
            while process.poll() is None and (last or len(proxy.seen) < target):
                time.sleep(0.005)
            if not last:
                time.sleep(pause)
                process.kill()
                kills += 1
            out, _ = process.communicate(timeout=300)
            if process.returncode == 0:  # it was done before it could be killed; the next run is a delivery of its own
                whole.append(out.split())
                ended = last
            elif len(proxy.seen) > before and not list(journals.glob("*.jsonl")):
                assert not last
                unseen += 1  # killed after all was done and before it could say so
        parts = Counter(item.part for item in proxy.seen if item.part is not None)
    for key, digest in whole:
        read = hashlib.sha256()
        for block in store.read(key):
            read.update(block)
        assert read.hexdigest() == digest == wanted
    assert list(store.pending("")) == []
    kept = {item.key for item, _ in store.keys("")}
    assert kept >= {key for key, _ in whole}
    assert len(kept) == len(whole) + unseen
    assert set(parts) == set(range(1, SIZE // PART + 1))
    again = sum(parts.values()) - len(parts) * len(kept)
    # Each kill may cost what was on its way: four parts under way, and one whose answer was not written down yet.
    assert again <= KILLS * 5
    print(f"{KILLS} kills, {len(parts)} parts, {again} sent again: {again * PART // MIB} MiB over {SIZE // MIB} MiB")
    shutil.rmtree(home)
