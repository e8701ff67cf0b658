"""Data -> YAML as a person would write it, and additions to a file that leave the rest of it as it stands."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from bot.knowledge.yaml_source import Document


class CannotAdd(Exception):
    """A file is not laid out in the way that lines can be added to it; the message says what to do by hand."""


class _Readable(yaml.SafeDumper):
    """Texts of several lines are written as they read, and lists stand below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    """Quoted where our reader takes it for something else: `tRUE` is a boolean to it, and U+0085 a line break."""
    if text.lower() in ("true", "false", "null") or "\x85" in text:
        return '"'
    return "|" if "\n" in text else None


_Readable.add_representer(str, _text)


def as_yaml(data: Any) -> str:
    """Plain data as YAML."""
    return str(yaml.dump(data, Dumper=_Readable, allow_unicode=True, sort_keys=False, width=110))


def save(path: Path, text: str) -> None:
    """Write a file whole: nobody reads half of it.

    Raises: OSError.
    """
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def with_item(text: str, document: Document, key: str, item: dict[str, Any]) -> str:
    """`text` with one more item at the end of the list under `key`, which must be the last key of the file.

    Raises: CannotAdd.
    """
    keys = list(document.data)
    if key in keys and keys[-1] != key:
        raise CannotAdd(f"{document.file}: move `{key}:` to the end of the file, so that it can be added to")
    base = text.rstrip("\n") + "\n"
    items = document.data.get(key)
    if not items:
        lines = [line for line in base.splitlines() if line.split("#")[0].strip() not in (f"{key}:", f"{key}: []")]
        return "\n".join([*lines, f"{key}:", _item(item, "  ")]) + "\n"
    line, column = document.marks[key, len(items) - 1]
    start = base.splitlines()[line - 1]
    if start[: column - 1].strip() != "-":
        raise CannotAdd(f"{document.file}:{line}: put each item of `{key}` on lines of its own, beginning with `- `")
    return base + _item(item, start[: start.index("-")]) + "\n"


def with_phrases(text: str, document: Document, position: int, phrases: Sequence[str]) -> str:
    """`text` with more phrases in the entry at `position` of the file's list of entries.

    Raises: CannotAdd.
    """
    lines = (text.rstrip("\n") + "\n").splitlines(keepends=True)  # as YAML counts them: U+2028 ends one too
    entry = document.data["entries"][position]
    existing = entry.get("phrases")
    if existing:
        line, column = document.marks["entries", position, "phrases", len(existing) - 1]
        indent = lines[line - 1][: column - 1]
        if indent.strip() != "-":
            raise CannotAdd(f"{document.file}:{line}: put each phrase on a line of its own, beginning with `- `")
        dash = indent.index("-")
        at = line
        while at < len(lines) and lines[at].strip() and len(lines[at]) - len(lines[at].lstrip()) > dash:
            at += 1
        added = [f"{' ' * dash}- {_scalar(phrase)}\n" for phrase in phrases]
    elif "phrases" in entry:
        line = document.marks["entries", position, "phrases"][0]
        raise CannotAdd(f"{document.file}:{line}: `phrases` is empty; remove that line first")
    else:
        at, column = document.marks["entries", position, "id"]
        indent = " " * (column - 1)
        added = [f"{indent}phrases:\n", *(f"{indent}  - {_scalar(phrase)}\n" for phrase in phrases)]
    return "".join([*lines[:at], *added, *lines[at:]])


def _item(item: dict[str, Any], indent: str) -> str:
    return textwrap.indent(as_yaml([item]).rstrip("\n"), indent, lambda line: bool(line.strip()))


def _scalar(text: str) -> str:
    """One line of text, quoted where YAML needs it."""
    style = '"' if len(text.splitlines()) > 1 else _style(text)
    written = yaml.dump([text], Dumper=yaml.SafeDumper, allow_unicode=True, width=10_000, default_style=style)
    return str(written).strip().removeprefix("- ")
