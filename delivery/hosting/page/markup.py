"""The delivery page as markup: plain HTML that is complete before any script runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from delivery.escape import printable
from delivery.hosting.names import served_type
from delivery.model import Link
from delivery.web.document import text
from delivery.web.sizes import short_size

STRIP = 12
"""Pictures shown of what an archive holds."""

_SHOWN_MEMBERS = 200
_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}
_VIDEOS = {"video/mp4", "video/webm", "video/ogg", "video/quicktime"}
_AUDIOS = {"audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/wav", "audio/flac", "audio/webm"}
_ARCHIVES = {
    "application/zip",
    "application/x-7z-compressed",
    "application/gzip",
    "application/x-tar",
    "application/vnd.rar",
}
_DOCUMENTS = ("text/", "application/pdf", "application/msword", "application/vnd.openxmlformats", "application/rtf")


@dataclass(frozen=True, slots=True)
class PageFile:
    """One link on the page."""

    link: Link
    media_type: str = "application/octet-stream"
    """What it is, by its content; decides on the preview."""
    thumbnails: tuple[str, ...] = field(default=(), repr=False)
    """``data:`` addresses: its own picture, or for an archive the pictures of some of its members."""


def body(
    name: str,
    files: Sequence[PageFile],
    said: Mapping[str, str],
    expires_at: datetime | None,
    order: str | None,
    note: str | None,
) -> str:
    def say(key: str, tag: str = "span", attributes: str = "") -> str:
        return f'<{tag} data-say="{key}"{attributes}>{text(said[key])}</{tag}>'

    eyebrow = say("delivery")
    if order:
        says_so = order.casefold().startswith(said["order"].casefold())
        eyebrow = f"{'' if says_so else say('order') + ' '}<bdi>{text(printable(order))}</bdi>"
    shown_note = (
        f'<section class="card seller-note">{say("note", "h2")}<p dir="auto">{text(_lines(note))}</p></section>'
        if note and note.strip()
        else ""
    )
    end = "" if expires_at is None else f"{expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    until = (
        f'<div>{say("until", "dt")}<dd id="until">{end}</dd></div>'
        f'<div hidden>{say("left", "dt")}<dd id="left"></dd></div>'
        if end
        else ""
    )
    total = sum(file.link.size for file in files)
    rows = "\n".join(_row(index, file, said) for index, file in enumerate(files))
    return f"""<main>
<p class="eyebrow">{eyebrow}</p>
<h1><bdi>{text(name)}</bdi></h1>
<div class="note bad" id="expired" role="alert" hidden>{say("expired_title", "strong")}
<span id="expired-text"></span></div>
<dl class="facts">
<div>{say("files", "dt")}<dd data-number="{len(files)}">{len(files)}</dd></div>
<div>{say("size", "dt")}<dd data-size="{total}">{short_size(total)}</dd></div>
{until}
</dl>
<p class="note" id="soon" hidden>{say("ends_soon")}</p>
{shown_note}
<p class="note unscripted">{text(said["noscript"])}</p>
<div class="actions scripted-only">
<button class="button" type="button" id="all" hidden>{say("download_all")}</button>
<button class="button quiet" type="button" id="folder" hidden>{say("save_folder")}</button>
<div class="work" id="work" hidden><p id="work-text" role="status"></p>
<progress id="work-bar" max="1" value="0" data-label="progress" aria-label="{text(said["progress"])}" hidden></progress>
</div>
</div>
{say("list", "h2")}
<ul class="files">
{rows}
</ul>
<section class="scripted-only">
{say("check_title", "h2")}
<div class="drop" id="drop">
{say("check", "span", ' class="small soft"')}
<label class="button quiet">{say("choose")}<input class="visually-hidden" type="file" id="choose" multiple></label>
<ul class="results" id="results" aria-live="polite"></ul>
</div>
</section>
</main>"""


def _row(index: int, file: PageFile, said: Mapping[str, str]) -> str:
    link = file.link
    name = printable(link.name)
    kind = _kind(file.media_type)
    ending = name.rpartition(".")[2].upper() if "." in name else ""
    ending = ending if 0 < len(ending) <= 5 else ""
    own = file.thumbnails[:1] if kind != "archive" else ()
    picture = f'<img src="{text(own[0])}" alt="">' if own else f'<span class="badge">{text(ending)}</span>'
    strip = "" if own else "".join(f'<img src="{text(uri)}" alt="">' for uri in file.thumbnails[:STRIP])
    url = text(link.url)
    more = _preview(file, name, url, said) + _members(link, said)
    if link.sha256:
        digest = f'<code dir="ltr">{text(link.sha256)}</code>'
        more += f"<details><summary>{text(said['fingerprint'])}</summary>{digest}</details>"
    label = text(said["download_file"].format(name=name))
    return f"""<li class="card file" id="file-{index}">
<div class="thumb" aria-hidden="true">{picture}</div>
<div>
<h3><bdi>{text(name)}</bdi></h3>
<p class="meta">{f"<bdi>{text(ending)}</bdi> · " if ending else ""}<span data-say="{kind}">{text(said[kind])}</span> ·
<span data-size="{link.size}">{short_size(link.size)}</span></p>
<p class="state" hidden></p>
</div>
<div class="go"><a class="button" href="{url}" download rel="noreferrer" data-name="{text(name)}" aria-label="{label}">
<span data-say="download">{text(said["download"])}</span></a></div>
<div class="more">{more}</div>
{f'<div class="strip" aria-hidden="true">{strip}</div>' if strip else ""}
</li>"""


def _preview(file: PageFile, name: str, url: str, said: Mapping[str, str]) -> str:
    """What the browser can show itself, loaded only when it is opened."""
    served = served_type(file.media_type)
    if served in _IMAGES:
        shown = f'<img src="{url}" alt="{text(name)}" loading="lazy" referrerpolicy="no-referrer">'
    elif served in _VIDEOS:
        shown = f'<video src="{url}" controls preload="none" playsinline aria-label="{text(name)}"></video>'
    elif served in _AUDIOS:
        shown = f'<audio src="{url}" controls preload="none" aria-label="{text(name)}"></audio>'
    else:
        return ""
    return f'<details class="preview"><summary data-say="preview">{text(said["preview"])}</summary>{shown}</details>'


def _members(link: Link, said: Mapping[str, str]) -> str:
    if len(link.members) < 2:
        return ""
    items = "".join(f"<li><bdi>{text(printable(member))}</bdi></li>" for member in link.members[:_SHOWN_MEMBERS])
    if len(link.members) > _SHOWN_MEMBERS:
        items += "<li>…</li>"
    label = text(said["contains"].format(count=len(link.members)))
    return f'<details><summary data-contains="{len(link.members)}">{label}</summary><ul>{items}</ul></details>'


def _kind(media_type: str) -> str:
    for kind in ("image", "video", "audio"):
        if media_type.startswith(f"{kind}/"):
            return kind
    if media_type in _ARCHIVES:
        return "archive"
    return "text" if media_type.startswith(_DOCUMENTS) else "other"


def _lines(note: str) -> str:
    return "\n".join(printable(line) for line in note.strip().splitlines())
