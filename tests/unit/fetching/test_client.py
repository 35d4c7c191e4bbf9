"""Where a link may lead."""

from __future__ import annotations

import pytest

from delivery.errors import IntegrityError, UsageError
from delivery.fetching.client import Client
from delivery.progress import CancelToken


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "file:///etc/passwd", "ftp://example.com/x", "http://example.com/x", "https://", "https:///x",
        "https://u:p@example.com/",
        "https://example.com:0/", "https://example.com:99999/", "https://example.com/a b", "https://example.com/\n",
        "https://[::1/x",
        "http://127.0.0.1@example.com/", "https://example.com/ü", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_link_is_a_usage_error_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(UsageError) as failed:
        Client(url, CancelToken())
    assert failed.value.hint
    assert not url or url == "x" or url not in str(failed.value)


@pytest.mark.parametrize(
    "url", ["https://example.com/x?y=z", "http://127.0.0.1:80/x", "http://localhost/", "http://[::1]:8/x"]
)
def test_https_and_this_machine_are_links(url: str) -> None:
    Client(url, CancelToken())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "https://localhost/x", "http://[::1]/x", "http://example.com/x",
        "https://127.0.0.2/x", "https://0.0.0.0/x", "https://127.1/x", "https://2130706433/x", "https://0x7f.0.0.1/x",
        "https://localhost./x", "https://a.localhost/x", "https://[::]/x", "https://[0:0::1]/x",
        "https://[::ffff:127.0.0.1]/x",
    ],
)  # fmt: skip
def test_a_remote_delivery_does_not_lead_to_this_machine_or_to_plain_http(url: str) -> None:
    client = Client("https://example.com/manifest", CancelToken())
    with pytest.raises(IntegrityError, match="not followed"), client.open(url, "a file"):
        pass
