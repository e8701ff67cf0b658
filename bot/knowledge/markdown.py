"""The Markdown subset of entries: paragraphs, lists, bold and links. Each channel renders the same blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class BlockKind(StrEnum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    BULLETS = "bullets"
    NUMBERS = "numbers"


@dataclass(frozen=True)
class Span:
    """A run of text, bold or a link or neither."""

    text: str
    bold: bool = False
    url: str | None = None


@dataclass(frozen=True)
class Block:
    """A paragraph (one item) or a list (an item each)."""

    kind: BlockKind
    items: tuple[tuple[Span, ...], ...]


_INLINE = re.compile(r"\*\*(?P<bold>[^*\n]+)\*\*|\[(?P<label>[^\]\n]+)\]\((?P<url>https?://[^\s)]+)\)")
_ITEM = re.compile(r"^\s*(?P<mark>[-*]|\d{1,2}[.)])\s+(?P<text>.*)$")


def parse(text: str) -> list[Block]:
    """The blocks of a text. What is not of the subset stays as it is typed."""
    blocks: list[Block] = []
    paragraph: list[str] = []
    items: list[str] = []
    numbered = False

    def end() -> None:
        if paragraph:
            blocks.append(Block(BlockKind.PARAGRAPH, (spans(" ".join(paragraph)),)))
            paragraph.clear()
        if items:
            kind = BlockKind.NUMBERS if numbered else BlockKind.BULLETS
            blocks.append(Block(kind, tuple(spans(item) for item in items)))
            items.clear()

    for line in text.splitlines():
        match = _ITEM.match(line)
        is_number = match is not None and match["mark"][0].isdigit()
        # Inside a paragraph a number begins a wrapped line ("within 28 days / 16. Then"), not a list.
        if match and not (is_number and paragraph):
            if paragraph or (items and is_number is not numbered):
                end()
            numbered = is_number
            items.append(match["text"].strip())
        elif not line.strip():
            end()
        elif items and line.startswith("  "):
            items[-1] += " " + line.strip()
        else:
            if items:
                end()
            paragraph.append(line.strip())
    end()
    return blocks


def spans(text: str) -> tuple[Span, ...]:
    """The runs of one line."""
    found: list[Span] = []
    position = 0
    for match in _INLINE.finditer(text):
        if match.start() > position:
            found.append(Span(text[position : match.start()]))
        if match["bold"]:
            found.append(Span(match["bold"], bold=True))
        else:
            found.append(Span(match["label"], url=match["url"]))
        position = match.end()
    if position < len(text):
        found.append(Span(text[position:]))
    return tuple(found)


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A text without its marks, for a terminal or a notification. Kept, since the same is shown again and again."""
    lines: list[str] = []
    for block in parse(text):
        for number, item in enumerate(block.items, 1):
            words = "".join(span.text + (f" ({span.url})" if span.url else "") for span in item)
            mark = {BlockKind.BULLETS: "• ", BlockKind.NUMBERS: f"{number}. "}.get(block.kind, "")
            lines.append(mark + words)
        lines.append("")
    return "\n".join(lines).strip()
