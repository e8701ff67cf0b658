"""The forms (modals) that the buttons open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.answering.reply import EmergencyCard, Reply
from bot.knowledge.model import Contact, Entry
from bot.switch import LONGEST_REASON
from bot.tickets.no_answer import Did, NextStep, Waited
from handlers import wording
from handlers.slack import render
from handlers.slack.blocks import MAX_BUTTON, MAX_OPTIONS, Block, cut, escape, flat, label, link, section, texts

MAX_TYPED = 1000
MAX_VIEW = 98
MAX_PROBLEM = 1500
"""Characters beside a field."""
MAX_NEXT = 20
"""Blocks of what to do next, so that the form's fields have room below it."""
STILL = frozenset({"header", "section", "context"})
"""Blocks without buttons."""

Form = dict[str, Any]


def ask() -> Form:
    """One question, asked from anywhere."""
    hint = "Leave out names, dates of birth and addresses. I only need the situation."
    alert = {"type": "alert", "level": "warning", "text": label("Type no names. In danger, ring 999 first.")}
    return _form("ask", "Ask about safeguarding", "Ask", "", [alert, _typed("question", "Your question", hint, 3000)])


def answer(reply: Reply, card: EmergencyCard | None) -> Form:
    """The answer to it, below the card. Its buttons stand in the messages with the asker, where they work."""
    blocks = [*(render.card(card).blocks if card else ()), *render.reply(reply, private=False).blocks]
    shown = [block for block in flat(blocks) if block["type"] in STILL]
    more = section("_This answer stands under Messages too, with everything that belongs to it._")
    return _form("answered", "Guidance", None, "", [*shown[:MAX_VIEW], more])


def problem(reply: Reply, card: EmergencyCard | None) -> str:
    """What is said beside the question while the form stays open: text alone, so the numbers stand in it."""
    first = [card.first, card.then] if card else []
    numbers = [f"{now.contact.name}: {wording.ways(now.contact)} ({wording.hours(now)})." for now in reply.contacts]
    return cut(" ".join([*first, reply.message, *numbers]), MAX_PROBLEM)


def switch_off() -> Form:
    """Why guidance is to be switched off."""
    said = section(
        "Nobody gets guidance until it is switched on again. The emergency card, the numbers to ring and all records "
        "go on."
    )
    field = _typed("reason", "Why?", "Everybody who asks is told this. Leave out names.", LONGEST_REASON)
    return _form("switch_off", "Switch guidance off", "Switch off", "", [said, field])


def missing(question_id: str) -> Form:
    """What was missing from an answer?"""
    asked, hint = "What did you need to know?", "The editors read this. Leave out names."
    return _form("missing", "What was missing?", "Send", question_id, [_typed("missing", asked, hint)])


def correction(entry: Entry) -> Form:
    """What is wrong in an entry?"""
    asked = "What is wrong, or what should it say?"
    about = section(f"About “{escape(cut(entry.title, 200))}”")
    return _form(
        "correction",
        "Suggest a correction",
        "Send",
        entry.full_id,
        [about, _typed("correction", asked, "Whoever looks after this entry reads it. Leave out names.")],
    )


def no_answer(contacts: Sequence[Contact], step: NextStep, now: datetime) -> Form:
    """What to do next, at once; and what is asked, so that it can be measured."""
    return _form(
        "no_answer",
        "No adequate answer",
        "Record this",
        "",
        [
            *next_step(step),
            section("*Tell the partnership*, so that it can be put right. No names; this is not a referral."),
            _choice("service", "Which service?", [(c.id, c.name) for c in contacts], "static_select", first=True),
            {
                "type": "input",
                "block_id": "rang_at",
                "label": label("When did you ring?"),
                "element": {
                    "type": "datetimepicker",
                    "action_id": "value",
                    "initial_date_time": int(now.timestamp()),
                },
            },
            _choice("waited", "How long did you wait?", _labels(Waited), "radio_buttons"),
            _choice("did", "What did you do?", _labels(Did), "radio_buttons"),
        ],
    )


def recorded(reference: str, step: NextStep) -> Form:
    """What a form turns into when it was recorded."""
    said = (
        f"*Recorded as {reference}.* It tells the partnership how this service answers. It is not a referral, and "
        "nobody rings you back because of it: go on until somebody has taken the worry over."
    )
    return _form("recorded", "Recorded", None, "", [section(said), *next_step(step)])


def thanks(owner: str) -> Form:
    """What the correction's form turns into."""
    said = f"*Thank you.* Your suggestion is on the list of {escape(owner)}, who look after this entry."
    return _form("recorded", "Sent", None, "", [section(said)])


def next_step(step: NextStep) -> list[Block]:
    """What to do now, and who can be rung."""
    lines = [f"{number}. {escape(cut(line, 500))}" for number, line in enumerate(step.lines, 1)]
    ring = ["<tel:999|999>  *Police or ambulance*, in an emergency"]
    for now in step.contacts:
        ways = " / ".join(link(f"tel:{n.dial}", n.display) for n in now.contact.numbers) or wording.NOT_KNOWN
        ring.append(f"{ways}  *{escape(cut(now.contact.name, 150))}*, {escape(cut(wording.hours(now), 300))}")
    return [*texts("\n".join(["*Do this now*", *lines])), *texts("\n".join(ring))][:MAX_NEXT]


def values_of(view: Form) -> dict[str, Any]:
    """What was filled in: block -> text, chosen value, or seconds since 1970."""
    found = {}
    for block, actions in view["state"]["values"].items():
        for element in actions.values():
            chosen = element.get("selected_option") or {}
            found[block] = element.get("value") or chosen.get("value") or element.get("selected_date_time")
    return found


def _form(callback: str, title: str, submit: str | None, metadata: str, blocks: Iterable[Block]) -> Form:
    form = {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "title": label(title),
        "close": label("Cancel" if submit else "Close"),
        "blocks": list(blocks),
    }
    return form | ({"submit": label(submit)} if submit else {})


def _labels(kind: type[StrEnum]) -> list[tuple[str, str]]:
    return [(option.value, str(getattr(option, "label", option.value))) for option in kind]


def _typed(block: str, asked: str, hint: str, longest: int = MAX_TYPED) -> Block:
    element = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": longest}
    return {"type": "input", "block_id": block, "label": label(asked), "hint": label(hint), "element": element}


def _choice(block: str, asked: str, options: Sequence[tuple[str, str]], kind: str, *, first: bool = False) -> Block:
    offered = [{"text": label(cut(text, MAX_BUTTON)), "value": value} for value, text in options[:MAX_OPTIONS]]
    element: Block = {"type": kind, "action_id": "value", "options": offered}
    if first and offered:
        element["initial_option"] = offered[0]
    return {"type": "input", "block_id": block, "label": label(asked), "element": element}
