"""Figures of each entry, for editors and for the checks of others."""

from __future__ import annotations

import re
from typing import Any

from bot.knowledge.model import KnowledgeBase
from bot.knowledge.reading_age import reading_age


def statistics(knowledge: KnowledgeBase) -> list[dict[str, Any]]:
    """One row an entry, in the order of the files. `words` counts the answer; `reading_age` is in years.

    `to_confirm` lists the points of to-confirm.yaml that wait for the partnership and that the entry belongs to.
    """
    return [
        {
            "id": full_id,
            "phrases": len(entry.phrases),
            "words": len(re.findall(r"\w+(?:['’]\w+)?", entry.answer)),
            "reading_age": round(reading_age(entry), 1),
            "sources": len(entry.sources),
            "contacts": len(entry.contacts),
            "approval": entry.approval.status,
            "review_by": entry.review_by.isoformat() if entry.review_by else None,
            "confirm_locally": entry.confirm_locally is not None,
            "kind": "signpost" if entry.signpost else "guidance",
            "owner": knowledge.owner_of(entry),
            "to_confirm": [point.id for point in knowledge.to_confirm if full_id in point.entries],
        }
        for full_id, entry in knowledge.entries.items()
    ]
