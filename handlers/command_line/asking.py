"""`ask` and `chat`: questions in the terminal, recorded like any other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from bot.access import AgencySource
from bot.answering.library import Library
from bot.answering.reply import ContactNow, EmergencyCard, Reply
from bot.config import Settings
from bot.desk import Desk, now
from bot.knowledge.partnership import Agency
from bot.storage.database import DatabaseUnusable, Store, migrate
from bot.storage.questions import new_id
from bot.switch import Switch
from handlers import terminal, wording
from handlers.command_line import forms
from handlers.command_line.shared import Failed, at_option, json_option, moment, settings_or_fail
from handlers.command_line.ticket_forms import TicketForms


def new_desk(settings: Settings, at: datetime | None = None) -> Desk:
    """A desk that answers, without a database so far."""

    def clock() -> datetime:
        return at or now()

    library = Library(settings.knowledge_dir, settings.partnership, settings.data_dir, clock, settings.semantic_model)
    library.open()
    return Desk(library, None, clock)


@contextmanager
def recording(desk: Desk, settings: Settings) -> Iterator[None]:
    """Give the desk its database; where there is none, questions are answered all the same."""
    try:
        migrate(settings.database)
        desk.store = Store(settings.database)
        asyncio.run(Switch(desk).look())
    except DatabaseUnusable as error:
        click.echo(f"{error}; going on without a record", err=True)
    try:
        yield
    finally:
        if desk.store is not None:
            desk.store.close()


@click.command()
@click.argument("text")
@json_option
@at_option
@click.option("--agency", metavar="ID", help="Ask as somebody of this agency (see partnership.yaml).")
def ask(text: str, as_json: bool, at: str | None, agency: str | None) -> None:
    """Ask one question and print the one reply."""
    settings = settings_or_fail()
    when = moment(at, settings)
    desk = new_desk(settings, when if at else None)
    # Before anything that may wait or fail: the card needs no database, and no agency that exists.
    card = desk.alarm(text, _known_agency(desk, agency))
    if card is not None and not as_json:
        click.echo(terminal.card(card) + "\n")
    chosen = _agency_or_fail(desk, agency)
    with recording(desk, settings):
        _add_cached_meaning(desk, settings)
        answered = desk.answer(
            text,
            channel="terminal",
            asker="terminal",
            agency=chosen,
            agency_source=AgencySource.DECLARED,
            emergency=card is not None,
        )
        click.echo(_as_json(answered.reply, card) if as_json else terminal.reply(answered.reply))
        asyncio.run(desk.record(answered))
        if desk.library.guidance is None:
            raise Failed(f"the knowledge cannot be used: {desk.library.faults[0]}")


def _known_agency(desk: Desk, agency_id: str | None) -> Agency | None:
    return desk.library.directory.partnership.agency_by_id.get(agency_id or "")


def _agency_or_fail(desk: Desk, agency_id: str | None) -> Agency | None:
    agency = _known_agency(desk, agency_id)
    if agency_id is not None and agency is None and desk.library.guidance is not None:
        known = ", ".join(desk.library.directory.partnership.agency_by_id)
        raise click.BadParameter(f"{agency_id!r} is none of {known}", param_hint="--agency")
    return agency


def _add_cached_meaning(desk: Desk, settings: Settings) -> None:
    """Match by meaning when the server has made the vectors; one question is not worth making them for."""
    if any(settings.data_dir.glob("phrase-vectors-*.npz")):
        desk.library.add_meaning()


def _as_json(reply: Reply, card: EmergencyCard | None) -> str:
    return json.dumps(
        {
            "status": reply.status.value,
            "emergency": card is not None,
            "message": reply.message,
            "answer_id": reply.answer_id,
            "shown": list(reply.shown),
            "title": reply.entry.title if reply.entry else None,
            "answer": reply.entry.answer if reply.entry else None,
            "for_agency": reply.for_agency,
            "steps": list(reply.entry.steps) if reply.entry else [],
            "must": [rule.model_dump() for rule in reply.entry.must] if reply.entry else [],
            "should": [rule.model_dump() for rule in reply.entry.should] if reply.entry else [],
            "contacts": [_contact_json(now) for now in reply.contacts],
            "emergency_card": None
            if card is None
            else {"first": card.first, "then": card.then, "contacts": [_contact_json(now) for now in card.contacts]},
            "sources": [source.model_dump() for source in reply.entry.sources] if reply.entry else [],
            "confirm_locally": reply.entry.confirm_locally if reply.entry else None,
            "draft": reply.draft,
            "found": [{"kind": f.kind.value, "start": f.start, "end": f.end} for f in reply.found],
            "without": reply.without,
            "knowledge_version": reply.knowledge_version,
        },
        ensure_ascii=False,
        indent=2,
    )


def _contact_json(contact_now: ContactNow) -> dict[str, Any]:
    return {
        "id": contact_now.contact.id,
        "name": contact_now.contact.name,
        "numbers": [number.display for number in contact_now.contact.numbers],
        "email": contact_now.contact.email,
        "open": contact_now.opening.open,
        "hours": wording.hours(contact_now),
        "as_of": wording.number_as_of(contact_now),
        "note": contact_now.contact.note,
    }


@click.command()
@click.option("--agency", metavar="ID", help="Ask as somebody of this agency (see partnership.yaml).")
def chat(agency: str | None) -> None:
    """Chat in the terminal, with the same replies; an empty line or Ctrl-D ends it."""
    settings = settings_or_fail()
    desk = new_desk(settings)
    chosen = _agency_or_fail(desk, agency)
    with recording(desk, settings):
        _add_cached_meaning(desk, settings)
        click.echo("Ask in your own words, without names. An empty line ends the chat.")
        click.echo("These words alone open a form:")
        for word, meaning in forms.WORDS.items():
            click.echo(f"  {word:<{max(map(len, forms.WORDS))}}  {meaning}")
        click.echo()
        tickets = TicketForms(desk, settings, chosen)
        thread = f"terminal:{new_id()}"
        previous: str | None = None
        offered: tuple[str, ...] = ()
        while line := _typed():
            form = tickets.form_of(line) or _form_of(line, desk, previous, chosen)
            if form is not None:
                _fill_in(form)
                continue
            if line.strip() in map(str, range(1, len(offered) + 1)):
                shown = desk.show(offered[int(line) - 1], chosen)
                if shown is not None:
                    click.echo("\n" + terminal.reply(shown) + "\n")
                    previous, offered = shown.answer_id, ()
                continue
            card = desk.alarm(line, chosen)
            if card is not None:
                click.echo("\n" + terminal.card(card))
            answered = desk.answer(
                line,
                channel="terminal",
                asker=thread,
                agency=chosen,
                agency_source=AgencySource.DECLARED,
                previous=previous,
                thread=thread,
                emergency=card is not None,
            )
            click.echo("\n" + terminal.reply(answered.reply) + "\n")
            asyncio.run(desk.record(answered))
            previous = answered.reply.subject or previous
            offered = tuple(entry.full_id for entry in answered.reply.others)


def _form_of(line: str, desk: Desk, previous: str | None, agency: Agency | None) -> Callable[[], None] | None:
    match line.strip().lower():
        case "no answer":
            return lambda: forms.no_answer_form(desk, agency)
        case "correct":
            return lambda: forms.correction_form(desk, previous, agency)
    return None


def _fill_in(form: Callable[[], None]) -> None:
    try:
        form()
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nNothing was recorded.")
    click.echo()


def _typed() -> str:
    try:
        return str(click.prompt("You", prompt_suffix="> ", default="", show_default=False))
    except click.Abort:
        click.echo()
        return ""
