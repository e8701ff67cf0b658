"""Everything that the Slack handler renders, with content of every kind: what is shipped, and what is hostile.

`TABLE` names every renderer. tests/test_slack_limits.py holds what they make to Slack's limits, tests/slack_types to
Slack's published types.
"""

import asyncio
import atexit
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

from slack_content import AT, MOMENTS, Content
from slack_rendered_feedback import FEEDBACK
from slack_rendered_reports import REPORTS
from slack_rendered_tickets import TICKETS

import handlers.slack
from bot.access import Person
from bot.answering import messages
from bot.answering.answer import answer, show
from bot.answering.guidance import NO_DIRECTORY, Directory, Guidance
from bot.answering.reply import Asked, EmergencyCard, Reply, Status
from bot.desk import Desk
from bot.digests import Recipients
from bot.knowledge.model import Contact, Entry, KnowledgeBase
from bot.knowledge.partnership import AgencyKind
from bot.privacy import Found, Kind
from bot.reporting.days import Day
from bot.reporting.digest import Audience, Digest, Measure, Part
from bot.reporting.tables import Unit
from bot.storage.database import Transaction, connect, migrate
from bot.storage.questions import new_id
from bot.tickets.no_answer import NextStep, can_be_reported, next_step
from handlers.slack import digest_views, feedback_views, fields, forms, render, report_views, ticket_views
from handlers.slack.blocks import texts
from handlers.slack.for_managers import ForManagers
from handlers.slack.home import Home
from handlers.slack.render import Outgoing

Shape = dict[str, Any]
"""The arguments of a message, or a view."""


# Renderers


def replies(content: Content) -> Iterator[Reply]:
    """One with everything, one without an entry, one that hands a text back, one with nothing."""
    entries, contacts = tuple(content.entries), content.now
    yield Reply(
        Status.ANSWERED,
        entry=content.entry,
        for_agency=content.line,
        contacts=contacts,
        others=entries[:3],
        related=entries,
        draft=messages.draft(content.line),
    )
    yield Reply(Status.NO_GUIDANCE, messages.NOT_FOUND, contacts=contacts, others=entries, topics=content.topics)
    typed = content.filled(40_000)
    found = tuple(Found(0, 5, kind) for kind in Kind)
    for most in (2000, 2001):
        yield Reply(
            Status.IDENTIFIERS,
            messages.identifiers(found),
            contacts=contacts,
            found=found,
            give_back=typed,
            without=typed.strip()[:most] or None,
        )
    yield Reply(Status.SWITCHED_OFF, messages.switched_off(content.line), contacts=contacts)
    yield Reply(Status.SMALL_TALK, entry=Entry(topic="bot", id="hello", title="Hello", answer=content.filled(600)))
    yield Reply(Status.ERROR)


def answer_forms(content: Content) -> Iterator[Shape]:
    for reply in replies(content):
        yield forms.answer(reply, content.emergency)
    yield forms.answer(reply, None)


def problems(content: Content) -> Iterator[Outgoing]:
    """What stands beside a field is a plain text."""
    for reply in replies(content):
        if reply.message:
            for card in (None, content.emergency):
                text = {"type": "plain_text", "text": forms.problem(reply, card)}
                yield Outgoing("Beside a field", [{"type": "section", "text": text}])


def every_way(reply: Reply) -> Iterator[Outgoing]:
    """As each place shows it, with the question for the asker's agency below."""
    yield render.reply(reply, private=False)
    yield render.reply(reply, question_id=new_id(), private=False, late=messages.late("10:30"))
    yield render.reply(reply, question_id=new_id(), private=True, hand_back=True)


def cards(content: Content) -> Iterator[Outgoing]:
    for first in (messages.EMERGENCY_FIRST, messages.EMERGENCY_FIRST_OWN_POWERS):
        yield render.card(EmergencyCard(first, messages.EMERGENCY_THEN, content.now, date(2026, 11, 21)))
    yield render.card(EmergencyCard(messages.EMERGENCY_FIRST, messages.EMERGENCY_THEN_UNKNOWN))


def agency_questions(content: Content) -> Iterator[Outgoing]:
    below = render.note("Answered.")
    yield below.with_more(render.agency_question(content.agencies))
    yield render.contacts(content.now).with_more(render.agency_question(content.agencies))


def agency_menus(content: Content) -> Iterator[Outgoing]:
    if content.agencies:
        for chosen in (None, content.agencies[0], content.agencies[-1]):
            menu = render.agency_menu(content.agencies, chosen)
            yield Outgoing("Agencies", [{"type": "actions", "elements": [menu]}])


def weeks(content: Content) -> Iterator[Outgoing]:
    days = [Day(date(2026, 11, day), 10**content.many % 10**12, day, 0) for day in range(24, 31)]
    yield render.week(days)
    yield render.week(days[:1])


