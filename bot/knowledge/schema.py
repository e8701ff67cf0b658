"""JSON Schemas of the YAML files, made from the models that read them: editors complete and check while they type."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from bot.knowledge.model import ContactsSource, EntrySource, Glossary, ToConfirmSource, TopicSource
from bot.knowledge.partnership import Partnership
from bot.knowledge.sources import RULES

FOLDER = "schema"


class TopicFile(TopicSource):
    """A file of entries on one topic."""

    entries: tuple[EntrySource, ...] = ()


SCHEMAS: dict[str, type[BaseModel]] = {
    "topic": TopicFile,
    "contacts": ContactsSource,
    "partnership": Partnership,
    "glossary": Glossary,
    "to-confirm": ToConfirmSource,
    **{name: rules.source for name, rules in RULES.items()},
}


def schemas() -> dict[str, str]:
    """File name -> content."""
    return {
        f"{name}.json": json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema(by_alias=True),
            ensure_ascii=False,
            indent=1,
        )
        + "\n"
        for name, model in SCHEMAS.items()
    }


def write(knowledge_dir: Path) -> list[Path]:
    """Write the schemas into the knowledge's folder; the files written.

    Raises: OSError.
    """
    folder = knowledge_dir / FOLDER
    folder.mkdir(exist_ok=True)
    written = []
    for name, content in schemas().items():
        (folder / name).write_text(content, encoding="utf-8")
        written.append(folder / name)
    return written
