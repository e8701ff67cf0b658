"""Questions that nobody could answer, grouped by likeness, each group with what would close the gap."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from bot.answering.guidance import Guidance
from bot.storage.questions import Unanswered

ALIKE = 75.0
"""`token_set_ratio` from which two questions count as the same."""
SHOWN = 4
"""Questions of a group that are shown and offered as phrases."""
LONGEST_PHRASE = 400


@dataclass(frozen=True)
class Gap:
    """One group: its questions, the commonest first, how often they were asked, and the entry that came nearest."""

    questions: tuple[str, ...]
    asked: int
    nearest: str | None
    nearest_title: str | None
    missing: tuple[str, ...]
    """What people said was missing."""
    known: frozenset[str] = frozenset()
    """Phrases of the nearest entry: where it has the question already, its answer is what to improve."""

    @property
    def to_nearest(self) -> str | None:
        """The command that adds the questions to the entry that came nearest; None where it would add nothing."""
        fresh = [question for question in self._phrases if question.lower() not in self.known]
        return f"python app.py kb new {self.nearest}{_options(fresh)}" if self.nearest and fresh else None

    @property
    def commands(self) -> tuple[str, ...]:
        """What would add it: to the entry that came nearest, or as an entry of its own."""
        to_new = f"python app.py kb new TOPIC.NAME --title TITLE{_options(self._phrases)}"
        return (self.to_nearest, to_new) if self.to_nearest else (to_new,)

    @property
    def _phrases(self) -> tuple[str, ...]:
        return tuple(question for question in self.questions if len(question) <= LONGEST_PHRASE)[:SHOWN]


def _options(phrases: Sequence[str]) -> str:
    return "".join(f" --phrase {shlex.quote(phrase)}" for phrase in phrases)


def gaps(unanswered: Sequence[Unanswered], guidance: Guidance) -> list[Gap]:
    """Group what was not answered, the most frequent first. Each question joins the first group that it resembles."""
    groups: list[list[Unanswered]] = []
    for question in sorted(unanswered, key=lambda each: (-each.times, each.text)):
        for group in groups:
            if fuzz.token_set_ratio(question.text.lower(), group[0].text.lower()) >= ALIKE:
                group.append(question)
                break
        else:
            groups.append([question])
    found = [_gap(group, guidance) for group in groups]
    return sorted(found, key=lambda gap: -gap.asked)


def _gap(group: list[Unanswered], guidance: Guidance) -> Gap:
    ranking = guidance.matcher.rank(group[0].text)
    entries = guidance.knowledge.entries
    entry = next((entries[c.entry_id] for c in ranking.candidates if c.entry_id in entries), None)
    return Gap(
        questions=tuple(question.text for question in group),
        asked=sum(question.times for question in group),
        nearest=entry.full_id if entry else None,
        nearest_title=entry.title if entry else None,
        missing=tuple(text for question in group for text in question.missing),
        known=frozenset(phrase.lower() for phrase in entry.phrases) if entry else frozenset(),
    )
