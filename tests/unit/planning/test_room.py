from __future__ import annotations

from delivery.planning import message_with_room
from delivery.profile import Limits


def test_it_goes_to_the_first_message_with_room() -> None:
    limits = Limits(message_bytes=100)
    assert message_with_room(20, [(1, 90), (2, 80)], limits) == 2
    assert message_with_room(10, [(1, 90), (2, 80)], limits) == 1


def test_where_none_has_room_it_gets_a_message_of_its_own() -> None:
    assert message_with_room(20, [(1, 90), (2, 90)], Limits(message_bytes=100)) == 3
    assert message_with_room(1, [(1, 5), (1, 5)], Limits(message_files=2)) == 2


def test_where_a_delivery_may_have_no_more_messages_there_is_none() -> None:
    assert message_with_room(20, [(1, 90)], Limits(message_bytes=100, messages=1)) is None
    assert message_with_room(20, [(1, 90)], Limits(message_bytes=100, messages=2)) == 2


def test_without_limits_it_goes_along_with_the_first() -> None:
    assert message_with_room(10**9, [(1, 10**12)], Limits()) == 1
