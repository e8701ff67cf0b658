"""The weekly digests as Block Kit: a chart, a table, and in words for where Slack takes neither."""

from __future__ import annotations

from collections.abc import Sequence

from bot.reporting.digest import Audience, Digest, Measure, Part
from handlers import digest_text
from handlers.slack.blocks import (
    MAX_BLOCKS,
    Block,
    actions,
    button,
    chart,
    context,
    cut,
    escape,
    header,
    section,
    table,
    texts,
)
from handlers.slack.render import MAX_TEXT, Outgoing

MAX_PARTS = MAX_BLOCKS - 6
"""Blocks: what stands around them takes the others."""
SMALL_PRINT = {
    Audience.MANAGERS: "_For the partnership's managers. A figure of nothing is “–”._",
    Audience.PRACTITIONERS: "_Once a week._",
}


def digest(made: Digest) -> Outgoing:
    """One digest. What practitioners typed is in no notification."""
    head = [header(made.title), section(f"*{escape(made.lead)}*")]
    parts = [block for part in made.parts for block in _part(part)][:MAX_PARTS]
    foot = [
        *actions([button("Open the entry", "show_entry_0", made.entry)] if made.entry else []),
        context(SMALL_PRINT[made.audience]),
    ]
    in_words = texts(escape("\n".join(digest_text.figures(made.measures))))
    spoken = cut(escape("\n".join(digest_text.lines(made, quoting=False))), MAX_TEXT)
    return Outgoing(spoken, [*head, *_figures(made.measures), *parts, *foot], [*head, *in_words, *parts, *foot])


def _part(part: Part) -> list[Block]:
    """Its lines below its heading; what stands in them is never active, but addresses lead where they say."""
    return list(texts("\n".join([f"*{escape(part.heading)}*", *(f"• {escape(line)}" for line in part.lines)])))


def _figures(measures: Sequence[Measure]) -> list[Block]:
    if not measures:
        return []
    drawn = [one for one in measures if one.charted]
    series = {
        "The week before": [_number(one.before) for one in drawn],
        "The week": [_number(one.now) for one in drawn],
    }
    rows = [[one.name, one.shown(one.now), one.shown(one.before)] for one in measures]
    return [
        chart("The week against the week before", [one.charted for one in drawn], series),
        table("The week against the week before", ["Figure", "The week", "The week before"], rows),
    ]


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
