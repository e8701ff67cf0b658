"""The fields of tickets as Block Kit, and what was filled in, as the tickets' forms read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.tickets.fields import BETWEEN, Field, FieldKind
from handlers.slack.blocks import MAX_BUTTON, MAX_OPTIONS, Block, cut, label

BOXES = 10
"""Choices of several up to so many stand below each other, as many as Slack shows; more are a menu."""
RADIOS = 5
"""Choices up to so many stand side by side; more are a menu."""


def inputs(fields: Iterable[Field], filled: Mapping[str, str | None] | None = None) -> list[Block]:
    """A block for each field. `filled`: what stands in them already."""
    return [_input(field, (filled or {}).get(field.name) or field.initial) for field in fields]


def _input(field: Field, value: str | None) -> Block:
    block: Block = {
        "type": "input",
        "block_id": field.name,
        "label": label(field.label),
        "optional": field.optional,
        "element": _element(field, value),
    }
    return block | ({"hint": label(field.hint)} if field.hint else {})


def _element(field: Field, value: str | None) -> Block:
    element: Block = {"action_id": "value"}
    match field.kind:
        case FieldKind.TEXT | FieldKind.REFERENCE | FieldKind.PHONE:
            lines = field.kind is FieldKind.TEXT and field.longest > 200
            longest = {FieldKind.REFERENCE: 20, FieldKind.PHONE: 30}.get(field.kind, field.longest)
            element |= {"type": "plain_text_input", "multiline": lines, "max_length": longest}
            return element | ({"initial_value": value[:longest]} if value else {})
        case FieldKind.DATE:
            return element | {"type": "datepicker"} | ({"initial_date": value} if value else {})
        case FieldKind.TIME:
            return element | {"type": "timepicker"} | ({"initial_time": value} if value else {})
        case FieldKind.MOMENT:
            at = {"initial_date_time": int(datetime.fromisoformat(value).timestamp())} if value else {}
            return element | {"type": "datetimepicker"} | at
        case FieldKind.PERSON:
            return element | {"type": "users_select"} | ({"initial_user": value} if value else {})
        case FieldKind.CHOICE:
            options = _options(field)
            element |= {"type": "radio_buttons" if len(options) <= RADIOS else "static_select", "options": options}
            chosen = [option for option in options if option["value"] == value]
            return element | ({"initial_option": chosen[0]} if chosen else {})
        case FieldKind.CHOICES:
            options, values = _options(field), (value or "").split(BETWEEN)
            kind = "checkboxes" if len(options) <= BOXES else "multi_static_select"
            element |= {"type": kind, "options": options}
            chosen = [option for option in options if option["value"] in values]
            return element | ({"initial_options": chosen} if chosen else {})


def _options(field: Field) -> list[Block]:
    return [
        {"text": label(cut(option.label, MAX_BUTTON)), "value": option.id} for option in field.options[:MAX_OPTIONS]
    ]


def filled_in(view: Mapping[str, Any]) -> dict[str, str | None]:
    """What was filled in: field -> text, choice, person, day or moment."""
    found: dict[str, str | None] = {}
    for name, actions in view["state"]["values"].items():
        for element in actions.values():
            seconds = element.get("selected_date_time")
            chosen = element.get("selected_option") or {}
            found[name] = (
                element.get("value")
                or chosen.get("value")
                or BETWEEN.join(option["value"] for option in element.get("selected_options") or ())
                or element.get("selected_date")
                or element.get("selected_time")
                or element.get("selected_user")
                or (datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds else None)
            )
    return found
