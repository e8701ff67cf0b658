"""The pieces of Block Kit. Every text is held to Slack's limits here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

MAX_SECTION, MAX_HEADER, MAX_BUTTON, MAX_CONTEXT, MAX_BLOCKS = 3000, 150, 75, 2000, 50
MAX_VALUE = 2000
MAX_OPTIONS = 100

Block = dict[str, Any]


def escape(text: str) -> str:
    """Text as Slack shows it literally, so that nobody can make the bot write <!channel>."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, length: int) -> str:
    """At most `length` characters, never within an escape, with an ellipsis where something is left out."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    escape_begun = kept.rfind("&", max(0, len(kept) - 5))
    if escape_begun != -1 and ";" not in kept[escape_begun:]:
        kept = kept[:escape_begun]
    return kept + "…"


def button(text: str, action_id: str, value: str) -> Block:
    """A button; its value is an id or a masked question, never what somebody typed."""
    return {
        "type": "button",
        "action_id": action_id,
        "value": value,
        "text": label(cut(text, MAX_BUTTON)),
    }


def label(text: str) -> dict[str, Any]:
    """A text without marks."""
    return {"type": "plain_text", "text": text, "emoji": False}


def actions(buttons: Iterable[Block]) -> list[Block]:
    """Rows of five, as many as Slack shows side by side."""
    buttons = list(buttons)
    return [{"type": "actions", "elements": buttons[i : i + 5]} for i in range(0, len(buttons), 5)]


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": label(cut(text, MAX_HEADER))}


def section(text: str) -> Block:
    """A paragraph in Slack's marks."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, MAX_SECTION) or " "}}


def texts(text: str) -> Iterator[Block]:
    """Sections for a text of any length, parted between lines where that is possible."""
    pieces = [""]
    for line in text.split("\n"):
        for part in _parts(line):
            if not pieces[-1]:
                pieces[-1] = part
            elif len(pieces[-1]) + len(part) < MAX_SECTION:
                pieces[-1] += "\n" + part
            else:
                pieces.append(part)
    yield from (section(piece) for piece in pieces if piece.strip())


_UNPARTED = re.compile(r"<[^<>]*>|&\w+;|[^\s<&]{1,100}|.")
"""A link, an escape, and a word where it is no longer than words are."""


def _parts(line: str) -> Iterator[str]:
    """A line in parts that a section holds."""
    part = ""
    for item in _UNPARTED.findall(line):
        if len(part) + len(item) > MAX_SECTION:
            yield part
            part = ""
        part += item
    yield part


def context(text: str) -> Block:
    """A paragraph in small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text, MAX_CONTEXT)}]}


def menu(action_id: str, placeholder: str, options: Iterable[tuple[str, str]], chosen: str | None = None) -> Block:
    """A menu of (value, text); at most as many as Slack takes."""
    offered = [{"text": label(cut(text, MAX_BUTTON)), "value": value} for value, text in options][:MAX_OPTIONS]
    initial = [option for option in offered if option["value"] == chosen]
    block = {"type": "static_select", "action_id": action_id, "placeholder": label(placeholder), "options": offered}
    return block | ({"initial_option": initial[0]} if initial else {})
