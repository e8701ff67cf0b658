"""How old a reader must be to follow a text: the Flesch-Kincaid grade plus five, as ages count in England."""

from __future__ import annotations

import re

from bot.knowledge.markdown import parse
from bot.knowledge.model import Entry

_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_SENTENCE_END = re.compile(r"[.!?:;]+(?=\s|$)|\n\s*\n")
_VOWELS = re.compile(r"[aeiouy]+")


def reading_age(entry: Entry) -> float:
    """The reading age, in years, of all that an entry says."""
    answer = ("".join(span.text for span in item) for block in parse(entry.answer) for item in block.items)
    return text_reading_age("\n\n".join([*answer, *(r.text for r in (*entry.must, *entry.should)), *entry.steps]))


def text_reading_age(text: str) -> float:
    """The reading age of a text in years (Flesch-Kincaid grade + 5); 0 for a text without words.

    A sentence ends at its mark or at an empty line; a line that is wrapped goes on.
    """
    sentences = [part for part in _SENTENCE_END.split(text) if _WORD.search(part)]
    words = _WORD.findall(text)
    if not words:
        return 0.0
    syllables = sum(_syllables(word) for word in words)
    grade = 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59
    return max(0.0, grade + 5)


def _syllables(word: str) -> int:
    word = word.lower()
    count = len(_VOWELS.findall(word))
    if word.endswith("e") and not word.endswith(("le", "ee")) and count > 1:
        count -= 1
    if word.endswith("ed") and not word.endswith(("ted", "ded")) and count > 1:
        count -= 1
    return max(1, count)
