"""Every option of the configuration, as data: its default, how its text is read, and one line of why.

``config.py`` reads files against these classes; ``config.example.ini`` is written from them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from delivery.errors import ConfigError
from delivery.model import Via
from delivery.units import parse_duration, parse_size
from delivery.values import (
    Parse,
    as_option,
    choice,
    parse_bool,
    parse_day,
    parse_folder,
    parse_list,
    parse_positive,
    parse_rate,
    parse_via,
)


def option(default: Any, why: str, parse: Parse = str, *, example: str = "", secret: bool = False) -> Any:
    """A dataclass field that a file, the environment or a caller may set."""
    metadata = {"why": why, "parse": parse, "example": example, "secret": secret}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True)
class _Section:
    """What is given as a value keeps to what its text may say; so whatever reads an option can rely on it."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is item.default:
                continue
            try:
                object.__setattr__(self, item.name, as_option(value, str(item.type), item.metadata["parse"]))
            except ValueError as error:
                shown = f"{type(value).__name__} is not text" if item.metadata["secret"] else str(error)
                hint = item.metadata["why"]
                raise ConfigError(f"{item.name}: {shown}", hint=hint, code="config-value") from None


@dataclass(frozen=True, slots=True)
class SendOptions(_Section):
    """How a delivery is made when the command does not say."""

    platform: str = option(
        "fiverr", "Whose limits and words apply; `delivery platforms` lists them, `none` has no limits"
    )
    via: Via = option(Via.AUTO, "auto picks the gentlest way for the buyer; attach or link forces one", parse_via)
    out: str | None = option(None, "Folder for what to attach; default: NAME-delivery beside where you are")
    expires: timedelta = option(
        timedelta(days=7), "How long links live; 7d is the most that most stores sign", parse_duration
    )
    require_expiry: timedelta | None = option(
        None,
        "Upload only if links are sure to live so long, whatever ends the credentials that sign them",
        parse_duration,
        example="24h",
    )
    id: str | None = option(
        None,
        "A name under which a later run goes on with this delivery; commit: named after CI's or git's commit",
        example="commit",
    )
    retain: timedelta | None = option(
        None, "How long the store keeps the files, for `delivery prune` on any machine", parse_duration, example="14d"
    )
    store: str = option("local", "Which [store:NAME] links go to; local is the embedded store on this machine")
    order: str | None = option(None, "A label for the order, shown in the message and kept in the record")
    note: str | None = option(None, "A line of yours for the buyer, shown on the delivery page")
    proof: bool = option(False, "A proof sheet beside attachments too; the link way always makes one", parse_bool)
    page: bool = option(True, "One page for the chat instead of several links", parse_bool)
    pack: bool = option(True, "Zips where there are many files; else each goes by itself", parse_bool)
    language: str = option("en", "The language of the message")
    timezone: str | None = option(
        None, "The buyer's or your time zone for dates (Europe/Berlin); default: this machine's"
    )
    strict: bool = option(False, "Warnings block too", parse_bool)
    allow: tuple[str, ...] = option((), "Finding codes to waive, separated by commas", parse_list)
    keep_junk: bool = option(False, "Deliver .DS_Store, Thumbs.db and the like too", parse_bool)


@dataclass(frozen=True, slots=True)
class UploadOptions(_Section):
    """How bytes travel to a store."""

    threshold: int = option(64 * 1024**2, "Files from this size on go up in parts", parse_size)
    part_size: int = option(16 * 1024**2, "The size of one S3 part; raised by itself for very large files", parse_size)
    threads: int | None = option(
        None,
        "S3 parts under way at once, and twice as many small files; default: 4, and up to 32 while faster",
        parse_positive,
        example="2",
    )
    bwlimit: int | None = option(None, "Bytes per second, all in all; empty: no limit", parse_rate, example="5MB")
    prove_parts: str = option(
        "auto",
        "yes: the store checks the SHA-256 of each part; auto: unless it is on this machine",
        choice("auto", "yes", "no"),
    )
    verify: bool = option(False, "Read every object back and compare its SHA-256", parse_bool)
    attempts: int = option(6, "Tries for each request before the store counts as unreachable", parse_positive)


