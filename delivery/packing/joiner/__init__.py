"""JOIN.html: one page that checks the volumes of a large file and joins them, offline, in the buyer's browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from delivery.escape import printable
from delivery.planning.names import Filenames
from delivery.web.document import all_words, document, text
from delivery.web.words import known, words

_COMMAND_PROMPT = 8_191
"""The longest line that it takes."""


def page(manifest: Mapping[str, Any], *, language: str = "en") -> bytes:
    """The page for a ``delivery.manifest/1``, in the browser's language, or ``language`` where it has no words in that.

    Only what it needs travels in it: the files that come in volumes, the size and digest of the other attachments, and
    what the tool's own files beside them are called.
    """
    language = known(language)
    said = words(language, "joiner")
    files = _joined(manifest)
    data = {
        "language": language,
        "words": all_words("joiner"),
        "files": files,
        "others": [
            {"size": part["size"], "sha256": part["sha256"]}
            for part in manifest["parts"]
            if part["kind"] in {"as-is", "archive"}
        ],
        "beside": sorted(Filenames.reserved),
    }
    return document(
        title=said["title"],
        language=language,
        body=_body(said, files),
        styles=("base.css", "drop.css", "joiner.css"),
        scripts=("wasm/sha256.wasm", "sha256.js", "hashing.js", "words.js", "drop.js", "joiner.js"),
        data=data,
    )


def _joined(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files that come in volumes, each with its parts in order."""
    volumes: dict[str, list[Mapping[str, Any]]] = {}
    for part in manifest["parts"]:
        if part["kind"] == "volume":
            volumes.setdefault(part["file"], []).append(part)
    keys = ("filename", "size", "sha256", "order")
    return [
        {
            "path": file["path"],
            "name": file["path"].rpartition("/")[2],
            "size": file["size"],
            "sha256": file["sha256"],
            "parts": [
                {key: part[key] for key in keys}
                for part in sorted(volumes[file["path"]], key=lambda part: part["order"])
            ],
        }
        for file in manifest["files"]
        if file["path"] in volumes
    ]


def _body(said: Mapping[str, str], files: list[dict[str, Any]]) -> str:
    def say(key: str, tag: str = "p", attributes: str = "") -> str:
        return f'<{tag} data-say="{key}"{attributes}>{text(said[key])}</{tag}>'

    first = files[0]["parts"] if files else []
    return f"""<main>
<h1 data-say="title">{text(said["title"])}</h1>
{say("intro", attributes=' class="soft"')}
<div class="note" id="phone" hidden>{say("phone_title", "strong")}{say("phone", "span")}</div>
<p class="note unscripted">{text(said["noscript"])}</p>
<div class="drop scripted-only" id="drop">
{say("drop", "span", ' class="where"')}
<label class="button"><span data-say="choose">{text(said["choose"])}</span>
<input class="visually-hidden" type="file" id="choose" multiple></label>
</div>
<div id="files"></div>
<ul class="notes small" id="notes" hidden></ul>
<details class="card"><summary data-say="other_ways">{text(said["other_ways"])}</summary>
{say("other_ways_text")}
{say("seven_zip")}
{_commands(say, files, first)}
</details>
</main>"""


def _commands(say: Any, files: list[dict[str, Any]], first: list[dict[str, Any]]) -> str:
    """What joins them in a terminal, where the names are plain enough to be typed."""
    if len(files) != 1 or len(first) > 60:
        return ""
    names = [printable(part["filename"]) for part in first]
    target = printable(files[0]["name"])
    if any(char in name for name in (*names, target) for char in "\"'%!$`\\^&|<>*?\n"):
        return ""
    windows = "copy /b " + "+".join(f'"{name}"' for name in names) + f' "{target}"'
    unix = "cat " + " ".join(f"'{'./' * name.startswith('-')}{name}'" for name in names) + f" > '{target}'"
    shown = {"windows": windows, "unix": unix} if len(windows) <= _COMMAND_PROMPT else {"unix": unix}
    return "".join(f'{say(key)}<code class="block" dir="ltr">{text(line)}</code>' for key, line in shown.items())
