"""A question as the index sees it: words, their abbreviations spelled out, slips put right, and character n-grams."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'"})

TEXT_SPEAK: Mapping[str, str] = {
    # How people type on a telephone. Language, not guidance: it holds for any knowledge base.
    "wot": "what", "wots": "whats", "wat": "what", "n": "and", "u": "you", "ur": "your", "r": "are",
    "k": "ok", "plz": "please", "pls": "please", "thx": "thanks", "ta": "thanks", "cos": "because",
    "coz": "because", "cuz": "because", "bc": "because", "abt": "about", "tht": "that", "wi": "with",
    "w": "with", "wk": "week", "wks": "weeks", "mth": "month", "mths": "months", "yr": "year",
    "yrs": "years", "yo": "years old", "yday": "yesterday", "tmrw": "tomorrow", "2moro": "tomorrow",
    "2day": "today", "2nite": "tonight", "nite": "night", "bk": "back", "jst": "just", "shud": "should",
    "cud": "could", "wud": "would", "dont": "dont", "gonna": "going to", "wanna": "want to", "gotta": "got to",
    "summat": "something", "owt": "anything", "nowt": "nothing", "em": "them", "sed": "said", "ther": "there",
    "thier": "their", "dat": "that", "hols": "holidays", "fam": "family", "fams": "families", "hse": "house",
    "mtg": "meeting", "mtgs": "meetings", "info": "information", "docs": "documents", "vid": "video",
    "no1": "nobody", "sum1": "someone", "some1": "someone", "any1": "anyone", "ppl": "people", "kno": "know",
    "luv": "love", "gd": "good", "msg": "message", "txt": "text", "tel": "telephone", "fone": "phone",
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What one text is made of. `words` keeps its order; n-grams repeat as often as they occur."""

    words: tuple[str, ...]
    added: tuple[str, ...]
    """Words that abbreviations stand for; they count, but not as neighbours in a bigram."""
    word_terms: tuple[str, ...]
    characters: tuple[str, ...]


def tokens(text: str) -> list[str]:
    """The words of a text: lower case, without accents and apostrophes, text-speak written out."""
    text = text.translate(_APOSTROPHES).lower()
    plain = text if text.isascii() else _without_accents(text)
    words: list[str] = []
    for match in _WORD.findall(plain):
        word = match.replace("'", "")
        spelled = TEXT_SPEAK.get(word)
        if spelled is None:
            words.append(word)
        else:
            words.extend(spelled.split())
    return words


def _without_accents(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text)
    return "".join(c for c in folded if not unicodedata.combining(c))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A word without the endings that change with number and tense: enough to let them meet, no more."""
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    root = word
    for ending in ("ings", "ing", "ed", "es", "s"):
        if not word.endswith(ending) or len(word) - len(ending) < 3:
            continue
        if ending == "s" and word.endswith(("ss", "us", "is")):
            break
        root = word[: -len(ending)]
        doubled = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "ls"
        if doubled and ending in ("ing", "ings", "ed"):
            root = root[:-1]
        break
    return root.removesuffix("e") if len(root) > 4 else root


class Vocabulary:
    """Turns texts into terms: knows the glossary, and the words of the knowledge base to put slips right with."""

    def __init__(self, glossary: Mapping[str, Iterable[str]] | None = None) -> None:
        self._glossary = {
            " ".join(tokens(short)): tuple(" ".join(tokens(long)) for long in expansions)
            for short, expansions in (glossary or {}).items()
        }
        self._longest = max((key.count(" ") + 1 for key in self._glossary), default=0)
        self._spelled = frozenset(word for key in self._glossary for word in key.split())
        self._known: set[str] = set()
        self._by_length: dict[int, list[str]] = {}
        self._corrected: dict[str, str | None] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Take in the words of the knowledge base, against which a question's slips are put right."""
        for text in texts:
            self._known.update(tokens(text))
        for expansions in self._glossary.values():
            for expansion in expansions:
                self._known.update(expansion.split())
        self._by_length = {}
        for word in sorted(self._known):
            if word.isascii():
                self._by_length.setdefault(len(word), []).append(word)
        self._corrected = {}

    def terms(self, text: str, *, correct: bool = False) -> Terms:
        """The terms of a text. `correct` puts slips right: for questions; phrases stand as they were written."""
        words = tokens(text)
        if correct:
            words = [self._put_right(word) for word in words]
        added = self._spelled_out(words)
        stems = [stem(word) for word in words]
        added_stems = [stem(word) for word in added]
        bigrams = [f"{a} {b}" for a, b in pairwise(stems)]
        return Terms(
            words=tuple(stems),
            added=tuple(added_stems),
            word_terms=(*stems, *added_stems, *bigrams),
            characters=tuple(gram for word in words for gram in _grams(word)),
        )

    def _spelled_out(self, words: list[str]) -> list[str]:
        added: list[str] = []
        present = set(words)
        for size in range(1, self._longest + 1):
            for start in range(len(words) - size + 1):
                for expansion in self._glossary.get(" ".join(words[start : start + size]), ()):
                    added += [word for word in expansion.split() if word not in present]
        return list(dict.fromkeys(added))

    def _put_right(self, word: str) -> str:
        """The known word that this one is most likely a slip for; itself where there is none."""
        if len(word) < 5 or len(word) > 24 or word in self._known or not word.isalpha() or word in self._spelled:
            return word
        if word not in self._corrected:
            if len(self._corrected) > 20_000:
                self._corrected.clear()
            self._corrected[word] = self._nearest(word)
        return self._corrected[word] or word

    def _nearest(self, word: str) -> str | None:
        furthest = 1 if len(word) < 8 else 2
        candidates = [
            known
            for length in range(len(word) - furthest, len(word) + furthest + 1)
            for known in self._by_length.get(length, ())
            if known[0] == word[0]
        ]
        found = process.extractOne(word, candidates, scorer=DamerauLevenshtein.distance, score_cutoff=furthest)
        return None if found is None else str(found[0])


@lru_cache(maxsize=65_536)
def _grams(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1))
