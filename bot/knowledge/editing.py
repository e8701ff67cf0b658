"""What an editor adds by a command: an entry, or phrases to one. All or nothing, and checked before it counts.

Both go into the partnership's own folder; England's entries are added to there, and stay as they are for others.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.knowledge import yaml_source
from bot.knowledge.checks import Checked, check_loaded
from bot.knowledge.loading import examine
from bot.knowledge.writing import as_yaml, save, with_item, with_phrases
from bot.knowledge.yaml_source import Document, Fault


class NotAdded(Exception):
    """The files would not be usable with the addition; they are as they were. `faults` says why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Added:
    """Where something was added, and what the check still asks for there."""

    path: Path
    open: tuple[Fault, ...]


def add_entry(layers: Sequence[Path], topic: str, topic_title: str | None, fields: dict[str, Any]) -> Added:
    """Add an entry to a topic of the partnership (the last layer), which is begun where it is new.

    Raises: NotAdded, CannotAdd, OSError.
    """
    path, document, text = _file_of(layers[-1], topic, topic_title)
    return _save(layers, path, with_item(text, document, "entries", fields))


def add_phrases(layers: Sequence[Path], full_id: str, phrases: Sequence[str]) -> Added:
    """Add phrases to an entry, in the partnership's layer.

    Raises: NotAdded, CannotAdd, OSError.
    """
    topic, _, entry_id = full_id.partition(".")
    path, document, text = _file_of(layers[-1], topic, None, entry_id)
    ids = [entry.get("id") for entry in document.data.get("entries") or () if isinstance(entry, dict)]
    if entry_id in ids:
        changed = with_phrases(text, document, ids.index(entry_id), phrases)
    else:
        changed = with_item(text, document, "entries", {"id": entry_id, "phrases": list(phrases)})
    return _save(layers, path, changed)


def _file_of(folder: Path, topic: str, title: str | None, having: str = "") -> tuple[Path, Document, str]:
    """The partnership's file of a topic, as it stands or as it would begin; of several, the one `having` an entry."""
    found = []
    for path in sorted(folder.glob("*.y*ml")):
        if path.suffix not in (".yaml", ".yml") or path.name.startswith("."):
            continue
        document = yaml_source.read(path, shown_as=f"{folder.name}/{path.name}")
        if isinstance(document.data, dict) and document.data.get("topic") == topic:
            if document.faults:
                raise NotAdded(document.faults)
            found.append((path, document, path.read_bytes().decode("utf-8-sig")))
    for each in found:
        items = each[1].data.get("entries") or ()
        if any(isinstance(item, dict) and item.get("id") == having for item in items):
            return each
    if found:
        return found[0]
    path = folder / f"{topic}.yaml"
    if path.exists():
        path = folder / f"topic-{topic}.yaml"
    head = {"topic": topic} | ({"title": title} if title else {})
    text = f"# yaml-language-server: $schema=../schema/topic.json\n{as_yaml(head)}entries:\n"
    document = yaml_source.parse(text.encode(), Document(f"{folder.name}/{path.name}"))
    return path, document, text


def _save(layers: Sequence[Path], path: Path, text: str) -> Added:
    """Try the change on a copy of the files first."""
    loaded_before = examine(layers)
    before = {fault.message for fault in loaded_before.faults}
    known = {fault.message for fault in _all(check_loaded(loaded_before))}
    with tempfile.TemporaryDirectory() as scratch:
        copies = [Path(shutil.copytree(layer, Path(scratch) / layer.name)) for layer in layers]
        save(copies[-1] / path.name, text)
        loaded = examine(copies)
        new = [fault for fault in loaded.faults if fault.message not in before]
        if new:
            raise NotAdded(new)
        checked = check_loaded(loaded)
    save(path, text)
    shown_as = f"{layers[-1].name}/{path.name}"
    return Added(path, tuple(f for f in _all(checked) if f.file == shown_as or f.message not in known))


def _all(checked: Checked) -> tuple[Fault, ...]:
    return (*checked.faults, *checked.advice)
