"""Delivers what waits in the outbox: at least once, in order, again and again until it is through."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from bot.storage import outbox
from bot.storage.database import Store, Transaction
from bot.storage.outbox import Waiting

log = logging.getLogger(__name__)

Send = Callable[[str, str], Awaitable[None]]
"""Takes a recipient and a message. Raises: NotSent."""


class NotSent(Exception):
    """A message was not taken. `kind` names the error in a word; `pause` is how long the other side asks to wait."""

    def __init__(self, kind: str, pause: timedelta | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.pause = pause


async def deliver(store: Store, channel: str, send: Send, clock: Callable[[], datetime]) -> int:
    """Send what is due in one channel; how many messages went through.

    Raises: what the store raises. A message that was sent and could not be marked is sent again.
    """
    at = clock()
    through, waiting_on = 0, set()
    for waiting in await store.read(lambda tx: outbox.due(tx, channel, at)):
        if waiting.recipient in waiting_on:
            continue
        try:
            await send(waiting.recipient, waiting.message)
        except NotSent as error:
            waiting_on.add(waiting.recipient)
            log.error("a message in the outbox was not sent (%s), attempt %d", error.kind, waiting.attempts + 1)
            await store.write(partial(_failed, waiting, error, clock()))
        else:
            await store.write(partial(_delivered, waiting, clock()))
            through += 1
    return through


def _failed(waiting: Waiting, error: NotSent, at: datetime, tx: Transaction) -> None:
    outbox.failed(tx, waiting, error.kind, at, error.pause)


def _delivered(waiting: Waiting, at: datetime, tx: Transaction) -> None:
    outbox.delivered(tx, waiting.id, at)
