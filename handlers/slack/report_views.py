"""A managers' report as Block Kit: its main tables, and in words for where Slack takes no tables."""

from __future__ import annotations

from collections.abc import Iterator

from bot.reporting.report import Report
from bot.reporting.tables import Table
from handlers.reports.grid import Grid, grid
from handlers.slack.blocks import Block, context, cut, escape, header, section, table, texts
from handlers.slack.render import MAX_TEXT, Outgoing

SHOWN = ("in-brief", "by-agency", "questions-by-topic", "feedback")
"""The main tables, by their ids."""
ROWS, COLUMNS, CHARACTERS = 20, 8, 24
"""Of a table, and of a cell: all cells of a message together have 10,000 characters."""
LONGEST_NAME = 48


def report(made: Report) -> Outgoing:
    """What stands in the main tables. It is for managers alone: nothing that practitioners typed is in it."""
    mark = context(f"*{escape(made.marking)}*")
    notes = [context("\n".join(f"_{escape(note)}_" for note in made.notes))] if made.notes else []
    head = [header(made.title), mark, *([section(escape(made.empty))] if made.empty else [])]
    tables = [one for one in made.tables if one.id in SHOWN and one.rows]
    in_words = [block for one in tables for block in texts(escape("\n".join(_words(one))))]
    spoken = [f"{made.title}. {made.marking}.", made.empty, *(line for one in tables[:1] for line in _words(one))]
    return Outgoing(
        cut(escape("\n".join(filter(None, spoken))), MAX_TEXT),
        [*head, *(block for one in tables for block in _table(one)), *notes],
        [*head, *in_words, *notes],
    )


def _table(found: Table) -> Iterator[Block]:
    cells = grid(found)
    rows = [[_name(", ".join(line.heads)), *map(_cell, line.cells[:COLUMNS])] for line in cells.lines[:ROWS]]
    if not cells.corner:  # a single row reads better downwards
        rows = [[_name(name), _cell(cell)] for name, cell in zip(cells.columns, cells.lines[0].cells, strict=True)]
        yield table(found.title, [_name(found.title), "in the period"], rows)
    else:
        yield table(found.title, [_name(", ".join(cells.corner)), *map(_cell, cells.columns[:COLUMNS])], rows)
    yield from _left_out(cells)


def _left_out(cells: Grid) -> Iterator[Block]:
    more = len(cells.lines) - ROWS
    if more > 0:
        yield context(f"_and {more} more rows_")


def _words(found: Table) -> Iterator[str]:
    """The same, line by line."""
    cells = grid(found)
    yield found.title
    for line in cells.lines[:ROWS]:
        numbers = (f"{name} {cell}" for name, cell in zip(cells.columns, line.cells, strict=True))
        yield ": ".join(filter(None, [", ".join(line.heads), "; ".join(numbers)]))


def _name(text: str) -> str:
    return cut(text, LONGEST_NAME)


def _cell(text: str) -> str:
    return cut(text, CHARACTERS)
