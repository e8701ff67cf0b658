"""Tickets in `chat`: the words that open their forms; how they are listed, opened and moved."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from bot.casework import Casework
from bot.config import Settings, WrongSetting
from bot.desk import Desk
from bot.knowledge.partnership import Agency
from bot.ledger import Looked, NoPolicy, NotFound, NotNow, NotSaved
from bot.storage.questions import new_id
from bot.tickets.escalations.quick import QuickKind
from bot.tickets.fields import FieldKind, InvalidForm
from bot.tickets.moves import Move
from handlers import terminal, terminal_tickets
from handlers.command_line.new_tickets import NO_NAMES, NewTickets
from handlers.command_line.seat import Seat
from handlers.command_line.tickets import every_line, nothing

ASK = ("feedback", "mash feedback", "what became of my referral", "what became of my referral?")
QUICK = {"we talked": QuickKind.TALK, "considered": QuickKind.CONSIDERED, "worked well": QuickKind.WORKED_WELL}
TICKET = re.compile(r"ticket ((?:ESC|MASH)-\d{4}-\d{4,})", re.IGNORECASE)
CANNOT_READ = "The records cannot be read just now. Nothing is lost; try again in a minute."
NO_POLICY = "This cannot be recorded here just now: the policy cannot be read. Ring your safeguarding lead."
GO_ON = "I disagree, or still nothing: raise an escalation"


class TicketForms:
    """One chat's forms. Who sits at the terminal acts as the local operator; `agency`: as whom they ask."""

    def __init__(self, desk: Desk, settings: Settings, agency: Agency | None) -> None:
        self._seat = Seat(desk, settings, agency)
        self._new = NewTickets(self._seat)

    def form_of(self, line: str) -> Callable[[], None] | None:
        """What a line opens, when that is all that was typed; None for a question."""
        word = " ".join(line.lower().split())
        if (found := TICKET.fullmatch(word)) is not None:
            return partial(self._go_through, partial(self._open, found[1].upper()))
        forms: dict[str, Callable[[], None]] = {
            "escalate": self._new.escalate,
            "tickets": self._list,
            **dict.fromkeys(ASK, self._new.ask),
            **{quick: partial(self._new.quick, kind) for quick, kind in QUICK.items()},
        }
        return partial(self._go_through, forms[word]) if word in forms else None

    def _go_through(self, form: Callable[[], None]) -> None:
        """A form, or why there is none.

        Raises: click.Abort, where whoever fills it in stops.
        """
        try:
            form()
        except WrongSetting as error:
            click.echo(f"Nothing can be recorded here: {error}.")
        except NoPolicy:
            click.echo(NO_POLICY)
        except NotSaved:
            click.echo(CANNOT_READ)

    def _list(self) -> None:
        found = self._seat.run(every_line(self._seat.records, self._seat.viewer()))
        lines = [line for line in found if line.closed_at is None]
        partnership = self._seat.desk.library.directory.partnership
        click.echo(terminal_tickets.listed(lines, partnership) if lines else nothing())

    def _open(self, reference: str) -> None:
        """One ticket, and what can be done with it."""
        casework, viewer = self._seat.records.of(reference), self._seat.viewer()
        try:
            looked = self._seat.run(casework.look(reference, viewer))
        except NotFound:
            click.echo(f"{casework.not_yours} `tickets` lists those that are open.")
            return
        click.echo("\n" + terminal_tickets.ticket(looked) + "\n")
        offered: dict[str, Callable[[], None]] = {
            move.label: partial(self._move, casework, looked, move)
            for move in looked.moves
            if _can_be_asked(casework, looked, move)
        }
        feedback = self._seat.records.feedback
        if casework is feedback and feedback.may_escalate(looked, viewer):
            offered[GO_ON] = partial(self._new.escalate_about, looked)
        if not offered:
            return
        click.echo(terminal_tickets.numbered(offered))
        chosen = self._seat.filling.pick("What do you want to do? (an empty line: nothing)", len(offered))
        if chosen is not None:
            list(offered.values())[chosen]()

    def _move(self, casework: Casework[Any], looked: Looked[Any], move: Move[Any]) -> None:
        """What a move asks, and its record."""
        fields, filling = casework.fields(looked, move.kind), self._seat.filling
        for line in (move.explains, NO_NAMES if fields else ""):
            if line:
                click.echo(terminal.wrapped(line))
        values, claim = filling.fill(fields), f"terminal:{new_id()}"
        filling.confirm(f"Record “{move.label}”?")
        reference, viewer = looked.state.reference, self._seat.viewer()
        while True:
            try:
                moving = partial(casework.move, reference, move.kind, values, viewer, claim=claim)
                speaking = self._seat.kept(moving)
            except InvalidForm as refused:
                values = filling.again(fields, values, refused)
            except NotNow as late:
                click.echo("\n" + terminal_tickets.too_late(late.speaking))
                return
            else:
                click.echo("\n" + terminal_tickets.moved(speaking, f"Recorded: {move.label}."))
                return


def _can_be_asked(casework: Casework[Any], looked: Looked[Any], move: Move[Any]) -> bool:
    """Whether a terminal can: it knows no members to choose from."""
    fields = casework.fields(looked, move.kind)
    return all(field.optional or field.kind is not FieldKind.PERSON for field in fields)
