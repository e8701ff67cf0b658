"""What an editor must put right before the knowledge is used: every fault at once, each with file and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from bot.knowledge.hours import WhenClosed
from bot.knowledge.loading import Loaded, examine, layers_for
from bot.knowledge.model import Entry
from bot.knowledge.reading_age import reading_age
from bot.knowledge.sources import Given, Place, Sources
from bot.knowledge.yaml_source import Fault

FEWEST_PHRASES = 15
NEAR_IDENTICAL = 97.0
"""`token_sort_ratio` at which two phrases of different entries count as the same question."""
BLOCK = 256
OLDEST_READER = 15.0

PHONE = re.compile(r"(?<![\w.])(?:\+44[\s-]?(?:\(0\)[\s-]?)?|\(?0)\d(?:[\s)-]{0,2}\d){7,9}(?!\d)|\b0800[\s-]?1111\b")
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
    return check_loaded(examine(layers_for(folder)))


def check_loaded(loaded: Loaded) -> Checked:
    """Check what was loaded, as far as it could be read."""
    sources, entries = loaded.sources, loaded.knowledge.entries
    faults = [*loaded.faults, *_omitted_in_vain(sources)]
    advice: list[Fault] = []
    for full_id, entry in entries.items():
        layers = sources.entries[full_id]
        faults += _references(entry, layers, sources)
        faults += _lacking(entry, layers)
        advice += _advice(entry, layers[-1].place)
        if entry.approval.status == "approved" and full_id not in sources.approved:
            says = "was approved by hand, so that nobody would notice a later change; use `kb approve`"
            advice.append(layers[-1].place.fault(says, "approval"))
    faults += _approvals(sources)
    faults += _open_points(entries, sources)
    faults += _same_questions(entries, sources)
    faults += _contacts(sources)
    faults += _topics(sources)
    faults += _entries_of_the_week(entries, sources)
    faults += _numbers_outside_contacts(sources)
    return Checked(tuple(sorted(set(faults))), tuple(sorted(set(advice))), len(entries))


def _omitted_in_vain(sources: Sources) -> Iterator[Fault]:
    """The entry that was meant is still shown."""
    for full_id, layers in sources.entries.items():
        if layers[0].source.omit and not sources.entries_unread:
            yield layers[0].place.fault(f"{full_id}: there is no such entry to omit", "omit")


def _references(entry: Entry, layers: list[Given], sources: Sources) -> Iterator[Fault]:
    for given in layers:
        for i, name in enumerate(given.source.contacts or ()):
            if not sources.has_contact(name):
                yield given.place.fault(f"{name}: no such contact in contacts.yaml", "contacts", i)
        for i, full_id in enumerate(given.source.related or ()):
            if full_id == entry.full_id:
                yield given.place.fault("an entry is not related to itself", "related", i)
            elif not sources.has_entry(full_id):
                yield given.place.fault(f"{full_id}: no such entry", "related", i)


def _lacking(entry: Entry, layers: list[Given]) -> Iterator[Fault]:
    place = layers[-1].place
    for name in ("phrases", "sources", "compiled", "review_by"):
        # A field that is at fault itself is given, and is not lacking.
        if not getattr(entry, name) and all(given.whole for given in layers):
            yield place.fault(f"{entry.full_id} has no {name}", name)
    if entry.compiled and entry.review_by and entry.review_by <= entry.compiled:
        yield place.fault("is not after `compiled`", "review_by")
    if entry.approval.status == "approved" and not (entry.approval.by and entry.approval.on):
        yield place.fault("an approved entry says by whom and on which day (by, on)", "approval")


def _advice(entry: Entry, place: Place) -> Iterator[Fault]:
    if 0 < len(entry.phrases) < FEWEST_PHRASES:
        yield place.fault(f"has {len(entry.phrases)} phrases; {FEWEST_PHRASES} or more are needed", "phrases")
    age = reading_age(entry)
    if age > OLDEST_READER:
        yield place.fault(f"reads at age {age:.0f}; shorten the sentences (at most {OLDEST_READER:.0f})", "answer")
    both = {p.lower() for p in entry.phrases} & {p.lower() for p in entry.never}
    for phrase in sorted(both):
        yield place.fault(f"{phrase!r} stands under phrases too", "never")


def _approvals(sources: Sources) -> Iterator[Fault]:
    for full_id, place in sources.approved_places.items():
        if full_id not in sources.entries and not sources.entries_unread:
            yield place.fault(f"{full_id}: no such entry; remove this file if the entry is gone for good", "entry")


def _open_points(entries: dict[str, Entry], sources: Sources) -> Iterator[Fault]:
    """What is to be confirmed stands in every entry that waits for it, so that whoever reads it knows."""
    for name, place in sources.to_confirm_places.items():
        point = sources.to_confirm[name]
        for i, full_id in enumerate(point.entries):
            if full_id in entries:
                if entries[full_id].confirm_locally is None:
                    yield place.fault(f"{full_id} does not say so: it has no confirm_locally", "entries", i)
            elif not sources.entries_unread:
                yield place.fault(f"{full_id}: no such entry", "entries", i)
        for i, contact in enumerate(point.contacts):
            if not sources.has_contact(contact):
                yield place.fault(f"{contact}: no such contact in contacts.yaml", "contacts", i)
            elif contact in sources.contacts and not sources.contacts[contact].confirm:
                yield place.fault(f"{contact} does not say so: set its `confirm: true`", "contacts", i)


def _same_questions(entries: dict[str, Entry], sources: Sources) -> Iterator[Fault]:
    """Phrases that two entries share, or nearly: the bot could not tell which of the two was meant."""
    asked = [(phrase, full_id) for full_id, entry in entries.items() for phrase in dict.fromkeys(entry.phrases)]
    for first, second in _near_identical([phrase for phrase, _ in asked]):
        (phrase, full_id), (other_phrase, other) = asked[first], asked[second]
        if other != full_id and _numbers(phrase) == _numbers(other_phrase):
            place = _place(sources.entries[other], other_phrase)
            yield place.fault(f"{other_phrase!r} is also asked under {full_id}: {phrase!r}")


def _near_identical(phrases: list[str]) -> Iterator[tuple[int, int]]:
    """The positions of phrases of the same words, or nearly (`token_sort_ratio`).

    They are compared in blocks, with those of nearly the same length alone: others cannot be as like. Seven thousand
    phrases take a tenth of a second so, and a quarter of a minute one by one.
    """
    texts = [" ".join(sorted(phrase.lower().split())) for phrase in phrases]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    lengths = np.array([len(texts[i]) for i in order])
    for begin in range(0, len(order), BLOCK):
        block = order[begin : begin + BLOCK]
        longest = lengths[begin + len(block) - 1] * (200 - NEAR_IDENTICAL) / NEAR_IDENTICAL
        rest = order[begin : int(np.searchsorted(lengths, longest, side="right"))]
        likeness = process.cdist(
            [texts[i] for i in block],
            [texts[i] for i in rest],
            scorer=fuzz.ratio,
            score_cutoff=NEAR_IDENTICAL,
            dtype=np.float32,
        )
        for row, column in np.argwhere(likeness >= NEAR_IDENTICAL).tolist():
            if row < column:
                yield min(block[row], rest[column]), max(block[row], rest[column])


def _numbers(phrase: str) -> list[str]:
    """Stage 1 is not stage 2, however long the rest of the question."""
    return sorted(re.findall(r"\d+", phrase))


def _place(layers: list[Given], phrase: str) -> Place:
    """Where the phrase stands, in the first layer that has it."""
    given = next(given for given in layers if phrase in (given.source.phrases or ()))
    return given.place.at("phrases", (given.source.phrases or ()).index(phrase))


def _contacts(sources: Sources) -> Iterator[Fault]:
    for name, place in sources.contact_places.items():
        contact = sources.contacts[name]
        for field, target in (
            ("out_of_hours", contact.out_of_hours),
            ("hours", contact.hours.when_closed if isinstance(contact.hours, WhenClosed) else None),
        ):
            if target is not None and (target == name or not sources.has_contact(target)):
                yield place.fault(f"{target}: no such contact to take turns with", field)
        if contact.source is None:
            yield place.fault(f"{name} has no source")
        if not (contact.numbers or contact.email or contact.web or (contact.confirm and contact.note)):
            advice = "where none is known, set `confirm: true` and say in `note` what to do instead"
            yield place.fault(f"{name} has no number, e-mail or address; {advice}")
    for name in sources.partnership.emergency_contacts:
        if sources.partnership_place is not None and not sources.has_contact(name):
            message = f"{name}: no such contact in contacts.yaml"
            yield sources.partnership_place.fault(message, "emergency_contacts")


def _topics(sources: Sources) -> Iterator[Fault]:
    for i, name in enumerate(sources.partnership.topics):
        if sources.partnership_place is not None and name not in sources.topics and not sources.entries_unread:
            yield sources.partnership_place.fault(f"{name}: no such topic", "topics", i)


def _entries_of_the_week(entries: dict[str, Entry], sources: Sources) -> Iterator[Fault]:
    seen: set[str] = set()
    if (place := sources.partnership_place) is None:
        return
    for i, planned in enumerate(sources.partnership.entries_of_the_week):
        if planned.entry not in entries and not sources.entries_unread:
            yield place.fault(f"{planned.entry}: no such entry", "entries_of_the_week", i, "entry")
        if planned.week in seen:
            yield place.fault(f"{planned.week} stands twice", "entries_of_the_week", i, "week")
        seen.add(planned.week)


def _numbers_outside_contacts(sources: Sources) -> Iterator[Fault]:
    """A number in a text goes stale unseen: contacts.yaml is the one place where it is kept and dated."""
    for document in sources.documents:
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
