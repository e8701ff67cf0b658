"""Escalations, from "I disagree" to a recorded outcome: what handlers call.

Every change is one transaction: the event, how the escalation stands now, and the messages that tell of it. Only then
is it acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.access import Viewer
from bot.announcing import Announcer
from bot.answering.reply import ContactNow
from bot.config import Settings, WrongSetting, audit_key, kept_audit_key
from bot.desk import Desk
from bot.ledger import Ledger, Looked, NotNow
from bot.privacy import Guard
from bot.storage import claims, history, people, quick_records, tickets
from bot.storage.database import Store, Transaction
from bot.storage.history import History
from bot.storage.references import next_reference
from bot.storage.tickets import Line
from bot.tickets.escalation import Escalation, Event, Kind, Side, Stand, folded, opened
from bot.tickets.fields import Field, Filled, InvalidForm, read
from bot.tickets.moves import MOVES
from bot.tickets.notices import Speaking
from bot.tickets.quick import QuickKind
from bot.tickets.raising import RaiseForm, is_allowed_for_somebody
from bot.tickets.sides import sides_of
from bot.upkeep import Upkeep

PREFIX = "ESC"


@dataclass(frozen=True)
class Recorded:
    """An escalation that was just recorded: what the raiser is told, and whom to ring."""

    reference: str
    lines: tuple[str, ...]
    contacts: tuple[ContactNow, ...]


class Escalations:
    """Raises, moves and shows them."""

    def __init__(self, desk: Desk, history_key: str, announcer: Announcer) -> None:
        self._ledger = Ledger(desk, history_key, announcer)
        self.upkeep = Upkeep(self._ledger)

    @property
    def guard(self) -> Guard:
        """Finds what identifies somebody."""
        return self._ledger.guard

    # Raising

    def form(self, viewer: Viewer, *, for_somebody: bool = False, stage: str | None = None) -> RaiseForm:
        """The form for one person.

        Raises: NoPolicy.
        """
        knowledge = self._ledger.knowledge()
        agency = viewer.person.agency
        known = agency if agency in knowledge.partnership.agency_by_id and not for_somebody else None
        policy = self._ledger.policy_of(knowledge)
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
        knowledge, at, claim = self._ledger.knowledge(), self._ledger.desk.clock(), f"raise:{claim}"
        filled = form.read(values, self._ledger.guard, at)
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
            event = self._ledger.history.add(tx, event)
            state = opened(event)
            speaking = self._ledger.speaking_of(state, policy, knowledge)
            self._ledger.keep(tx, speaking, at)
            self._ledger.announcer.opened(tx, speaking, event)
            claims.claim(tx, claim, at, reference)
            return state

        state = await self._ledger.written(work)
        speaking = self._ledger.speaking_of(state, policy, knowledge)
        told = self._ledger.announcer.told_by_the_bot(speaking, at)
        contacts = self._ledger.desk.library.directory.to_ring(at)
        return Recorded(state.reference, tuple(speaking.recorded(told, at)), contacts)

    # Looking

    async def look(self, reference: str, viewer: Viewer) -> Looked:
        """One escalation with its history. That a manager reads another's record is an event itself.

        So is every read at the command line: whoever sits there, it is the same local operator.
        Raises: NotFound, NotSaved.
        """
        at, knowledge = self._ledger.desk.clock(), self._ledger.knowledge()

        def work(tx: Transaction) -> Looked:
            looked = self._ledger.looked(tx, reference, viewer, knowledge)
            if viewer.operator or sides_of(looked.state, viewer) == [Side.PARTNERSHIP]:
                self._ledger.history.add(
                    tx, Event(reference, Kind.READ, at, Side.PARTNERSHIP, viewer.person.id, _marks(viewer))
                )
            return looked

        return await self._ledger.written(work)

    async def speaking(self, reference: str) -> Speaking | None:
        """How an escalation stands, for messages in which nothing typed stands; None where there is none."""
        if self._ledger.desk.store is None:
            return None
        knowledge = self._ledger.knowledge()
        return await self._ledger.desk.store.read(lambda tx: self._ledger.of(tx, reference, knowledge))

    async def mine(self, viewer: Viewer) -> list[Line]:
        """What somebody raised, or is named on."""
        return await self._ledger.read(lambda tx: tickets.of_person(tx, viewer.person.id))

    async def of_my_agencies(self, viewer: Viewer) -> list[Line]:
        """For a lead: what their agencies take part in."""
        return await self._ledger.read(lambda tx: tickets.of_agencies(tx, viewer.leads)) if viewer.leads else []

    async def every(self, viewer: Viewer) -> list[Line]:
        """For managers: all of them."""
        if not (viewer.manager or viewer.operator):
            return []
        return await self._ledger.read(tickets.every)

    # Moving

    def fields(self, looked: Looked, kind: Kind) -> tuple[Field, ...]:
        """What a move asks."""
        return MOVES[kind].asks(looked.state, self._ledger.lists(looked.speaking))

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
        at, knowledge, claim = self._ledger.desk.clock(), self._ledger.knowledge(), f"move:{claim}"
        seen = await self._ledger.read(lambda tx: self._ledger.looked(tx, reference, viewer, knowledge))
        # What was typed is read before the writer is asked for: searching it for names takes time.
        filled = self._filled(seen, kind, values, at)

        def work(tx: Transaction) -> Speaking:
            looked = self._ledger.looked(tx, reference, viewer, knowledge)
            if claims.result_of(tx, claim) is not None:
                return looked.speaking
            sides = self._ledger.sides_for(MOVES[kind], looked.speaking, viewer)
            if not sides or looked.state.stage != seen.state.stage:
                raise NotNow(looked.speaking)
            if isinstance(filled, InvalidForm):
                raise filled
            speaking = looked.speaking
            for event in _events(kind, filled, speaking, viewer, sides[0], at):
                speaking = self._ledger.happened(tx, speaking, _with_talker(tx, event, viewer))
            claims.claim(tx, claim, at, reference)
            return speaking

        return await self._ledger.written(work)

    def _filled(
        self, looked: Looked, kind: Kind, values: Mapping[str, str | None], at: datetime
    ) -> Filled | InvalidForm:
        """What was filled in, or why it cannot be taken: somebody who was too late hears that first."""
        try:
            filled = read(self.fields(looked, kind), values, self._ledger.guard, at)
            _is_enough(kind, filled.data, filled.typed, looked.state)
        except InvalidForm as error:
            return error
        return filled

    async def quick(self, kind: QuickKind, filled: Filled, viewer: Viewer, *, channel: str, claim: str) -> str:
        """Keep a short record, once for a claim; its reference.

        Raises: NotSaved.
        """
        at, person, claim = self._ledger.desk.clock(), viewer.person, f"quick:{claim}"

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

        return await self._ledger.written(work)


def _events(
    kind: Kind, filled: Filled, speaking: Speaking, viewer: Viewer, side: Side, at: datetime
) -> Iterator[Event]:
    """What a move is in the history: the move itself, and what it means besides."""
    state, by = speaking.state, viewer.person.id
    on_behalf = {"on_behalf": True} if side not in sides_of(state, viewer) else {}
    marks: dict[str, Any] = {**_marks(viewer), **on_behalf}
    data: dict[str, Any] = {**filled.data, **marks}
    named = data.pop("person", None)
    if kind is Kind.HANDED_ON:
        data["last"] = speaking.policy.is_last(data["stage"])
    if kind is Kind.SNOOZED:
        data["until"] = speaking.clock.next_morning(at).isoformat()
    if kind in (Kind.ACKNOWLEDGED, Kind.WRONG_AGENCY) and state.stand is Stand.NOT_TOLD:
        # Whoever says so knows of it.
        yield Event(state.reference, Kind.TOLD, at, side, by, {"how": "here", **marks})
    if kind is not Kind.TALKER_NAMED:
        yield Event(state.reference, kind, at, side, by, data, filled.typed)
    if named is not None:
        yield Event(state.reference, Kind.TALKER_NAMED, at, side, by, {"person": named, **marks})


def _with_talker(tx: Transaction, event: Event, viewer: Viewer) -> Event:
    """The event with a person's own id in place of their id in the channel."""
    if event.kind is not Kind.TALKER_NAMED:
        return event
    talker = people.find_or_add(tx, viewer.person.channel, event.data["person"])
    return replace(event, data={**event.data, "person": talker.id})


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


def matching_audit_key(settings: Settings, store: Store | None) -> str:
    """The key of the history.

    Raises: WrongSetting where the database was chained with another, or where its key is missing.
    """
    if store is None:
        return audit_key(settings)
    with store.reading() as tx:
        # Only for a history that has not begun is a key made: a new one would say that all of it was changed.
        key = kept_audit_key(settings) if history.has_begun(tx) else audit_key(settings)
        if not History(key).is_ours(tx):
            raise WrongSetting(
                f"{settings.data_dir / 'audit.key'} is not the key of this database's history: restore the one "
                "that was kept with it"
            )
    return key
