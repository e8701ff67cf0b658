"""What the files of all layers give, before one layer is laid over the other: each part with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.knowledge import yaml_source
from bot.knowledge.approvals import FOLDER
from bot.knowledge.feedback import MashFeedback, MashFeedbackSource
from bot.knowledge.model import (
    Approved,
    Contact,
    ContactsSource,
    EntrySource,
    Glossary,
    OpenPoint,
    ToConfirmSource,
    TopicSource,
)
from bot.knowledge.partnership import Partnership
from bot.knowledge.policy import EscalationPolicy, EscalationPolicySource
from bot.knowledge.shapes import Shape
from bot.knowledge.shaping import shape
from bot.knowledge.yaml_source import Document, Fault, Path_


@dataclass(frozen=True)
class Rules:
    """The rules of one kind of ticket: what a layer may give of them, what all layers together give, its lists."""

    source: type[Shape]
    whole: type[Shape]
    lists: tuple[str, ...]


RULES: Mapping[str, Rules] = {
    "escalation-policy": Rules(
        EscalationPolicySource, EscalationPolicy, ("stages", "reasons", "outcomes", "changes")
    ),
    "mash-feedback": Rules(MashFeedbackSource, MashFeedback, ("needs", "made_how", "made_to", "told_by", "outcomes")),
}
"""By the name of their file."""
NO_TOPIC_FILES = frozenset({"contacts", "partnership", "glossary", "to-confirm", *RULES})


@dataclass(frozen=True)
class Place:
    """Where something stands: a part of a file."""

    document: Document
    path: Path_ = ()

    def fault(self, message: str, *path: str | int) -> Fault:
        """A fault here, or at what `path` names below."""
        return self.document.fault((*self.path, *path), message)

    def at(self, *path: str | int) -> Place:
        """A part of what stands here."""
        return Place(self.document, (*self.path, *path))

    @property
    def line(self) -> int:
        return self.document.marks[self.path][0]


@dataclass(frozen=True)
class Given:
    """One entry as one file gives it; not whole where keys were left out for their faults."""

    source: EntrySource
    topic: str
    place: Place
    whole: bool


@dataclass
class Sources:
    """The parts of all files that were read, and what is wrong with the others."""

    documents: list[Document] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    topics: dict[str, TopicSource] = field(default_factory=dict)
    entries: dict[str, list[Given]] = field(default_factory=dict)
    """Full id -> the entry in each layer that has it, England's first."""
    contacts: dict[str, Contact] = field(default_factory=dict)
    contact_places: dict[str, Place] = field(default_factory=dict)
    """Of the contacts without a fault."""
    contact_ids: set[str] = field(default_factory=set)
    """Of all contacts, those at fault too."""
    required: dict[str, Place] = field(default_factory=dict)
    partnership: Partnership = field(default_factory=Partnership)
    partnership_place: Place | None = None
    """None where no layer is a partnership's."""
    glossary: dict[str, tuple[str, ...]] = field(default_factory=dict)
    approved: dict[str, Approved] = field(default_factory=dict)
    approved_places: dict[str, Place] = field(default_factory=dict)
    to_confirm: dict[str, OpenPoint] = field(default_factory=dict)
    to_confirm_places: dict[str, Place] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fields of each file of rules; a partnership's replace England's."""
    rule_places: dict[str, Place] = field(default_factory=dict)
    """Of the last layer that has such a file."""
    entries_unread: bool = False
    """Whether a file or list of entries could not be read: any id may stand in it."""
    contacts_unread: bool = False

    def has_entry(self, full_id: str) -> bool:
        """Whether an entry stands somewhere, or may stand in what could not be read."""
        topic = full_id.partition(".")[0]
        # A topic that nobody has written yet is left out of replies until it is there.
        return self.entries_unread or full_id in self.entries or topic not in self.topics

    def has_contact(self, name: str) -> bool:
        """Whether a contact is defined, or has to be by every partnership."""
        return self.contacts_unread or name in self.contact_ids or name in self.required


def read_layer(folder: Path, sources: Sources) -> None:
    """Add one folder to what was read before."""
    places: dict[str, Place] = {}
    for path in sorted(folder.glob("*.y*ml")):
        if path.suffix in (".yaml", ".yml") and not path.name.startswith("."):
            # A file is named shortly, and the same wherever the project stands.
            document = yaml_source.read(path, shown_as=f"{path.parent.name}/{path.name}")
            sources.documents.append(document)
            sources.faults += document.faults
            _take(document, path.stem, sources, places)
    for path in sorted(folder.glob(f"{FOLDER}/*.yaml")):
        document = yaml_source.read(path, shown_as=f"{folder.name}/{FOLDER}/{path.name}")
        sources.faults += document.faults
        if not document.faults:
            _take_approved(document, path.stem, sources)


def _take(document: Document, stem: str, sources: Sources, places: dict[str, Place]) -> None:
    data = document.data
    if not isinstance(data, dict):
        if not document.faults:
            sources.faults.append(document.fault((), "is empty or not a list of keys"))
        sources.contacts_unread |= stem == "contacts"
        sources.entries_unread |= stem not in NO_TOPIC_FILES
    elif "topic" in data:
        _take_topic(document, data, sources, places)
    elif stem == "contacts":
        _take_contacts(document, data, sources)
    elif stem == "partnership":
        _take_partnership(document, sources)
    elif stem == "glossary":
        _take_glossary(document, sources)
    elif stem == "to-confirm":
        _take_to_confirm(document, data, sources)
    elif stem in RULES:
        _take_rules(document, stem, sources)
    else:
        sources.faults.append(document.fault((), "has no `topic:`, and is no file that the bot knows"))


def _take_topic(document: Document, data: dict[str, Any], sources: Sources, places: dict[str, Place]) -> None:
    head = shape(TopicSource, document, {key: value for key, value in data.items() if key != "entries"})
    sources.faults += head.faults
    items = _items(document, data, "entries", sources)
    sources.entries_unread |= items is None or head.value is None
    topic = head.value
    if topic is not None:
        earlier = sources.topics.get(topic.topic, topic)
        sources.topics[topic.topic] = TopicSource(
            topic=topic.topic, title=topic.title or earlier.title, owner=topic.owner or earlier.owner
        )
    for position, item in enumerate(items or ()):
        place = Place(document, ("entries", position))
        shaped = shape(EntrySource, document, item, place.path)
        sources.faults += shaped.faults
        if shaped.value is not None and topic is not None:
            _add_entry(Given(shaped.value, topic.topic, place, not shaped.faults), sources, places)


def _add_entry(given: Given, sources: Sources, places: dict[str, Place]) -> None:
    full_id = f"{given.topic}.{given.source.id}"
    if first := places.get(full_id):
        already = f"it is already in {first.document.file}, line {first.line}"
        sources.faults.append(given.place.fault(f"{full_id} stands twice; {already}", "id"))
        return
    places[full_id] = given.place
    sources.entries.setdefault(full_id, []).append(given)


def _take_contacts(document: Document, data: dict[str, Any], sources: Sources) -> None:
    shaped_head = shape(ContactsSource, document, {key: value for key, value in data.items() if key != "contacts"})
    head = shaped_head.value or ContactsSource()
    items = _items(document, data, "contacts", sources)
    sources.faults += (*shaped_head.faults, *_ids_given_twice(document, "contacts", items))
    required_unread = "required" in data and "required" not in head.model_fields_set
    sources.contacts_unread |= items is None or required_unread
    for position, name in enumerate(head.required):
        sources.required[name] = Place(document, ("required", position))
    for position, item in enumerate(items or ()):
        _take_contact(Place(document, ("contacts", position)), item, sources)


def _take_contact(place: Place, item: object, sources: Sources) -> None:
    shaped = shape(Contact, place.document, item, place.path)
    sources.faults += shaped.faults
    if isinstance(item, dict) and isinstance(item.get("id"), str):
        sources.contact_ids.add(item["id"])
    if shaped.value is not None:
        sources.contacts[shaped.value.id] = shaped.value
        sources.contact_places.pop(shaped.value.id, None)
        if not shaped.faults:
            sources.contact_places[shaped.value.id] = place


def _take_partnership(document: Document, sources: Sources) -> None:
    shaped = shape(Partnership, document, document.data)
    agencies = document.data.get("agencies")
    sources.faults += (*shaped.faults, *_ids_given_twice(document, "agencies", agencies))
    sources.partnership = shaped.value or Partnership()
    sources.partnership_place = Place(document)


def _take_glossary(document: Document, sources: Sources) -> None:
    shaped = shape(Glossary, document, document.data)
    sources.faults += shaped.faults
    if shaped.value is not None:
        sources.glossary.update({word.lower(): meanings for word, meanings in shaped.value.glossary.items()})


def _take_to_confirm(document: Document, data: dict[str, Any], sources: Sources) -> None:
    head = shape(ToConfirmSource, document, {key: value for key, value in data.items() if key != "to_confirm"})
    items = _items(document, data, "to_confirm", sources)
    sources.faults += (*head.faults, *_ids_given_twice(document, "to_confirm", items))
    for position, item in enumerate(items or ()):
        place = Place(document, ("to_confirm", position))
        shaped = shape(OpenPoint, document, item, place.path)
        sources.faults += shaped.faults
        if shaped.value is not None:
            sources.to_confirm[shaped.value.id] = shaped.value
            sources.to_confirm_places[shaped.value.id] = place


def _take_rules(document: Document, stem: str, sources: Sources) -> None:
    rules = RULES[stem]
    shaped = shape(rules.source, document, document.data)
    twice = [fault for key in rules.lists for fault in _ids_given_twice(document, key, document.data.get(key))]
    sources.faults += (*shaped.faults, *twice)
    if shaped.value is not None:
        given = shaped.value
        found = {name: getattr(given, name) for name in given.model_fields_set}
        # A key with nothing behind it gives nothing: what England has stays.
        sources.rules.setdefault(stem, {}).update({name: value for name, value in found.items() if value is not None})
        sources.rule_places[stem] = Place(document)


def _take_approved(document: Document, stem: str, sources: Sources) -> None:
    shaped = shape(Approved, document, document.data)
    sources.faults += shaped.faults
    if shaped.value is None or shaped.faults:
        return
    if shaped.value.entry != stem:
        sources.faults.append(document.fault(("entry",), f"the file is named after another entry, {stem}"))
        return
    sources.approved[stem] = shaped.value
    sources.approved_places[stem] = Place(document)


def _items(document: Document, data: dict[str, Any], key: str, sources: Sources) -> list[object] | None:
    """The list under a key, empty where there is none; None, with a fault, where it is no list."""
    items = data.get(key, [])
    if isinstance(items, list):
        return items
    sources.faults.append(document.fault((key,), "should be a list"))
    return None


def _ids_given_twice(document: Document, key: str, items: object) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for position, item in enumerate(items if isinstance(items, list) else ()):
        name = item.get("id") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        place = Place(document, (key, position))
        if name in seen:
            yield place.fault(f"{name} stands twice; it is already on line {seen[name]}", "id")
        seen.setdefault(name, place.line)
