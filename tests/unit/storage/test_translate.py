from __future__ import annotations

import botocore.exceptions
import pytest

from delivery.errors import StoreRefusedError, StoreUnreachableError
from delivery.storage.translate import Passing, Translator

TRANSLATOR = Translator("mine", "bucket")


def test_what_may_pass_is_left_to_those_who_try_again() -> None:
    with pytest.raises(Passing), TRANSLATOR.translated("looking"):
        raise botocore.exceptions.ConnectTimeoutError(endpoint_url="https://example.invalid")


def test_where_nobody_tries_again_it_is_told_in_words() -> None:
    with pytest.raises(StoreUnreachableError) as caught, TRANSLATOR.told("asking for credentials"):
        raise botocore.exceptions.EndpointConnectionError(endpoint_url="https://example.invalid/?secret")
    assert "secret" not in str(caught.value)
    assert caught.value.hint


def test_no_credentials_is_a_refusal() -> None:
    with pytest.raises(StoreRefusedError, match="no credentials"), TRANSLATOR.told("signing a link"):
        raise botocore.exceptions.NoCredentialsError
