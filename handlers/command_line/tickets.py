"""`ticket`, `tick` and `audit`: the operator's view of tickets, and what is due."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import click

from bot.access import LOCAL_OPERATOR, Viewer
from bot.answering.library import Library
from bot.bulletin import Bulletin
from bot.config import Settings, WrongSetting, kept_audit_key
from bot.desk import STORAGE_FAILS, Desk, now
from bot.escalations import Escalations
from bot.feedback import Feedback
from bot.ledger import Looked, NoPolicy, NotFound, NotSaved
from bot.records import Records, records_of
from bot.storage import escalations, feedback
from bot.storage.database import DatabaseUnusable, Store, migrate
from bot.storage.history import History, exported
from handlers import terminal_tickets
from handlers.command_line.past import reading
from handlers.command_line.shared import Failed, at_option, json_option, moment, settings_or_fail
from handlers.command_line.ticket_objects import as_object, line_as_object
from handlers.terminal_tickets import Line

T = TypeVar("T")

NOUNS = {escalations.KIND: Escalations.noun, feedback.KIND: Feedback.noun}
"""Each kind of ticket, in the order in which they are listed."""
CANNOT_READ = "the records cannot be read or written just now; nothing is lost, try again in a minute"


@dataclass(frozen=True)
class Office:
    """What the commands work with."""

    desk: Desk
    store: Store
    records: Records


async def operator(desk: Desk) -> Viewer:
    """Whoever sits at this machine: each of their events is marked so.

    Raises: NotSaved where the database does not know them and cannot keep them.
    """
    person = await desk.person("terminal", LOCAL_OPERATOR)
    if person is None:
        raise NotSaved
    return Viewer(person, operator=True)


def kept_records(desk: Desk, settings: Settings) -> Records:
    """The records of a desk.

    Raises: WrongSetting, NotSaved.
    """
    try:
        return records_of(desk, settings)
    except STORAGE_FAILS:
        raise NotSaved from None


@contextmanager
def office(settings: Settings, at: datetime | None = None) -> Iterator[Office]:
    """The database and the knowledge, as they are or as they were last in use.

    Raises: Failed.
    """

    def clock() -> datetime:
        return at or now()

    try:
        migrate(settings.database)
    except DatabaseUnusable as error:
        raise Failed(str(error)) from None
    store = Store(settings.database)
    try:
        library = Library(
            settings.knowledge_dir, settings.partnership, settings.data_dir, clock, settings.semantic_model
        )
        library.open(kept=Bulletin(store, settings, clock).last_in_use)
        desk = Desk(library, store, clock)
        try:
            records = kept_records(desk, settings)
        except WrongSetting as error:
            raise Failed(str(error)) from None
        except NotSaved:
            raise Failed(CANNOT_READ) from None
        yield Office(desk, store, records)
    finally:
        store.close()


async def every_line(records: Records, viewer: Viewer, kind: str | None = None) -> list[Line]:
    """Every ticket, or those of one kind: escalations first.

    Raises: NotSaved.
    """
    lists: Mapping[str, Callable[[Viewer], Coroutine[Any, Any, Sequence[Line]]]] = {
        escalations.KIND: records.escalations.every,
        feedback.KIND: records.feedback.every,
    }
    return [line for name, every in lists.items() if kind in (None, name) for line in await every(viewer)]


def nothing(kind: str | None = None, *, ever: bool = False) -> str:
    """That there is no ticket, or none of a kind."""
    nouns = [noun for name, noun in NOUNS.items() if kind in (None, name)]
    return f"No {' and no '.join(nouns)} {'was recorded yet' if ever else 'is open'}."


def _done(work: Coroutine[Any, Any, T], here: Office) -> T:
    """What comes of it.

    Raises: Failed.
    """
    try:
        return asyncio.run(work)
    except NotSaved:
        raise Failed(CANNOT_READ) from None
    except NoPolicy:
        raise no_knowledge(here) from None


def no_knowledge(here: Office) -> Failed:
    """That the knowledge cannot be used, and the first fault."""
    return Failed(f"the knowledge cannot be used: {here.desk.library.faults[0]}")


@click.group()
def ticket() -> None:
    """List escalations and feedback requests, and show one."""


@ticket.command("list")
@click.option("--all", "every", is_flag=True, help="Those that are closed too.")
@click.option("--kind", type=click.Choice(list(NOUNS)), help="Those of one kind only.")
@json_option
def ticket_list(every: bool, kind: str | None, as_json: bool) -> None:
    """List escalations, then feedback requests: how each stands, whose move it is, and until when."""
    with office(settings_or_fail()) as here:

        async def read() -> list[Line]:
            return await every_line(here.records, await operator(here.desk), kind)

        lines = [line for line in _done(read(), here) if every or line.closed_at is None]
        if as_json:
            click.echo(_json([line_as_object(line) for line in lines]))
        elif lines:
            click.echo(terminal_tickets.listed(lines, here.desk.library.directory.partnership))
        else:
            click.echo(nothing(kind, ever=every))


@ticket.command("show")
@click.argument("reference", metavar="REF")
@click.option("--copy", is_flag=True, help="Print the plain text for the child's record.")
@json_option
def ticket_show(reference: str, copy: bool, as_json: bool) -> None:
    """Show one ticket with what was typed. That it was read is itself recorded."""
    if copy and as_json:
        raise click.UsageError("give --copy or --json")
    settings = settings_or_fail()
    with office(settings) as here:

        async def look() -> Looked[Any]:
            return await here.records.of(reference).look(reference.upper(), await operator(here.desk))

        try:
            looked = _done(look(), here)
        except NotFound:
            raise Failed(f"{reference}: no such ticket; `ticket list --all` lists them") from None
    if as_json:
        click.echo(_json(as_object(looked)))
    else:
        click.echo(terminal_tickets.copy(looked) if copy else terminal_tickets.ticket(looked))


@click.command()
@at_option
def tick(at: str | None) -> None:
    """Do everything that is due once: remind, close what nobody answered, deliver what waits.

    The server does the same by itself. For hosts that start programs by the clock; safe beside a running server.
    """
    settings = settings_or_fail()
    when = moment(at, settings)
    with office(settings, when if at else None) as here:
        if here.desk.library.knowledge is None:
            raise no_knowledge(here)
        click.echo(_done(_tick(here, settings), here))


async def _tick(here: Office, settings: Settings) -> str:
    """Do it; what was done, in a line."""
    try:
        said = f"{count(await here.records.upkeep.tick(), 'ticket')} looked after"
        if settings.slack is None:
            return f"{said}; Slack is not set, so nothing was sent"
        # Imported here: the other commands need no Slack.
        from handlers.slack.once import deliver_all

        sent = await deliver_all(here.desk, here.store, settings.slack, here.records, settings.managers)
        waits = f", {sent.waiting} still waiting" if sent.waiting else ""
        return f"{said}; {count(sent.through, 'message')} delivered{waits}"
    except STORAGE_FAILS:
        raise NotSaved from None


def count(number: int, what: str) -> str:
    """Such as "1 message", "2 messages"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


@click.group()
def audit() -> None:
    """Verify the history of tickets."""


@audit.command("verify")
def audit_verify() -> None:
    """Say whether every event stands as it was recorded; exits 1 with each fault where one does not."""
    settings = settings_or_fail()
    with reading(settings) as tx:
        events = exported(tx)
        if not events:
            click.echo("0 events: there is nothing to verify yet")
            return
        try:
            faults = list(History(kept_audit_key(settings)).verify(tx))
        except WrongSetting as error:
            raise Failed(str(error)) from None
    if faults:
        for fault in faults:
            click.echo(fault, err=True)
        raise Failed(f"{count(len(faults), 'fault')} in the history of {count(len(events), 'event')}")
    click.echo(f"{count(len(events), 'event')}, whole")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