@dataclass(frozen=True, slots=True)
class StoreOptions(_Section):
    """One S3-compatible store."""

    profile: str = option("s3", "Whose quirks apply: aws, r2, b2, wasabi, minio, ceph ...; s3 is a plain one")
    bucket: str | None = option(None, "The bucket; it must exist", example="my-deliveries")
    endpoint: str | None = option(None, "The store's address; leave out for AWS", example="https://s3.example.com")
    region: str | None = option(None, "The bucket's region; links are signed for it", example="eu-central-1")
    prefix: str = option("", "Keys start with this, so that several uses can share a bucket")
    addressing: str | None = option(None, "virtual or path; default: what the profile knows", choice("virtual", "path"))
    presign_cap: timedelta | None = option(
        None, "The longest life the store signs; default: what the profile knows", parse_duration
    )
    checksum: str | None = option(
        None,
        "crc32 where the store keeps one of the whole object, else none; default: what the profile knows",
        choice("crc32", "none"),
    )
    md5_etags: bool | None = option(
        None, "Whether ETags are the MD5 of the bytes; default: what the profile knows", parse_bool
    )
    conditional_put: bool | None = option(
        None, "Whether the store can refuse to overwrite; default: what the profile knows", parse_bool
    )
    multipart: bool | None = option(
        None, "Whether large files go up in parts; default: what the profile knows", parse_bool
    )
    versions: bool | None = option(
        None, "Whether old versions may be kept, to be removed too; default: what the profile knows", parse_bool
    )
    max_object: int | None = option(
        None, "The largest object that the store holds; default: what the profile knows", parse_size
    )
    keep: timedelta = option(
        timedelta(days=30),
        "With `doctor --fix` the store removes files after this, if prefix is set",
        parse_duration,
    )
    aws_profile: str | None = option(None, "A profile of ~/.aws/credentials to take keys from")
    signing_profile: str | None = option(
        None, "A profile of ~/.aws/credentials whose key signs the links, while the other keys upload"
    )
    access_key_id: str | None = option(
        None, "Better left out: the AWS chain (environment, ~/.aws, SSO, roles) is asked", secret=True
    )
    secret_access_key: str | None = option(
        None, "Better left out; a file with keys must be readable by you alone", secret=True
    )
    session_token: str | None = option(None, "Only with temporary keys; links die with them", secret=True)


@dataclass(frozen=True, slots=True)
class PlatformOptions(_Section):
    """A platform of your own, or new values for a shipped one. Empty: as shipped, or no limit."""

    title: str | None = option(None, "How messages and tables call it")
    file_limit: int | None = option(None, "The largest single attachment", parse_size, example="100MB")
    message_limit: int | None = option(None, "All attachments of one message together", parse_size, example="500MB")
    message_files: int | None = option(None, "Attachments of one message", parse_positive, example="10")
    messages: int | None = option(
        None, "Messages one delivery may span before a link is kinder", parse_positive, example="3"
    )
    message_chars: int | None = option(None, "The longest message, in characters", parse_positive, example="2500")
    markup: str | None = option(
        None,
        "What its messages are written in: html where it renders HTML, markdown, or plain text",
        choice("plain", "markdown", "html"),
        example="html",
    )
    blocked_types: tuple[str, ...] | None = option(None, "Extensions that are refused", parse_list, example="exe, bat")
    marketplace: bool | None = option(
        None, "Whether contact details and payment words are held against you", parse_bool
    )
    link_policy: str | None = option(
        None, "allowed, risky, barred or unknown", choice("allowed", "risky", "barred", "unknown")
    )


@dataclass(frozen=True, slots=True)
class CheckOptions(_Section):
    """What the checks look for."""

    since: datetime | None = option(
        None, "The order's start: older files are suspects", parse_day, example="2026-01-31"
    )
    expect: tuple[str, ...] = option(
        (),
        "Patterns of what was promised; what is absent blocks, what is not named is told",
        parse_list,
        example="*.png, *.svg",
    )
    deep: bool = option(False, "Decode every picture, archive, PDF, video and sound to its end; slow", parse_bool)
    strip: bool = option(False, "Deliver copies without personal metadata; your files stay as they are", parse_bool)


@dataclass(frozen=True, slots=True)
class MessageOptions(_Section):
    """How the message is written."""

    templates: str | None = option(
        None, "Folder with sentences (en.toml) and layouts (attach.txt, link.txt) of your own", parse_folder
    )
    held: tuple[str, ...] = option((), "Words of your own that `delivery lint` should name too", parse_list)
    bilingual: bool = option(False, "Put English below messages in another language", parse_bool)


class DeliveryOptions(TypedDict, total=False):
    """What the verbs take as keywords: each option of ``[delivery]`` and ``[checks]``; None leaves it as configured.

    Durations and days may be given as text too, in the form that the configuration has.
    """

    platform: str | None
    via: Via | Literal["auto", "attach", "link"] | None
    out: str | os.PathLike[str] | None
    expires: timedelta | str | None
    require_expiry: timedelta | str | None
    id: str | None
    retain: timedelta | str | None
    store: str | None
    order: str | None
    note: str | None
    proof: bool | None
    page: bool | None
    pack: bool | None
    language: str | None
    timezone: str | None
    strict: bool | None
    allow: Sequence[str] | None
    keep_junk: bool | None
    since: datetime | str | None
    expect: Sequence[str] | None
    deep: bool | None
    strip: bool | None


def option_names(section: type) -> tuple[str, ...]:
    return tuple(item.name for item in fields(section))
