"""The digest that managers read: the week against the week before, what is open, and what they have to see to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.reporting.digest import Audience, Digest, Measure, Part
from bot.reporting.figures import Figures, names_of
from bot.reporting.measures import MEASURED
from bot.reporting.open_tickets import Standing, closed_in
from bot.reporting.tables import Value

LISTED = 10
"""Lines of a part; the others are counted."""
OPEN_LISTED = 40
"""Of what is past its date, or does not move: nothing open is to be silent."""
NAMED = 5
"""Entries to be reviewed."""
LONGEST_QUOTE = 200
QUIET = "All quiet: nothing was asked, raised or recorded in the week, and nothing is open."


def for_managers(
    week: Figures, before: Figures, standing: Standing, *, private: bool, repeats: int = 0, review: str | None = None
) -> Digest:
    """What managers read.

    `private`: each gets it alone, so that questions may be quoted. `repeats`: messages that may have been sent twice.
    `review`: the address of the review pages, where there is one.
    """
    measures = tuple(Measure(one.name, one.count(week), one.count(before), one.unit, one.charted) for one in MEASURED)
    period = week.scope.period
    closed = tuple(closed_in(week.tx, period.begins, period.ends, names_of(week.knowledge)))
    news = [
        *_dated(standing),
        *_open(week),
        *_unanswered(week, private=private, review=review),
        *_part("Closed in the week", closed),
        *_delivery(week, repeats),
    ]
    is_quiet = not news and not any(one.now for one in measures)
    return Digest(
        Audience.MANAGERS,
        f"Safeguarding guidance bot: week {period}",
        QUIET if is_quiet else _lead(measures),
        () if is_quiet and not any(one.before for one in measures) else measures,
        (
            *news,
            *_guidance(week),
            *_part("More", (f"The figures, and the rows behind them: {review}",) if review else ()),
        ),
    )


def _lead(measures: Sequence[Measure]) -> str:
    found = {one.name: one for one in measures}
    asked, raised, requests = (found[name] for name in ("Questions", "Escalations raised", "MASH feedback asked for"))
    return (
        f"{_count(asked.now, 'question')} ({asked.shown(asked.before)} the week before), "
        f"{found['Without guidance'].now} without guidance. {_count(raised.now, 'escalation')} raised, "
        f"{_count(requests.now, 'feedback request')} made."
    )


# Parts


def _part(heading: str, lines: Sequence[str], most: int = LISTED, *, typed: bool = False) -> Iterator[Part]:
    """A part, where there is anything to say; of many lines the first."""
    more = (f"and {len(lines) - most} more",) if len(lines) > most else ()
    if lines:
        yield Part(heading, (*lines[:most], *more), typed)


def _dated(standing: Standing) -> Iterator[Part]:
    for heading, lines in (
        ("Past its date", standing.past),
        ("Nothing moves", standing.silent),
        ("Its date comes within a week", standing.coming),
    ):
        yield from _part(f"{heading}: {len(lines)}", lines, OPEN_LISTED)


def _open(week: Figures) -> Iterator[Part]:
    found = week.open_by_age()
    lines = []
    for kind, name in (("escalation", "Escalations"), ("feedback", "Feedback requests")):
        ages = [f"{count} ({age})" for of, age, count in found.rows if of == kind and count]
        if ages:
            lines.append(f"{name}: {', '.join(ages)}.")
    yield from _part("Open now, by age", lines)


def _unanswered(week: Figures, *, private: bool, review: str | None) -> Iterator[Part]:
    found = week.groups_without_answer()
    count = f"{sum(len(group.ids) for group in found.groups)}{' and more' if found.more else ''}"
    heading = f"What could not be answered, or not well: {count}"
    if private:
        quoted = [f"“{_cut(group.text)}”{_times(len(group.ids))}" for group in found.groups]
        yield from _part(heading, quoted, typed=True)
    elif found.groups:
        where = f"What was asked: {review}" if review else "`python app.py kb gaps` lists what was asked."
        yield Part(heading, (f"No entry answered, or the answer did not help. {where}",))


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _guidance(week: Figures) -> Iterator[Part]:
    found, today = week.guidance(), week.now.astimezone(week.scope.period.zone).date()
    due, drafts = int(found.value("due for review") or 0), found.value("draft")
    lines = []
    if due:
        titles = [
            entry.title for entry in week.knowledge.entries.values() if entry.review_by and entry.review_by < today
        ]
        more = f"; and {due - NAMED} more" if due > NAMED else ""
        lines.append(f"{_count(due, 'entry', 'entries')} to be reviewed by now: {'; '.join(titles[:NAMED])}{more}.")
    if drafts:
        lines.append(f"{drafts} of {found.value('entries')} entries are still draft.")
    yield from _part("Guidance", lines)


def _delivery(week: Figures, repeats: int) -> Iterator[Part]:
    found = week.delivery()
    lines = []
    if troubled := found.value("messages"):
        given_up = found.value("given up")
        lines.append(f"{_count(troubled, 'message')} did not get through, {given_up} given up: see `app.py doctor`.")
    if repeats:
        lines.append(f"{_count(repeats, 'digest')} may have been sent twice.")
    yield from _part("Delivery", lines)


def _count(number: Value, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or f'{one}s'}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"
