"""What the Slack handler makes of escalations and short records, with content of every kind; a part of the table."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from slack_content import AT, Content

from bot.casework import Recorded
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from bot.knowledge.policy import EscalationPolicy, Option
from bot.ledger import Looked
from bot.storage.escalations import Line
from bot.tickets.escalations.clock import EscalationClock
from bot.tickets.escalations.moves import MOVES
from bot.tickets.escalations.notices import LABELS, Speaking
from bot.tickets.escalations.quick import QuickForm, QuickKind
from bot.tickets.escalations.raising import ANOTHER_WAY, RaiseForm
from bot.tickets.escalations.state import Stand, folded
from bot.tickets.fields import Field, FieldKind
from bot.tickets.ticket import Event, Kind, Side
from handlers.slack import fields, ticket_views
from handlers.slack.render import Outgoing

REFERENCE = "ES-2026-1000000"
SHIPPED = load(layers_of(ROOT / "knowledge", "barnsley")).escalation


def options(content: Content, count: int) -> tuple[Option, ...]:
    label = content.filled(75).strip() or "-"
    return tuple(Option(id=f"o{number}", label=label) for number in range(count))


def policy(content: Content) -> EscalationPolicy:
    """As many and as long as a file may hold."""
    stages = [stage.model_copy(update={"title": content.line, "who": content.line}) for stage in SHIPPED.stages]
    return SHIPPED.model_copy(
        update={
            "name": content.line,
            "stages": tuple(stages),
            "timescales_confirmed": content.many == 0,
            "reasons": options(content, 20),
            "outcomes": options(content, 10),
            "changes": options(content, 10),
        }
    )


def events(content: Content, last: Kind | None) -> tuple[Event, ...]:
    """An escalation with hundreds of additions, and what happened last."""
    typed, note = {name: content.filled(1000) for name in LABELS}, {"note": content.filled(1000)}
    stage = SHIPPED.stages[0].id
    opened = {
        "raising": "a0", "receiving": "a1", "reason": "o0", "child_safe": "no", "policy": "p", "stage": stage,
        "raiser": "p1",
    }  # fmt: skip
    data = {
        "receiving": "a0", "stage": stage, "better": "a0", "person": "p2", "how": "phone", "happened": "no",
        "change": "o0", "outcome": "o0", "voice": "yes", "child_safe": "no", "step": "s", "until": AT.isoformat(),
    }  # fmt: skip
    kinds = [*[Kind.ADDED] * content.many, *([last] if last else [])]
    return (
        Event(REFERENCE, Kind.OPENED, AT, Side.RAISING, "p1", opened, typed),
        *(Event(REFERENCE, kind, AT, Side.RECEIVING, "p2", data, note, seq) for seq, kind in enumerate(kinds, 1)),
    )


def looked(content: Content) -> Iterator[Looked]:
    """Escalations that stand in every way, with every move."""
    found = policy(content)
    partnership = content.knowledge.partnership
    clock = EscalationClock(found, time_zone=partnership.time_zone, region=partnership.bank_holidays)
    for last in (None, Kind.TOLD, Kind.WRONG_AGENCY, Kind.PROPOSED, Kind.AGREED, Kind.WITHDRAWN):
        happened = events(content, last)
        yield Looked(Speaking(folded(happened), found, clock, partnership), happened, tuple(MOVES.values()))


def raise_forms(content: Content) -> Iterator[dict[str, Any]]:
    agencies = content.agencies or Content(content.kind, 1).agencies
    for agency, extra in ((None, {"for_somebody": True}), ("a0", {"not_safe": True, "stage": SHIPPED.stages[1].id})):
        form = RaiseForm(policy(content), agencies, agency, **extra)
        typed = {field.name: content.filled(3000) for field in form.fields() if field.kind is FieldKind.TEXT}
        yield ticket_views.raise_form(form, {})
        yield ticket_views.raise_form(form, {"link": "https://x.slack.com/archives/C1/p1"}, typed, content.emergency)


def recorded(content: Content) -> Iterator[dict[str, Any]]:
    for one in looked(content):
        if one.state.stand is Stand.NOT_TOLD:
            found = Recorded(REFERENCE, tuple(one.speaking.recorded((), AT)), content.now)
            yield ticket_views.recorded(found)
            yield ticket_views.recorded(found, content.emergency)


def move_forms(content: Content) -> Iterator[dict[str, Any]]:
    one = next(looked(content))
    agencies = content.agencies or Content(content.kind, 2).agencies
    partnership = content.knowledge.partnership.model_copy(update={"agencies": agencies})
    speaking = replace(one.speaking, partnership=partnership)
    for move in one.moves:
        asked = move.asks(speaking)
        form = ticket_views.move_form(one, move, asked, {"reference": REFERENCE, "move": move.kind.value})
        yield form
        if "submit" in form:
            yield ticket_views.again(form, content.line)


def notices(content: Content) -> Iterator[Outgoing]:
    for one in looked(content):
        text = one.speaking.happened(one.events[-1])
        yield ticket_views.notice(text, REFERENCE)
        later = ticket_views.answers([MOVES[Kind.SNOOZED]], REFERENCE)
        yield ticket_views.notice(f"{text}\n{content.line}", REFERENCE, further=later)


def lists(content: Content) -> Iterator[Outgoing]:
    names = {agency.id: agency.name for agency in content.agencies}
    stage = policy(content).stages[0]
    lines = [
        Line(
            f"ES-2026-{number}", AT, "a0", "a1", "o0", stage.id, stand, True, None, AT.date(), None, None, stage.title
        )
        for number, stand in enumerate([*Stand] * (content.many // 4))
    ]
    closed = [Line("ES-2026-0", AT, "a0", "gone", "o0", "gone", Stand.CLOSED, False, None, None, AT, "o0")]
    for listed in (lines, closed, []):
        yield Outgoing("Escalations", ticket_views.listed(content.line, listed, names))


def copies(content: Content) -> Iterator[dict[str, Any]]:
    for one in looked(content):
        yield ticket_views.copy(one.speaking.for_the_record(one.events))


def all_fields(content: Content) -> Iterator[dict[str, Any]]:
    """Each kind of field, empty and filled in."""
    values = {
        FieldKind.TEXT: content.filled(3000),
        FieldKind.CHOICE: "o0",
        FieldKind.DATE: AT.date().isoformat(),
        FieldKind.MOMENT: (AT - timedelta(days=1)).isoformat(),
        FieldKind.REFERENCE: "A" * 30,
        FieldKind.PERSON: "U0ANN",
        FieldKind.TIME: "16:50",
        FieldKind.CHOICES: "o0",
        FieldKind.PHONE: "01632 960123 ext 4",
    }
    for choices in (1, 5, 6, 150):
        asked = [Field(kind.value, content.line, kind, options=options(content, choices)) for kind in FieldKind]
        for filled in ({}, {field.name: values[field.kind] for field in asked}):
            yield {
                "type": "modal",
                "callback_id": "c",
                "title": {"type": "plain_text", "text": "Fields"},
                "submit": {"type": "plain_text", "text": "Record"},
                "blocks": fields.inputs(asked, filled),
            }


def quick_forms(content: Content) -> Iterator[dict[str, Any]]:
    agencies = content.agencies or Content(content.kind, 1).agencies
    for kind in QuickKind:
        yield ticket_views.quick(QuickForm(kind, policy(content), agencies), AT.date().isoformat())


TICKETS = {
    "fields.inputs": all_fields,
    "ticket_views.again": move_forms,
    "ticket_views.answers": notices,
    "ticket_views.another_way": lambda content: (ticket_views.another_way(way, content.now) for way in ANOTHER_WAY),
    "ticket_views.card": lambda content: (ticket_views.card(one.speaking) for one in looked(content)),
    "ticket_views.copy": copies,
    "ticket_views.door": lambda content: iter([ticket_views.door({"link": "https://x.slack.com/archives/C1/p1"})]),
    "ticket_views.listed": lists,
    "ticket_views.move_form": move_forms,
    "ticket_views.moved": lambda content: (ticket_views.moved(one.speaking, content.line) for one in looked(content)),
    "ticket_views.notice": notices,
    "ticket_views.quick": quick_forms,
    "ticket_views.quick_buttons": lambda content: iter([Outgoing("Records", ticket_views.quick_buttons())]),
    "ticket_views.quick_recorded": lambda content: iter([ticket_views.quick_recorded(REFERENCE)]),
    "ticket_views.raise_form": raise_forms,
    "ticket_views.recorded": recorded,
    "ticket_views.says": lambda content: iter([ticket_views.says("Escalation", content.line)]),
    "ticket_views.ticket": lambda content: map(ticket_views.ticket, looked(content)),
}
"""Each renderer of tickets, and what it makes of any content."""
