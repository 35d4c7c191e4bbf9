"""Servers that answer in ways of their own: pages, silence, halves, bodies without end."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.stores import KEYS, soon

from delivery.config import Settings
from delivery.errors import Cancelled, StoreRefusedError, StoreUnreachableError
from delivery.hosting.diagnosis import Outcome
from delivery.hosting.looks import Looks
from delivery.model import StoredObject
from delivery.options import StoreOptions
from delivery.progress import CancelToken
from delivery.storage import ObjectHeaders, RemotePart, Store, Watch, dial, open_store, tls
from delivery.storage.carry import Text
from delivery.storage.faults import ClockError
from delivery.storage.probe import probe

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n"


@contextmanager
def serving(
    *pieces: bytes | Callable[[], bytes], then: str = "close", context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A server that answers every request with ``pieces``, one after another, and then closes or says no more."""
    ended = threading.Event()

    def answer(peer: socket.socket) -> None:
        try:
            with context.wrap_socket(peer, server_side=True) if context else peer as sock:
                asked = b""
                while (got := sock.recv(65536)) and not _whole(asked := asked + got):
                    pass
                for piece in pieces:
                    sock.sendall(piece if isinstance(piece, bytes) else piece())
                    time.sleep(0.05)
                if then == "silence":
                    ended.wait(60)
        except OSError:
            pass

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(peer,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            with suppress(OSError):  # refused but on Linux, where closing alone would not wake who accepts
                listener.shutdown(socket.SHUT_RDWR)


def _whole(asked: bytes) -> bool:
    head, ended, body = asked.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(ended) and len(body) >= (int(length[1]) if length else 0)


def opened(port: int, scheme: str = "http", **watched: object) -> Store:
    options = StoreOptions(bucket="work", endpoint=f"{scheme}://127.0.0.1:{port}", **KEYS)
    store = open_store("mine", Settings(stores={"mine": options}), until=soon())
    return store.watched(Watch(attempts=2, **watched))  # type: ignore[arg-type]


pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(folder / "key.pem")]
    subprocess.run([*command, "-out", str(folder / "cert.pem")], check=True, capture_output=True)
    return folder / "cert.pem"


