"""Escalations in `chat`: raised, listed, opened and moved, and the short records around them."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, TypeVar

import click

from bot.access import Viewer
from bot.config import Settings, WrongSetting
from bot.desk import Desk
from bot.escalations import Escalations
from bot.knowledge.partnership import Agency
from bot.ledger import Looked, NoPolicy, NotFound, NotNow, NotSaved
from bot.storage.questions import new_id
from bot.tickets.fields import FieldKind, InvalidForm
from bot.tickets.moves import Move
from bot.tickets.quick import QuickForm, QuickKind, is_not_settled
from bot.tickets.raising import CONTACTS, Door, RaiseForm, needs_card
from handlers import terminal, terminal_tickets
from handlers.command_line.filling import Filling, Values
from handlers.command_line.tickets import escalations_of, operator

T = TypeVar("T")

QUICK = {"we talked": QuickKind.TALK, "considered": QuickKind.CONSIDERED, "worked well": QuickKind.WORKED_WELL}
TICKET = re.compile(r"ticket (ESC-\d{4}-\d{4,})", re.IGNORECASE)
CANNOT_READ = "The records cannot be read just now. Nothing is lost; try again in a minute."
NO_POLICY = "Escalations cannot be recorded here just now: the policy cannot be read. Ring your safeguarding lead."
TOO_LATE = "Somebody was quicker, or this is not open any more. This is how it stands now."
NO_NAMES = "No names: the situation only. An empty line where something is needed ends it, and nothing is recorded."


class TicketForms:
    """One chat's forms. Who sits at the terminal acts as the local operator; `agency`: as whom they ask."""

    def __init__(self, desk: Desk, settings: Settings, agency: Agency | None) -> None:
        self._desk = desk
        self._settings = settings
        self._agency = agency

    def form_of(self, line: str) -> Callable[[], None] | None:
        """What a line opens, when that is all that was typed; None for a question."""
        word = " ".join(line.lower().split())
        if (found := TICKET.fullmatch(word)) is not None:
            return partial(self._go_through, partial(self._open, found[1].upper()))
        if word in QUICK:
            return partial(self._go_through, partial(self._quick, QUICK[word]))
        form = {"escalate": self._escalate, "tickets": self._list}.get(word)
        return partial(self._go_through, form) if form else None

    def _go_through(self, form: Callable[[], None]) -> None:
        """A form, or why there is none.

        Raises: click.Abort, where whoever fills it in stops.
        """
        try:
            form()
        except WrongSetting as error:
            click.echo(f"Escalations cannot be recorded here: {error}.")
        except NoPolicy:
            click.echo(NO_POLICY)
        except NotSaved:
            click.echo(CANNOT_READ)

    # Raising

    def _escalate(self) -> None:
        viewer = self._viewer()
        form = self._escalations.form(viewer)
        click.echo("Is a child in danger now? Ring 999 first. Stages never come before safety.\n")
        chosen = self._door()
        if chosen is not Door.DECISION and not (chosen is Door.INSIDE and form.policy.inside_one_agency):
            directory = self._desk.library.directory
            contacts = directory.in_order(CONTACTS.get(chosen, ()), self._desk.clock())
            click.echo("\n" + terminal_tickets.another_way(chosen, contacts))
            return
        click.echo(terminal.wrapped(NO_NAMES) + "\n")
        self._raise(viewer, None, {})

    def _door(self) -> Door:
        doors = list(Door)
        for number, door in enumerate(doors, 1):
            click.echo(f"  {number}. {door.label}")
        chosen = self._filling.pick("What is it about?", len(doors))
        if chosen is None:
            raise click.Abort
        return doors[chosen]

    def _raise(self, viewer: Viewer, stage: str | None, begun: Values) -> None:
        """The fields one by one, a look at them together, and the record. `begun`: what is known already."""
        form = self._escalations.form(viewer, stage=stage)
        if form.agency is None:
            (own,) = (field for field in form.required() if field.name == "raising")
            agency = self._filling.ask(own)
            viewer = replace(viewer, person=replace(viewer.person, agency=agency))
            form = self._escalations.form(viewer, stage=stage)
        form, values = self._required(form, begun)
        if self._filling.line("Add more now? It can be added later (y, or an empty line to go on)").lower() == "y":
            values = self._filling.fill(form.further(), values)
        claim = f"terminal:{new_id()}"
        while True:
            click.echo("\n" + terminal_tickets.summary(form.fields(), values) + "\n")
            self._confirm("Record it?")
            try:
                found = self._kept(partial(self._escalations.raise_, form, values, viewer, claim=claim))
            except InvalidForm as refused:
                values = self._filling.again(form.fields(), values, refused)
            else:
                click.echo("\n" + terminal_tickets.recorded(found))
                return

    def _required(self, form: RaiseForm, begun: Values) -> tuple[RaiseForm, Values]:
        values = self._filling.fill(form.required(), begun)
        if needs_card(values):
            card = self._desk.library.directory.card(self._desk.clock(), self._agency.kind if self._agency else None)
            click.echo("\n" + terminal.card(card) + "\nDo that first. Then say what has been done.\n")
            form = replace(form, not_safe=True)
            values = self._filling.fill(form.required(), values)
        return form, values

    # Looking and moving

    def _list(self) -> None:
        viewer = self._viewer()
        lines = [line for line in self._run(self._escalations.every(viewer)) if line.closed_at is None]
        partnership = self._desk.library.directory.partnership
        click.echo(terminal_tickets.listed(lines, partnership) if lines else "No escalation is open.")

    def _open(self, reference: str) -> None:
        try:
            looked = self._run(self._escalations.look(reference, self._viewer()))
        except NotFound:
            click.echo(f"There is no escalation {reference}. `tickets` lists those that are open.")
            return
        click.echo("\n" + terminal_tickets.ticket(looked) + "\n")
        offered = [move for move in looked.moves if self._can_be_asked(looked, move)]
        if not offered:
            return
        click.echo(terminal_tickets.moves(offered))
        chosen = self._filling.pick("What do you want to do? (an empty line: nothing)", len(offered))
        if chosen is not None:
            self._move(looked, offered[chosen])

    def _can_be_asked(self, looked: Looked, move: Move) -> bool:
        """Whether a terminal can: it knows no members to choose from."""
        fields = self._escalations.fields(looked, move.kind)
        return all(field.optional or field.kind is not FieldKind.PERSON for field in fields)

    def _move(self, looked: Looked, move: Move) -> None:
        fields = self._escalations.fields(looked, move.kind)
        for line in (move.explains, NO_NAMES if fields else ""):
            if line:
                click.echo(terminal.wrapped(line))
        values, claim = self._filling.fill(fields), f"terminal:{new_id()}"
        self._confirm(f"Record “{move.label}”?")
        reference, viewer = looked.state.reference, self._viewer()
        while True:
            try:
                moving = partial(self._escalations.move, reference, move.kind, values, viewer, claim=claim)
                speaking = self._kept(moving)
            except InvalidForm as refused:
                values = self._filling.again(fields, values, refused)
            except NotNow as late:
                click.echo("\n" + terminal_tickets.moved(late.speaking, TOO_LATE))
                return
            else:
                click.echo("\n" + terminal_tickets.moved(speaking, f"Recorded: {move.label}."))
                return

    # Short records

    def _quick(self, kind: QuickKind) -> None:
        knowledge, viewer = self._desk.library.knowledge, self._viewer()
        if knowledge is None or knowledge.escalation is None:
            raise NoPolicy
        form = QuickForm(kind, knowledge.escalation, knowledge.partnership.agencies)
        click.echo(terminal.wrapped(NO_NAMES))
        values = self._filling.fill(form.fields(self._filling.today()))
        filled = form.read(values, self._escalations.guard, self._desk.clock())
        claim = f"terminal:{new_id()}"
        saving = partial(self._escalations.quick, kind, filled, viewer, channel="terminal", claim=claim)
        reference = self._kept(saving)
        click.echo(f"Recorded as {reference}. It is not a referral, and nobody acts on it.")
        if is_not_settled(kind, filled):
            click.echo("\nIt is not settled, so an escalation goes on from here; an empty line ends it.")
            stage = form.policy.stages[0].id
            begun: Values = {
                "receiving": filled.data["other"],
                "disagree": filled.typed["text"],
                "talks": f"A talk on {filled.data['day']} ({reference})",
                "stage": stage,
            }
            try:
                self._raise(viewer, stage, begun)
            except click.Abort:
                click.echo(f"\nNo escalation was recorded; {reference} stands.")

    # Inside

    @cached_property
    def _escalations(self) -> Escalations:
        return escalations_of(self._desk, self._settings)

    @cached_property
    def _filling(self) -> Filling:
        return Filling(self._desk, self._escalations.guard, self._agency)

    def _viewer(self) -> Viewer:
        """The local operator.

        Raises: NotSaved.
        """
        found = self._run(operator(self._desk))
        agency = self._agency.id if self._agency else None
        return replace(found, person=replace(found.person, agency=agency))

    def _confirm(self, question: str) -> None:
        """Go on only with a plain yes.

        Raises: click.Abort.
        """
        if self._filling.line(f"{question} (y, or an empty line to leave it)").lower() not in ("y", "yes"):
            raise click.Abort

    def _kept(self, saving: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What comes of saving; tried as often as whoever waits for it wants, and what was typed stays.

        Raises: click.Abort.
        """
        while True:
            try:
                return self._run(saving())
            except NotSaved:
                click.echo("Not saved yet; what you typed is still here.")
                self._confirm("Try again?")

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        with _uninterrupted():
            return asyncio.run(work)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until what is being saved is saved: else "Nothing was recorded" could be wrong."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
