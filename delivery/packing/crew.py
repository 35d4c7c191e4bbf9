"""Work on all cores with one stop for all: the first error, or a cancellation, ends every worker at its next block."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from delivery.errors import Cancelled
from delivery.packing.direct import Buffers
from delivery.progress import CancelToken

WORKERS = max(2, min(4, os.cpu_count() or 1))


class Crew:
    """Runs jobs on a few threads, which share its ``buffers``. Jobs call :meth:`check` between blocks."""

    def __init__(self, cancel: CancelToken) -> None:
        self.buffers = Buffers()
        self._cancel = cancel
        self._stop = threading.Event()

    def check(self) -> None:
        """Raise Cancelled when the user, or the failure of another job, asks to stop."""
        if self._stop.is_set():
            raise Cancelled(
                "stopped because another part of the work failed", hint="run the same command again to go on"
            )
        self._cancel.check()

    def run(self, jobs: Iterable[Callable[[], object]], workers: int = WORKERS) -> None:
        """Run all; the first failure is raised once every worker has stopped.

        Each worker takes its next job when it is free: there may be 100,000, and none needs to exist before its turn.
        """
        waiting, turn = iter(jobs), threading.Lock()

        def work() -> None:
            while not self._stop.is_set():
                with turn:
                    job = next(waiting, None)
                if job is None:
                    return
                job()

        with ThreadPoolExecutor(workers, thread_name_prefix="pack") as pool:
            try:
                running = [pool.submit(work) for _ in range(workers)]
                done, _ = wait(running, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
            except BaseException:
                self._stop.set()
                raise
