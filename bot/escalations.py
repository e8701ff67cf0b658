"""Escalations, from "I disagree" to a recorded outcome: what handlers call, and what the clockwork does.

Every change is one transaction: the event, how the escalation stands now, and the messages that tell of it. Only then
is it acknowledged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice, takewhile
from typing import Any, TypeVar

from bot.access import Viewer
from bot.answering.reply import ContactNow
from bot.desk import STORAGE_FAILS, Desk, where
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.policy import EscalationPolicy
from bot.privacy import Guard
from bot.storage import claims, history, people, quick_records, tickets
from bot.storage.database import Transaction
from bot.storage.history import History
from bot.storage.outbox import Waiting
from bot.storage.references import next_reference
from bot.storage.tickets import Line
from bot.tickets.announcing import Announcer
from bot.tickets.clock import Audience, Clock, Reminder
from bot.tickets.escalation import Escalation, Event, Kind, Side, after, folded, opened
from bot.tickets.fields import Field, Filled, InvalidForm, read
from bot.tickets.moves import MOVES, Lists, Move, is_open
from bot.tickets.notices import Speaking
from bot.tickets.quick import QuickKind
from bot.tickets.raising import RaiseForm, is_allowed_for_somebody

log = logging.getLogger(__name__)
T = TypeVar("T")

PREFIX = "ESC"


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
class Recorded:
    """An escalation that was just recorded: what the raiser is told, and whom to ring."""

    reference: str
    lines: tuple[str, ...]
    contacts: tuple[ContactNow, ...]


@dataclass(frozen=True)
class Looked:
    """One escalation, as somebody may see it."""

    speaking: Speaking
    events: tuple[Event, ...]
    moves: tuple[Move, ...]

    @property
    def state(self) -> Escalation:
        return self.speaking.state


class Escalations:
    """Raises, moves, shows and reminds."""

    def __init__(self, desk: Desk, history_key: str, announcer: Announcer) -> None:
        self._desk = desk
        self._history = History(history_key)
        self._announcer = announcer

    # Raising

    def form(self, viewer: Viewer, *, for_somebody: bool = False, stage: str | None = None) -> RaiseForm:
        """The form for one person.

        Raises: NoPolicy.
        """
        knowledge = self._knowledge()
        agency = viewer.person.agency
        known = agency if agency in knowledge.partnership.agency_by_id and not for_somebody else None
        policy = self._policy(knowledge)
        return RaiseForm(policy, knowledge.partnership.agencies, known, for_somebody=for_somebody, stage=stage)

    async def raise_(
        self,
        form: RaiseForm,
        values: Mapping[str, str | None],
        viewer: Viewer,
        *,
        claim: str,
        link: str | None = None,
    ) -> Recorded:
        """Record an escalation and queue its announcements. A claim that was used before gives the same record.

        `link`: the address of the message that it began with; nothing of its text.
        Raises: InvalidForm, NoPolicy, NotSaved.
        """
        if form.for_somebody and not is_allowed_for_somebody(viewer):
            raise InvalidForm({"receiving": "Only the partnership's managers record for somebody else."})
        knowledge, at, claim = self._knowledge(), self._desk.clock(), f"raise:{claim}"
        filled = form.read(values, self.guard, at)
        policy = form.policy
        stage = filled.data.get("stage", policy.stages[0].id)
        data: dict[str, Any] = {name: value for name, value in filled.data.items() if name not in ("stage", "urgent")}
        data |= {
            "raising": filled.data.get("raising", form.agency),
            "stage": stage,
            "last": policy.is_last(stage),
            "urgent": filled.data.get("urgent") == "yes",
            "raiser": None if form.for_somebody else viewer.person.id,
            **_marks(viewer),
        }
        typed = {**filled.typed, **({"link": link} if link else {})}
        side = Side.PARTNERSHIP if form.for_somebody else Side.RAISING

        def work(tx: Transaction) -> Escalation:
            if (earlier := claims.result_of(tx, claim)) is not None:
                return folded(history.of(tx, earlier))
            reference = next_reference(tx, PREFIX, at)
            version = tickets.keep_policy(tx, policy)
            event = Event(reference, Kind.OPENED, at, side, viewer.person.id, {**data, "policy": version}, typed)
            event = self._history.add(tx, event)
            state = opened(event)
            speaking = self._speaking(state, policy, knowledge)
            self._keep(tx, speaking, at)
            self._announcer.opened(tx, speaking, event)
            claims.claim(tx, claim, at, reference)
            return state

        state = await self._written(work)
        speaking = self._speaking(state, policy, knowledge)
        told = self._announcer.told_by_the_bot(speaking, at)
        contacts = self._desk.library.directory.to_ring(at)
        return Recorded(state.reference, tuple(speaking.recorded(told, at)), contacts)

    # Looking

    async def look(self, reference: str, viewer: Viewer) -> Looked:
        """One escalation with its history. That a manager reads another's record is an event itself.

        So is every read at the command line: whoever sits there, it is the same local operator.
        Raises: NotFound, NotSaved.
        """
        at, knowledge = self._desk.clock(), self._knowledge()

        def work(tx: Transaction) -> Looked:
            looked = self._looked(tx, reference, viewer, knowledge)
            if viewer.operator or sides_of(looked.state, viewer) == [Side.PARTNERSHIP]:
                self._history.add(
                    tx, Event(reference, Kind.READ, at, Side.PARTNERSHIP, viewer.person.id, _marks(viewer))
                )
            return looked

        return await self._written(work)

    async def speaking(self, reference: str) -> Speaking | None:
        """How an escalation stands, for messages in which nothing typed stands; None where there is none."""
        if self._desk.store is None:
            return None
        knowledge = self._knowledge()
        return await self._desk.store.read(lambda tx: self._of(tx, reference, knowledge))

    async def mine(self, viewer: Viewer) -> list[Line]:
        """What somebody raised, or is named on."""
        return await self._listed(lambda tx: tickets.of_person(tx, viewer.person.id))

    async def of_my_agencies(self, viewer: Viewer) -> list[Line]:
        """For a lead: what their agencies take part in."""
        return await self._listed(lambda tx: tickets.of_agencies(tx, viewer.leads)) if viewer.leads else []

    async def every(self, viewer: Viewer) -> list[Line]:
        """For managers: all of them."""
        if not (viewer.manager or viewer.operator):
            return []
        return await self._listed(tickets.every)

    # Moving

    def fields(self, looked: Looked, kind: Kind) -> tuple[Field, ...]:
        """What a move asks."""
        return MOVES[kind].asks(looked.state, self._lists(looked.speaking))

    async def move(
        self,
        reference: str,
        kind: Kind,
        values: Mapping[str, str | None],
        viewer: Viewer,
        *,
        claim: str,
    ) -> Speaking:
        """Do something with an escalation, once for a claim; how it stands then.

        Of two who do the same at once the first does it, and the other hears so.
        Raises: InvalidForm, NotFound, NotNow, NotSaved.
        """
        at, knowledge, guard, claim = self._desk.clock(), self._knowledge(), self.guard, f"move:{claim}"

        def work(tx: Transaction) -> Speaking:
            looked = self._looked(tx, reference, viewer, knowledge)
            if claims.result_of(tx, claim) is not None:
                return looked.speaking
            sides = _sides_for(MOVES[kind], looked.state, viewer)
            if not sides:
                raise NotNow(looked.speaking)
            side = sides[0]
            filled = read(self.fields(looked, kind), values, guard, at)
            _is_enough(kind, filled.data, filled.typed, looked.state)
            data: dict[str, Any] = {**filled.data, **_marks(viewer)}
            named = data.pop("person", None)
            if kind is Kind.HANDED_ON:
                data["last"] = looked.speaking.policy.is_last(data["stage"])
            if kind is Kind.SNOOZED:
                data["until"] = looked.speaking.clock.next_morning(at).isoformat()
            speaking = looked.speaking
            if kind is not Kind.TALKER_NAMED:
                event = Event(reference, kind, at, side, viewer.person.id, data, filled.typed)
                speaking = self._happened(tx, speaking, event)
            if named is not None:
                talker = people.find_or_add(tx, viewer.person.channel, named)
                data = {"person": talker.id, **_marks(viewer)}
                event = Event(reference, Kind.TALKER_NAMED, at, side, viewer.person.id, data)
                speaking = self._happened(tx, speaking, event)
            claims.claim(tx, claim, at, reference)
            return speaking

        return await self._written(work)

    async def quick(self, kind: QuickKind, filled: Filled, viewer: Viewer, *, channel: str, claim: str) -> str:
        """Keep a short record, once for a claim; its reference.

        Raises: NotSaved.
        """
        at, person, claim = self._desk.clock(), viewer.person, f"quick:{claim}"

        def work(tx: Transaction) -> str:
            if (earlier := claims.result_of(tx, claim)) is not None:
                return earlier
            reference = quick_records.add(
                tx,
                kind.value,
                {**filled.data, **_marks(viewer)},
                filled.typed.get("text"),
                at=at,
                channel=channel,
                person_id=person.id,
                agency=person.agency,
            )
            claims.claim(tx, claim, at, reference)
            return reference

        return await self._written(work)

    # By itself

    async def tick(self) -> int:
        """Do what is due now: remind, and close what the other agency never answered. How many it was done for.

        Another process may do the same at once: each looks again when it writes, so that nothing is done twice.
        Raises: NotSaved.
        """
        if self._desk.store is None or self._desk.library.knowledge is None:
            return 0
        at, knowledge = self._desk.clock(), self._knowledge()
        looked: set[str] = set()
        done = 0
        while due := [name for name in await self._listed(partial(tickets.to_look_at, at=at)) if name not in looked]:
            for reference in due:
                looked.add(reference)
                try:
                    done += await self._written(
                        partial(self._look_after, reference=reference, at=at, knowledge=knowledge)
                    )
                except NotSaved:
                    raise
                except Exception as error:  # one that cannot be read must not silence the others
                    log.error("%s could not be looked after: %s", reference, where(error))
        return done

    def _look_after(self, tx: Transaction, reference: str, at: datetime, knowledge: KnowledgeBase) -> bool:
        """Do for one escalation what is due; whether there was anything to do."""
        speaking = self._of(tx, reference, knowledge)
        if speaking is None:
            return False
        state, clock = speaking.state, speaking.clock
        lapses = clock.lapses(state)
        if lapses is not None and lapses <= at:
            self._happened(tx, speaking, Event(reference, Kind.LAPSED, at, Side.BOT))
            return True
        steps: list[Reminder] = []
        if clock.next_office_time(at) <= at:
            due = takewhile(lambda step: step.at <= at, clock.reminders(state))
            steps = [step for step in due if step.step not in state.reminded and _comes(step, state) <= at]
            # After a long stop only the last of each audience is told.
            latest = {step.audience: step for step in steps}
            for step in steps:
                event = self._history.add(tx, Event(reference, Kind.REMINDED, at, Side.BOT, data={"step": step.step}))
                state = after(state, event)
            speaking = replace(speaking, state=state)
            for step in latest.values():
                self._announcer.remind(tx, speaking, step, at)
        self._keep(tx, speaking, at)
        return bool(steps)

    def delivered(self, tx: Transaction, waiting: Waiting, at: datetime) -> None:
        """A message went through: where it told the other agency, the clock of the stage starts with it."""
        if waiting.ticket is None or waiting.wait is None or self._desk.library.knowledge is None:
            return
        speaking = self._of(tx, waiting.ticket, self._knowledge())
        told = MOVES[Kind.TOLD].stands
        if speaking is not None and speaking.state.stand in told and speaking.state.wait == waiting.wait:
            self._happened(tx, speaking, Event(waiting.ticket, Kind.TOLD, at, Side.BOT))

    async def has_left(self, channel: str, address: str) -> None:
        """Somebody's account was closed: what they raised goes over to their agency's lead."""
        at, knowledge = self._desk.clock(), self._knowledge()

        def work(tx: Transaction) -> None:
            person = people.find(tx, channel, address)
            for reference in tickets.open_of(tx, person.id) if person else ():
                speaking = self._of(tx, reference, knowledge)
                if speaking is not None and not speaking.state.raiser_left:
                    self._happened(tx, speaking, Event(reference, Kind.LEFT, at, Side.BOT))

        await self._written(work)

    # Inside

    def _happened(self, tx: Transaction, speaking: Speaking, event: Event) -> Speaking:
        """Record an event, how it stands then, and what is told of it."""
        event = self._history.add(tx, event)
        now = replace(speaking, state=after(speaking.state, event))
        self._keep(tx, now, event.at)
        self._announcer.happened(tx, now, event)
        return now

    def _keep(self, tx: Transaction, speaking: Speaking, at: datetime) -> None:
        state, clock = speaking.state, speaking.clock
        coming = (step for step in clock.reminders(state) if step.step not in state.reminded)
        # Of four one at least is not the mover's alone, which may have been put off.
        look = min((_comes(step, state) for step in islice(coming, 4)), default=None)
        if look is not None:
            # What comes late waits for the offices to open.
            look = max(look, clock.next_office_time(at))
        looks = [moment for moment in (look, clock.lapses(state)) if moment is not None]
        tickets.put(tx, state, due=clock.due_of(state), next_look=min(looks, default=None))

    def _looked(self, tx: Transaction, reference: str, viewer: Viewer, knowledge: KnowledgeBase) -> Looked:
        events = history.of(tx, reference)
        if not events:
            raise NotFound
        state = folded(events)
        if not sides_of(state, viewer):
            raise NotFound
        speaking = self._speaking(state, tickets.policy(tx, state.policy), knowledge)
        moves = tuple(move for move in MOVES.values() if _sides_for(move, state, viewer))
        return Looked(speaking, tuple(events), moves)

    def _of(self, tx: Transaction, reference: str, knowledge: KnowledgeBase) -> Speaking | None:
        events = history.of(tx, reference)
        if not events:
            return None
        state = folded(events)
        return self._speaking(state, tickets.policy(tx, state.policy), knowledge)

    def _speaking(self, state: Escalation, policy: EscalationPolicy, knowledge: KnowledgeBase) -> Speaking:
        partnership = knowledge.partnership
        clock = Clock(policy, time_zone=partnership.time_zone, region=partnership.bank_holidays)
        return Speaking(state, policy, clock, partnership)

    def _lists(self, speaking: Speaking) -> Lists:
        return Lists(speaking.policy, speaking.partnership.agencies)

    def _knowledge(self) -> KnowledgeBase:
        knowledge = self._desk.library.knowledge
        if knowledge is None:
            raise NoPolicy
        return knowledge

    def _policy(self, knowledge: KnowledgeBase) -> EscalationPolicy:
        if knowledge.escalation is None:
            raise NoPolicy
        return knowledge.escalation

    @property
    def guard(self) -> Guard:
        """Finds what identifies somebody."""
        guidance = self._desk.library.guidance
        return guidance.guard if guidance else Guard()

    async def _listed(self, read_lines: Callable[[Transaction], list[T]]) -> list[T]:
        if self._desk.store is None:
            raise NotSaved
        try:
            return await self._desk.store.read(read_lines)
        except STORAGE_FAILS as error:
            log.error("escalations could not be read: %s", where(error))
            raise NotSaved from None

    async def _written(self, work: Callable[[Transaction], T]) -> T:
        if self._desk.store is None:
            raise NotSaved
        try:
            return await self._desk.store.write(work)
        except STORAGE_FAILS as error:
            log.error("an escalation could not be written: %s", where(error))
            raise NotSaved from None


def sides_of(state: Escalation, viewer: Viewer) -> list[Side]:
    """As whom somebody may act on an escalation; nobody else may see it.

    The raiser, the two agencies' leads and those whom they named, and the partnership's managers. A manager who
    recorded it for somebody whom the bot does not know speaks for them too.
    """
    person = viewer.person.id
    sides = []
    spoken_for = state.raiser is None and person == state.recorded_by
    for side in (Side.RAISING, Side.RECEIVING):
        raised = side is Side.RAISING and (person == state.raiser or spoken_for)
        if raised or state.agency_of(side) in viewer.leads or person in state.named.get(side.value, ()):
            sides.append(side)
    if viewer.manager or viewer.operator:
        sides.append(Side.PARTNERSHIP)
    return sides


def may_decide(state: Escalation, viewer: Viewer) -> bool:
    """Whether a manager belongs to neither agency: who does may chase and correct, but not decide.

    Who raised it, or was named to talk, takes part for an agency, whichever they belong to.
    """
    own = {viewer.person.agency, *viewer.leads}
    part = {state.raiser}.union(*state.named.values())
    independent = not own & {state.raising, state.receiving} and viewer.person.id not in part
    return (viewer.manager or viewer.operator) and independent


def _sides_for(move: Move, state: Escalation, viewer: Viewer) -> list[Side]:
    """As whom somebody can make a move now."""
    if move.kind is Kind.AGREED and state.proposer == viewer.person.id:
        return []
    decides = may_decide(state, viewer)
    return [side for side in sides_of(state, viewer) if is_open(move, state, side, may_decide=decides)]


def _comes(step: Reminder, state: Escalation) -> datetime:
    """When a reminder comes: who puts reminders off keeps none from the deputies and the partnership."""
    rests = state.snoozed_until if step.audience is Audience.MOVER else None
    return max(step.at, rests or step.at)


def _marks(viewer: Viewer) -> dict[str, Any]:
    return {"operator": True} if viewer.operator else {}


def _is_enough(kind: Kind, data: Mapping[str, str], typed: Mapping[str, str], state: Escalation) -> None:
    if kind is Kind.ADDED and not (data or typed):
        raise InvalidForm({"note": "Fill in one of these."})
    # One that a manager recorded later may have been told before; no stage was before the one that went before it.
    earliest = max(state.stages_told.values(), default=None if state.received_on else state.opened_at)
    # Moments are given to the minute.
    earliest = earliest and earliest.replace(second=0, microsecond=0)
    if kind is Kind.TOLD and "on" in data and earliest and datetime.fromisoformat(data["on"]) < earliest:
        raise InvalidForm({"on": "That is before it was raised here, or before the stage that went before."})
