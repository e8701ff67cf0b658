"""The weekly digest as plain lines: for the terminal, for e-mail, and where nothing else can be shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.reporting.digest import Digest, Measure


def lines(made: Digest, *, quoting: bool) -> Iterator[str]:
    """All of it. `quoting`: whether what practitioners typed may stand in it."""
    yield from (made.title, made.lead)
    if made.measures:
        yield from ("", *figures(made.measures))
    for part in made.parts:
        if quoting or not part.typed:
            yield from ("", part.heading, *(f"- {line}" for line in part.lines))


def figures(measures: Sequence[Measure]) -> list[str]:
    """Each figure with that of the week before."""
    return [f"{one.name}: {one.shown(one.now)} (the week before: {one.shown(one.before)})" for one in measures]
