"""What handlers call for any ticket: look at it, move it, list it. Each kind of ticket adds how it begins.

Every change is one transaction: the event, how the ticket stands now, and the messages that tell of it. Only then is
it acknowledged.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from bot.access import Viewer
from bot.answering.reply import ContactNow
from bot.ledger import Ledger, Looked, NotNow
from bot.privacy import Guard
from bot.storage import claims
from bot.storage.database import Transaction
from bot.tickets.fields import Field, Filled, InvalidForm, read
from bot.tickets.moves import Move
from bot.tickets.ticket import Event, Kind, Side
from bot.tickets.words import AnyWords

W = TypeVar("W", bound=AnyWords)


@dataclass(frozen=True)
class Recorded:
    """A ticket that was just recorded: what whoever raised it is told, and whom to ring."""

    reference: str
    lines: tuple[str, ...]
    contacts: tuple[ContactNow, ...]


class Casework(ABC, Generic[W]):
    """Shows and moves tickets of one kind."""

    noun: ClassVar[str]
    """What one of them is called."""
    open_to: ClassVar[str]
    """Who may open one, as a sentence."""

    def __init__(self, ledger: Ledger[W]) -> None:
        self.ledger = ledger

    @property
    def guard(self) -> Guard:
        """Finds what identifies somebody."""
        return self.ledger.guard

    @property
    def moves(self) -> Mapping[Kind, Move[W]]:
        """Every move that a person can make."""
        return self.ledger.moves

    @property
    def not_yours(self) -> str:
        """What somebody hears who may not open one, or who wrote a reference that there is not."""
        return f"There is no {self.noun} of that reference that you may open. {self.open_to}"

    async def look(self, reference: str, viewer: Viewer) -> Looked[W]:
        """One ticket with its history. That a manager reads another's record is an event itself.

        So is every read at the command line: whoever sits there, it is the same local operator.
        Raises: NoPolicy, NotFound, NotSaved.
        """
        at, knowledge = self.ledger.desk.clock(), self.ledger.knowledge()

        def work(tx: Transaction) -> Looked[W]:
            looked = self.ledger.looked(tx, reference, viewer, knowledge)
            if viewer.operator or self.ledger.sides_of(looked.state, viewer) == [Side.PARTNERSHIP]:
                event = Event(reference, Kind.READ, at, Side.PARTNERSHIP, viewer.person.id, marks(viewer))
                self.ledger.history.add(tx, event)
            return looked

        return await self.ledger.written(work)

    async def speaking(self, reference: str) -> W | None:
        """How a ticket stands, for messages in which nothing typed stands; None where there is none."""
        if self.ledger.desk.store is None:
            return None
        knowledge = self.ledger.knowledge()
        return await self.ledger.desk.store.read(lambda tx: self.ledger.of(tx, reference, knowledge))

    def fields(self, looked: Looked[W], kind: Kind) -> tuple[Field, ...]:
        """What a move asks."""
        return self.moves[kind].asks(looked.speaking)

    async def move(
        self,
        reference: str,
        kind: Kind,
        values: Mapping[str, str | None],
        viewer: Viewer,
        *,
        claim: str,
    ) -> W:
        """Do something with a ticket, once for a claim; how it stands then.

        Of two who do the same at once the first does it, and the other hears so.
        Raises: InvalidForm, NoPolicy, NotFound, NotNow, NotSaved.
        """
        at, knowledge, claim = self.ledger.desk.clock(), self.ledger.knowledge(), f"move:{claim}"
        seen = await self.ledger.read(lambda tx: self.ledger.looked(tx, reference, viewer, knowledge))
        # What was typed is read before the writer is asked for: searching it for names takes time.
        filled = self._filled(seen, kind, values, at)

        def work(tx: Transaction) -> W:
            looked = self.ledger.looked(tx, reference, viewer, knowledge)
            if claims.result_of(tx, claim) is not None:
                return looked.speaking
            speaking = self.step(tx, looked.speaking, kind, filled, viewer, at, seen.speaking)
            claims.claim(tx, claim, at, reference)
            return speaking

        return await self.ledger.written(work)

    def step(
        self,
        tx: Transaction,
        speaking: W,
        kind: Kind,
        filled: Filled | InvalidForm,
        viewer: Viewer,
        at: datetime,
        seen: W,
    ) -> W:
        """A move within a transaction. `seen`: the ticket as it stood when the form was read.

        Raises: InvalidForm, NotNow.
        """
        sides = self.ledger.sides_for(self.moves[kind], speaking, viewer)
        if not sides or self.has_gone_on(seen, speaking):
            raise NotNow(speaking)
        if isinstance(filled, InvalidForm):
            raise filled
        for event in self.events(tx, kind, filled, speaking, viewer, sides[0], at):
            speaking = self.ledger.happened(tx, speaking, event)
        return speaking

    def has_gone_on(self, seen: W, now: W) -> bool:
        """Whether what a form was filled in for is over."""
        return False

    def events(
        self, tx: Transaction, kind: Kind, filled: Filled, speaking: W, viewer: Viewer, side: Side, at: datetime
    ) -> Iterable[Event]:
        """What a move is in the history: the move itself, and what it means besides."""
        data = {**filled.data, **marks(viewer), **self.on_behalf(speaking, viewer, side)}
        return [Event(speaking.state.reference, kind, at, side, viewer.person.id, data, filled.typed)]

    def on_behalf(self, speaking: W, viewer: Viewer, side: Side) -> dict[str, Any]:
        """The mark of what a manager records for a side of which the bot reaches nobody."""
        return {} if side in self.ledger.sides_of(speaking.state, viewer) else {"on_behalf": True}

    def is_enough(self, kind: Kind, filled: Filled, speaking: W) -> None:
        """Whether what was filled in fits together.

        Raises: InvalidForm.
        """

    def _filled(
        self, looked: Looked[W], kind: Kind, values: Mapping[str, str | None], at: datetime
    ) -> Filled | InvalidForm:
        """What was filled in, or why it cannot be taken: somebody who was too late hears that first."""
        try:
            filled = read(self.fields(looked, kind), values, self.guard, at)
            self.is_enough(kind, filled, looked.speaking)
        except InvalidForm as error:
            return error
        return filled


Hook = Callable[[Transaction, str], None]
"""Done with a ticket's reference, in the transaction that recorded it."""


def marks(viewer: Viewer) -> dict[str, Any]:
    """The mark of what is done at the command line."""
    return {"operator": True} if viewer.operator else {}
