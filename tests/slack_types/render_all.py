"""Writes what the Slack handler renders as TypeScript, so that `tsc` holds it to the types that Slack publishes.

`make slack-types` runs both.

What a text says does not matter to a type: each is written as "text", and what then has the same shape is written
once. The file goes to build/, which is not kept.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from slack_content import MANY, TEXTS, Content
from slack_rendered import TABLE, Shape, shapes, shipped

from bot.answering.guidance import Guidance
from bot.config import ROOT
from bot.knowledge.loading import layers_of, load
from handlers.slack.render import Outgoing

RENDERED = Path(__file__).parent / "build" / "rendered.ts"
CHOSEN = frozenset({"type", "style", "level", "width", "trigger_actions_on"})
"""Fields whose text is one of a list. They are written as they are."""


def everything() -> Iterator[tuple[str, Outgoing | Shape]]:
    """What each renderer makes of the shipped guidance and of hostile content."""
    yield from shipped(Guidance.of(load(layers_of(ROOT / "knowledge", "barnsley"))))
    none, some, hundreds = MANY
    hostile = [Content(kind, some) for kind in TEXTS]
    for content in (*hostile, Content("empty", none), Content("plain", hundreds)):
        for renderer, make in TABLE.items():
            yield from ((renderer, made) for made in make(content))


def outline(value: object, field: str = "") -> object:
    """A message or a view without what its texts say, and without repetitions in its lists."""
    match value:
        case str() if field not in CHOSEN:
            return "text"
        case list():
            items = (outline(item, field) for item in value)
            return list({json.dumps(item): item for item in items}.values())
        case dict():
            return {name: outline(item, name) for name, item in value.items()}
    return value


def kind_of(shape: Shape) -> str:
    return {"modal": "Modal", "home": "Home"}.get(shape.get("type", ""), "Message")


def written() -> str:
    """The TypeScript: a constant for each shape, below the names of the renderers that make it."""
    made_by: dict[tuple[str, str], set[str]] = {}
    for renderer, made in everything():
        for shape in shapes(made):
            made_by.setdefault((kind_of(shape), json.dumps(outline(shape))), set()).add(renderer)
    lines = ['import type { Home, Message, Modal } from "../surfaces.js";', ""]
    for number, ((kind, literal), renderers) in enumerate(made_by.items()):
        lines += [f"// {', '.join(sorted(renderers))}", f"export const made{number}: {kind} = {literal};"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    RENDERED.parent.mkdir(exist_ok=True)
    RENDERED.write_text(written(), encoding="utf-8")
