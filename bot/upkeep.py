"""What happens to escalations by itself: reminders, the end of a silence, a telling that arrived, people who left."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import takewhile

from bot.desk import where
from bot.knowledge.model import KnowledgeBase
from bot.ledger import Ledger, NotSaved, comes
from bot.storage import outbox, people, tickets
from bot.storage.database import Transaction
from bot.storage.outbox import Waiting
from bot.tickets.clock import Reminder
from bot.tickets.escalation import Event, Kind, Side, after
from bot.tickets.moves import MOVES

log = logging.getLogger(__name__)


class Upkeep:
    """Looks after every open escalation, so that none is ever silent."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def tick(self) -> int:
        """Do what is due now: remind, and close what the other agency never answered. How many it was done for.

        Another process may do the same at once: each looks again when it writes, so that nothing is done twice.
        Raises: NotSaved.
        """
        if self._ledger.desk.store is None or self._ledger.desk.library.knowledge is None:
            return 0
        at, knowledge = self._ledger.desk.clock(), self._ledger.knowledge()
        looked: set[str] = set()
        done = 0
        while due := [
            name for name in await self._ledger.read(partial(tickets.to_look_at, at=at)) if name not in looked
        ]:
            for reference in due:
                looked.add(reference)
                try:
                    done += await self._ledger.written(
                        partial(self._look_after, reference=reference, at=at, knowledge=knowledge)
                    )
                except NotSaved:
                    raise
                except Exception as error:  # one that cannot be read must not silence the others
                    log.error("%s could not be looked after: %s", reference, where(error))
        return done

    def _look_after(self, tx: Transaction, reference: str, at: datetime, knowledge: KnowledgeBase) -> bool:
        """Do for one escalation what is due; whether there was anything to do."""
        speaking = self._ledger.of(tx, reference, knowledge)
        if speaking is None:
            return False
        state, clock = speaking.state, speaking.clock
        lapses = clock.lapses(state)
        if lapses is not None and lapses <= at:
            self._ledger.happened(tx, speaking, Event(reference, Kind.LAPSED, at, Side.BOT))
            return True
        steps: list[Reminder] = []
        if clock.next_office_time(at) <= at:
            due = takewhile(lambda step: step.at <= at, clock.reminders(state))
            steps = [step for step in due if step.step not in state.reminded and comes(step, state) <= at]
            # After a long stop only the last of each audience is told.
            latest = {step.audience: step for step in steps}
            for step in steps:
                event = self._ledger.history.add(
                    tx, Event(reference, Kind.REMINDED, at, Side.BOT, data={"step": step.step})
                )
                state = after(state, event)
            speaking = replace(speaking, state=state)
            for step in latest.values():
                self._ledger.announcer.remind(tx, speaking, step, at)
        self._ledger.keep(tx, speaking, at)
        return bool(steps)

    def delivered(self, tx: Transaction, waiting: Waiting, at: datetime) -> None:
        """A message went through: where it told the other agency, the clock of the stage starts with it."""
        if waiting.ticket is None or waiting.wait is None or self._ledger.desk.library.knowledge is None:
            return
        speaking = self._ledger.of(tx, waiting.ticket, self._ledger.knowledge())
        told = MOVES[Kind.TOLD].stands
        if speaking is not None and speaking.state.stand in told and speaking.state.wait == waiting.wait:
            self._ledger.happened(tx, speaking, Event(waiting.ticket, Kind.TOLD, at, Side.BOT))

    async def has_left(self, channel: str, address: str) -> None:
        """Somebody's account was closed: what they raised goes over to their agency's lead.

        Where they were to be told of a stage and nobody else is, people are asked to tell the other side.
        """
        at, knowledge = self._ledger.desk.clock(), self._ledger.knowledge()

        def work(tx: Transaction) -> None:
            person = people.find(tx, channel, address)
            for reference in tickets.open_of(tx, person.id) if person else ():
                speaking = self._ledger.of(tx, reference, knowledge)
                if speaking is not None and not speaking.state.raiser_left:
                    self._ledger.happened(tx, speaking, Event(reference, Kind.LEFT, at, Side.BOT))
            for waiting in outbox.telling(tx, channel, address):
                speaking = self._ledger.of(tx, waiting.ticket or "", knowledge)
                if speaking is None or speaking.state.wait != waiting.wait:
                    continue
                if not outbox.is_told_elsewhere(tx, waiting):
                    self._ledger.announcer.tell_by_hand(tx, speaking, at)

        await self._ledger.written(work)
