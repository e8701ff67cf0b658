"""What comes of work that is done for several at once, and how each of them hears of it.

An event loop is woken once for all of its own: to wake it, and to change threads, takes longer than to write or to
look up a row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[Any], Any]
"""What is done with a transaction."""
Waiting = Future[Any] | asyncio.Future[Any]
"""Who waits for it: a thread, or a coroutine on an event loop."""


@dataclass(frozen=True)
class Outcome:
    """What came of one work: its result, or what it raised."""

    result: Any = None
    error: BaseException | None = None

    def tell(self, waiting: Waiting) -> None:
        if isinstance(waiting, asyncio.Future) and waiting.done():
            return  # it was cancelled meanwhile
        if self.error is None:
            waiting.set_result(self.result)
        else:
            waiting.set_exception(self.error)


def still_wanted(waiting: Waiting) -> bool:
    """Whether somebody still waits; who waits on a thread cannot leave any more from now on."""
    if isinstance(waiting, asyncio.Future):
        return not waiting.cancelled()
    return waiting.set_running_or_notify_cancel()


def tell(told: Iterable[tuple[Waiting, Outcome]]) -> None:
    """Tell everybody what came of their work, each on their own event loop where they have one."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Waiting, Outcome]]] = {}
    for waiting, outcome in told:
        if isinstance(waiting, asyncio.Future):
            by_loop.setdefault(waiting.get_loop(), []).append((waiting, outcome))
        else:
            outcome.tell(waiting)
    for loop, theirs in by_loop.items():
        with suppress(RuntimeError):  # it was closed meanwhile
            loop.call_soon_threadsafe(_tell_here, theirs)


def _tell_here(told: Iterable[tuple[Waiting, Outcome]]) -> None:
    for waiting, outcome in told:
        outcome.tell(waiting)


class LookUps:
    """Reads of a few rows. What comes while one is under way waits for it, and is then read together."""

    def __init__(self, read: Callable[[Callable[[Any], list[Outcome]]], Awaitable[list[Outcome]]]) -> None:
        """`read`: runs a work on another thread."""
        self._read = read
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._reading: asyncio.Task[None] | None = None

    async def do(self, work: Callable[[Any], T]) -> T:
        """What `work` returns or raises."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_all())
        return await future

    async def _read_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                outcomes = await self._read(partial(_each, [work for work, _ in group]))
            except Exception as error:
                outcomes = [Outcome(error=error)] * len(group)
            _tell_here((future, outcome) for (_, future), outcome in zip(group, outcomes, strict=True))


def _each(works: Sequence[Work], tx: Any) -> list[Outcome]:
    """The works one after the other; one that fails leaves the others alone."""
    return [_done(work, tx) for work in works]


def _done(work: Work, tx: Any) -> Outcome:
    try:
        return Outcome(work(tx))
    except Exception as error:
        return Outcome(error=error)
