"""Writes the generated pages: docs/api.md from the docstrings, docs/cli.md from the commands, those of tables.py.

    .venv/bin/python docs/make.py                 write them
    .venv/bin/python docs/make.py --accept-api    and accept the public interface as it is now: tests/library/api.txt

The interface is read from the source text, so it comes out the same with every version of Python.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "delivery"
API, CLI, SNAPSHOT = ROOT / "docs" / "api.md", ROOT / "docs" / "cli.md", ROOT / "tests" / "library" / "api.txt"

GROUPS = {
    "The main job": "send pack upload",
    "Step by step": "check Inspection plan dry_run carry_out",
    "Later": "compose_message compose_reply renew revoke Revoked prune PrunedStore doctor verify Verified join Joined "
    "PlannedJoin",
    "At the other end": "fetch Fetched FetchedFile",
    "Inputs": "Input FileEntry Connection",
    "Settings": "Settings DeliveryOptions SendOptions CheckOptions UploadOptions MessageOptions StoreOptions "
    "PlatformOptions",
    "Results": "Delivery Plan Part Attachment Link ManifestPlace Finding Deliverable Profile Method PartKind Severity "
    "Via",
    "Progress and cancelling": "Progress Task NullProgress RecordingProgress CancelToken",
    "Errors": "DeliveryError UsageError ConfigError BlockedError LocalError StoreRefusedError StoreUnreachableError "
    "IntegrityError Cancelled",
}
"""Every public name in the order of the page. A test holds that none is missing."""


@dataclass
class Member:
    """A field or a method."""

    name: str
    text: str
    """The signature, or the annotation with its default."""
    doc: str
    is_method: bool


@dataclass
class Name:
    """One public name."""

    name: str
    head: str
    doc: str
    members: list[Member] = field(default_factory=list)


def public() -> list[str]:
    import delivery

    return [name for name in delivery.__all__ if name != "__version__"]


def read(name: str) -> Name:
    """What the source says of a public name; a name that is only handed on is followed to where it is defined."""
    return _find("delivery", name)


def _find(module: str, name: str) -> Name:
    """Where ``name`` is defined; what a package loads lazily, it imports for type checkers alone."""
    tree = ast.parse(_file(module).read_text("utf-8"))
    unchecked = [inner for node in tree.body if isinstance(node, ast.If) for inner in node.body]
    for at, node in enumerate([*tree.body, *unchecked]):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _class(node)
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return Name(name, _signature(node), _doc(node))
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            value = ast.literal_eval(node.value) if isinstance(node.value, ast.Constant) else ast.unparse(node.value)  # type: ignore[arg-type]
            return Name(name, f"{name} = {value}", _after(tree.body, at))
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            return _find(str(node.module), name)
    raise LookupError(f"{module}.{name}")


def _file(module: str) -> Path:
    place = ROOT.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _class(node: ast.ClassDef) -> Name:
    bases = ", ".join(base for base in map(ast.unparse, node.bases) if not base.startswith("_"))
    found = Name(node.name, f"class {node.name}({bases})" if bases else f"class {node.name}", _doc(node))
    for at, item in enumerate(node.body):
        match item:
            case ast.FunctionDef() if not item.name.startswith("_") or item.name == "__init__":
                decorators = {ast.unparse(name) for name in item.decorator_list}
                if "property" in decorators:
                    returned = ast.unparse(item.returns) if item.returns else "Any"
                    found.members.append(Member(item.name, f"{item.name}: {returned}", _doc(item), False))
                else:
                    mark = "classmethod " if "classmethod" in decorators else ""
                    found.members.append(Member(item.name, mark + _signature(item, method=True), _doc(item), True))
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                found.members.append(_field(name, item, _after(node.body, at)))
            case ast.Assign(targets=[ast.Name(id=name)]) if not name.startswith("_"):
                text = f"{name} = {ast.unparse(item.value)}"
                found.members.append(Member(name, text, _after(node.body, at), False))
    return found


def _field(name: str, node: ast.AnnAssign, doc: str) -> Member:
    """A field; of an option its default and its one line of why, which stand in the call of ``option``."""
    kind, value = ast.unparse(node.annotation), node.value
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "option":
        return Member(name, f"{name}: {kind} = {ast.unparse(value.args[0])}", ast.literal_eval(value.args[1]), False)
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "field":
        given = {word.arg: ast.unparse(word.value) for word in value.keywords}
        shown = given.get("default") or (f"{given['default_factory']}()" if "default_factory" in given else "")
    else:
        shown = ast.unparse(value) if value is not None else ""
    return Member(name, f"{name}: {kind}" + (f" = {shown}" if shown else ""), doc, False)


def _signature(node: ast.FunctionDef, *, method: bool = False) -> str:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(arguments.defaults)), *arguments.defaults]
    shown = [_parameter(item, default) for item, default in zip(plain, defaults, strict=True)]
    if arguments.posonlyargs:
        shown.insert(len(arguments.posonlyargs), "/")
    shown = shown[1:] if method else shown
    if arguments.vararg is not None:
        shown.append(f"*{_parameter(arguments.vararg, None)}")
    elif arguments.kwonlyargs:
        shown.append("*")
    shown += map(_parameter, arguments.kwonlyargs, arguments.kw_defaults)
    if arguments.kwarg is not None:
        shown.append(f"**{_parameter(arguments.kwarg, None)}")
    returned = f" -> {ast.unparse(node.returns)}" if node.returns is not None and node.name != "__init__" else ""
    return f"{node.name}({', '.join(shown)}){returned}"


def _parameter(item: ast.arg, default: ast.expr | None) -> str:
    kind = f": {ast.unparse(item.annotation)}" if item.annotation is not None else ""
    return f"{item.arg}{kind}" + (f" = {ast.unparse(default)}" if default is not None else "")


def _doc(node: ast.ClassDef | ast.FunctionDef) -> str:
    return ast.get_docstring(node) or ""


def _after(body: list[ast.stmt], at: int) -> str:
    """The text that follows an assignment, as the docstring of what is assigned."""
    following = body[at + 1] if at + 1 < len(body) else None
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        return inspect.cleandoc(str(following.value.value))
    return ""


# -- the pages ----------------------------------------------------------------------------------------------------


def api_page() -> str:
    lines = [
        "# Reference of the library",
        "",
        "Written from the docstrings by `python docs/make.py`; the [guide](library.md) comes first. Everything here is",
        "imported from `delivery`.",
    ]
    for title, names in GROUPS.items():
        lines += ["", f"## {title}"]
        for name in names.split():
            lines += ["", *_described(read(name))]
    return "\n".join(lines) + "\n"


def _described(found: Name) -> Iterator[str]:
    yield f"### `{found.name}`"
    yield ""
    yield from (f"    {line}" for line in _folded(found.head))
    if found.doc:
        yield ""
        yield _markdown(found.doc)
    if found.members:
        yield ""
    for member in found.members:
        doc = " ".join(_markdown(member.doc).split())
        yield f"- `{member.text}`" + (f": {doc}" if doc else "")


def _folded(head: str) -> list[str]:
    """A long signature with each parameter on a line of its own."""
    if len(head) <= 100 or "(" not in head:
        return [head]
    name, _, rest = head.partition("(")
    inside, _, returned = rest.rpartition(")")
    return [f"{name}(", *(f"    {piece}," for piece in _pieces(inside)), f"){returned}"]


def _pieces(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            yield text[start:at].strip()
            start = at + 1
    yield text[start:].strip()


def _markdown(doc: str) -> str:
    doc = re.sub(r":\w+:`~?(?:[a-z_.]+\.)?([A-Za-z_.]+)`", r"`\1`", doc)
    return doc.replace("``", "`")


def snapshot() -> str:
    """One line for each name and member, without the words about them."""
    lines = []
    for name in public():
        found = read(name)
        lines.append(found.head)
        lines += [f"    {member.text}" for member in found.members]
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    import click

    from delivery.cli.app import app

    lines = [
        "# Reference of the command line",
        "",
        "Written from the commands by `python docs/make.py`; `delivery COMMAND --help` says the same. An option with a",
        "variable can be set by it too; [the configuration](../config.example.ini) has most of them.",
    ]

    def command(path: str, found: click.Command) -> None:
        context = click.Context(found, info_name=path)
        lines.extend(["", f"## {path}", "", f"    {path} {' '.join(found.collect_usage_pieces(context))}", ""])
        lines.append(_help(found.help or ""))
        options = [item for item in found.params if isinstance(item, click.Option)]
        if options:
            lines.append("")
        lines.extend(_option(item, context) for item in options)
        if isinstance(found, click.Group):
            for name in found.list_commands(context):
                inner = found.get_command(context, name)
                assert inner is not None
                command(f"{path} {name}", inner)

    context = click.Context(app)
    for name in app.list_commands(context):
        found = app.get_command(context, name)
        assert found is not None
        command(f"delivery {name}", found)
    return "\n".join(lines) + "\n"


def _help(text: str) -> str:
    """Paragraphs; what stands after click's mark for kept lines is kept by Markdown too."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    kept = [
        "\n".join(f"    {line}" for line in piece.split("\n")[1:]) if piece.startswith("\b") else piece
        for piece in paragraphs
    ]
    return "\n\n".join(kept)


def _option(item: object, context: object) -> str:
    import click

    assert isinstance(item, click.Option)
    names = ", ".join([*item.opts, *item.secondary_opts])
    takes = ""
    if not item.is_flag:
        kinds = item.type.choices if isinstance(item.type, click.Choice) else None
        takes = f" {'|'.join(map(str, kinds))}" if kinds else f" {item.metavar or item.type.name.upper()}"
    variable = f" (`{item.envvar}`)" if item.envvar else ""
    return f"- `{names}{takes}`: {item.help or ''}{variable}"


def main() -> None:
    API.write_text(api_page(), encoding="utf-8")
    CLI.write_text(cli_page(), encoding="utf-8")
    import tables

    tables.write()
    if "--accept-api" in sys.argv[1:]:
        SNAPSHOT.write_text(snapshot(), encoding="utf-8")


if __name__ == "__main__":
    main()