def refusals(content: Content) -> Iterator[Outgoing]:
    yield render.refusal(content.line, None, content.now)
    yield render.refusal(content.line, content.emergency, content.now)


def numbers(content: Content) -> Iterator[Outgoing]:
    for now in content.now[:3]:
        yield Outgoing("Number", list(texts(render.number_line(now))))


def marked(content: Content) -> Iterator[Outgoing]:
    if text := render.mrkdwn(content.filled(200)):
        yield Outgoing("Marks", [{"type": "section", "text": {"type": "mrkdwn", "text": text}}])


def steps(content: Content) -> Iterator[NextStep]:
    lines = tuple(content.line for _ in range(3))
    yield NextStep(lines, content.now, ())
    yield NextStep(lines, (), ())


def no_answer_forms(content: Content) -> Iterator[Shape]:
    contacts = [*content.contacts.values()] or [Contact(id="front-door", name=content.line)]
    for step in steps(content):
        yield forms.no_answer(contacts, step, AT)


def homes(content: Content) -> Iterator[Shape]:
    """Of a manager who just chose an agency, guidance being off; and of anybody, with nothing loaded."""
    knowledge = content.knowledge
    agency = next(reversed(knowledge.partnership.agency_by_id), None)
    yield home(knowledge, manager=True, agency=agency, said=content.line, off=content.line)
    yield home(None, manager=False)


def home(
    knowledge: KnowledgeBase | None,
    *,
    manager: bool,
    agency: str | None = None,
    said: str | None = None,
    off: str | None = None,
) -> Shape:
    """Home as it is published."""

    async def published() -> Shape:
        directory = Directory(knowledge.contacts, knowledge.partnership) if knowledge else NO_DIRECTORY
        library = SimpleNamespace(knowledge=knowledge, directory=directory, guidance=None)
        desk = Desk(library, None, lambda: AT)
        desk.store, desk.switched_off = SimpleNamespace(read=read), off
        desk.person = given(Person("p1", "slack", agency=agency))
        people, tickets = SimpleNamespace(is_manager=given(manager)), SimpleNamespace(home_blocks=given([]))
        digests = SimpleNamespace(recipients=Recipients(public_url="https://guidance.example.org"))
        managers = ForManagers(SimpleNamespace(desk=desk, digests=digests), people)
        views = []

        async def publish(user_id: str, view: Shape) -> None:
            views.append(view)

        shown = Home(SimpleNamespace(desk=desk), SimpleNamespace(), managers, [tickets])
        await shown.publish(SimpleNamespace(user="U1", client=SimpleNamespace(views_publish=publish)), said)
        (view,) = views
        return view

    return asyncio.run(published())


async def read(work: Callable[[Transaction], Any]) -> Any:
    """From an empty database."""
    with closing(connect(database())) as connection:
        return work(Transaction(connection))


@cache
def database() -> Path:
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "safeguarding.db"
    migrate(path)
    return path


def given(value: Any) -> Callable[..., Any]:
    async def answered(*_: Any, **__: Any) -> Any:
        return value

    return answered


def digests(content: Content) -> Iterator[Outgoing]:
    """Of a full week and of a quiet one, as they come out of the database."""
    value = 10**content.many % 10**12
    measures = (
        *(Measure(f"{content.line} {n}", value, None, charted=f"{n} {content.line}") for n in range(7)),
        Measure(content.line, 0.5, None, Unit.SHARE),
        Measure(content.line, 2.25, 3, Unit.HOURS),
    )
    lines = tuple(content.line for _ in content.each(11))
    parts = tuple(Part(content.line, lines, typed=number == 3) for number in range(9))
    for made in (
        Digest(Audience.MANAGERS, content.line, content.line, measures, parts),
        Digest(Audience.PRACTITIONERS, content.line, content.line, (), parts[:2], content.entry.full_id),
        Digest(Audience.MANAGERS, content.line, content.line, (), ()),
    ):
        yield digest_views.digest(Digest.from_json(made.as_json()))


