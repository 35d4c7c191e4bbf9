from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from delivery.storage.answers import Answer
from delivery.storage.base import RemotePart
from delivery.storage.carry import Refusal
from delivery.storage.documents import age_of, document, etag_of, key_of, moment, number, parts_document, told

LIST = b"""

<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>
<Contents><Key>a+b/%C3%A9%2B%01</Key><Size>7</Size><ETag>&quot;ab&quot;</ETag>
<LastModified>2026-11-25T03:04:05.678Z</LastModified></Contents></ListBucketResult>"""


def answer(body: bytes, status: int = 200) -> Answer:
    return Answer(status, {"date": "x"}, body)


def test_a_list_is_read_whatever_its_namespace_and_the_blanks_before_it() -> None:
    page = document(answer(LIST))
    row = page.find("Contents")
    assert row is not None
    assert key_of(row, page) == "a b/é+\x01"
    assert (number(row, "Size"), etag_of(row)) == (7, "ab")
    assert moment(row, "LastModified") == datetime(2026, 11, 25, 3, 4, 5, 678000, tzinfo=UTC)


def test_blanks_around_numbers_and_the_times_of_http_are_understood() -> None:
    row = document(answer(b"<R><Size> 7 </Size><At>Wed, 12 Oct 2026 17:50:30 GMT</At></R>"))
    assert number(row, "Size") == 7
    assert moment(row, "At") == datetime(2026, 10, 12, 17, 50, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body/></html>",
        b"\n<!DOCTYPE html>\n<html>",
        b"<!-- console --><html/>",
        b'{"ok": true}',
        b'<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
    ],
)
def test_a_page_or_the_wrong_list_is_not_an_empty_list(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        document(answer(body))
    assert caught.value.code == "NotS3"


def test_a_key_that_is_not_encoded_stays_as_it_is() -> None:
    page = document(answer(b"<L><Contents><Key>a+b%20c</Key></Contents></L>"))
    row = page.find("Contents")
    assert row is not None and key_of(row, page) == "a+b%20c"


def test_an_error_inside_an_answer_that_began_well_is_an_error() -> None:
    with pytest.raises(Refusal) as caught:
        document(answer(b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>m</Message></Error>"))
    assert (caught.value.status, caught.value.code) == (200, "InternalError")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><p>login</html>",
        b"\xff\xfe\x00",
        LIST[:-9],
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b"<?xml version='1.0' encoding='nonsense'?><x/>",
    ],
)
def test_what_is_no_answer_of_s3_is_refused_not_crashed_over(body: bytes) -> None:
    with pytest.raises(Refusal):
        document(answer(body))


@pytest.mark.parametrize(
    "row",
    [
        b"<R><Size>" + b"9" * 5000 + b"</Size></R>",
        b"<R/>",
        b"<R><Size>x</Size><At>x</At></R>",
        b"<R><Size>-1</Size><At>7</At></R>",
    ],
)
def test_what_is_missing_or_wrong_in_a_row_is_refused(row: bytes) -> None:
    root = document(answer(row))
    for read, name in ((number, "Size"), (moment, "At"), (told, "Key")):
        with pytest.raises(Refusal):
            read(root, name)


def test_parts_are_told_with_their_checksums_or_without() -> None:
    parts = [RemotePart(1, 5, 'a"&'), RemotePart(2, 5, "b")]
    plain = document(answer(parts_document(parts, ())))
    assert [(number(row, "PartNumber"), told(row, "ETag")) for row in plain] == [(1, '"a"&"'), (2, '"b"')]
    assert plain.find(".//ChecksumCRC32") is None
    proven = document(answer(parts_document(parts, ("AAAA", "BBBB"))))
    assert [told(row, "ChecksumCRC32") for row in proven] == ["AAAA", "BBBB"]


def test_the_age_of_an_object_is_told_by_one_clock_or_not_at_all() -> None:
    stored, later = "Fri, 27 Nov 2026 14:00:00 GMT", "Fri, 27 Nov 2026 14:04:59 GMT"
    assert age_of({"date": later, "last-modified": stored}) == timedelta(minutes=4, seconds=59)
    for date in ("", "soon", later.replace("GMT", "-0000"), later.replace("2026", "99999999")):
        assert age_of({"date": date, "last-modified": stored}) is None
    assert age_of({"date": later}) is None
