"""Credentials in text: the shapes that issuers gave their tokens, and values with entropy beside a telling name.

A cheap search for fixed letters comes first; the exact patterns only run where it hits. What was found is never
returned, only its kind and place.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

_SHAPES: tuple[tuple[bytes, str, re.Pattern[bytes]], ...] = tuple(
    (mark, kind, re.compile(pattern))
    for mark, kind, pattern in (
        (
            b"PRIVATE KEY-----",
            "a private key",
            rb"-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY-----\s+[A-Za-z0-9+/=:,\s-]{60}",
        ),
        (b"PRIVATE KEY BLOCK", "a private key", rb"-----BEGIN PGP PRIVATE KEY BLOCK-----\s"),
        (b"PRIVATE KEY-----", "a private key", rb"-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY-----\\n[A-Za-z0-9+/=]{40}"),
        (b"AKIA", "an AWS access key", rb"(?<![A-Z0-9])AKIA[A-Z2-7]{16}(?![A-Z0-9])"),
        (b"ghp_", "a GitHub token", rb"(?<!\w)ghp_[A-Za-z0-9]{36}(?!\w)"),
        (b"gho_", "a GitHub token", rb"(?<!\w)gho_[A-Za-z0-9]{36}(?!\w)"),
        (b"ghs_", "a GitHub token", rb"(?<!\w)ghs_[A-Za-z0-9]{36}(?!\w)"),
        (b"github_pat_", "a GitHub token", rb"(?<!\w)github_pat_[A-Za-z0-9_]{60,90}(?!\w)"),
        (b"glpat-", "a GitLab token", rb"(?<!\w)glpat-[\w-]{20,}"),
        (b"xox", "a Slack token", rb"(?<!\w)xox[abprs]-\d{8,14}-[\w-]{20,}"),
        (b"_live_", "a live payment key", rb"(?<!\w)[srp]k_live_[A-Za-z0-9]{20,}"),
        (b"AIza", "a Google API key", rb"(?<!\w)AIza[\w-]{35}(?![\w-])"),
        (b"GOCSPX-", "a Google client secret", rb"(?<!\w)GOCSPX-[\w-]{28}"),
        (b"sk-ant-", "an API key", rb"(?<!\w)sk-ant-[\w-]{40,}"),
        (b"sk-proj-", "an API key", rb"(?<!\w)sk-proj-[\w-]{40,}"),
        (b"T3BlbkFJ", "an API key", rb"(?<!\w)sk-[\w-]*T3BlbkFJ[\w-]{20,}"),
        (b"SG.", "a SendGrid key", rb"(?<!\w)SG\.[\w-]{22}\.[\w-]{43}(?!\w)"),
        (b"npm_", "an npm token", rb"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)"),
        (b"pypi-AgE", "a PyPI token", rb"(?<!\w)pypi-AgE[\w-]{60,}"),
        (b"hooks.slack.com/", "a Slack webhook", rb"hooks\.slack\.com/services/T\w{8,12}/B\w{8,12}/\w{20,}"),
        (b"/api/webhooks/", "a Discord webhook", rb"discord(?:app)?\.com/api/webhooks/\d{17,20}/[\w-]{60,}"),
        (b"AccountKey=", "an Azure storage key", rb"AccountKey=[A-Za-z0-9+/]{80,}={0,2}"),
        (b"shpat_", "a Shopify token", rb"(?<!\w)shpat_[0-9a-fA-F]{32}(?!\w)"),
        (b"dop_v1_", "a DigitalOcean token", rb"(?<!\w)dop_v1_[0-9a-f]{64}(?!\w)"),
        (b"hf_", "a Hugging Face token", rb"(?<!\w)hf_[A-Za-z]{34}(?!\w)"),
        (b":AA", "a Telegram bot token", rb"(?<![\w:])\d{8,10}:AA[\w-]{33}(?![\w-])"),
    )
)
_URL = re.compile(rb"\b(?:https?|ftps?|sftp|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?)://"
                  rb"[\w.+-]{1,60}:([^\s:/@'\"<>{}$%*]{6,80})@([\w.-]+)")  # fmt: skip
_VALUE = rb"\s{0,4}(?:[bru]?(\\?[\"'])([^\"'\s]{8,200})\2|([^\s\"',;(){}\[\]]{8,200})\s*(?:$|\n|\r|#))"
_ASSIGNED = re.compile(rb"([\w.-]{0,40})(?:\\?[\"'])?\]?\s{0,4}(?::=|=>|=|:)" + _VALUE)
_DEFINED = re.compile(rb"([\w.-]{0,40})[\"']\s{0,4}," + _VALUE)
"""PHP's ``define('DB_PASSWORD', '...')``, as every WordPress site has it."""
_TELLING = (b"passw", b"secret", b"api_key", b"apikey", b"api-key", b"token", b"private_key")
_PLACEHOLDER = re.compile(
    rb"(?i)example|change.?me|your|xxx|\*\*\*|\.\.\.|placeholder|dummy|sample|test|fake|redact|insert|replace|todo|default|"
    rb"passw|secret|token|null|none|undefined|environ|getenv|process|config|12345|abcdef|qwert|hunter2|correct.?horse|foobar|"
    rb"user|admin|localhost|value|string|^[$<{%@&]|\$\{|\{\{|^https?:|^/|^\.|::|->|\(|\[-?\d+\]|^[0-9a-f]{8}-[0-9a-f]{4}-"
)
_NAME_CONTEXT = re.compile(
    rb"(?i)(?:passw(?:or)?d|secret(?:[_-]?access)?|api[_-]?key|token|private_key)(?:[_-]?(?:key|value))?$"
)
_NOT_SECRET = re.compile(
    rb"(?i)(?:next|continu|pag(?:e|ing)|start|csrf|cancel|sync|upload|idempoten|client.?request|sequence|etag|public|verif|::)"
)
_LINES_WITHOUT_QUOTES = frozenset({"env", "ini", "cfg", "conf", "properties", "yml", "yaml", "toml", "txt", ""})


