"""The forms of `chat`: the same questions as on the page and in Slack, asked one after the other."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TypeVar

import click

from bot.answering import messages
from bot.desk import Desk, whole_characters
from bot.knowledge.model import Contact
from bot.knowledge.partnership import Agency
from bot.privacy import Guard
from bot.reports import Reports
from bot.storage.questions import new_id
from bot.tickets import no_answer
from bot.tickets.fields import InvalidForm
from bot.tickets.no_answer import Did, Waited, can_be_reported
from handlers import terminal

Choice = TypeVar("Choice", bound=StrEnum)

WORDS = {
    "no answer": "you rang and got no adequate answer",
    "correct": "you want to suggest a correction",
    "escalate": "you disagree with another agency's decision about a child",
    "feedback": "you want to know what became of a referral to the MASH",
    "we talked": "you disagreed, and have talked about it",
    "considered": "you considered an escalation and did not raise one",
    "worked well": "work between agencies went well",
    "tickets": "you want to see the escalations and feedback requests that are open",
    "ticket ESC-2026-0001": "you want to open one of them, and act on it",
}
"""What opens a form in `chat`, when that is all that is typed; the reference stands for any."""
NOT_SAVED = "This could not be saved just now. Try again in a moment."


def no_answer_form(desk: Desk, agency: Agency | None) -> None:
    """What to do next, at once; then what is recorded."""
    listed = [now.contact for now in desk.library.directory.to_ring(desk.clock())]
    offered = [contact for contact in listed if can_be_reported(contact)]
    if not offered:
        click.echo("I know of no service with a number. In danger, ring 999.")
        return
    contact, reports = _service(offered), Reports(desk)
    step = reports.next_step(contact.id)
    if step is not None:
        click.echo("\n" + terminal.next_step(step) + "\n")
    if not click.confirm("Record it, so that the partnership can put it right? No names are needed", default=True):
        return
    waited = _choice("How long did you wait?", list(Waited))
    did = _choice("What did you do?", list(Did))
    try:
        record = no_answer.parse(contact, desk.clock(), waited.value, did.value, desk.clock())
    except InvalidForm as error:
        click.echo(str(error))
        return
    recording = reports.no_answer(
        record, channel="terminal", claim=f"terminal:{new_id()}", agency=agency.id if agency else None
    )
    reference = asyncio.run(recording)
    click.echo(f"Recorded as {reference}. It is not a referral." if reference else NOT_SAVED)


def correction_form(desk: Desk, entry_id: str | None, agency: Agency | None) -> None:
    """A correction to the entry that was shown last."""
    if entry_id is None:
        click.echo("Ask a question first; then I know which entry you mean.")
        return
    question = f"What is wrong in {entry_id}, or what should it say? (no names)"
    text = whole_characters(str(click.prompt(question, default=""))).strip()
    card = desk.alarm(text, agency)
    if card is not None:
        click.echo("\n" + terminal.card(card))
    guidance = desk.library.guidance
    found = (guidance.guard if guidance else Guard()).find(text)
    if found or not text:
        click.echo(messages.identifiers(found) if found else "Nothing was sent.")
        return
    recording = Reports(desk).correction(
        entry_id, text, channel="terminal", claim=f"terminal:{new_id()}", agency=agency.id if agency else None
    )
    click.echo("Thank you. It is on the editors' list." if asyncio.run(recording) else NOT_SAVED)


def _service(offered: list[Contact]) -> Contact:
    for number, contact in enumerate(offered, 1):
        click.echo(f"  {number}. {contact.name}")
    return offered[int(click.prompt("Which service?", type=click.IntRange(1, len(offered)), default=1)) - 1]


def _choice(question: str, options: list[Choice]) -> Choice:
    for number, option in enumerate(options, 1):
        click.echo(f"  {number}. {getattr(option, 'label', option.value)}")
    return options[int(click.prompt(question, type=click.IntRange(1, len(options)))) - 1]
