"""The digest that practitioners read: the entry of the week, what changed in the guidance, how to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.answering import messages
from bot.answering.guidance import Guidance
from bot.knowledge.markdown import plain
from bot.knowledge.model import Entry, KnowledgeBase
from bot.reporting.digest import Audience, Digest, Part
from bot.reporting.figures import Figures
from bot.reporting.periods import Period

FEWEST = 5
"""Questions from which an entry is chosen for them: of fewer somebody might know who asked."""
LONGEST = 400
"""Characters of an entry that are shown; the last sentence is whole."""


def for_practitioners(
    week: Period, asked: Figures, guidance: Guidance, news: str | None, public_url: str | None
) -> Digest:
    """What practitioners read.

    `week`: in which it goes out. `asked`: the figures of the week before. `news`: what changed, as the bulletin words
    it. `public_url`: where the guidance can be read, if anywhere.
    """
    knowledge = guidance.knowledge
    chosen = entry_of_the_week(week, asked, guidance)
    parts = [
        *(_entry(chosen, knowledge, public_url) if chosen else ()),
        *([_changed(news)] if news else []),
        Part("How to ask", tuple(_how_to_ask(public_url))),
    ]
    return Digest(
        Audience.PRACTITIONERS,
        f"Safeguarding guidance: week {week}",
        knowledge.partnership.name,
        (),
        tuple(parts),
        chosen.full_id if chosen else None,
    )


def entry_of_the_week(week: Period, asked: Figures, guidance: Guidance) -> Entry | None:
    """The planned entry; else the one asked for most, else the one missed most, else each in its turn."""
    knowledge = guidance.knowledge
    planned = (one.entry for one in knowledge.partnership.entries_of_the_week if one.week == week.name)
    answered = {str(row[0]): int(row[1] or 0) for row in asked.questions_by_entry().rows}
    for entry in planned:
        if entry in knowledge.entries:
            return knowledge.entries[entry]
    candidates = [entry for entry in knowledge.entries.values() if not entry.signpost]
    if found := _most(answered, candidates) or _most(_missed(asked, guidance), candidates):
        return found
    in_order = sorted(candidates, key=lambda entry: entry.full_id)
    return in_order[week.first.toordinal() // 7 % len(in_order)] if in_order else None


def _most(counts: Mapping[str, int], candidates: Sequence[Entry]) -> Entry | None:
    often = [entry for entry in candidates if counts.get(entry.full_id, 0) >= FEWEST]
    return min(often, key=lambda entry: (-counts[entry.full_id], entry.full_id), default=None)


def _missed(asked: Figures, guidance: Guidance) -> dict[str, int]:
    """How often an entry came nearest to a question that was not answered, or not well; as in `kb gaps`."""
    counts: dict[str, int] = {}
    for text, times in asked.unanswered().rows:
        ranked = (one.entry_id for one in guidance.matcher.rank(str(text)).candidates)
        nearest = next((name for name in ranked if name in guidance.knowledge.entries), None)
        if nearest is not None:
            counts[nearest] = counts.get(nearest, 0) + int(times or 0)
    return counts


def _entry(entry: Entry, knowledge: KnowledgeBase, public_url: str | None) -> Iterator[Part]:
    lines = [messages.draft(knowledge.partnership.name) + "."] if entry.is_draft else []
    lines.append(first_sentences(entry.answer))
    where = f", or read it at {public_url}/guidance/{entry.full_id}" if public_url else ""
    lines.append(f"All of it: ask me “{entry.title}”{where}.")
    yield Part(f"Entry of the week: {entry.title}", tuple(lines))


def _changed(news: str) -> Part:
    return Part("What changed in the guidance", tuple(line.removeprefix("• ") for line in news.splitlines()))


def first_sentences(answer: str) -> str:
    """The beginning of an answer, in whole sentences, without marks."""
    text = " ".join(plain(answer).split())
    said = ""
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        if said and len(said) + 1 + len(sentence) > LONGEST:
            return said
        said = f"{said} {sentence}".strip()
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


def _how_to_ask(public_url: str | None) -> Iterator[str]:
    yield "In your own words and without names: mention me, write to me, or type /safeguarding and your question."
    yield "Asking is not a referral. A child in danger now: ring 999."
    if public_url:
        yield f"All guidance, also when chat is down: {public_url}/guidance"
