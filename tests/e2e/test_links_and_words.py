"""What follows a linked delivery, as a seller runs it: the QR code, new links, what ends soon, the record."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def delivery(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "cli.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)


def test_a_linked_delivery_is_renewed_told_and_recorded(tmp_path: Path, home: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for name in ("notes.txt", "more.txt"):
        (work / name).write_text(f"The finished work, {name}.\n")
    picture = tmp_path / "link.png"
    sent = delivery("send", work, "--via", "link", "--expires", "2h", "-o", tmp_path / "o", "--qr", picture, "--json")
    assert sent.returncode == 0
    made = json.loads(sent.stdout)
    if shutil.which("zbarimg"):
        read = subprocess.run(["zbarimg", "-q", "--raw", picture], capture_output=True, text=True, check=True)
        assert read.stdout.strip() == made["page"]["url"]

    soon = delivery("status")
    assert soon.returncode == 3
    assert soon.stdout.startswith(made["id"])

    renewed = delivery("renew", made["id"], "--expires", "3d", "--language", "de", "--bilingual")
    assert renewed.returncode == 0
    assert "hier ist ein neuer Link zu Ihrem fertigen Auftrag" in renewed.stdout
    assert "here is a new link to your finished work" in renewed.stdout
    assert "X-Amz-Expires=259200" in renewed.stdout
    assert delivery("status").returncode == 0

    asked = delivery("reply", "email-request", made["id"])
    assert "The link to everything is here in the chat; it works until" in asked.stdout

    record = delivery("record", made["id"])
    assert "Links renewed, working until" in record.stdout
    assert "answer (email request)" in record.stdout
    assert "{link:page}" in record.stdout
    secrets = {url.partition("X-Amz-Signature=")[2].split()[0] for url in (made["page"]["url"], renewed.stdout)}
    kept = b"".join(path.read_bytes() for path in home.glob("ledger.sqlite3*"))
    for secret in secrets:
        assert len(secret) == 64
        assert secret not in record.stdout
        assert secret.encode() not in kept
