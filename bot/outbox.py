"""Delivers what waits in the outbox: at least once, in order, again and again until it is through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.desk import STORAGE_FAILS, where
from bot.storage import outbox
from bot.storage.database import Store, Transaction
from bot.storage.outbox import MessageKind, Waiting

log = logging.getLogger(__name__)

Send = Callable[[Waiting], Awaitable[str | None]]
"""Sends a message; its id in the channel, where it has one. Raises: NotSent."""
Delivered = Callable[[Transaction, Waiting, datetime], None]
"""Told of each message that went through, in the transaction that marks it."""


COUNTED = frozenset({MessageKind.DIGEST})
"""Messages of which it is counted how many may have been sent twice: a write more for each."""


class NotSent(Exception):
    """A message was not taken. `kind` names the error in a word; `pause` is how long the other side asks to wait.

    `gone`: there is nobody any more to take it, now or later.
    """

    def __init__(self, kind: str, pause: timedelta | None = None, *, gone: bool = False) -> None:
        super().__init__(kind)
        self.kind = kind
        self.pause = pause
        self.gone = gone


def _nothing_more(tx: Transaction, waiting: Waiting, at: datetime) -> None:
    """Nobody waits for what was sent."""


async def deliver(
    store: Store,
    channel: str,
    send: Send,
    clock: Callable[[], datetime],
    then: Delivered = _nothing_more,
) -> int:
    """Send what is due in one channel; how many messages went through: 0 while another process sends.

    Raises: what the store raises. A message that was sent and could not be marked is sent again.
    """
    with store.alone(f"outbox-{channel}") as ours:
        return await _deliver(store, channel, send, clock, then) if ours else 0


async def _deliver(store: Store, channel: str, send: Send, clock: Callable[[], datetime], then: Delivered) -> int:
    at = clock()
    through, waiting_on = 0, set()
    for waiting in await store.read(lambda tx: outbox.due(tx, channel, at)):
        if waiting.recipient in waiting_on:
            continue
        if await _to_its_end(_sent(store, waiting, send, clock, then)):
            through += 1
        else:
            waiting_on.add(waiting.recipient)
    return through


async def _sent(store: Store, waiting: Waiting, send: Send, clock: Callable[[], datetime], then: Delivered) -> bool:
    """Send a message, and mark that it went through or did not; whether it did."""
    if waiting.kind in COUNTED and await store.write(partial(_begun, waiting, clock())):
        log.error("a %s may be sent twice: the process died while it was on its way", waiting.kind.value)
    try:
        message_id = await send(waiting)
    except NotSent as error:
        log.error("a message in the outbox was not sent (%s), attempt %d", error.kind, waiting.attempts + 1)
        await store.write(partial(_failed, waiting, error, clock()))
        return False
    try:
        await store.write(partial(_delivered, waiting, message_id, clock(), then))
    except STORAGE_FAILS:
        raise
    except Exception as error:
        # What follows from it failed, and it went through all the same: it is not sent again and again.
        log.error("what follows from a message could not be recorded: %s", where(error))
        await store.write(partial(_delivered, waiting, message_id, clock(), _nothing_more))
    return True


async def _to_its_end(sending: Coroutine[Any, Any, bool]) -> bool:
    """Await it; also where the bot is told to stop, since what is sent and not marked is sent again."""
    task = asyncio.create_task(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _begun(waiting: Waiting, at: datetime, tx: Transaction) -> bool:
    return outbox.begin(tx, waiting.id, at)


def _failed(waiting: Waiting, error: NotSent, at: datetime, tx: Transaction) -> None:
    outbox.failed(tx, waiting, error.kind, at, error.pause, for_good=error.gone)


def _delivered(waiting: Waiting, message_id: str | None, at: datetime, then: Delivered, tx: Transaction) -> None:
    outbox.delivered(tx, waiting.id, at)
    if waiting.kind is MessageKind.CARD and waiting.ticket is not None and message_id is not None:
        outbox.keep_posted(tx, waiting.ticket, waiting.channel, waiting.recipient, message_id)
    then(tx, waiting, at)
