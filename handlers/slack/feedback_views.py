"""Feedback requests as Block Kit: the form, and for the MASH the message of the day and its list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.days_list import DaysList
from bot.knowledge.policy import Option
from bot.storage.feedback import Line
from bot.tickets.feedback.asking import AskForm
from bot.tickets.feedback.moves import MOVES
from bot.tickets.feedback.standing import STANDS
from bot.tickets.fields import Field, FieldKind
from bot.tickets.ticket import Kind
from bot.tickets.words import first_upper
from handlers.slack.blocks import (
    MAX_BUTTON,
    MAX_OPTIONS,
    MAX_SECTION,
    Block,
    View,
    actions,
    button,
    context,
    cut,
    escape,
    modal,
    open_button,
    section,
    texts,
    warning,
)
from handlers.slack.fields import inputs
from handlers.slack.render import MAX_TEXT, Outgoing

LISTED = 10
WORKED_ON = 30
"""Of the MASH's list: each takes two blocks, and more come up as these are answered."""


def ask_form(form: AskForm, metadata: Mapping[str, Any]) -> View:
    """Which referral it is, and what is needed."""
    blocks = [
        section("*Is a child in danger now?* <tel:999|Ring 999>. *Has anything changed?* Ring the front door first."),
        warning("No names: the day, the way and your own references are enough to find it."),
        *inputs(form.required()),
        context("*May stay empty, and can be added later*"),
        *inputs(form.further()),
    ]
    return modal("feedback", "My referral", "Ask", metadata, blocks)


def listed(title: str, lines: Sequence[Line], names: Mapping[str, str]) -> list[Block]:
    """Some feedback requests, each with a button; nothing typed is in it."""
    if not lines:
        return []
    blocks = [section(f"*{escape(title)}*")]
    for line in lines[:LISTED]:
        who = ", ".join(filter(None, (names.get(line.raising, line.raising), line.setting)))
        said = f"{line.reference}: {who}. {first_upper(STANDS[line.stand])}."
        blocks.append(section(escape(said)) | {"accessory": open_button(line.reference)})
    more = len(lines) - LISTED
    return [*blocks, *([context(f"_and {more} more_")] if more > 0 else [])]


def days_list(found: DaysList) -> Outgoing:
    """The MASH's message of the day: how many wait and how old they are, the oldest by name, and the list to open."""
    oldest = [found.in_short(line) for line in found.lines[:LISTED]]
    more = len(found.lines) - LISTED
    blocks = [
        section(f"*{escape(found.summary())}*"),
        *texts("\n".join(map(escape, oldest))),
        *([context(f"_and {more} more_")] if more > 0 else []),
        *actions([button("Open the list", "open_mash_list", "day") | {"style": "primary"}]),
        context("_One message a day. None of these is a referral._"),
    ]
    return Outgoing(cut(escape(found.summary()), MAX_TEXT), blocks)


def mash_list(found: DaysList) -> View:
    """The MASH's list, the longest expected first, with what is pressed most."""
    blocks = [section(f"*{escape(found.summary())}*")]
    if len(found.lines) > 1:
        blocks += actions([button("Several were told", "several_told", "list")])
    for number, line in enumerate(found.lines[:WORKED_ON]):
        buttons = [
            button(MOVES[kind].label, f"move_{kind.value}_{number}", line.reference)
            for kind in (Kind.ANSWERED, Kind.FOUND, Kind.TAKEN)
            if line.stand in MOVES[kind].stands and not (kind is Kind.TAKEN and line.taken)
        ]
        buttons[0] |= {"style": "primary"}
        blocks += [
            section(escape(found.in_short(line))) | {"accessory": open_button(line.reference)},
            *actions(buttons),
        ]
    more = len(found.lines) - WORKED_ON
    if more > 0:
        blocks.append(context(f"_{more} more come up as these are answered._"))
    if not found.lines:
        blocks.append(section("Nothing waits. Thank you."))
    return modal("shown", "For the MASH", None, {}, blocks)


def several_told(found: DaysList, fields: Sequence[Field]) -> View:
    """Several closed together: which, and how their referrers were told."""
    blocks = [
        section("Those whose referrers were told in the same way. The answer itself goes by phone or secure e-mail."),
        *inputs([_several_field(found), *fields]),
    ]
    return modal("several_told", "Several were told", "Record", {}, blocks)


def _several_field(found: DaysList) -> Field:
    """Which of the list."""
    options = tuple(
        Option(id=line.reference.lower(), label=cut(found.in_short(line), MAX_BUTTON))
        for line in found.lines[:MAX_OPTIONS]
    )
    return Field("references", "Which?", FieldKind.CHOICES, options=options)


def several_recorded(done: Mapping[str, bool]) -> View:
    """What came of each."""
    recorded = [reference for reference, was in done.items() if was]
    others = [reference for reference, was in done.items() if not was]
    blocks = [section(cut(f"*Recorded for {len(recorded)}.* {', '.join(recorded)}", MAX_SECTION))]
    if others:
        said = f"Left as they are, since somebody was quicker: {', '.join(others)}"
        blocks.append(section(cut(said, MAX_SECTION)))
    return modal("shown", "Recorded", None, {}, blocks)


def work_contact(address: str, email: str | None) -> str:
    """Where the MASH reaches the referrer: shown to the MASH and to managers only."""
    where = " · ".join(filter(None, (f"<@{address}>", escape(email) if email else None)))
    return f"*The referrer's work contact:* {where}"


def on_to_escalation(reference: str) -> Block:
    """The way on to an escalation."""
    return button("I disagree, or heard nothing", "escalate_feedback", reference)
