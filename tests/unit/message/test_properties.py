"""Whatever is delivered: no message exceeds its limit, no link is broken, and every message passes the lint."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.message import Changes, Reply, Situation, compose, lint, reply
from delivery.message.hypertext import seen
from delivery.message.language import codes
from delivery.model import Attachment, Deliverable, Delivery, FileEntry, Link, Method, PartKind, Plan
from delivery.options import MessageOptions
from delivery.profile import LinkPolicy, Profile
from delivery.units import utf16

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Asia/Karachi")]

hostile = st.sampled_from(
    ["payment.zip", "e-mail.pdf", "+49 171 2345678.png", "a\u202egnp.exe", "see bit.ly.txt", "{work}", "5 stars.png",
     "WhatsApp Image 2026-11-22.jpg", "01 Song.mp3", "пaypal", "@someone.txt", "`tick`_under_.md", "a\nb.txt",
     "ملف.pdf"]
)  # fmt: skip
names = st.one_of(hostile, st.text(min_size=1, max_size=60).map(lambda text: text.replace("/", "_")))
limits = st.one_of(st.none(), st.integers(700, 4000))
sizes = st.integers(0, 10**13)
ends = st.one_of(st.none(), st.integers(60, 10**7).map(lambda seconds: NOW + timedelta(seconds=seconds)))
kinds = st.sampled_from(list(PartKind))


@st.composite
def deliveries(draw):
    markup = draw(st.sampled_from(["plain", "markdown", "html"]))
    limit = draw(limits)
    if limit and markup == "html":
        limit += 800  # a link stands in it twice
    profile = Profile(
        "x", "X", marketplace=True, message_chars=limit, link_policy=draw(st.sampled_from(list(LinkPolicy))),
        markup=markup,
    )  # fmt: skip
    files = tuple(
        FileEntry("/x", draw(names), draw(sizes), 0, sha256="a" * 64, original=draw(st.one_of(st.none(), names)))
        for _ in range(draw(st.integers(1, 15)))
    )
    method = draw(st.sampled_from(list(Method)))
    messages = draw(st.integers(1, 3)) if method is Method.ATTACH else 1
    attachments = tuple(
        Attachment(
            draw(st.integers(1, messages)), f"/o/{draw(names)}", draw(sizes), "b" * 64, draw(kinds), (draw(names),)
        )
        for _ in range(draw(st.integers(0, 16)))
    )

    def link(n):
        url = f"https://bucket.example.com/d/{n}?X-Amz-Signature=" + "a" * draw(st.integers(1, 400))
        return Link(draw(names), f"k{n}", draw(sizes), "c" * 64, draw(ends), url)

    links = tuple(link(n) for n in range(draw(st.integers(1, 14)))) if method is Method.LINK else ()
    page = link(99) if links and draw(st.booleans()) else None
    return Delivery(
        "d", NOW, Plan(Deliverable("w", files), profile, method, (), messages, ()), files,
        attachments=attachments, links=links, page=page, order=draw(st.one_of(st.none(), names)),
        language=draw(st.sampled_from(codes())),
    )  # fmt: skip


changes = st.builds(
    Changes, *(st.lists(names, max_size=14).map(tuple) for _ in range(3))
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(deliveries(), st.sampled_from(ZONES), st.sampled_from(list(Situation)), changes, st.booleans())
def test_every_message_fits_keeps_its_links_and_passes_the_lint(delivery, zone, situation, changed, bilingual):
    profile = delivery.plan.profile
    texts = compose(
        delivery, options=MessageOptions(bilingual=bilingual), zone=zone, now=NOW, situation=situation, changes=changed
    )
    shown = [delivery.page.url] if delivery.page else [link.url for link in delivery.links]
    read = [seen(text).text if profile.markup == "html" else text for text in texts]
    assert [url for text in read for url in re.findall(r"https://bucket\S+", text)] == shown
    for text in texts:
        assert profile.message_chars is None or utf16(text) <= profile.message_chars
        assert lint(text, profile) == ()
    for text in read:
        for url in re.findall(r"https://bucket\S+", text):
            assert url in text.splitlines()


@settings(max_examples=40, deadline=None)
@given(deliveries(), st.sampled_from(list(Reply)), st.booleans(), st.integers(0, 3))
def test_every_reply_fits_and_passes_the_lint(delivery, to, bilingual, renewals):
    profile = replace(delivery.plan.profile, message_chars=1200 if delivery.plan.profile.markup == "html" else 700)
    texts = reply(
        to, profile=profile, language=delivery.language, options=MessageOptions(bilingual=bilingual), zone=ZONES[1],
        now=NOW, delivery=delivery, renewals=renewals,
    )  # fmt: skip
    for text in texts:
        assert utf16(text) <= (profile.message_chars or 0)
        assert lint(text, profile) == ()
