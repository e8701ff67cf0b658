"""The pieces of Block Kit. Every text is held to Slack's limits here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MAX_SECTION, MAX_HEADER, MAX_BUTTON, MAX_CONTEXT, MAX_BLOCKS = 3000, 150, 75, 2000, 50
MAX_VALUE = 2000
MAX_OPTIONS = 100
MAX_LINK = 2000
"""Characters of a link; a longer one is shown as text, which can be parted."""
NOTHING = "–"
"""Stands where there is no text, which Slack refuses."""
MAX_CHILDREN = 10
"""Of a container."""
MAX_CELL = 200
MAX_CHART_TITLE, MAX_CHART_LABEL = 50, 20

MAX_ALERT, MAX_TITLE, MAX_VIEW = 200, 24, 100

Block = dict[str, Any]
View = dict[str, Any]


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


def link(address: str, shown: str) -> str:
    """A link in Slack's marks, whatever its address and its text are made of."""
    shown = escape(" ".join(shown.split()))
    whole = f"<{address.translate(_CODES)}{'|' if shown else ''}{shown}>"
    return whole if len(whole) <= MAX_LINK else f"{shown} ({escape(address)})"


_CODES = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C"})
"""What would end an address too early."""


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
    return {"type": "plain_text", "text": text if text.strip() else NOTHING, "emoji": False}


def actions(buttons: Iterable[Block]) -> list[Block]:
    """Rows of five, as many as Slack shows side by side."""
    buttons = list(buttons)
    return [{"type": "actions", "elements": buttons[i : i + 5]} for i in range(0, len(buttons), 5)]


def header(text: str) -> Block:
    """A heading."""
    return {"type": "header", "text": label(cut(text, MAX_HEADER))}


def section(text: str) -> Block:
    """A paragraph in Slack's marks."""
    return {"type": "section", "text": _marked(text, MAX_SECTION)}


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
    if len(line) <= MAX_SECTION:
        yield line
        return
    part = ""
    for item in _UNPARTED.findall(line):
        if len(part) + len(item) > MAX_SECTION:
            yield part
            part = ""
        part += item
    yield part


def context(text: str) -> Block:
    """A paragraph in small print."""
    return {"type": "context", "elements": [_marked(text, MAX_CONTEXT)]}


def _marked(text: str, most: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": cut(text, most) if text.strip() else NOTHING}


def menu(action_id: str, placeholder: str, options: Iterable[tuple[str, str]], chosen: str | None = None) -> Block:
    """A menu of (value, text); at most as many as Slack takes."""
    offered = [{"text": label(cut(text, MAX_BUTTON)), "value": value} for value, text in options][:MAX_OPTIONS]
    initial = [option for option in offered if option["value"] == chosen]
    block = {"type": "static_select", "action_id": action_id, "placeholder": label(placeholder), "options": offered}
    return block | ({"initial_option": initial[0]} if initial else {})


def container(title: str, children: list[Block]) -> Block:
    """Blocks that belong together, in a frame that can be folded. It starts open: nothing that matters is hidden."""
    return {
        "type": "container",
        "title": label(cut(title, MAX_HEADER)),
        "child_blocks": children[:MAX_CHILDREN],
        "is_collapsible": True,
    }


def flat(blocks: Iterable[Block]) -> list[Block]:
    """The same for where Slack takes no blocks of 2026: frames opened, charts and tables left out."""
    return [
        child
        for block in blocks
        if block["type"] not in ("data_table", "data_visualization")
        for child in (block["child_blocks"] if block["type"] == "container" else [block])
    ]


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str | int]]) -> Block:
    """A table that can be sorted. A dict, since slack-sdk drops what it has no class for."""
    cells = [head, *rows]
    return {
        "type": "data_table",
        "caption": cut(caption, MAX_HEADER),
        "rows": [[_cell(cell) for cell in row] for row in cells],
    }


def _cell(content: str | int) -> Block:
    """A cell; a column of numbers sorts as numbers."""
    if isinstance(content, int):
        return {"type": "raw_number", "value": content, "text": str(content)}
    return {"type": "raw_text", "text": cut(content, MAX_CELL) or "-"}


def chart(title: str, categories: list[str], series: dict[str, list[int]]) -> Block:
    """Bars: for each series one value a category."""
    names = [cut(category, MAX_CHART_LABEL) for category in categories]
    return {
        "type": "data_visualization",
        "title": cut(title, MAX_CHART_TITLE),
        "chart": {
            "type": "bar",
            "series": [
                {
                    "name": cut(name, MAX_CHART_LABEL),
                    "data": [{"label": at, "value": value} for at, value in zip(names, values, strict=True)],
                }
                for name, values in series.items()
            ],
            "axis_config": {"categories": names},
        },
    }


def warning(text: str) -> Block:
    """A warning on top of a form."""
    return {"type": "alert", "level": "warning", "text": label(cut(text, MAX_ALERT))}


def open_button(reference: str) -> Block:
    """The button that opens a ticket."""
    return button(f"Open {reference}", "open_ticket", reference)


def modal(
    callback: str, title: str, submit: str | None, metadata: Mapping[str, Any], blocks: Iterable[Block]
) -> View:
    """A view on top of what somebody was doing; with `submit` it is a form."""
    view = {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": json.dumps(dict(metadata)),
        "title": label(cut(title, MAX_TITLE)),
        "close": label("Cancel" if submit else "Close"),
        "blocks": list(blocks)[:MAX_VIEW],
    }
    return view | ({"submit": label(submit)} if submit else {})
