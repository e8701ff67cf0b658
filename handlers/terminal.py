"""Replies as plain text, for `ask` and `chat`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from bot.answering.reply import ContactNow, EmergencyCard, Reply
from bot.knowledge import markdown
from bot.knowledge.model import Entry, Rule
from bot.tickets.no_answer import NextStep
from handlers import wording

WIDTH = 96


def card(emergency: EmergencyCard) -> str:
    """The emergency card."""
    lines = wording.card_lines(emergency)
    bar = "!" * WIDTH
    return "\n".join([bar, *(wrapped(line) for line in lines), bar])


def reply(answer: Reply) -> str:
    """One reply."""
    return "\n".join(_lines(answer)).strip()


def next_step(step: NextStep) -> str:
    """What to do when a service gave no adequate answer."""
    lines = [wrapped(f"{number}. {line}", "   ") for number, line in enumerate(step.lines, 1)]
    return "\n".join([*lines, "", *_contacts(step.contacts)]).strip()


def to_ring(contacts: tuple[ContactNow, ...]) -> str:
    """Whom to ring or write to."""
    return "\n".join(_contacts(contacts)).strip()


def entry_text(entry: Entry) -> str:
    """One entry, whole, for `kb show`."""
    return "\n".join(_entry(entry)).strip()


def _lines(answer: Reply) -> Iterator[str]:
    if answer.draft:
        yield f"[{answer.draft}]"
        yield ""
    if answer.message:
        yield wrapped(answer.message)
        yield ""
    if answer.entry is not None:
        yield from _entry(answer.entry, answer.for_agency)
    yield from _contacts(answer.contacts)
    if answer.entry is not None:
        yield from _provenance(answer.entry)
    if answer.others:
        if answer.entry is not None:
            yield "Not what you meant?"
        for number, other in enumerate(answer.others, 1):
            yield f"  {number}. {other.title}  ({other.full_id})"
        yield ""
    if answer.related:
        yield "See also: " + "; ".join(f"{other.title} ({other.full_id})" for other in answer.related)
        yield ""
    if answer.topics:
        yield "Topics: " + ", ".join(topic.title for topic in answer.topics)
        yield ""
    if answer.give_back is not None:
        yield "Your text, to edit (kept nowhere):"
        yield textwrap.indent(wrapped(answer.give_back), "  > ")
        yield ""
    if answer.without is not None:
        yield f"To ask without it: {answer.without}"


def _entry(entry: Entry, for_agency: str | None = None) -> Iterator[str]:
    yield entry.title
    yield "=" * min(WIDTH, len(entry.title))
    for line in markdown.plain(entry.answer).splitlines():
        yield wrapped(line)
    yield ""
    if for_agency:
        yield wrapped(f"For you: {for_agency}")
        yield ""
    yield from _rules("You must", entry.must)
    yield from _rules("You should", entry.should)
    if entry.steps:
        yield "What to do, in order"
        for number, step in enumerate(entry.steps, 1):
            yield wrapped(f"{number}. {markdown.plain(step)}", "     ")
        yield ""


def _rules(heading: str, rules: tuple[Rule, ...]) -> Iterator[str]:
    if rules:
        yield heading
        for rule in rules:
            basis = f" ({rule.basis})" if rule.basis else ""
            yield wrapped(f"• {markdown.plain(rule.text)}{basis}", "    ")
        yield ""


def _contacts(contacts: tuple[ContactNow, ...]) -> Iterator[str]:
    if not contacts:
        return
    yield "Ring or write to"
    for now in contacts:
        contact = now.contact
        as_of = wording.number_as_of(now)
        line = f"• {wording.ways(contact)}  {wording.contact_line(now)}"
        yield wrapped(f"{line} ({as_of})" if as_of else line, "    ")
        if contact.note:
            yield wrapped(f"    {contact.note}", "    ")
    yield ""


def _provenance(entry: Entry) -> Iterator[str]:
    if entry.confirm_locally:
        yield wrapped(f"Confirm locally: {entry.confirm_locally}")
    if entry.sources:
        yield "Sources"
        for source in entry.sources:
            yield wrapped(f"• {wording.source(source)}" + (f" {source.url}" if source.url else ""), "    ")
    if text := wording.compiled(entry):
        yield text
    yield ""


def harmless(text: str) -> str:
    """What somebody else typed, without control characters: a terminal would obey them."""
    return "".join(character for character in text if character.isprintable() or character == "\n")


def wrapped(text: str, indent: str = "") -> str:
    """A text in lines of the terminal's width; all but the first are indented."""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
