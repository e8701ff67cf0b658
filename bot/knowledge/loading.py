"""Folders of YAML -> KnowledgeBase: read each layer, lay one over the other, say everything that is wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.knowledge import yaml_source
from bot.knowledge.model import (
    Approval,
    Contact,
    ContactsSource,
    Entry,
    EntrySource,
    Glossary,
    KnowledgeBase,
    Partnership,
    Topic,
    TopicSource,
    plain,
)
from bot.knowledge.yaml_source import Document, Fault

BASE_LAYER = "england"
M = TypeVar("M", bound=BaseModel)


class KnowledgeFault(Exception):
    """The knowledge cannot be used. `faults` says why, with file, line and column."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass
class Given:
    """One entry as one file gives it, and where it stands there."""

    source: EntrySource
    topic: str
    document: Document
    position: int

    def fault(self, message: str, *path: str | int) -> Fault:
        """A fault in this entry, at one of its fields where `path` names one."""
        return self.document.fault(("entries", self.position, *path), message)


@dataclass
class Loaded:
    """What the layers say: the knowledge (None where it cannot be used), all faults, and where each entry stands."""

    knowledge: KnowledgeBase | None = None
    faults: list[Fault] = field(default_factory=list)
    given: dict[str, list[Given]] = field(default_factory=dict)
    contacts_given: dict[str, tuple[Document, int]] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)


def layers_of(root: Path, partnership: str) -> list[Path]:
    """The folders that make up a partnership's knowledge: England's, then its own."""
    return [folder for folder in (root / BASE_LAYER, root / partnership) if folder.is_dir()]


def layers_for(folder: Path) -> list[Path]:
    """The layers behind one folder: a partnership's stands on England's; any other stands alone."""
    if (folder / "partnership.yaml").is_file():
        return layers_of(folder.resolve().parent, folder.resolve().name)
    return [folder]


def load(layers: Iterable[Path]) -> KnowledgeBase:
    """Load the knowledge.

    Raises: KnowledgeFault with every fault at once.
    """
    loaded = examine(layers)
    if loaded.knowledge is None:
        raise KnowledgeFault(sorted(loaded.faults))
    return loaded.knowledge


def examine(layers: Iterable[Path]) -> Loaded:
    """Load the knowledge and keep what `checks` needs to say where something stands."""
    loaded = Loaded()
    topics: dict[str, TopicSource] = {}
    contacts: dict[str, Contact] = {}
    required: dict[str, tuple[Document, int]] = {}
    glossary: dict[str, tuple[str, ...]] = {}
    partnership: Partnership | None = None
    found_any = False
    for folder in layers:
        seen_here: dict[str, tuple[str, int]] = {}
        for path in sorted(folder.glob("*.y*ml")):
            if path.suffix not in (".yaml", ".yml") or path.name.startswith("."):
                continue
            document = yaml_source.read(path, shown_as=_shown(path))
            loaded.documents.append(document)
            loaded.faults += document.faults
            if not isinstance(document.data, dict):
                if not document.faults:
                    loaded.faults.append(document.fault((), "is empty or not a list of keys"))
                continue
            if "topic" in document.data:
                found_any = True
                _take_topic(document, loaded, topics, seen_here)
            elif path.stem == "contacts":
                _take_contacts(document, loaded, contacts, required)
            elif path.stem == "partnership":
                partnership = _shape(Partnership, document, loaded)
            elif path.stem == "glossary":
                if shaped := _shape(Glossary, document, loaded):
                    glossary.update({key.lower(): values for key, values in shaped.glossary.items()})
            elif path.stem not in OTHER_FILES:
                loaded.faults.append(document.fault((), "has no `topic:`, and is no file that the bot knows"))
    if not found_any and not loaded.faults:
        loaded.faults.append(Fault("knowledge", 1, 1, "", "no topic file was found"))
    for name, (document, position) in required.items():
        if partnership is not None and name not in contacts:
            loaded.faults.append(
                document.fault(("required", position), f"{name}: this partnership's contacts.yaml lacks it")
            )
    entries = _merged(loaded)
    if not loaded.faults:
        loaded.knowledge = _knowledge(topics, entries, contacts, partnership or Partnership(), glossary)
    return loaded


OTHER_FILES = frozenset({"escalation-policy", "mash-feedback"})
"""Files that belong to the tickets, which read them themselves."""


def _shown(path: Path) -> str:
    """How a file is named in a fault: short, and the same wherever the project stands."""
    return str(Path(path.parent.name) / path.name)


def _shape(model: type[M], document: Document, loaded: Loaded) -> M | None:
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            path = tuple(part for part in problem["loc"] if part != "[key]")
            loaded.faults.append(document.fault(path, _in_plain_words(dict(problem))))
        return None


