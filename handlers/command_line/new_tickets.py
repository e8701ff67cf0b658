"""What begins in `chat`: an escalation, a feedback request, and the short records around them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

import click

from bot.access import Viewer
from bot.casework import Recorded
from bot.ledger import Looked, NoPolicy, NotNow
from bot.storage.questions import new_id
from bot.tickets.escalations.quick import QuickForm, QuickKind, is_not_settled
from bot.tickets.escalations.raising import CONTACTS, Door, RaiseForm, needs_card
from bot.tickets.feedback.asking import AskForm
from bot.tickets.fields import InvalidForm
from handlers import terminal, terminal_tickets
from handlers.command_line.filling import Values
from handlers.command_line.seat import Seat, of_agency

Record = Callable[..., Coroutine[Any, Any, Recorded]]
"""Takes a form, what was filled in, and who did; and the claim."""

DANGER = "Is a child in danger now? Ring 999 first."
NO_NAMES = "No names: the situation only. An empty line where something is needed ends it, and nothing is recorded."
RING_NOW = "Something has changed: ring now, and say that it is new. Then go on here."


class NewTickets:
    """The forms of one seat."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    # An escalation

    def escalate(self) -> None:
        """The right door first, then the form."""
        viewer, escalations = self._seat.viewer(), self._seat.records.escalations
        form = escalations.form(viewer)
        click.echo(f"{DANGER} Stages never come before safety.\n")
        chosen = self._door()
        if chosen is not Door.DECISION and not (chosen is Door.INSIDE and form.policy.inside_one_agency):
            directory = self._seat.desk.library.directory
            contacts = directory.in_order(CONTACTS.get(chosen, ()), self._seat.desk.clock())
            click.echo("\n" + terminal_tickets.another_way(chosen, contacts))
            return
        click.echo(terminal.wrapped(NO_NAMES) + "\n")
        viewer = self._of_an_agency(viewer, form)
        self._raise(escalations.form(viewer), {}, viewer, escalations.raise_)

    def escalate_about(self, looked: Looked[Any]) -> None:
        """An escalation that comes of a feedback request, for the agency that asked; what is known is filled in."""
        feedback, state = self._seat.records.feedback, looked.state
        viewer = self._seat.viewer()
        form, begun = feedback.escalation(looked, viewer)
        click.echo(f"{DANGER} Stages never come before safety.\n{NO_NAMES}\n")
        try:
            self._raise(form, begun, viewer, partial(feedback.escalate, state.reference))
        except NotNow as late:
            click.echo("\n" + terminal_tickets.too_late(late.speaking))

    def _door(self) -> Door:
        doors = list(Door)
        click.echo(terminal_tickets.numbered([door.label for door in doors]))
        chosen = self._seat.filling.pick("What is it about?", len(doors))
        if chosen is None:
            raise click.Abort
        return doors[chosen]

    def _raise(self, form: RaiseForm, begun: Values, viewer: Viewer, record: Record) -> None:
        """The form, and where the child is not safe, the card and what was done. `begun`: what is known already."""
        values = self._seat.filling.fill(form.required(), begun)
        if needs_card(values):
            desk, agency = self._seat.desk, self._seat.agency
            card = desk.library.directory.card(desk.clock(), agency.kind if agency else None)
            click.echo("\n" + terminal.card(card) + "\nDo that first. Then say what has been done.\n")
            form = replace(form, not_safe=True)
            values = self._seat.filling.fill(form.required(), values)
        self._record(form, values, viewer, record)

    # A feedback request

    def ask(self) -> None:
        """What became of a referral: the form, and whom to ring now where something has changed."""
        viewer, feedback = self._seat.viewer(), self._seat.records.feedback
        form = feedback.form(viewer)
        click.echo(f"{DANGER} This asks what became of a referral; it is none itself.\n{NO_NAMES}\n")
        viewer = self._of_an_agency(viewer, form)
        form = feedback.form(viewer)
        values = self._seat.filling.fill(form.required())
        if values["changed"] == "yes":
            desk = self._seat.desk
            click.echo(f"\n{RING_NOW}\n{terminal.to_ring(desk.library.directory.to_ring(desk.clock())[:1])}\n")
        self._record(form, values, viewer, feedback.ask)

    # Both

    def _of_an_agency(self, viewer: Viewer, form: RaiseForm | AskForm) -> Viewer:
        """Whoever asks, with their agency: it is asked first where it is not known, since the form depends on it."""
        if form.agency is not None:
            return viewer
        (own,) = (field for field in form.required() if field.name == "raising")
        return of_agency(viewer, self._seat.filling.ask(own))

    def _record(self, form: RaiseForm | AskForm, values: Values, viewer: Viewer, record: Record) -> None:
        """What may be added, a look at all of it together, and the record."""
        filling = self._seat.filling
        if filling.line("Add more now? It can be added later (y, or an empty line to go on)").lower() == "y":
            values = filling.fill(form.further(), values)
        claim = f"terminal:{new_id()}"
        while True:
            click.echo("\n" + terminal_tickets.summary(form.fields(), values) + "\n")
            filling.confirm("Record it?")
            try:
                found = self._seat.kept(partial(record, form, values, viewer, claim=claim))
            except InvalidForm as refused:
                values = filling.again(form.fields(), values, refused)
            else:
                click.echo("\n" + terminal_tickets.recorded(found))
                return

    # Short records

    def quick(self, kind: QuickKind) -> None:
        """A short record; from a talk that settled nothing an escalation goes on."""
        knowledge, viewer = self._seat.desk.library.knowledge, self._seat.viewer()
        if knowledge is None or knowledge.escalation is None:
            raise NoPolicy
        escalations, filling = self._seat.records.escalations, self._seat.filling
        form = QuickForm(kind, knowledge.escalation, knowledge.partnership.agencies)
        click.echo(terminal.wrapped(NO_NAMES))
        values = filling.fill(form.fields(filling.today()))
        filled = form.read(values, escalations.guard, self._seat.desk.clock())
        claim = f"terminal:{new_id()}"
        reference = self._seat.kept(partial(escalations.quick, kind, filled, viewer, channel="terminal", claim=claim))
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
                viewer = self._of_an_agency(viewer, escalations.form(viewer))
                self._raise(escalations.form(viewer, stage=stage), begun, viewer, escalations.raise_)
            except click.Abort:
                click.echo(f"\nNo escalation was recorded; {reference} stands.")