ASKING: list[Callable[[Store], object]] = [
    lambda store: store.look("k"),
    lambda store: list(store.keys("")),
    lambda store: list(store.read("k")),
    lambda store: store.complete("k", "id", [RemotePart(1, 5, "ab")], tag="t"),
]
STALLS = [
    (),
    (b"HTTP/1.1 200 O",),
    (HEAD, b"Content-Length: 900\r\n\r\n", b"   "),
    (HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\n   \r\n"),
]


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("pieces", STALLS, ids=["nothing", "half-a-head", "half-a-body", "a-chunk"])
@pytest.mark.parametrize("ask", ASKING, ids=["look", "list", "read", "complete"])
def test_a_cancel_is_heard_wherever_an_answer_stops(
    ask: Callable[[Store], object],
    pieces: tuple[bytes, ...],
    secure: bool,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = None
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr(dial, "tls_context", lambda: trusting)
    cancel = CancelToken()
    with serving(*pieces, then="silence", context=context) as port:
        store = opened(port, "https" if secure else "http", cancel=cancel)
        if ask is ASKING[0] and len(pieces) > 1:
            return  # an answer to HEAD has no body
        timer = threading.Timer(0.4, cancel.cancel)
        timer.start()
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            ask(store)
        timer.join()
        assert time.monotonic() - begun < 10  # the server would be silent for a minute


@pytest.mark.parametrize("page", [b"<!doctype html><html><title>Console</title>", b"<html><body>Sign in</body></html>"])
def test_a_console_or_a_login_is_not_a_store(page: bytes) -> None:
    with serving(HEAD + b"Content-Length: %d\r\n\r\n" % len(page) + page) as port:
        for ask in (
            lambda store: store.ensure_ready(),
            lambda store: list(store.keys("")),
            lambda store: list(store.pending("")),
        ):
            with pytest.raises(StoreRefusedError, match="is not S3") as caught:
                ask(opened(port))
            assert "endpoint" in caught.value.hint


def test_a_server_that_has_nothing_at_the_buckets_place_is_not_a_store() -> None:
    with serving(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as port:
        with pytest.raises(StoreRefusedError, match="is not S3"):
            opened(port).ensure_ready()
        assert opened(port).look("k") is None


@pytest.mark.parametrize("row", [b"<Key>k</Key>", b"<Key>k</Key><Size>x</Size><LastModified>2026</LastModified>"])
def test_rows_that_lack_what_a_row_has_are_an_error_in_words(row: bytes) -> None:
    body = b"<ListBucketResult><Contents>" + row + b"</Contents></ListBucketResult>"
    with serving(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body) as port:
        with pytest.raises(StoreUnreachableError, match="failed inside"):
            list(opened(port).keys(""))


def test_a_list_that_is_cut_is_never_a_shorter_list() -> None:
    body = b"<ListBucketResult></ListBucketResult>"
    with serving(HEAD + b"Content-Length: %d\r\n\r\n" % (len(body) + 9) + body) as port:
        with pytest.raises(StoreUnreachableError, match="connection broke"):
            list(opened(port).keys(""))


def test_a_store_that_lists_all_whatever_is_asked_for_shows_nothing_of_others() -> None:
    when = b"2026-11-27T10:00:00Z"
    rows = b"".join(
        b"<Contents><Key>%s</Key><Size>1</Size><LastModified>%s</LastModified></Contents>"
        b"<Upload><Key>%s</Key><UploadId>u</UploadId><Initiated>%s</Initiated></Upload>" % (key, when, key, when)
        for key in (b"ours/a", b"theirs/a")
    )
    body = b"<Result>" + rows + b"</Result>"
    with serving(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body) as port:
        assert [item.key for item, _ in opened(port).keys("ours/")] == ["ours/a"]
        assert [item.key for item in opened(port).pending("ours/")] == ["ours/a"]


def test_a_store_that_answers_any_question_with_a_list_is_not_called_encrypted() -> None:
    rows = b"<ListBucketResult><Name>work</Name><Contents><Key>k</Key></Contents></ListBucketResult>"
    with serving(HEAD, b"Content-Length: %d\r\n\r\n" % len(rows), rows) as port:
        looks = Looks(opened(port), CancelToken(), timedelta(days=7), timedelta(days=14), fix=False)
        told = {step.name: step.outcome for step in looks.settings()}
    assert told["encryption"] is told["lifecycle"] is told["public access"] is Outcome.WARNING


def test_the_reason_of_a_refusal_may_come_in_pieces() -> None:
    body = b"<Error><Code>RequestTimeTooSkewed</Code></Error>"
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(body)
    with serving(head, body[:9], b"", b"", b"", b"", b"", body[9:]) as port:
        with pytest.raises(ClockError):
            list(opened(port).read("k"))


def test_a_read_that_goes_on_is_not_given_the_beginning_again() -> None:
    with serving(HEAD + b"Content-Length: 10\r\n\r\n" + b"012345") as port:
        with pytest.raises(StoreRefusedError):
            list(opened(port).read("k"))


def test_an_empty_answer_to_complete_is_settled_by_looking() -> None:
    with serving(HEAD + b'Content-Length: 0\r\nETag: "ab"\r\nx-amz-meta-delivery-tag: t\r\n\r\n') as port:
        opened(port).complete("k", "id", [RemotePart(1, 0, "ab")], tag="t")
        with pytest.raises(StoreUnreachableError):
            opened(port).complete("k", "id", [RemotePart(1, 0, "ab")], tag="another")


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_a_bundle_that_cannot_be_read_is_told(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    tls.tls_context.cache_clear()
    with serving() as port, pytest.raises(StoreUnreachableError, match="AWS_CA_BUNDLE") as caught:
        opened(port, "https").ensure_ready()
    assert caught.value.code == "store-tls"


def test_a_key_log_that_cannot_be_written_is_not_the_bundles_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "absent" / "keys"))
    tls.tls_context.cache_clear()
    with serving() as port, pytest.raises(StoreUnreachableError, match="SSLKEYLOGFILE") as caught:
        opened(port, "https").ensure_ready()
    assert "AWS_CA_BUNDLE" not in f"{caught.value}{caught.value.hint}"


def test_a_socks_proxy_is_told_as_one_that_is_not_spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5h://127.0.0.1:1080")
    options = StoreOptions(bucket="work", endpoint="https://s3.example.com", **KEYS)
    store = open_store("mine", Settings(stores={"mine": options}), until=soon())
    with pytest.raises(StoreUnreachableError, match="SOCKS") as caught:
        store.ensure_ready()
    assert "HTTPS_PROXY" in caught.value.hint


@pytest.mark.parametrize("proxy", ["http://user:se#cret@127.0.0.1:3128", "http://127.0.0.1:31x", "http://[::1"])
def test_a_proxy_that_is_no_address_is_told_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    options = StoreOptions(bucket="work", endpoint="https://s3.example.com", **KEYS)
    store = open_store("mine", Settings(stores={"mine": options}), until=soon())
    with pytest.raises(StoreUnreachableError, match="proxy") as caught:
        store.ensure_ready()
    assert "se" not in str(caught.value).replace("set", "") and "31x" not in str(caught.value)


def test_a_store_that_does_not_copy_is_told_from_one_that_says_nothing() -> None:
    def sized(size: int) -> bytes:
        return HEAD + b'Content-Length: %d\r\nETag: "ab"\r\n\r\n' % size

    headers = ObjectHeaders("text/plain", "attachment")
    with serving(sized(0)) as port:
        opened(port).copy(StoredObject("a", 0, etag="ab"), "b", headers, metadata={})
    with serving(sized(0)) as port, pytest.raises(StoreRefusedError, match="does not copy"):
        opened(port).copy(StoredObject("a", 7, etag="ab"), "b", headers, metadata={})
    with serving(sized(0)) as port, pytest.raises(StoreRefusedError, match="does not copy"):
        opened(port).copy_part(StoredObject("a", 7, etag="ab"), 0, 7, "b", "upload", 1)


def test_what_http_cannot_carry_is_refused_at_once_and_not_shown() -> None:
    headers = ObjectHeaders("text/plain", "attachment\nX: secret")
    with serving() as port, pytest.raises(StoreRefusedError, match="cannot carry") as caught:
        opened(port).begin("k", headers, metadata={})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("digits", [19, 5000])
def test_a_size_that_no_object_has_is_an_error_in_words(digits: int) -> None:
    with serving(HEAD, b"Content-Length: " + b"9" * digits + b"\r\n\r\n") as port:
        with pytest.raises(StoreUnreachableError):
            opened(port).look("k")
    answer = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Range: bytes 0-0/" + b"9" * digits
    with serving(answer + b"\r\n\r\nx") as port:
        assert probe(f"http://127.0.0.1:{port}/k").total is None


def test_a_clock_that_names_no_zone_tells_utc() -> None:
    with serving(b"HTTP/1.1 403 No\r\nDate: Mon, 01 Jan 2024 00:00:00 -0000\r\nContent-Length: 0\r\n\r\n") as port:
        assert probe(f"http://127.0.0.1:{port}/k").date == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("etag", [b'"ab"', b'W/"ab"', b"ab", b' W/"ab" '])
def test_an_etag_is_the_same_however_it_is_told(etag: bytes) -> None:
    body = b"<L><Part><PartNumber>1</PartNumber><Size>1</Size><ETag>%s</ETag>" % etag.replace(b'"', b"&quot;")
    body += b"<LastModified>2026-11-27T10:00:00Z</LastModified></Part></L>"
    with serving(HEAD + b"Content-Length: %d\r\nETag: %s\r\n\r\n" % (len(body), etag) + body) as port:
        store, headers = opened(port), ObjectHeaders("text/plain", "attachment")
        found, parts = store.look("k"), store.parts("k", "id")
        assert found is not None and found.etag == "ab"
        assert parts is not None and [part.etag for part in parts] == ["ab"]
        assert store.put("k", Text(b"x"), headers, metadata={}) == "ab"
