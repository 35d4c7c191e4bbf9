"""A caller's program over the whole public interface, for mypy --strict. It is read, and never run.

Where a comment tells mypy to ignore an error, the error must be there: --strict refuses a comment that nothing needs.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, assert_type

import boto3

from delivery import (
    Attachment,
    BlockedError,
    Cancelled,
    CancelToken,
    CheckOptions,
    ConfigError,
    Connection,
    Deliverable,
    Delivery,
    DeliveryError,
    DeliveryOptions,
    Fetched,
    FetchedFile,
    FileEntry,
    Finding,
    Input,
    Inspection,
    IntegrityError,
    Joined,
    Link,
    LocalError,
    ManifestPlace,
    MessageOptions,
    Method,
    NullProgress,
    Part,
    PartKind,
    Plan,
    PlannedJoin,
    PlatformOptions,
    Profile,
    Progress,
    PrunedStore,
    RecordingProgress,
    Revoked,
    SendOptions,
    Settings,
    Severity,
    StoreOptions,
    StoreRefusedError,
    StoreUnreachableError,
    Task,
    UploadOptions,
    UsageError,
    Verified,
    Via,
    __version__,
    carry_out,
    check,
    compose_message,
    compose_reply,
    doctor,
    dry_run,
    fetch,
    join,
    pack,
    plan,
    prune,
    renew,
    revoke,
    send,
    upload,
    verify,
)

assert_type(__version__, str)


class Told:
    """Progress of a caller's own, which inherits from nothing of ours."""

    def task(self, label: str, total: int | None, unit: Literal["bytes", "files"]) -> Task:
        return Step()

    def note(self, text: str) -> None:
        pass


class Step:
    def advance(self, amount: int) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def settings() -> Settings:
    made = Settings(
        delivery=SendOptions(platform="none", via=Via.AUTO, expires=timedelta(days=3)),
        upload=UploadOptions(threads=4),
        checks=CheckOptions(deep=True),
        message=MessageOptions(bilingual=True),
        platforms={"own": PlatformOptions(file_limit=1_000_000)},
    )
    assert_type(Settings.load("delivery.ini"), Settings)
    return made.with_store("mine", StoreOptions(bucket="b")).override(language="de")


def sending(cancel: CancelToken, progress: Progress) -> Delivery:
    inputs: list[Input] = ["final", Path("more"), FileEntry.from_bytes("a.csv", b"a,b\n")]
    inputs.append(FileEntry.from_stream("b.bin", io.BytesIO(b"x"), size=1, mtime=datetime.now(UTC)))
    options: DeliveryOptions = {"platform": "gmail", "expires": "3d", "allow": ["draft-name"], "since": "2026-01-31"}
    made = send(inputs, settings=settings(), situation="first", progress=progress, cancel=cancel, **options)
    assert_type(made, Delivery)
    pack(["final"], out=Path("ready"), proof=True, language="fr", progress=NullProgress(), revision_of=made.id)
    upload(["final"], expires=timedelta(hours=1), via="link", page=False, note="thanks", order="#1")

    send("final", platform=7)  # type: ignore[arg-type]
    send(["final"], platfrom="gmail")  # type: ignore[call-arg]
    send(["final"], via="by post")  # type: ignore[arg-type]
    pack(["final"], connection=boto3.Session())  # type: ignore[call-arg]
    FileEntry.from_stream("text.txt", io.StringIO("text"))  # type: ignore[arg-type]
    return made


def step_by_step() -> tuple[Inspection, Plan]:
    with check(["final"], read_streams=False, strict=True) as looked:
        assert_type(looked, Inspection)
        findings: tuple[Finding, ...] = looked.findings
        profile: Profile = looked.profile
        deliverable: Deliverable = looked.deliverable
        errors = [item.path for item in findings if item.severity is Severity.ERROR]
        print(errors, profile.title, deliverable.size)
        planned = plan(looked)
        parts: tuple[Part, ...] = planned.parts
        print([part.filename for part in parts if part.kind is PartKind.VOLUME])
        assert_type(dry_run(looked, planned), Delivery)
        assert_type(carry_out(looked, planned), Delivery)
    return looked, planned


def reading(made: Delivery) -> None:
    attachments: tuple[Attachment, ...] = made.attachments
    links: tuple[Link, ...] = made.links
    place: ManifestPlace = made.manifest
    assert_type(made.method, Method)
    assert_type(made.messages, tuple[str, ...])
    ends: Mapping[str, datetime | None] = {link.name: link.expires_at for link in links}
    print(attachments[0].filename, ends, place.path, replace(made, notes=()))


def later(id: str) -> None:
    session = boto3.Session(profile_name="freelance")
    connections: list[Connection] = [session, session.client("s3")]
    for connection in connections:
        assert_type(renew(id, expires="3d", connection=connection), Delivery)
        assert_type(revoke(id, connection=connection), Revoked)
    assert_type(compose_message(id, language="es", situation="renewed"), Delivery)
    print(compose_reply("email-request", id).messages)
    done: tuple[PrunedStore, ...] = prune(after=timedelta(days=1), dry_run=True)
    print([item.store for item in done], doctor(store="mine").healthy)
    checked: Verified = verify("ready")
    made: Joined = join(Path("ready"), "joined")
    planned: tuple[PlannedJoin, ...] = join("ready", "joined", dry_run=True).planned
    print(checked.parts, made.files, planned)
    brought: Fetched = fetch("https://example.com/page", "incoming", only=["*.svg"], unpack=True)
    here: tuple[FetchedFile, ...] = brought.files
    print([(item.path, item.size, item.sha256) for item in here], brought.verified)
    renew(id, connection="profile")  # type: ignore[arg-type]


def errors() -> int:
    progress = RecordingProgress()
    try:
        sending(CancelToken(), progress)
        sending(CancelToken(), Told())
    except BlockedError as error:
        found: tuple[Finding, ...] = error.findings
        return len(found)
    except (UsageError, ConfigError) as error:
        as_value: ValueError = error
        return len(str(as_value))
    except LocalError as error:
        as_system: OSError = error
        return as_system.errno or 0
    except StoreRefusedError as error:
        refused: PermissionError = error
        return len(str(refused))
    except (StoreUnreachableError, IntegrityError, Cancelled):
        return 6
    except DeliveryError as error:
        print(error.code, error.hint)
        return error.exit_code
    return 0
