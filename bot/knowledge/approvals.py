"""Who approved which text. A copy of each approved text stands beside the knowledge; a text that differs is a draft.

`<partnership>/approved/<topic.id>.yaml` is written by `kb approve`. `changed_entries` in partnership.yaml says what
practitioners see once an entry says something else than its copy.
"""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

from bot.knowledge.model import Approval, Approved, ApprovedText, Entry
from bot.knowledge.writing import as_yaml, save

FOLDER = "approved"
HEAD = "# The text as it was approved. Written by `python app.py kb approve`, and not meant to be edited.\n"


def text_of(entry: Entry) -> ApprovedText:
    """What an entry says now."""
    return ApprovedText.model_validate(
        {
            "title": entry.title,
            "answer": entry.answer,
            "must": entry.must,
            "should": entry.should,
            "steps": entry.steps,
            "contacts": entry.contacts,
            "for": entry.for_agency,
            "confirm_locally": entry.confirm_locally,
            "kind": "signpost" if entry.signpost else "guidance",
            "sources": entry.sources,
        }
    )


def applied(entry: Entry, approved: Approved, *, show_approved: bool) -> Entry:
    """An entry with its approval; where it was changed since, the draft or the approved text."""
    approval = Approval(status="approved", by=approved.by, on=approved.on)
    if text_of(entry) == approved.text:
        return dataclasses.replace(entry, approval=approval)
    if not show_approved:
        return dataclasses.replace(entry, approval=Approval(), approved_before=approved.on)
    text = approved.text
    return dataclasses.replace(
        entry,
        title=text.title,
        answer=text.answer,
        must=text.must,
        should=text.should,
        steps=text.steps,
        contacts=text.contacts,
        for_agency=dict(text.for_),
        confirm_locally=text.confirm_locally,
        signpost=text.kind == "signpost",
        sources=text.sources,
        approval=approval,
        draft_waits=True,
    )


def path_of(partnership: Path, full_id: str) -> Path:
    """Where the approved text of an entry stands."""
    return partnership / FOLDER / f"{full_id}.yaml"


def approve(partnership: Path, entry: Entry, by: str, on: date) -> Path:
    """Keep what `entry` says as approved; the file that now holds it.

    Raises: OSError.
    """
    approved = Approved(entry=entry.full_id, by=by, on=on, text=text_of(entry))
    data = approved.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    path = path_of(partnership, entry.full_id)
    save(path, HEAD + as_yaml(data))
    return path


def withdraw(partnership: Path, full_id: str) -> bool:
    """Take an approval back; False where there was none.

    Raises: OSError.
    """
    path = path_of(partnership, full_id)
    if not path.is_file():
        return False
    path.unlink()
    return True
