"""YAML with positions: what a file says, where each part of it stands, and what is wrong with it.

Only what an editor means is read: dates stay text (so that `2026-13-01` is reported with its line, not
raised), only `true` and `false` are booleans (`no` stays a word), and a key given twice is a fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Path_ = tuple[str | int, ...]
"""Where in a document: keys and list positions, such as ("entries", 0, "title")."""

MAX_FILE_BYTES = 32_000_000
MAX_DEPTH = 12


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong, and where."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.path + ': ' if self.path else ''}{self.message}"


@dataclass
class Document:
    """One file as read: plain data, and the line and column of every key and item."""

    file: str
    data: Any = None
    marks: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: Path_, message: str) -> Fault:
        """A fault at `path`, or at the nearest part around it that stands in the file."""
        at = path
        while at and at not in self.marks:
            at = at[:-1]
        line, column = self.marks.get(at, (1, 1))
        return Fault(self.file, line, column, ".".join(str(part) for part in path), message)


def read(path: Path, *, shown_as: str | None = None) -> Document:
    """Read one YAML file. Never raises for what the file contains: see `Document.faults`."""
    document = Document(shown_as or str(path))
    try:
        raw = path.read_bytes()
    except OSError as error:
        document.faults.append(Fault(document.file, 1, 1, "", f"cannot be read: {error.strerror}"))
        return document
    return parse(raw, document)


def parse(raw: bytes, document: Document) -> Document:
    """Fill `document` from the bytes of a file."""
    if len(raw) > MAX_FILE_BYTES:
        document.faults.append(Fault(document.file, 1, 1, "", "is too large (over 32 MB)"))
        return document
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        document.faults.append(Fault(document.file, line, 1, "", "is not UTF-8 text; save the file as UTF-8"))
        return document
    try:
        # S506 does not apply to compose(): it builds no objects, only a tree of nodes with their positions.
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.faults.append(Fault(document.file, line, column, "", f"is not valid YAML: {error.problem}"))
        return document
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.faults.append(Fault(document.file, line, 1, "", "holds a character that YAML does not allow"))
        return document
    if root is not None:
        document.data = _plain(root, (), document, set())
    return document


def _plain(node: yaml.Node, path: Path_, document: Document, open_nodes: set[int]) -> Any:
    document.marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
    if id(node) in open_nodes or len(path) > MAX_DEPTH:
        document.faults.append(document.fault(path, "is nested too deeply"))
        return None
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    open_nodes.add(id(node))
    try:
        if isinstance(node, yaml.SequenceNode):
            return [_plain(item, (*path, i), document, open_nodes) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - the only kind of node left
        return _mapping(node, path, document, open_nodes)
    finally:
        open_nodes.discard(id(node))


def _mapping(node: yaml.MappingNode, path: Path_, document: Document, open_nodes: set[int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.faults.append(Fault(document.file, line, column, "", "a key must be a word"))
            continue
        key = key_node.value
        if key in result:
            first = document.marks[(*path, key)][0]
            where = ".".join(str(part) for part in (*path, key))
            document.faults.append(
                Fault(document.file, line, column, where, f"stands twice; it is already on line {first}")
            )
            continue
        document.marks[(*path, key)] = (line, column)
        result[key] = _plain(value_node, (*path, key), document, open_nodes)
    return result


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    match node.tag:
        case "tag:yaml.org,2002:null":
            return None
        case "tag:yaml.org,2002:bool" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case "tag:yaml.org,2002:int" if text.lstrip("-").isdecimal() and not text.lstrip("-").startswith("0"):
            return int(text)
    return text
