"""The ledger of one kind of ticket: an event, how it stands then, and what is told of it, in one transaction."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, ClassVar, Generic, TypeVar

from bot.access import Viewer
from bot.desk import STORAGE_FAILS, Desk, where
from bot.knowledge.model import KnowledgeBase
from bot.privacy import Guard
from bot.storage import history
from bot.storage.database import Transaction
from bot.storage.history import History
from bot.storage.outbox import Waiting
from bot.tickets.clock import Audience, Reminder
from bot.tickets.moves import Move
from bot.tickets.ticket import Event, Kind, Side, Ticket
from bot.tickets.words import AnyWords

log = logging.getLogger(__name__)
T = TypeVar("T")
W = TypeVar("W", bound=AnyWords)


class NoPolicy(Exception):
    """The knowledge has no rules for this kind of ticket, or cannot be read."""


class NotSaved(Exception):
    """The database did not take it in. Nothing was recorded; it can be sent again."""


class NotFound(Exception):
    """There is no such ticket, or it is none of theirs: the two are not told apart."""


class NotNow(Exception):
    """The move is not open any more: somebody was quicker, or it is another side's. `speaking`: how it stands."""

    def __init__(self, speaking: AnyWords) -> None:
        super().__init__(speaking.state.reference)
        self.speaking = speaking


@dataclass(frozen=True)
class Looked(Generic[W]):
    """One ticket, as somebody may see it."""

    speaking: W
    events: tuple[Event, ...]
    moves: tuple[Move[W], ...]

    @property
    def state(self) -> Any:
        return self.speaking.state


class Ledger(ABC, Generic[W]):
    """Records what happens to tickets of one kind, and says how they stand."""

    prefix: ClassVar[str]
    """How their references begin."""
    moves: Mapping[Kind, Move[W]]

    def __init__(self, desk: Desk, history_key: str) -> None:
        self.desk = desk
        self.history = History(history_key)

    # What differs between kinds

    @abstractmethod
    def folded(self, events: Sequence[Event]) -> Ticket:
        """How a ticket stands after all its events, oldest first."""

    @abstractmethod
    def after(self, speaking: W, event: Event) -> W:
        """How it stands after one more."""

    @abstractmethod
    def speaking_of(self, tx: Transaction, state: Any, knowledge: KnowledgeBase) -> W:
        """The words about a ticket, under the rules that it began under."""

    @abstractmethod
    def put(self, tx: Transaction, speaking: W, *, due: date | None, next_look: datetime | None) -> None:
        """Keep how it stands, for lists and for the clockwork."""

    @abstractmethod
    def sides_of(self, state: Any, viewer: Viewer) -> list[Side]:
        """As whom somebody may act on a ticket; nobody else may see it."""

    @abstractmethod
    def sides_for(self, move: Move[W], speaking: W, viewer: Viewer) -> list[Side]:
        """As whom somebody can make a move now."""

    @abstractmethod
    def announce(self, tx: Transaction, speaking: W, event: Event) -> None:
        """Queue what is told of an event."""

    @abstractmethod
    def remind(self, tx: Transaction, speaking: W, step: Reminder, at: datetime) -> None:
        """Queue a reminder."""

    def daily(self, tx: Transaction, knowledge: KnowledgeBase, at: datetime) -> bool:
        """What is told once on each working day; whether there was anything to tell."""
        return False

    def delivered(self, tx: Transaction, speaking: W, waiting: Waiting, at: datetime) -> None:
        """A message about a ticket went through."""

    def not_told(self, tx: Transaction, speaking: W, waiting: Waiting, at: datetime) -> None:
        """A message that was to tell somebody of a ticket will never get through: its reader has left."""

    # What is the same

    def happened(self, tx: Transaction, speaking: W, event: Event) -> W:
        """Record an event, how it stands then, and what is told of it."""
        event = self.history.add(tx, event)
        now = self.after(speaking, event)
        self.keep(tx, now, event.at)
        self.announce(tx, now, event)
        return now

    def keep(self, tx: Transaction, speaking: W, at: datetime) -> None:
        """Keep how a ticket stands, and when the clockwork has to look at it next."""
        state, clock = speaking.state, speaking.clock
        coming = (step for step in clock.reminders(state) if step.step not in state.reminded)
        # Of four one at least is not the mover's alone, which may have been put off.
        look = min((comes(step, state) for step in islice(coming, 4)), default=None)
        if look is not None:
            # What comes late waits for the offices to open.
            look = max(look, clock.next_office_time(at))
        by_itself = clock.by_itself(state)
        looks = [moment for moment in (look, by_itself and by_itself[0]) if moment is not None]
        self.put(tx, speaking, due=clock.due_of(state), next_look=min(looks, default=None))

    def looked(self, tx: Transaction, reference: str, viewer: Viewer, knowledge: KnowledgeBase) -> Looked[W]:
        """One ticket as somebody may see it.

        Raises: NotFound.
        """
        events = history.of(tx, reference)
        if not events:
            raise NotFound
        state = self.folded(events)
        if not self.sides_of(state, viewer):
            raise NotFound
        speaking = self.speaking_of(tx, state, knowledge)
        moves = tuple(move for move in self.moves.values() if self.sides_for(move, speaking, viewer))
        return Looked(speaking, tuple(events), moves)

    def of(self, tx: Transaction, reference: str, knowledge: KnowledgeBase) -> W | None:
        """How a ticket stands; None where there is none of that reference."""
        events = history.of(tx, reference)
        return self.speaking_of(tx, self.folded(events), knowledge) if events else None

    def knowledge(self) -> KnowledgeBase:
        """The knowledge in use.

        Raises: NoPolicy.
        """
        knowledge = self.desk.library.knowledge
        if knowledge is None:
            raise NoPolicy
        return knowledge

    @property
    def guard(self) -> Guard:
        """Finds what identifies somebody."""
        guidance = self.desk.library.guidance
        return guidance.guard if guidance else Guard()

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Read.

        Raises: NotSaved.
        """
        return await reading(self.desk, work)

    async def written(self, work: Callable[[Transaction], T]) -> T:
        """Write in one transaction. Raises also what `work` raises.

        Raises: NotSaved.
        """
        return await writing(self.desk, work)


async def reading(desk: Desk, work: Callable[[Transaction], T]) -> T:
    """Read what is recorded of tickets.

    Raises: NotSaved.
    """
    if desk.store is None:
        raise NotSaved
    try:
        return await desk.store.read(work)
    except STORAGE_FAILS as error:
        log.error("tickets could not be read: %s", where(error))
        raise NotSaved from None


async def writing(desk: Desk, work: Callable[[Transaction], T]) -> T:
    """Write about tickets in one transaction. Raises also what `work` raises.

    Raises: NotSaved.
    """
    if desk.store is None:
        raise NotSaved
    try:
        return await desk.store.write(work)
    except STORAGE_FAILS as error:
        log.error("a ticket could not be written: %s", where(error))
        raise NotSaved from None


def comes(step: Reminder, state: Ticket) -> datetime:
    """When a reminder comes: who puts reminders off keeps none from the deputies and the partnership."""
    rests = state.snoozed_until if step.audience is Audience.MOVER else None
    return max(step.at, rests or step.at)
