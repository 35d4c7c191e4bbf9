"""What takes as long as others like, and cannot be told to stop, done so that a cancel is heard."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from delivery.progress import CancelToken

_POLL_SECONDS = 0.1
_Result = TypeVar("_Result")


def apart(call: Callable[[], _Result], cancel: CancelToken) -> _Result:
    """What ``call`` returns or raises, done by a thread of its own, which a cancel leaves behind. Raises Cancelled."""
    slot: Future[_Result] = Future()

    def work() -> None:
        try:
            slot.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            slot.set_exception(error)

    try:
        threading.Thread(target=work, name="delivery-apart", daemon=True).start()
    except RuntimeError:  # the system allows no more threads
        return call()
    while not wait([slot], _POLL_SECONDS).done:
        cancel.check()
    if slot.exception() is not None:
        cancel.check()  # what stopped us may have stopped it too, as Ctrl-C does a program that was asked for keys
    return slot.result()
