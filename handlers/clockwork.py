"""What a running bot does by itself: deliver, remind, look at the switch, tidy. What is due is in the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from bot import outbox
from bot.desk import STORAGE_FAILS, Desk, where
from bot.outbox import Send
from bot.records import Records
from bot.storage import claims
from bot.storage.database import Store
from bot.switch import Switch

log = logging.getLogger(__name__)

OUTBOX_SECONDS = 2.0
SWITCH_SECONDS = 2.0
TICK_SECONDS = 30.0
TIDY_SECONDS = 3600.0


def start(desk: Desk, records: Records, send: Send | None) -> list[asyncio.Task[None]]:
    """Begin all of it; the tasks, for `stop`. `send`: None where there is no Slack."""
    chores: list[tuple[str, float, Callable[[], Awaitable[object]]]] = [
        ("the switch", SWITCH_SECONDS, Switch(desk).look),
        ("old claims", TIDY_SECONDS, lambda: _tidy(desk)),
        ("what is due", TICK_SECONDS, records.upkeep.tick),
    ]
    store = desk.store
    if send is not None and store is not None:
        chores.append(("the outbox", OUTBOX_SECONDS, partial(_deliver, store, send, desk, records)))
    return [asyncio.create_task(_again_and_again(*chore)) for chore in chores]


async def stop(chores: Iterable[asyncio.Task[None]], seconds: float) -> None:
    """Begin nothing more, and let a message that is on its way be sent and marked, within `seconds`."""
    ending = set(chores)
    for chore in ending:
        chore.cancel()
    _, late = await asyncio.wait(ending, timeout=seconds)
    if late:
        log.error("a message was on its way when the bot stopped; it is sent again")


async def _again_and_again(what: str, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await work()
        except Exception as error:  # whatever it is, the next round may go well
            log.error("%s could not be worked on: %s", what, where(error))
        await asyncio.sleep(seconds)


async def _deliver(store: Store, send: Send, desk: Desk, records: Records) -> None:
    """Deliver until nothing more gets through: after a long stop more waits than is sent in one go."""
    while await outbox.deliver(store, "slack", send, desk.clock, records.upkeep.delivered):
        pass


async def _tidy(desk: Desk) -> None:
    """Forget claims that nothing can repeat any more."""
    if desk.store is None:
        return
    at = desk.clock()
    try:
        await desk.store.write(lambda tx: claims.forget_old(tx, at))
    except STORAGE_FAILS as error:
        log.error("old claims could not be removed: %s", where(error))
