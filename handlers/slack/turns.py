"""Lets the event loop go round between answers, so that whoever asks meanwhile is acknowledged in time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

TURN_SECONDS = 0.002
"""From then on what waits is left for the next turn. An answer takes one or two milliseconds, and less when it
follows another; longer turns acknowledge later."""


class Turns:
    """Does work in the order in which it came, as much in one turn of the loop as fits."""

    def __init__(self, seconds: float = TURN_SECONDS) -> None:
        self._seconds = seconds
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()

    async def do(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, when its turn has come."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append((work, future))
        if len(self._waiting) == 1:
            loop.call_soon(self._turn, loop)
        return await future

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        until = time.monotonic() + self._seconds
        while self._waiting:
            self._do_next()
            if time.monotonic() >= until:
                break
        if self._waiting:
            loop.call_soon(self._turn, loop)

    def _do_next(self) -> None:
        work, future = self._waiting.popleft()
        if future.cancelled():
            return
        try:
            future.set_result(work())
        except Exception as error:
            future.set_exception(error)
