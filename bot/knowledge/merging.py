"""One layer laid over the other: what all sources together say, as one knowledge base with its version."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar

from bot.knowledge.approvals import applied
from bot.knowledge.feedback import MashFeedback
from bot.knowledge.model import Approval, Entry, KnowledgeBase, Topic, plain, titled
from bot.knowledge.policy import EscalationPolicy
from bot.knowledge.shapes import Shape
from bot.knowledge.sources import RULES, Given, Sources

S = TypeVar("S", bound=Shape)

ADDED = ("phrases", "never", "related")
"""Fields that a partnership adds to; every other field that it gives replaces England's."""


def merged(sources: Sources) -> KnowledgeBase:
    """The knowledge base; partial where the sources have faults."""
    entries = drafted(sources)
    show_approved = sources.partnership.changed_entries == "show-approved"
    for full_id, approved in sources.approved.items():
        if full_id in entries:
            entries[full_id] = applied(entries[full_id], approved, show_approved=show_approved)
    return _knowledge(sources, entries)


def drafted(sources: Sources) -> dict[str, Entry]:
    """The entries as the files give them now, whatever was approved before."""
    return {
        full_id: _entry(layers[0].topic, layers[0].source.id, _fields(layers))
        for full_id, layers in sources.entries.items()
        if not layers[-1].source.omit and not lacking(layers)
    }


def lacking(layers: list[Given]) -> list[str]:
    """The fields that an entry cannot be shown without and that its layers together do not give."""
    fields = _fields(layers)
    return [name for name in ("title", "answer") if not fields.get(name)]


def _fields(layers: list[Given]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for given in layers:
        for name in given.source.model_fields_set - {"id", "omit"}:
            value = getattr(given.source, name)
            if name in ADDED:
                value = tuple(dict.fromkeys((*fields.get(name, ()), *(value or ()))))
            fields[name] = value
    return fields


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


def _knowledge(sources: Sources, entries: dict[str, Entry]) -> KnowledgeBase:
    policy = _rules(sources, "escalation-policy", EscalationPolicy)
    feedback = _rules(sources, "mash-feedback", MashFeedback)
    content = json.dumps(
        {
            "partnership": plain(sources.partnership),
            "contacts": [plain(contact) for contact in sources.contacts.values()],
            "glossary": sources.glossary,
            "to_confirm": [plain(point) for point in sources.to_confirm.values()],
            "escalation": plain(policy),
            "feedback": plain(feedback),
            "topics": {t.topic: {"title": t.title, "owner": t.owner} for t in sources.topics.values()},
            "entries": {full_id: _canonical(entry) for full_id, entry in sorted(entries.items())},
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return KnowledgeBase(
        topics=_topics(sources),
        entries=entries,
        contacts=sources.contacts,
        partnership=sources.partnership,
        glossary=sources.glossary,
        to_confirm=tuple(sources.to_confirm.values()),
        escalation=policy,
        feedback=feedback,
        version=hashlib.sha256(content.encode()).hexdigest()[:16],
        content=content,
    )


def rules_lack(sources: Sources, name: str) -> list[str]:
    """The fields that a kind of ticket's rules need and that no layer gives."""
    fields, given = RULES[name].whole.model_fields, sources.rules.get(name, {})
    return [field for field in fields if fields[field].is_required() and given.get(field) is None]


def _rules(sources: Sources, name: str, shape: type[S]) -> S | None:
    return None if rules_lack(sources, name) else shape(**sources.rules[name])


def _topics(sources: Sources) -> dict[str, Topic]:
    """The topics in the partnership's order."""
    given = sources.topics
    names = dict.fromkeys([*(name for name in sources.partnership.topics if name in given), *given])
    return {name: Topic(name, given[name].title or titled(name), given[name].owner) for name in names}


def _canonical(entry: Entry) -> dict[str, Any]:
    """An entry as it stands in a kept version: everything that was said, and what it was matched by."""

    def value(item: Any) -> Any:
        if isinstance(item, tuple):
            return [value(part) for part in item]
        if isinstance(item, dict):
            return {str(key): value(part) for key, part in item.items()}
        return item.isoformat() if hasattr(item, "isoformat") else plain(item)

    return {name: value(item) for name, item in vars(entry).items()}
