"""A manifest is a stranger's word: what no system could take is refused where it is read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import IntegrityError, LocalError
from delivery.packing.manifest import SCHEMA
from delivery.packing.manifest_reader import parse
from delivery.packing.manifest_reader import read as read_from

Harm = Callable[[dict[str, Any]], object]


def sound() -> dict[str, Any]:
    content = {"size": 2, "sha256": "a" * 64}
    volume = {"kind": "volume", "file": "b.mov", "of": 2, "url": "https://store.example.com/k"}
    return {
        "schema": SCHEMA,
        "name": "Wörk \U0001f3a8",
        "files": [{"path": "b.mov", **content, "size": 4, "parts": ["b.001", "b.002"], "media_type": "video/mp4"}],
        "parts": [{"filename": f"b.00{n}", **content, **volume, "order": n} for n in (1, 2)],
    }


def read(document: dict[str, Any]) -> Any:
    return parse(json.dumps(document), Path("m"), "the manifest")


def test_a_sound_one_is_read() -> None:
    manifest = read(sound())
    assert (manifest.name, [part.order for part in manifest.parts]) == ("Wörk \U0001f3a8", [1, 2])
    assert manifest.files[0].media_type == "video/mp4"


@pytest.mark.parametrize(
    "harm",
    [
        lambda document: document.update(name="\ud800"),
        lambda document: document.update(name=["x"]),
        lambda document: document["files"][0].update(path="\ud800"),
        lambda document: document["files"][0].update(media_type="\udfff"),
        lambda document: document["files"][0].update(renamed_from="a\ud800"),
        lambda document: document["files"][0].update(parts=["\ud800"]),
        lambda document: document["parts"][0].update(filename="\ud800"),
        lambda document: document["parts"][0].update(file="\ud800"),
        lambda document: document["parts"][0].update(url="https://store.example.com/\ud800"),
    ],
)
def test_a_text_that_no_file_could_hold_is_refused(harm: Harm) -> None:
    refused(harm)


@pytest.mark.parametrize("size", [-1, 2**63, 10**30, 1.5, True, None])
@pytest.mark.parametrize("kind", ["files", "parts"])
def test_a_size_that_no_file_has_is_refused(kind: str, size: object) -> None:
    refused(lambda document: document[kind][0].update(size=size))


@pytest.mark.parametrize("kind", ["files", "parts"])
def test_what_is_listed_twice_is_refused(kind: str) -> None:
    refused(lambda document: document[kind].append(document[kind][0]))


def refused(harm: Harm) -> None:
    document = sound()
    harm(document)
    with pytest.raises(IntegrityError) as caught:
        read(document)
    assert caught.value.code == "manifest-broken"
    assert caught.value.hint
    str(caught.value).encode()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device without an end")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such device")
def test_what_has_no_end_is_not_read() -> None:
    with pytest.raises(LocalError, match="/dev/zero is not a file") as failed:
        read_from(Path("/dev/zero"))
    assert failed.value.hint
