"""What the Slack handler makes of feedback requests, with content of every kind; a part of the table."""

from collections.abc import Iterator
from typing import Any

from slack_content import AT, Content
from slack_rendered_tickets import options

from bot.config import ROOT
from bot.days_list import DaysList
from bot.knowledge.feedback import MashFeedback
from bot.knowledge.loading import layers_of, load
from bot.ledger import Looked
from bot.storage.feedback import Line
from bot.tickets.feedback.asking import AskForm
from bot.tickets.feedback.clock import FeedbackClock
from bot.tickets.feedback.moves import MOVES, told_fields
from bot.tickets.feedback.notices import LABELS, FeedbackSpeaking
from bot.tickets.feedback.state import Stand, folded
from bot.tickets.ticket import Event, Kind, Side
from handlers.slack import feedback_views, ticket_views
from handlers.slack.render import Outgoing

REFERENCE = "MASH-2026-1000000"
SHIPPED = load(layers_of(ROOT / "knowledge", "barnsley")).feedback


def rules(content: Content) -> MashFeedback:
    """As many and as long as a file may hold."""
    lists = {name: options(content, 10) for name in ("needs", "made_how", "made_to", "told_by")}
    carried = "told_only" if content.many == 0 else "code_and_note"
    more = {"outcomes": options(content, 20), "feedback_content": carried, "timescales_confirmed": content.many == 0}
    return SHIPPED.model_copy(update={**lists, **more})


def clock(content: Content) -> FeedbackClock:
    partnership = content.knowledge.partnership
    return FeedbackClock(rules(content), time_zone=partnership.time_zone, region=partnership.bank_holidays)


def ask_forms(content: Content) -> Iterator[dict[str, Any]]:
    agencies = content.agencies or Content(content.kind, 1).agencies
    settings = tuple(content.line for _ in content.each(200))
    agencies = (agencies[0].model_copy(update={"settings": settings}), *agencies[1:])
    for agency in (None, "a0"):
        form = AskForm(rules(content), clock(content), agencies, agency)
        yield feedback_views.ask_form(form, {"agency": agency})


def looked(content: Content) -> Iterator[Looked]:
    """Requests that stand in every way, with every move."""
    found, partnership = rules(content), content.knowledge.partnership
    opened = {
        "raising": "a0", "policy": "p", "raiser": "p1", "needs": ["o0", "o1"], "referred": AT.isoformat(),
        "made_how": "o0", "made_to": "o0", "held": True, "setting": content.line, "changed": "yes",
    }  # fmt: skip
    data = {
        "how": "phone", "told_by": "o0", "lacking": "other", "escalation": "ESC-2026-0001",
        "referred": AT.isoformat(), "made_how": "o0", "made_to": "o0",
    }  # fmt: skip
    typed = {name: content.filled(300) for name in LABELS}
    mash = Side.RECEIVING
    for last in (None, Kind.MASH_ASKED, Kind.NOT_RECEIVED, Kind.ANSWERED, Kind.HEARD, Kind.ESCALATED, Kind.WITHDRAWN):
        kinds = [*[Kind.ADDED] * content.many, *([last] if last else [])]
        events = (
            Event(REFERENCE, Kind.OPENED, AT, Side.RAISING, "p1", opened, typed),
            *(Event(REFERENCE, kind, AT, mash, "p2", data, typed, seq) for seq, kind in enumerate(kinds, 1)),
        )
        speaking = FeedbackSpeaking(folded(events), found, clock(content), partnership)
        yield Looked(speaking, events, tuple(MOVES.values()))


def tickets(content: Content) -> Iterator[dict[str, Any] | Outgoing]:
    """A request in each of the views that tickets of every kind have."""
    further = [feedback_views.on_to_escalation(REFERENCE)]
    note = feedback_views.work_contact("U0ANNA", "a|<!here>&b@x.org")
    for one in looked(content):
        yield ticket_views.ticket(one, further, note)
        yield ticket_views.copy(one.speaking.for_the_record(one.events))
        yield ticket_views.notice(one.speaking.happened(one.events[-1]), REFERENCE)
        for move in one.moves:
            yield ticket_views.move_form(one, move, move.asks(one.speaking), {})


def lines(content: Content) -> list[Line]:
    stands = [*Stand] * (content.many // 4)
    return [
        Line(
            f"MASH-2026-{number}", AT, "a0", content.line, AT, [AT, None][number % 2], stand, number % 3 == 0, None,
            AT.date(), None, None, number % 5 == 0,
        )
        for number, stand in enumerate(stands)
    ]  # fmt: skip


def lists(content: Content) -> Iterator[Outgoing]:
    names = {agency.id: agency.name for agency in content.agencies}
    for listed in (lines(content), []):
        yield Outgoing("Requests", feedback_views.listed(content.line, listed, names))


def days_lists(content: Content) -> Iterator[DaysList]:
    waiting = tuple(line for line in lines(content) if line.stand in (Stand.ASKED, Stand.FOUND, Stand.UNMATCHED))
    for shown in (waiting, waiting[:1], ()):
        yield DaysList(shown, content.many, clock(content), AT, content.knowledge.partnership)


def several(content: Content) -> Iterator[dict[str, Any]]:
    for found in days_lists(content):
        if found.lines:
            yield feedback_views.several_told(found, told_fields(rules(content)))


def recorded(content: Content) -> Iterator[dict[str, Any]]:
    for was in (True, False):
        yield feedback_views.several_recorded({f"MASH-2026-{number}": was for number in range(content.many)})


def in_a_message(content: Content) -> Iterator[Outgoing]:
    note = feedback_views.work_contact("U0ANNA", None)
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": note}},
        {"type": "actions", "elements": [feedback_views.on_to_escalation(REFERENCE)]},
    ]
    yield Outgoing("Contact", blocks)


FEEDBACK = {
    "feedback_views.ask_form": ask_forms,
    "feedback_views.days_list": lambda content: map(feedback_views.days_list, days_lists(content)),
    "feedback_views.listed": lists,
    "feedback_views.mash_list": lambda content: map(feedback_views.mash_list, days_lists(content)),
    "feedback_views.on_to_escalation": in_a_message,
    "feedback_views.several_recorded": recorded,
    "feedback_views.several_told": several,
    "feedback_views.work_contact": tickets,
}
"""Each renderer of feedback requests, and what it makes of any content."""
