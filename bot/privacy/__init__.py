"""Finds what identifies a person in a text, so that it is neither kept nor repeated.

Found here: names, dates of birth, NHS, National Insurance, pupil and case numbers, postcodes, addresses, personal
telephone numbers and e-mail addresses. The numbers of services, sections of Acts, years, ages, organisations, and
laws and tools named after people pass. What happens with what is found: `docs/decisions/004-identifiers.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.knowledge.model import KnowledgeBase
from bot.privacy import names, numbers
from bot.privacy.numbers import Found, Kind

__all__ = ["Found", "Guard", "Kind", "mask"]


@dataclass(frozen=True)
class Guard:
    """What passes: the numbers and mailboxes of services, and the words of the guidance itself."""

    known_numbers: frozenset[str] = frozenset()
    known_emails: frozenset[str] = frozenset()
    vocabulary: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def for_knowledge(cls, knowledge: KnowledgeBase) -> Guard:
        """The guard for one state of the knowledge base."""
        contacts = knowledge.contacts.values()
        texts = [
            text
            for entry in knowledge.entries.values()
            for text in (entry.title, entry.answer, *entry.steps, *entry.phrases, *entry.never)
        ]
        return cls(
            known_numbers=frozenset(numbers.national(n.dial) for c in contacts for n in c.numbers),
            known_emails=frozenset(c.email.lower() for c in contacts if c.email),
            vocabulary=frozenset(map(names.fold, {word for text in texts for word in text.split()})),
        )

    def find(self, text: str) -> list[Found]:
        """Every identifier in `text`, in its order, none overlapping another."""
        found = [
            *numbers.find(text, known_numbers=self.known_numbers, known_emails=self.known_emails),
            *names.find(text, self.vocabulary),
        ]
        return _without_overlaps(found)


def _without_overlaps(found: Iterable[Found]) -> list[Found]:
    """The longest of those that overlap; names that stand side by side become one."""
    kept: list[Found] = []
    for item in sorted(found, key=lambda f: (f.start, f.start - f.end)):
        if not kept or item.start >= kept[-1].end:
            kept.append(item)
        elif item.end - item.start > kept[-1].end - kept[-1].start:
            kept[-1] = Found(kept[-1].start, item.end, item.kind)
        elif item.end > kept[-1].end:
            # It reaches further: what is found stays covered to its end.
            kept[-1] = Found(kept[-1].start, item.end, kept[-1].kind)
    joined: list[Found] = []
    for item in kept:
        last = joined[-1] if joined else None
        if last is not None and last.kind is item.kind is Kind.NAME and item.start - last.end <= 1:
            joined[-1] = Found(last.start, item.end, Kind.NAME)
        else:
            joined.append(item)
    return joined


def mask(text: str, found: Iterable[Found]) -> str:
    """`text` with a word for the kind in the place of each identifier, such as "[name]"."""
    masked, position = [], 0
    for item in sorted(found):
        masked += [text[position : item.start], f"[{item.kind.value}]"]
        position = item.end
    return "".join([*masked, text[position:]])