def find(data: bytes, extension: str = "") -> Iterator[tuple[str, int]]:
    """Kind and offset of each credential in ``data``, the text of a file with this extension."""
    for mark, kind, pattern in _SHAPES:
        if mark in data:
            for found in pattern.finditer(data):
                if _varied(found[0]):
                    yield kind, found.start()
    if b"://" in data and b"@" in data:
        for found in _URL.finditer(data):
            if not _PLACEHOLDER.search(found[1]) and entropy(found[1]) > 2.5 and b"example" not in found[2]:
                yield "a password in an address", found.start()
    yield from _assigned(data, extension)


def _assigned(data: bytes, extension: str) -> Iterator[tuple[str, int]]:
    lowered = data.lower()
    seen = 0
    for word in _TELLING:
        at = lowered.find(word)
        while at >= 0 and seen < 2000:
            seen += 1
            start = at + len(word)
            found = _ASSIGNED.match(data, start, start + 300)
            if found is None and extension == "php":
                found = _DEFINED.match(data, start, start + 300)
            if found is not None:
                bare = found[4] is not None
                name = _name_before(data, start) + found[1]
                value = found[4] if bare else found[3]
                allowed = not bare or extension in _LINES_WITHOUT_QUOTES
                if allowed and _NAME_CONTEXT.search(name) and not _NOT_SECRET.search(name) and _random(value):
                    yield "a password or key", at
            at = lowered.find(word, start)


def _name_before(data: bytes, end: int) -> bytes:
    found = re.search(rb"[\w.:-]{1,60}$", data[max(0, end - 60) : end])
    return found[0] if found else b""


def _random(value: bytes) -> bool:
    """Whether a value looks made by a generator: letters and digits mixed, little repetition, no word for a gap."""
    if len(value) < 12 or _PLACEHOLDER.search(value):
        return False
    has_digit, has_letter = re.search(rb"\d", value), re.search(rb"[A-Za-z]", value)
    if len(value) < 20 and not value.strip(b"0123456789abcdefABCDEF"):
        return False
    if not has_digit or not has_letter or re.fullmatch(rb"[a-z]+(?:[-_.][a-z0-9]+)+", value):
        return False
    return entropy(value) >= (3.0 if len(value) < 20 else 3.5)


def _varied(token: bytes) -> bool:
    """Not ``AKIAXXXXXXXXXXXXXXXX`` or another filler, and not a documented example."""
    return entropy(token[-24:]) > 2.8 and b"EXAMPLE" not in token


def entropy(value: bytes) -> float:
    """Bits for each byte of ``value``."""
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values()) if total else 0.0
