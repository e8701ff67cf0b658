"""What the alarm's model sees of a text: stems, their neighbours, and character n-grams."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from bot.answering.matching.words import stem, tokens


def features(text: str) -> set[str]:
    """The features of one text. Changing this means training again: `make alarm`."""
    words = tokens(text)
    stems = [stem(word) for word in words]
    found = set(stems)
    found.update(f"{a} {b}" for a, b in pairwise(stems))
    found.update(f"{a} _ {b}" for a, b in zip(stems, stems[2:], strict=False))
    for word in words:
        found.update(_grams(word))
    if "?" in text:
        found.add("<?>")
    if words:
        found.add(f"<first> {words[0]}")
    return found


@lru_cache(maxsize=65_536)
def _grams(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(f"#{padded[i : i + n]}" for n in (3, 4) for i in range(len(padded) - n + 1))
