"""The ledger of escalations: an event, how it stands then, and what is told of it, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from bot.access import Viewer
from bot.announcing import Announcer
from bot.desk import STORAGE_FAILS, Desk, where
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.policy import EscalationPolicy
from bot.privacy import Guard
from bot.storage import history, tickets
from bot.storage.database import Transaction
from bot.storage.history import History
from bot.tickets.clock import Audience, Clock, Reminder
from bot.tickets.escalation import Escalation, Event, Side, after, folded
from bot.tickets.moves import MOVES, Lists, Move
from bot.tickets.notices import Speaking
from bot.tickets.sides import sides_for, sides_of

log = logging.getLogger(__name__)
T = TypeVar("T")


class NoPolicy(Exception):
    """The knowledge has no escalation policy, or cannot be read."""


class NotSaved(Exception):
    """The database did not take it in. Nothing was recorded; it can be sent again."""


class NotFound(Exception):
    """There is no such escalation, or it is none of theirs: the two are not told apart."""


class NotNow(Exception):
    """The move is not open any more: somebody was quicker, or it is another side's. `state`: how it stands."""

    def __init__(self, speaking: Speaking) -> None:
        super().__init__(speaking.state.reference)
        self.speaking = speaking


@dataclass(frozen=True)
class Looked:
    """One escalation, as somebody may see it."""

    speaking: Speaking
    events: tuple[Event, ...]
    moves: tuple[Move, ...]

    @property
    def state(self) -> Escalation:
        return self.speaking.state


class Ledger:
    """Records what happens to escalations, and says how they stand."""

    def __init__(self, desk: Desk, history_key: str, announcer: Announcer) -> None:
        self.desk = desk
        self.history = History(history_key)
        self.announcer = announcer

    def happened(self, tx: Transaction, speaking: Speaking, event: Event) -> Speaking:
        """Record an event, how it stands then, and what is told of it."""
        event = self.history.add(tx, event)
        now = replace(speaking, state=after(speaking.state, event))
        self.keep(tx, now, event.at)
        self.announcer.happened(tx, now, event)
        return now

    def keep(self, tx: Transaction, speaking: Speaking, at: datetime) -> None:
        """Keep how an escalation stands, and when the clockwork has to look at it next."""
        state, clock = speaking.state, speaking.clock
        coming = (step for step in clock.reminders(state) if step.step not in state.reminded)
        # Of four one at least is not the mover's alone, which may have been put off.
        look = min((comes(step, state) for step in islice(coming, 4)), default=None)
        if look is not None:
            # What comes late waits for the offices to open.
            look = max(look, clock.next_office_time(at))
        looks = [moment for moment in (look, clock.lapses(state)) if moment is not None]
        tickets.put(tx, state, due=clock.due_of(state), next_look=min(looks, default=None))

    def looked(self, tx: Transaction, reference: str, viewer: Viewer, knowledge: KnowledgeBase) -> Looked:
        """One escalation as somebody may see it.

        Raises: NotFound.
        """
        events = history.of(tx, reference)
        if not events:
            raise NotFound
        state = folded(events)
        if not sides_of(state, viewer):
            raise NotFound
        speaking = self.speaking_of(state, tickets.policy(tx, state.policy), knowledge)
        moves = tuple(move for move in MOVES.values() if self.sides_for(move, speaking, viewer))
        return Looked(speaking, tuple(events), moves)

    def of(self, tx: Transaction, reference: str, knowledge: KnowledgeBase) -> Speaking | None:
        """How an escalation stands; None where there is none of that reference."""
        events = history.of(tx, reference)
        if not events:
            return None
        state = folded(events)
        return self.speaking_of(state, tickets.policy(tx, state.policy), knowledge)

    def speaking_of(self, state: Escalation, policy: EscalationPolicy, knowledge: KnowledgeBase) -> Speaking:
        """The words about an escalation, under the policy that it began under."""
        partnership = knowledge.partnership
        clock = Clock(policy, time_zone=partnership.time_zone, region=partnership.bank_holidays)
        return Speaking(state, policy, clock, partnership)

    def lists(self, speaking: Speaking) -> Lists:
        """The closed lists that its forms offer."""
        return Lists(speaking.policy, speaking.partnership.agencies)

    def knowledge(self) -> KnowledgeBase:
        """The knowledge in use.

        Raises: NoPolicy.
        """
        knowledge = self.desk.library.knowledge
        if knowledge is None:
            raise NoPolicy
        return knowledge

    def policy_of(self, knowledge: KnowledgeBase) -> EscalationPolicy:
        """The policy in use.

        Raises: NoPolicy.
        """
        if knowledge.escalation is None:
            raise NoPolicy
        return knowledge.escalation

    @property
    def guard(self) -> Guard:
        """Finds what identifies somebody."""
        guidance = self.desk.library.guidance
        return guidance.guard if guidance else Guard()

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Read.

        Raises: NotSaved.
        """
        if self.desk.store is None:
            raise NotSaved
        try:
            return await self.desk.store.read(work)
        except STORAGE_FAILS as error:
            log.error("escalations could not be read: %s", where(error))
            raise NotSaved from None

    async def written(self, work: Callable[[Transaction], T]) -> T:
        """Write in one transaction. Raises also what `work` raises.

        Raises: NotSaved.
        """
        if self.desk.store is None:
            raise NotSaved
        try:
            return await self.desk.store.write(work)
        except STORAGE_FAILS as error:
            log.error("an escalation could not be written: %s", where(error))
            raise NotSaved from None

    def sides_for(self, move: Move, speaking: Speaking, viewer: Viewer) -> list[Side]:
        """As whom somebody can make a move now."""
        reached = self.announcer.reaches(speaking, Side.RECEIVING)
        return sides_for(move, speaking.state, viewer, receiving_reached=reached)


def comes(step: Reminder, state: Escalation) -> datetime:
    """When a reminder comes: who puts reminders off keeps none from the deputies and the partnership."""
    rests = state.snoozed_until if step.audience is Audience.MOVER else None
    return max(step.at, rests or step.at)
