"""YAML with positions: what a file says, where each part of it stands, and what is wrong with it.

Only what an editor means is read: dates stay text (so that `2026-13-01` is reported with its line, not
raised), only `true` and `false` are booleans (`no` stays a word), and a key given twice is a fault. Data are built
from the parser's events, one after the other, so that what would fill the memory or the stack is refused first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Path_ = tuple[str | int, ...]
"""Where in a document: keys and list positions, such as ("entries", 0, "title")."""

MAX_FILE_BYTES = 32_000_000
MAX_DEPTH = 12
"""Lists and keys inside each other; the knowledge needs five."""

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
"""What any computer holds. `0123` and longer rows of digits are numbers to ring or to quote: text."""


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
        return Fault(self.file, line, column, _dotted(path), message)


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
        document.data = _document(yaml.parse(text, Loader=yaml.CSafeLoader), document)
    except _Refused as refused:
        document.faults.append(refused.fault)
    except yaml.MarkedYAMLError as error:
        line, column = _place(error.problem_mark or error.context_mark)
        document.faults.append(Fault(document.file, line, column, "", f"is not valid YAML: {error.problem}"))
    except yaml.reader.ReaderError as error:
        # The parser counts bytes, not letters.
        line = text.encode().count(b"\n", 0, error.position) + 1
        document.faults.append(Fault(document.file, line, 1, "", "holds a character that YAML does not allow"))
    return document


class _Refused(Exception):
    """The file is not read any further."""

    def __init__(self, document: Document, event: yaml.Event, path: Path_, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(document.file, *_place(event.start_mark), _dotted(path), message)


def _place(mark: Any) -> tuple[int, int]:
    """Line and column, both from 1. A mark is of one class in errors and of another in events."""
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _dotted(path: Path_) -> str:
    return ".".join(str(part) for part in path)


def _document(events: Iterator[yaml.Event], document: Document) -> Any:
    data: Any = None
    begun = False
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if begun:
                raise _Refused(document, event, (), "is not valid YAML: a second document begins here")
            begun = True
            data = _value(next(events), events, (), document)
    return data


def _value(event: yaml.Event, events: Iterator[yaml.Event], path: Path_, document: Document) -> Any:
    """The data that begin with `event`; what belongs to them is taken from `events`."""
    document.marks.setdefault(path, _place(event.start_mark))
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise _Refused(document, event, path, "anchors and aliases are not supported; write it out")
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if len(path) > MAX_DEPTH:
        raise _Refused(document, event, path, "is nested too deeply")
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(events, path, document)
    return _mapping(events, path, document)


def _sequence(events: Iterator[yaml.Event], path: Path_, document: Document) -> list[Any]:
    result: list[Any] = []
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            break
        result.append(_value(event, events, (*path, len(result)), document))
    return result


def _mapping(events: Iterator[yaml.Event], path: Path_, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    aside = Document(document.file)  # takes what is read over: a key that is no word, and the value of a key at fault
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        place = _place(event.start_mark)
        if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None:
            _value(event, events, path, aside)
            document.faults.append(Fault(document.file, *place, "", "a key must be a word"))
            _value(next(events), events, path, aside)
            continue
        at = (*path, event.value)
        if event.value in result:
            already = f"stands twice; it is already on line {document.marks[at][0]}"
            document.faults.append(Fault(document.file, *place, _dotted(at), already))
            _value(next(events), events, at, aside)
            continue
        document.marks[at] = place
        result[event.value] = _value(next(events), events, at, document)
    return result


def _scalar(event: yaml.ScalarEvent) -> str | int | bool | None:
    text: str = event.value
    plain = event.implicit[0]
    if not plain:
        return text
    if text in ("", "~") or text.lower() == "null":
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if _INTEGER.fullmatch(text) else text
