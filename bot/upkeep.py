"""What happens by itself: reminders, what falls due, a telling that arrived, people who left, the weekly digest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import Any

from bot.desk import Desk, where
from bot.digests import Digests
from bot.knowledge.model import KnowledgeBase
from bot.ledger import Ledger, NoPolicy, NotSaved, comes, reading, writing
from bot.storage import outbox, people, tickets
from bot.storage.database import Transaction
from bot.storage.outbox import Waiting
from bot.tickets.clock import Reminder
from bot.tickets.ticket import Event, Kind, Side

log = logging.getLogger(__name__)


class Upkeep:
    """Looks after every open ticket, of whatever kind, so that none is ever silent; and queues the weekly digests."""

    def __init__(self, desk: Desk, ledgers: Sequence[Ledger[Any]], digests: Digests) -> None:
        self._desk = desk
        self._ledgers = {ledger.prefix: ledger for ledger in ledgers}
        self._digests = digests

    async def tick(self) -> int:
        """Do what is due now: remind, and what happens by itself. How many tickets it was done for.

        Another process may do the same at once: each looks again when it writes, so that nothing is done twice.
        Raises: NotSaved.
        """
        if self._desk.store is None or self._desk.library.knowledge is None:
            return 0
        at, knowledge = self._desk.clock(), self._desk.library.knowledge
        await writing(self._desk, partial(self._daily, at=at, knowledge=knowledge))
        looked: set[str] = set()
        done = 0
        while due := [
            name for name in await reading(self._desk, partial(tickets.to_look_at, at=at)) if name not in looked
        ]:
            for reference in due:
                looked.add(reference)
                try:
                    done += await writing(
                        self._desk, partial(self._look_after, reference=reference, at=at, knowledge=knowledge)
                    )
                except NotSaved:
                    raise
                except Exception as error:  # one that cannot be read must not silence the others
                    log.error("%s could not be looked after: %s", reference, where(error))
        await self._weekly()
        return done

    async def _weekly(self) -> None:
        """After the tickets, so that the digest tells how they stand now."""
        try:
            await self._digests.queue_due()
        except NotSaved:
            raise
        except Exception as error:  # a digest that cannot be made must not keep tickets waiting
            log.error("a digest could not be queued: %s", where(error))

    def _daily(self, tx: Transaction, at: datetime, knowledge: KnowledgeBase) -> None:
        for ledger in self._ledgers.values():
            ledger.daily(tx, knowledge, at)

    def _look_after(self, tx: Transaction, reference: str, at: datetime, knowledge: KnowledgeBase) -> bool:
        """Do for one ticket what is due; whether there was anything to do."""
        ledger = self._ledger(reference)
        speaking = ledger.of(tx, reference, knowledge)
        if speaking is None:
            return False
        clock, done = speaking.clock, False
        if (falls_due := clock.by_itself(speaking.state)) is not None and falls_due[0] <= at:
            speaking, done = ledger.happened(tx, speaking, Event(reference, falls_due[1], at, Side.BOT)), True
        if clock.next_office_time(at) <= at:
            due = takewhile(lambda step: step.at <= at, clock.reminders(speaking.state))
            steps = [step for step in due if _is_now(step, speaking.state, at)]
            for step in steps:
                event = ledger.history.add(
                    tx, Event(reference, Kind.REMINDED, at, Side.BOT, data={"step": step.step})
                )
                speaking = ledger.after(speaking, event)
            # After a long stop only the last of each audience is told.
            for step in {step.audience: step for step in steps}.values():
                ledger.remind(tx, speaking, step, at)
            done |= bool(steps)
        ledger.keep(tx, speaking, at)
        return done

    def delivered(self, tx: Transaction, waiting: Waiting, at: datetime) -> None:
        """A message went through."""
        knowledge = self._desk.library.knowledge
        if waiting.ticket is None or knowledge is None:
            return
        ledger = self._ledger(waiting.ticket)
        if (speaking := ledger.of(tx, waiting.ticket, knowledge)) is not None:
            ledger.delivered(tx, speaking, waiting, at)

    async def has_left(self, channel: str, address: str) -> None:
        """Somebody's account was closed: what they raised goes over to their agency's lead.

        Raises: NoPolicy, NotSaved.
        """
        at, knowledge = self._desk.clock(), self._desk.library.knowledge
        if knowledge is None:
            raise NoPolicy

        def work(tx: Transaction) -> None:
            person = people.find(tx, channel, address)
            for reference in tickets.open_of(tx, person.id) if person else ():
                ledger = self._ledger(reference)
                speaking = ledger.of(tx, reference, knowledge)
                if speaking is not None and not speaking.state.raiser_left:
                    ledger.happened(tx, speaking, Event(reference, Kind.LEFT, at, Side.BOT))
            for waiting in outbox.telling(tx, channel, address):
                ledger = self._ledger(waiting.ticket or "")
                speaking = ledger.of(tx, waiting.ticket or "", knowledge)
                if speaking is not None:
                    ledger.not_told(tx, speaking, waiting, at)

        await writing(self._desk, work)

    def _ledger(self, reference: str) -> Ledger[Any]:
        return self._ledgers[reference.partition("-")[0]]


def _is_now(step: Reminder, state: Any, at: datetime) -> bool:
    return step.step not in state.reminded and comes(step, state) <= at