def _in_plain_words(problem: dict[str, Any]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return "is not a key that the bot knows; look for a slip in its spelling"
        case "missing":
            return "is missing"
        case "string_pattern_mismatch":
            return f"{str(problem['input'])[:60]!r} is not in the form that is needed here"
        case "string_too_short":
            return "is empty"
        case "value_error":
            return str(problem["ctx"]["error"])
    return str(problem["msg"]).removeprefix("Value error, ").replace("Input should", "should")


def _take_topic(
    document: Document, loaded: Loaded, topics: dict[str, TopicSource], seen_here: dict[str, tuple[str, int]]
) -> None:
    source = _shape(TopicSource, document, loaded)
    if source is None:
        return
    earlier = topics.get(source.topic)
    topics[source.topic] = (
        source
        if earlier is None
        else TopicSource(topic=source.topic, title=source.title or earlier.title, owner=source.owner or earlier.owner)
    )
    for position, entry in enumerate(source.entries):
        given = Given(entry, source.topic, document, position)
        full_id = f"{source.topic}.{entry.id}"
        line = document.marks[("entries", position)][0]
        if full_id in seen_here:
            file, first = seen_here[full_id]
            loaded.faults.append(given.fault(f"{full_id} stands twice; it is already in {file}, line {first}", "id"))
            continue
        seen_here[full_id] = (document.file, line)
        loaded.given.setdefault(full_id, []).append(given)


def _take_contacts(
    document: Document,
    loaded: Loaded,
    contacts: dict[str, Contact],
    required: dict[str, tuple[Document, int]],
) -> None:
    source = _shape(ContactsSource, document, loaded)
    if source is None:
        return
    seen: set[str] = set()
    for position, contact in enumerate(source.contacts):
        if contact.id in seen:
            loaded.faults.append(document.fault(("contacts", position, "id"), f"{contact.id} stands twice"))
        seen.add(contact.id)
        contacts[contact.id] = contact
        loaded.contacts_given[contact.id] = (document, position)
    for position, name in enumerate(source.required):
        required[name] = (document, position)


ADDED = ("phrases", "never", "related")
"""Fields that a partnership adds to; every other field that it gives replaces England's."""


def _merged(loaded: Loaded) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for full_id, layers in loaded.given.items():
        if layers[-1].source.omit:
            continue
        fields: dict[str, Any] = {}
        for given in layers:
            for name in given.source.model_fields_set - {"id", "omit"}:
                value = getattr(given.source, name)
                if name in ADDED:
                    value = tuple(dict.fromkeys((*fields.get(name, ()), *(value or ()))))
                fields[name] = value
        lacking = [name for name in ("title", "answer") if not fields.get(name)]
        for name in lacking:
            loaded.faults.append(layers[-1].fault(f"{full_id} has no {name}", name))
        if not lacking:
            entries[full_id] = _entry(layers[0].topic, layers[0].source.id, fields)
    return entries


def _entry(topic: str, entry_id: str, fields: dict[str, Any]) -> Entry:
    return Entry(
        topic=topic,
        id=entry_id,
        title=fields["title"],
        answer=fields["answer"],
        must=fields.get("must") or (),
        should=fields.get("should") or (),
        steps=fields.get("steps") or (),
        contacts=fields.get("contacts") or (),
        for_agency=fields.get("for_") or {},
        confirm_locally=fields.get("confirm_locally"),
        signpost=fields.get("kind") == "signpost",
        sources=fields.get("sources") or (),
        compiled=fields.get("compiled"),
        approval=fields.get("approval") or Approval(),
        review_by=fields.get("review_by"),
        phrases=fields.get("phrases") or (),
        never=fields.get("never") or (),
        related=fields.get("related") or (),
    )


def _knowledge(
    topics: dict[str, TopicSource],
    entries: dict[str, Entry],
    contacts: dict[str, Contact],
    partnership: Partnership,
    glossary: dict[str, tuple[str, ...]],
) -> KnowledgeBase:
    content = json.dumps(
        {
            "partnership": plain(partnership),
            "contacts": [plain(contact) for contact in contacts.values()],
            "glossary": glossary,
            "topics": {t.topic: {"title": t.title, "owner": t.owner} for t in topics.values()},
            "entries": {full_id: _canonical(entry) for full_id, entry in sorted(entries.items())},
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return KnowledgeBase(
        topics={
            t.topic: Topic(t.topic, t.title or t.topic.replace("-", " ").capitalize(), t.owner)
            for t in topics.values()
        },
        entries=entries,
        contacts=contacts,
        partnership=partnership,
        glossary=glossary,
        version=hashlib.sha256(content.encode()).hexdigest()[:16],
        content=content,
    )


def _canonical(entry: Entry) -> dict[str, Any]:
    """An entry as it stands in a kept version: everything that was said, and what it was matched by."""

    def value(item: Any) -> Any:
        if isinstance(item, tuple):
            return [value(part) for part in item]
        if isinstance(item, dict):
            return {str(key): value(part) for key, part in item.items()}
        return item.isoformat() if hasattr(item, "isoformat") else plain(item)

    return {name: value(item) for name, item in vars(entry).items()}
