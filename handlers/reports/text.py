"""A report as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from bot.reporting.disclosure import HIDDEN
from bot.reporting.report import Report
from bot.reporting.tables import Table
from handlers.reports.grid import NOTHING, Grid, grid
from handlers.terminal import WIDTH, harmless, wrapped

LONGEST_NAME, LONGEST_HEAD = 44, 12
"""Characters of a line of what numbers stand beside, or below."""
NONE = "None."


def report(made: Report) -> str:
    """All of it."""
    return harmless("\n".join(_lines(made))) + "\n"


def _lines(made: Report) -> Iterator[str]:
    mark = [f"*** {made.marking} ***"] if made.marking else []
    yield from (*mark, made.title, made.partnership, "")
    yield from (wrapped(note) for note in made.notes)
    if made.empty:
        yield from ("", wrapped(made.empty))
    for table in made.tables:
        yield from ("", table.title, "-" * min(WIDTH, len(table.title)), *_table(table), wrapped(table.means))
        if table.note:
            yield wrapped(table.note)
    yield from ("", *mark) if mark else ()


def _table(table: Table) -> Iterator[str]:
    found = grid(table)
    if not found.lines:
        yield NONE
    elif found.across:
        yield from _crossed(found)
    else:
        yield from _aligned(found)
    yield ""


def _aligned(found: Grid) -> Iterator[str]:
    """Names to the left, numbers below each other to the right."""
    if not found.corner:
        width = max(map(len, found.columns))
        yield from (
            f"{name:<{width}}  {cell}" for name, cell in zip(found.columns, found.lines[0].cells, strict=True)
        )
        return
    rows = [(", ".join(line.heads), *line.cells) for line in found.lines]
    heads = [_parted(", ".join(found.corner), LONGEST_NAME), *(_parted(name, LONGEST_HEAD) for name in found.columns)]
    names = min(LONGEST_NAME, max(map(len, (*heads[0], *(row[0] for row in rows)))))
    widths = [max(map(len, (*head, *(row[place] for row in rows)))) for place, head in enumerate(heads[1:], start=1)]

    def line(name: str, cells: Sequence[str]) -> str:
        numbers = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        return "  ".join([f"{name:<{names}}", *numbers]).rstrip()

    depth = max(map(len, heads))
    for level in zip(*([""] * (depth - len(head)) + head for head in heads), strict=True):
        yield line(level[0], level[1:])
    for name, *cells in rows:
        *above, last = _parted(name, names)
        yield from above
        yield line(last, cells)


def _crossed(found: Grid) -> Iterator[str]:
    """Each row as a paragraph, since no terminal is wide enough. What several cells hold alike stands there once."""
    yield f"{found.corner[0]}, and {found.across}"
    for line in found.lines:
        cells = list(zip(found.columns, line.cells, strict=True))
        own = [f"{name} {cell}" for name, cell in cells if cell not in ("0", NOTHING, HIDDEN)]
        alike = [(cell, sum(other == cell for _, other in cells)) for cell in (HIDDEN, NOTHING)]
        own += [
            f"{cell} in {'all' if count == len(cells) else 'the other'} {count}" for cell, count in alike if count
        ]
        yield wrapped(f"{line.heads[0]}: {'; '.join(own)}", "    ")


def _parted(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) or [""]
