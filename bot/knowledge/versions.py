"""What one state of the knowledge says otherwise than another, and a kept state made usable again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.knowledge.feedback import MashFeedback
from bot.knowledge.model import Contact, Entry, KnowledgeBase, OpenPoint, Topic, plain, titled
from bot.knowledge.partnership import Partnership
from bot.knowledge.policy import EscalationPolicy

SAID = (
    "title", "answer", "must", "should", "steps", "contacts", "for_agency", "confirm_locally", "signpost", "sources"
)  # fmt: skip
"""The fields of an entry that a practitioner reads. The others say how it is found and who looks after it."""


class Kind(StrEnum):
    """What happened to an entry or a service."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class Field:
    """One field that changed, as lines of text."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class Subject(StrEnum):
    """What a change is about."""

    ENTRY = "entry"
    SERVICE = "service"
    SETTINGS = "settings"


@dataclass(frozen=True)
class Change:
    """An entry, a service or a group of settings that is new, changed or gone."""

    kind: Kind
    subject: Subject
    id: str
    title: str
    fields: tuple[Field, ...] = ()


class NotReadable(Exception):
    """A kept state is not in a form that this version of the program reads."""


def changes(before: KnowledgeBase, after: KnowledgeBase) -> list[Change]:
    """Everything that differs: entries first, in the order of their ids, then services, then settings."""
    return [
        *_between(Subject.ENTRY, before.entries, after.entries),
        *_between(Subject.SERVICE, before.contacts, after.contacts),
        *_settings(before, after),
    ]


def _settings(before: KnowledgeBase, after: KnowledgeBase) -> Iterator[Change]:
    """Who the partnership is, its topics, its words, and what it has still to confirm."""
    old, new = (
        {
            "partnership": plain(knowledge.partnership),
            "escalation": plain(knowledge.escalation) or {},
            "feedback": plain(knowledge.feedback) or {},
            "glossary": {word: list(meanings) for word, meanings in knowledge.glossary.items()},
            "topics": {t.id: f"{t.title} ({t.owner or 'no owner'})" for t in knowledge.topics.values()},
            "to-confirm": {
                point.id: [point.text, *(f"waiting: {name}" for name in (*point.entries, *point.contacts))]
                for point in knowledge.to_confirm
            },
        }
        for knowledge in (before, after)
    )
    for name in old:
        keys = sorted(old[name].keys() | new[name].keys())
        pairs = ((key, tuple(_lines(old[name].get(key))), tuple(_lines(new[name].get(key)))) for key in keys)
        if fields := tuple(Field(key, was, is_now) for key, was, is_now in pairs if was != is_now):
            yield Change(Kind.CHANGED, Subject.SETTINGS, name, name, fields)


def _between(
    subject: Subject, before: Mapping[str, Entry | Contact], after: Mapping[str, Entry | Contact]
) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        fields = tuple(_fields(old, new))
        if old is None or new is None:
            yield Change(Kind.NEW if old is None else Kind.REMOVED, subject, name, _title(new or old), fields)
        elif fields:
            yield Change(Kind.CHANGED, subject, name, _title(new), fields)


def _title(item: Entry | Contact | None) -> str:
    return item.title if isinstance(item, Entry) else item.name if item else ""


def _fields(old: object, new: object) -> Iterator[Field]:
    names = dict.fromkeys([*_plain(old), *_plain(new)])
    for name in names:
        before, after = tuple(_lines(_plain(old).get(name))), tuple(_lines(_plain(new).get(name)))
        if before != after:
            yield Field(name, before, after)


def _plain(item: object) -> dict[str, Any]:
    """An entry or a service as plain data."""
    if item is None:
        return {}
    adapter = _adapter(Entry if isinstance(item, Entry) else Contact)
    data = adapter.dump_python(item, mode="json", exclude_none=True)
    return {name: value for name, value in data.items() if name not in ("id", "topic")}


def _lines(value: Any) -> Iterator[str]:
    """A field as an editor reads it, a line for each part."""
    if value in (None, (), [], {}, "", False):
        return
    if isinstance(value, list):
        for part in value:
            yield from (
                ["; ".join(f"{key}: {text}" for key, text in part.items())]
                if isinstance(part, dict)
                else (_lines(part))
            )
    elif isinstance(value, dict):
        yield from sorted(f"{key}: {text}" for key, text in value.items())
    else:
        yield from str(value).splitlines()


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def restored(content: str, version: str) -> KnowledgeBase:
    """The knowledge base that `content` was kept of (see `KnowledgeBase.content`).

    Raises: NotReadable.
    """
    try:
        data = json.loads(content)
        entries = {full_id: _adapter(Entry).validate_python(entry) for full_id, entry in data["entries"].items()}
        contacts = [Contact.model_validate(contact) for contact in data["contacts"]]
        partnership = Partnership.model_validate(data["partnership"])
        topics = {name: Topic(name, t["title"] or titled(name), t["owner"]) for name, t in data["topics"].items()}
        in_order = dict.fromkeys([*(name for name in partnership.topics if name in topics), *topics])
        return KnowledgeBase(
            topics={name: topics[name] for name in in_order},
            entries=entries,
            contacts={contact.id: contact for contact in contacts},
            partnership=partnership,
            glossary={word: tuple(meanings) for word, meanings in data["glossary"].items()},
            to_confirm=tuple(OpenPoint.model_validate(point) for point in data.get("to_confirm", ())),
            escalation=EscalationPolicy.model_validate(data["escalation"]) if data.get("escalation") else None,
            feedback=MashFeedback.model_validate(data["feedback"]) if data.get("feedback") else None,
            version=version,
            content=content,
        )
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise NotReadable(f"version {version} was kept by another release and cannot be read") from error
