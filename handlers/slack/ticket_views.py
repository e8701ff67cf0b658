"""Escalations as Slack shows them: forms, one escalation with its moves, lists, notices, and the channel's message.

Messages hold nothing that was typed; what was typed stands in views, which only those who may read it are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.answering.reply import ContactNow, EmergencyCard
from bot.casework import Recorded
from bot.ledger import Looked
from bot.storage.escalations import Line
from bot.tickets.escalations.quick import QuickForm, QuickKind
from bot.tickets.escalations.raising import ANOTHER_WAY, Door, RaiseForm
from bot.tickets.escalations.standing import STANDS
from bot.tickets.fields import Field, FieldKind
from bot.tickets.moves import Move
from bot.tickets.ticket import Kind
from bot.tickets.words import AnyWords, day, first_upper
from handlers.slack import render
from handlers.slack.blocks import (
    MAX_SECTION,
    Block,
    View,
    actions,
    button,
    context,
    cut,
    escape,
    flat,
    header,
    label,
    modal,
    open_button,
    section,
    texts,
    warning,
)
from handlers.slack.fields import inputs
from handlers.slack.render import MAX_TEXT, Outgoing

NO_NAMES = "No names, dates of birth or addresses: say what the situation is, and use your own case reference."
HISTORY_SHOWN = 40
"""Blocks; the whole history stands in the copy for the child's record, and in `ticket show`."""
COPY_SHOWN = 90
LISTED = 10
FIRST = frozenset({Kind.TOLD, Kind.ACKNOWLEDGED, Kind.AGREED})
"""Moves that somebody waits for."""


# Messages


def card(speaking: AnyWords) -> Outgoing:
    """The one message in the channel: reference, agencies, stage and date, and a button."""
    lines = speaking.lines()
    return Outgoing(
        cut(escape(f"{speaking.title}. {' '.join(lines)}"), MAX_TEXT),
        [
            section(f"*{escape(speaking.title)}*\n" + "\n".join(map(escape, lines))),
            *actions([open_button(speaking.state.reference)]),
        ],
    )


def notice(
    text: str, reference: str, now_open: tuple[ContactNow, ...] = (), further: Iterable[Block] = ()
) -> Outgoing:
    """A message about a ticket to one person, with the number that is open now. `further`: more buttons."""
    first, _, rest = text.partition("\n")
    blocks = [section(f"*{escape(first)}*"), *texts(escape(rest)), *actions([open_button(reference), *further])]
    numbers = [render.number_line(now) for now in now_open]
    blocks += texts(" · ".join(["In danger: <tel:999|999>", *numbers, "This is not a referral."]))
    return Outgoing(cut(escape(text), MAX_TEXT), blocks)


# Raising


def door(metadata: Mapping[str, Any]) -> View:
    """The right door first."""
    options = [{"text": label(choice.label), "value": choice.value} for choice in Door]
    element = {"type": "radio_buttons", "action_id": "value", "options": options}
    return modal(
        "escalation_door",
        "We disagree",
        "Go on",
        metadata,
        [
            section("*Is a child in danger now?* <tel:999|Ring 999> first. Stages never come before safety."),
            {"type": "input", "block_id": "door", "label": label("What is it about?"), "element": element},
        ],
    )


def another_way(chosen: Door, contacts: tuple[ContactNow, ...]) -> View:
    """Where an escalation is not the way: what is, and whom to ring."""
    ring = render.contacts(contacts).blocks if contacts else []
    return modal("shown", "Another way", None, {}, [section(escape(ANOTHER_WAY[chosen])), *_still(ring)])


def raise_form(
    form: RaiseForm,
    metadata: Mapping[str, Any],
    filled: Mapping[str, str | None] | None = None,
    emergency: EmergencyCard | None = None,
) -> View:
    """Five fields, and what may be added. `emergency`: the card on top, where the child is not safe."""
    blocks: list[Block] = []
    if emergency is not None:
        blocks += _still(render.card(emergency).blocks)
        blocks.append(section("*Do that first.* Then say below what has been done, and press Record."))
    blocks.append(warning(NO_NAMES))
    begins = f"It begins at {form.policy.stages[0].title}."
    if not form.policy.timescales_confirmed:
        begins += " The stages and days are provisional: the partnership has not confirmed them yet."
    blocks.append(context(f"_{escape(begins)}_"))
    blocks += inputs(form.required(), filled)
    blocks += [context("*May stay empty, and can be added later*"), *inputs(form.further(), filled)]
    return modal("escalation", "Raise an escalation", "Record", metadata, blocks)


def recorded(found: Recorded, emergency: EmergencyCard | None = None) -> View:
    """What the form turns into: reference, stage, who talks to whom, the date, and that nobody watches it tonight."""
    blocks = _still(render.card(emergency).blocks) if emergency else []
    first, *rest = found.lines
    blocks += [header(cut(first, 150)), *(section(escape(line)) for line in rest)]
    blocks += _still(render.contacts(found.contacts).blocks)
    blocks.append(context("_It stands under Messages and on Home, with everything that can be done with it._"))
    return modal("shown", "Recorded", None, {}, blocks)


# One escalation


