"""What an editor must put right before the knowledge is used: every fault at once, each with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from bot.knowledge.loading import Given, Loaded, examine, layers_for
from bot.knowledge.model import Contact, Entry, WhenClosed
from bot.knowledge.reading_age import reading_age
from bot.knowledge.yaml_source import Fault

FEWEST_PHRASES = 15
NEAR_IDENTICAL = 97.0
"""`token_sort_ratio` at which two phrases of different entries count as the same question."""
OLDEST_READER = 15.0

PHONE = re.compile(r"(?<![\w.])(?:\+44\s?\d|0\d)(?:[\s-]?\d){7,9}(?!\d)|\b0800[\s-]?1111\b")
EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")


@dataclass(frozen=True)
class Checked:
    """Faults must be put right; advice counts as a fault when the check is strict."""

    faults: tuple[Fault, ...]
    advice: tuple[Fault, ...]
    entries: int

    def failed(self, *, strict: bool) -> bool:
        """Whether `kb check` exits with 1."""
        return bool(self.faults or (strict and self.advice))


def check(folder: Path) -> Checked:
    """Check one folder, on England's layer where it is a partnership's."""
    loaded = examine(layers_for(folder))
    return check_loaded(loaded)


def check_loaded(loaded: Loaded) -> Checked:
    """Check what was loaded."""
    faults = list(loaded.faults)
    advice: list[Fault] = []
    if loaded.knowledge is not None:
        entries = loaded.knowledge.entries
        for full_id, entry in entries.items():
            layers = loaded.given[full_id]
            faults += _references(entry, layers, loaded)
            faults += _lacking(entry, layers[-1])
            advice += _advice(entry, layers[-1])
        faults += _same_questions(entries, loaded)
        faults += _contacts(loaded)
    faults += _numbers_outside_contacts(loaded)
    return Checked(tuple(sorted(set(faults))), tuple(sorted(set(advice))), len(loaded.given))


def _references(entry: Entry, layers: list[Given], loaded: Loaded) -> Iterator[Fault]:
    knowledge = loaded.knowledge
    assert knowledge is not None  # noqa: S101 - the caller has made sure
    for given in layers:
        for i, name in enumerate(given.source.contacts or ()):
            if name not in knowledge.contacts:
                yield given.fault(f"{name}: no such contact in contacts.yaml", "contacts", i)
        for i, full_id in enumerate(given.source.related or ()):
            if full_id == entry.full_id:
                yield given.fault("an entry is not related to itself", "related", i)
            elif full_id not in knowledge.entries and full_id.partition(".")[0] in knowledge.topics:
                # An id of a topic that nobody has written yet is left out of replies until it is there.
                yield given.fault(f"{full_id}: no such entry", "related", i)


def _lacking(entry: Entry, given: Given) -> Iterator[Fault]:
    for name in ("phrases", "sources", "compiled", "review_by"):
        if not getattr(entry, name):
            yield given.fault(f"{entry.full_id} has no {name}", name)
    if entry.compiled and entry.review_by and entry.review_by <= entry.compiled:
        yield given.fault("is not after `compiled`", "review_by")
    if entry.approval.status == "approved" and not (entry.approval.by and entry.approval.on):
        yield given.fault("an approved entry says by whom and on which day (by, on)", "approval")


def _advice(entry: Entry, given: Given) -> Iterator[Fault]:
    if 0 < len(entry.phrases) < FEWEST_PHRASES:
        yield given.fault(f"has {len(entry.phrases)} phrases; {FEWEST_PHRASES} or more are needed", "phrases")
    age = reading_age(entry)
    if age > OLDEST_READER:
        yield given.fault(f"reads at age {age:.0f}; shorten the sentences (at most {OLDEST_READER:.0f})", "answer")
    both = {p.lower() for p in entry.phrases} & {p.lower() for p in entry.never}
    for phrase in sorted(both):
        yield given.fault(f"{phrase!r} stands under phrases too", "never")


def _same_questions(entries: dict[str, Entry], loaded: Loaded) -> Iterator[Fault]:
    """Phrases that two entries share, or nearly: the bot could not tell which of the two was meant."""
    asked = [(phrase, full_id) for full_id, entry in entries.items() for phrase in dict.fromkeys(entry.phrases)]
    texts = [phrase.lower() for phrase, _ in asked]
    for i, (phrase, full_id) in enumerate(asked):
        near = process.extract(
            texts[i], texts[i + 1 :], scorer=fuzz.token_sort_ratio, score_cutoff=NEAR_IDENTICAL, limit=None
        )
        for _, _, offset in near:
            other_phrase, other = asked[i + 1 + offset]
            if other != full_id:
                given, position = _place(loaded.given[other], other_phrase)
                yield given.fault(f"{other_phrase!r} is also asked under {full_id}: {phrase!r}", "phrases", position)


def _place(layers: list[Given], phrase: str) -> tuple[Given, int]:
    for given in layers:
        if phrase in (given.source.phrases or ()):
            return given, (given.source.phrases or ()).index(phrase)
    return layers[-1], 0


def _contacts(loaded: Loaded) -> Iterator[Fault]:
    assert loaded.knowledge is not None  # noqa: S101 - the caller has made sure
    contacts = loaded.knowledge.contacts
    for name, (document, position) in loaded.contacts_given.items():
        contact: Contact = contacts[name]
        for field, target in (
            ("out_of_hours", contact.out_of_hours),
            ("hours", contact.hours.when_closed if isinstance(contact.hours, WhenClosed) else None),
        ):
            if target is not None and (target not in contacts or target == name):
                yield document.fault(("contacts", position, field), f"{target}: no such contact to take turns with")
        if contact.source is None:
            yield document.fault(("contacts", position), f"{name} has no source")
        if not (contact.numbers or contact.email or contact.web):
            yield document.fault(("contacts", position), f"{name} has no number, e-mail or address")
    for name in loaded.knowledge.partnership.emergency_contacts:
        if name not in contacts:
            document = next(d for d in loaded.documents if d.file.endswith("partnership.yaml"))
            yield document.fault(("emergency_contacts",), f"{name}: no such contact in contacts.yaml")


def _numbers_outside_contacts(loaded: Loaded) -> Iterator[Fault]:
    """A number in a text goes stale unseen: contacts.yaml is the one place where it is kept and dated."""
    for document in loaded.documents:
        if not isinstance(document.data, dict) or "topic" not in document.data:
            continue
        for path, text in _texts(document.data, ()):
            if path[-1] == "url" or "phrases" in path or "never" in path:
                continue
            for kind, pattern in (("telephone number", PHONE), ("e-mail address", EMAIL)):
                if found := pattern.search(text):
                    yield document.fault(
                        path, f"holds the {kind} {found.group().strip()!r}; it belongs in contacts.yaml"
                    )


def _texts(data: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, (*path, key))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _texts(value, (*path, i))