TABLE: dict[str, Callable[[Content], Iterator[Outgoing | Shape]]] = {
    "render.agency_menu": agency_menus,
    "render.agency_question": agency_questions,
    "render.card": cards,
    "render.contacts": lambda content: iter([render.contacts(content.now)]),
    "render.entries": lambda content: iter([render.entries(content.filled(600), content.entries)]),
    "render.mrkdwn": marked,
    "render.number_line": numbers,
    "render.note": lambda content: iter([render.note(content.filled(40_000))]),
    "render.refusal": refusals,
    "render.reply": lambda content: (outgoing for reply in replies(content) for outgoing in every_way(reply)),
    "render.topics": lambda content: iter([render.topics(content.knowledge)]),
    "render.week": weeks,
    "digest_views.digest": digests,
    "forms.answer": answer_forms,
    "forms.ask": lambda content: iter([forms.ask()]),
    "forms.correction": lambda content: map(forms.correction, (content.entry, *content.entries[:1])),
    "forms.missing": lambda content: iter([forms.missing(new_id())]),
    "forms.next_step": lambda content: (Outgoing("Next", forms.next_step(step)) for step in steps(content)),
    "forms.no_answer": no_answer_forms,
    "forms.problem": problems,
    "forms.recorded": lambda content: (forms.recorded("NA-2026-1000000", step) for step in steps(content)),
    "forms.switch_off": lambda content: iter([forms.switch_off()]),
    "forms.thanks": lambda content: iter([forms.thanks(content.line)]),
    "home.Home": homes,
    **TICKETS,
    **FEEDBACK,
    **REPORTS,
}
"""Each renderer, and what it makes of any content."""
READERS = {"forms.values_of", "fields.filled_in"}
"""Public functions beside them that render nothing."""
MODULES = {
    "render": render,
    "digest_views": digest_views,
    "forms": forms,
    "fields": fields,
    "ticket_views": ticket_views,
    "feedback_views": feedback_views,
    "report_views": report_views,
}
PIECES = {"blocks"}
"""What renderers put together."""


def renderers() -> set[str]:
    """The public functions of the modules that render, and Home."""
    return {"home.Home"} | {
        f"{name}.{function}" for name, module in MODULES.items() for function in functions_of(module)
    }


def modules_that_render() -> set[str]:
    """The modules of the Slack handler with a function that makes a message, a view, or blocks."""
    found = set()
    for module in pkgutil.iter_modules(handlers.slack.__path__):
        functions = functions_of(importlib.import_module(f"handlers.slack.{module.name}"))
        if any(RENDERS.search(str(made.__annotations__.get("return"))) for made in functions.values()):
            found.add(module.name)
    return found


RENDERS = re.compile(r"\b(Outgoing|Form|View|Block)\b")


def functions_of(module: ModuleType) -> dict[str, FunctionType]:
    """Its own public ones."""
    return {
        name: value
        for name, value in inspect.getmembers(module, inspect.isfunction)
        if value.__module__ == module.__name__ and not name.startswith("_")
    }


def shapes(made: Outgoing | Shape) -> Iterator[Shape]:
    """What Slack is sent: a view, or a message and what is tried where Slack refuses its blocks."""
    if isinstance(made, Outgoing):
        yield from (attempt.as_arguments() for attempt in (made, *made.simpler()))
    else:
        yield made


# What is shipped


def shipped(guidance: Guidance) -> Iterator[tuple[str, Outgoing | Shape]]:
    """All of a partnership's guidance wherever it is shown: renderer, and what it makes."""
    knowledge, directory = guidance.knowledge, guidance.directory
    for at in MOMENTS:
        shown = (show(full_id, Asked("", at), guidance) for full_id in knowledge.entries)
        for reply in (*shown, *(Reply(Status.SMALL_TALK, entry=entry) for entry in guidance.small_talk.values())):
            yield from (("render.reply", outgoing) for outgoing in every_way(reply))
            yield "forms.answer", forms.answer(reply, None)
        yield "render.contacts", render.contacts(directory.to_ring(at))
        for kind in (None, *AgencyKind):
            yield "render.card", render.card(directory.card(at, kind))
        for contact in filter(can_be_reported, knowledge.contacts.values()):
            step = next_step(contact, directory, knowledge.entries, at)
            yield "forms.no_answer", forms.no_answer([contact], step, at)
            yield "forms.recorded", forms.recorded("NA-2026-0001", step)
    for agency in knowledge.partnership.agencies:
        for entry in knowledge.entries.values():
            if agency.kind in entry.for_agency:
                reply = show(entry.full_id, Asked("", AT, agency=agency), guidance)
                yield "render.reply", render.reply(reply, question_id=new_id(), private=True)
    for entry in knowledge.entries.values():
        yield "forms.correction", forms.correction(entry)
        yield "forms.thanks", forms.thanks(knowledge.owner_of(entry))
    for topic in knowledge.topics.values():
        yield "render.entries", render.entries(topic.title, knowledge.entries_of(topic.id))
    yield "render.topics", render.topics(knowledge)
    for typed in ("leaflet for new parents", "quantum chromodynamics", "?", "is Jayden Kowalczyk of S70 2TA safe"):
        yield from (("render.reply", outgoing) for outgoing in every_way(answer(Asked(typed, AT), guidance)))
    yield "home.Home", home(knowledge, manager=True)
    yield "home.Home", home(knowledge, manager=False, said="Noted.", off="the guidance is being renewed")