def ticket(looked: Looked[Any], further: Iterable[Block] = (), note: str = "") -> View:
    """One ticket: how it stands, what can be done, and its history with what was typed.

    `further`: buttons beside those of the moves; `note`: what only some who open it are told.
    """
    speaking, state = looked.speaking, looked.state
    moves = [
        button(move.label, f"move_{move.kind.value}", state.reference)
        | ({"style": "primary"} if move.kind in FIRST else {})
        for move in looked.moves
    ]
    copy = button("Copy for the child's record", "copy_ticket", state.reference)
    blocks = [header(cut(speaking.title, 150)), *(section(escape(line)) for line in speaking.lines())]
    if (to_send := speaking.to_send()) is not None:
        blocks += [section("*A text to send*"), *texts(escape(f"“{to_send}”"))]
    blocks += [*([section(note)] if note else []), *actions([*moves, *further, copy]), header("What happened")]
    lines = [block for line in speaking.history(looked.events) for block in texts(escape(line))]
    left_out = len(lines) - HISTORY_SHOWN
    if left_out > 0:
        blocks.append(context(f"_{left_out} earlier parts are left out here; the copy for the record holds all._"))
    blocks += lines[-HISTORY_SHOWN:]
    blocks.append(context("This is not a referral. In danger ring <tel:999|999>."))
    return modal("shown", state.reference, None, {"reference": state.reference}, blocks)


def move_form(looked: Looked[Any], move: Move[Any], fields: Sequence[Field], metadata: Mapping[str, Any]) -> View:
    """What a move asks; where it asks nothing, what it means."""
    blocks = [section(f"*{escape(looked.speaking.title)}*")]
    if move.explains:
        blocks.append(section(escape(move.explains)))
    if any(field.kind is FieldKind.TEXT for field in fields):
        blocks.append(warning(NO_NAMES))
    title = cut(move.label, 24)
    return modal("ticket_move", title, "Record", metadata, [*blocks, *inputs(fields)])


def moved(speaking: AnyWords, said: str) -> View:
    """What the form of a move turns into."""
    lines = [section(escape(line)) for line in speaking.lines()]
    blocks = [section(f"*{escape(said)}*"), header(speaking.title), *lines]
    return modal("shown", speaking.state.reference, None, {}, blocks)


def again(view: Mapping[str, Any], said: str) -> View:
    """The same form once more, with what is to be done on top."""
    kept = {name: view[name] for name in ("type", "callback_id", "private_metadata", "title", "submit", "close")}
    return kept | {"blocks": [section(f"*{escape(said)}*"), *view["blocks"]][:100]}


def copy(text: str) -> View:
    """Plain text to copy into the child's record."""
    hint = section("Select the text and copy it into your own system. It names nobody: write the child's name there.")
    plain = [
        {"type": "section", "text": label(text[start : start + MAX_SECTION])}
        for start in range(0, len(text), MAX_SECTION)
    ]
    return modal("shown", "For the record", None, {}, [hint, *plain[:COPY_SHOWN]])


def says(title: str, text: str) -> View:
    """A view that only says something."""
    return modal("shown", title, None, {}, [section(escape(text))])


def answers(moves: Iterable[Move[Any]], reference: str) -> list[Block]:
    """The buttons of some moves, below a message that asks for one of them."""
    return [button(move.label, f"move_{move.kind.value}", reference) for move in moves]


# Lists


def listed(title: str, lines: Sequence[Line], names: Mapping[str, str]) -> list[Block]:
    """Some escalations, each with a button; nothing typed is in it."""
    if not lines:
        return []
    blocks = [section(f"*{escape(title)}*")]
    for line in lines[:LISTED]:
        blocks.append(section(escape(_in_short(line, names))) | {"accessory": open_button(line.reference)})
    more = len(lines) - LISTED
    return [*blocks, *([context(f"_and {more} more_")] if more > 0 else [])]


def _in_short(line: Line, names: Mapping[str, str]) -> str:
    between = f"{names.get(line.raising, line.raising)} to {names.get(line.receiving, line.receiving)}"
    if line.closed_at is not None:
        return f"{line.reference}: {between}. {first_upper(line.stand.value.replace('-', ' '))}."
    word = "due by" if line.confirmed else "suggested by"
    date = f", {word} {day(line.due)}" if line.due else ""
    urgent = ", urgent" if line.urgent else ""
    return f"{line.reference}: {between}. {line.stage_title}. {first_upper(STANDS[line.stand])}{urgent}{date}."


# Short records


def quick_buttons() -> list[Block]:
    """The short records, each a few taps."""
    return actions([button(kind.label, f"quick_{kind.value}", kind.value) for kind in QuickKind])


def quick(form: QuickForm, today: str) -> View:
    """The form of a short record."""
    blocks = [warning(NO_NAMES), *inputs(form.fields(today))]
    return modal("quick_record", cut(form.kind.label, 24), "Record", {"kind": form.kind.value}, blocks)


def quick_recorded(reference: str) -> View:
    """What it turns into."""
    said = (
        f"*Recorded as {reference}.* It tells the partnership how disagreements are settled. It is not a referral, "
        "and nobody acts on it."
    )
    return modal("shown", "Recorded", None, {}, [section(said)])


def _still(blocks: Iterable[Block]) -> list[Block]:
    """Without buttons, which would lead away from a form."""
    return [block for block in flat(blocks) if block["type"] != "actions"]
