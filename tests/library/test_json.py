"""Every document that a command prints keeps to its schema, and says nothing that the schema does not know."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from delivery import FileEntry, Settings, UsageError, check, dry_run, plan, report
from delivery.cli import app

ROOT = Path(__file__).parents[2]
SCHEMAS = sorted((ROOT / "delivery" / "schemas").glob("*.json"))
PROMISES = Path(__file__).with_name("schemas.txt")

SCENARIOS: dict[str, list[str]] = {
    "send": [
        "send final --expires 1h --via link --out linked",
        "send final --out ready",
        "send final --dry-run",
        "send final --via link --dry-run",
    ],
    "check": ["check final --expect *.nothing", "check final --no-hash"],
    "pack": ["pack final --out packed"],
    "upload": ["upload final/logo.svg --expires 1h --out one", "upload --abort"],
    "fetch": ["fetch PAGE -o fetched --dry-run", "fetch PAGE -o fetched"],
    "verify": ["verify packed"],
    "join": ["join packed -o joined --dry-run", "join packed -o joined"],
    "list": ["list"],
    "show": ["show ID"],
    "status": ["status --within 2h"],
    "message": ["message ID --language de"],
    "renew": ["renew ID --dry-run", "renew ID --expires 2h"],
    "reply": ["reply email-request ID", "reply cannot-open"],
    "record": ["record ID"],
    "lint": ["lint 'pay me by PayPal'"],
    "platforms": ["platforms", "platforms gmail"],
    "doctor": ["doctor"],
    "prune": ["prune --dry-run"],
    "revoke": ["revoke ID --dry-run", "revoke ID"],
    "store status": ["store status"],
    "store stop": ["store stop"],
    "store serve": ["store serve --for 1s"],
}
"""In this order. ID is a delivery by link, PAGE its page."""
FAILURES = ["send absent", "show nope", "send --no-such", "message", "verify final"]


def with_json(group: click.Group, path: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from with_json(command, f"{path}{name} ")
        elif command is not None and any("--json" in parameter.opts for parameter in command.params):
            yield f"{path}{name}"


def strict(schema: Any) -> Any:
    """The same schema, but for what it knows alone."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def validated(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    schema = report.schema(document["schema"])
    jsonschema.Draft202012Validator(strict(schema)).validate(document)
    return document


def test_every_command_that_prints_json_is_tried_here() -> None:
    assert set(with_json(app.app)) == set(SCENARIOS)


def test_every_document_keeps_to_its_schema(
    embedded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "sample", tmp_path / "final")
    monkeypatch.chdir(tmp_path)
    known: dict[str, str] = {}
    printed = set()
    for lines in SCENARIOS.values():
        for line in lines:
            app._run([*_split(line, known), "--json"])
            document = validated(capsys.readouterr().out)
            printed.add(document["schema"])
            if document.get("page"):
                known = known or {"ID": document["id"], "PAGE": document["page"]["url"]}
    for line in FAILURES:
        app._run([*_split(line, known), "--json"])
        assert validated(capsys.readouterr().out)["schema"] == "delivery.error/1"
    manifest = json.loads((tmp_path / "ready" / "delivery-manifest.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(strict(report.schema(manifest["schema"]))).validate(manifest)
    assert printed | {"delivery.error/1", "delivery.manifest/1"} == {
        f"delivery.{path.stem.replace('-', '/')}" for path in SCHEMAS
    }


def _split(line: str, known: dict[str, str]) -> list[str]:
    return [known.get(word, word) for word in shlex.split(line)]


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_sound_and_carries_its_name(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    kind, _, version = path.stem.rpartition("-")
    assert schema["$id"] == f"urn:delivery:schema:{kind}:{version}"
    assert schema["properties"]["schema"] == {"const": f"delivery.{kind}/{version}"}
    assert f"`delivery.{kind}/{version}`" in (ROOT / "docs" / "json.md").read_text("utf-8")
    assert "additionalProperties" not in path.read_text("utf-8")  # readers must bear what a later release adds


@pytest.mark.parametrize("name", ["x", "", "delivery.send/2", "delivery.../send/1"])
def test_a_schema_that_is_none_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match="no document has the schema") as caught:
        report.schema(name)
    known = caught.value.hint.removeprefix("one of ").split(", ")
    assert len(known) == len(SCHEMAS)
    assert [report.schema(item)["properties"]["schema"]["const"] for item in known] == known


def test_the_planned_size_of_a_stream_is_not_known(parts: Settings) -> None:
    entry = FileEntry.from_stream("build.bin", io.BytesIO(b"x"))
    with check([entry], settings=parts, via="link", digests=False, read_streams=False) as inspection:
        document = report.as_dict(report.send_document(dry_run(inspection, plan(inspection))))
    assert document["planned"] == [{"name": "build.bin", "kind": "as-is", "size": None, "members": ["build.bin"]}]
    jsonschema.Draft202012Validator(strict(report.schema("delivery.send/1"))).validate(document)


def promises(schema: Any, path: str = "") -> Iterator[str]:
    """One line for each thing that a schema says a reader may rely on."""
    if "anyOf" in schema:
        for option in schema["anyOf"]:
            yield from promises(option, path)
        return
    kind = schema.get("type") or ("enum" if "enum" in schema else "const" if "const" in schema else "any")
    allowed = "|".join(map(str, schema.get("enum", [schema["const"]] if "const" in schema else [])))
    yield f"{path or '.'} {'|'.join(kind) if isinstance(kind, list) else kind}{f' {allowed}' if allowed else ''}"
    for name in schema.get("required", []):
        yield f"{path}.{name} always"
    for name, inner in schema.get("properties", {}).items():
        yield from promises(inner, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from promises(schema["items"], f"{path}[]")


def all_promises() -> list[str]:
    lines = []
    for path in SCHEMAS:
        schema = json.loads(path.read_text("utf-8"))
        name = schema["properties"]["schema"]["const"]
        lines += [f"{name} {line}" for line in promises(schema)]
    return sorted(set(lines))


BROKEN = """{file} promises what the schemas do not keep any more:

{gone}

A schema /1 may only grow (docs/json.md): what is printed always stays so, with its type and its meaning. What must go
or change makes a /2. What a schema has gained is written into the file with:

    REWRITE=1 .venv/bin/python -m pytest tests/library/test_json.py"""


def test_a_schema_only_grows() -> None:
    if os.environ.get("REWRITE"):
        PROMISES.write_text("\n".join(all_promises()) + "\n", encoding="utf-8")
    kept, now = PROMISES.read_text("utf-8").splitlines(), all_promises()
    gone = sorted(set(kept) - set(now))
    assert not gone, BROKEN.format(file=PROMISES.name, gone="\n".join(gone))
    assert now == kept, f"new in the schemas: {sorted(set(now) - set(kept))}; write it down with REWRITE=1"


def test_what_a_schema_loses_is_noticed() -> None:
    send = report.schema("delivery.send/1")
    before = set(promises(send))
    send["required"].remove("messages")
    del send["properties"]["files"]["items"]["properties"]["size"]
    assert {re.sub(r" .*", "", line) for line in before - set(promises(send))} == {".messages", ".files[].size"}
