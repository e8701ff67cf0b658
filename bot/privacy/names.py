"""Names of people in a text.

A list of given names and surnames decides more than capital letters do: people type names in lower case, and
guidance is full of capitals. A word that only may be a name ("Mark", "Faith", "Barnsley") needs evidence
around it: a title, a surname, a relation ("baby", "her sister"), "family" behind it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from bot.privacy.numbers import Found, Kind

LONGEST_NAME = 7
"""Words of an organisation's name; beyond that a run of capitals is somebody shouting."""
NAMES = Path(__file__).with_name("names.tsv")
NOT_NAMES = Path(__file__).with_name("not_names.txt")
SELDOM_NAMES = Path(__file__).with_name("seldom_names.txt")
PUBLIC_NAMES = Path(__file__).with_name("public_names.txt")

_POSSESSIVE = re.compile(r"['’]s?$")
_TOKEN = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_TITLES = frozenset(
    """
    mr mrs ms miss mx master dr prof professor rev sir father sister pc pcso sgt ds di
    """.split()
)
_RELATIONS = frozenset(
    """
    baby babe mum mam mom mother dad father stepdad stepmum step-dad step-mum brother sister son daughter twin
    nan nana gran grandad grandma aunt auntie aunty uncle cousin partner boyfriend girlfriend husband wife ex
    carer pupil student child boy girl lad lass kid teenager patient client toddler named called nicknamed
    name's
    """.split()
)
_BEHIND = frozenset(
    """
    family families children kids twins siblings household lads girls boys brothers sisters baby lot clan
    """.split()
)
_ORGANISATION = frozenset(
    """
    primary school academy junior juniors infant infants hospital trust centre center council law rule report
    review inquiry enquiry test guidelines competence competent competency profile helpline foundation surgery
    practice nursery college church house hub hall university street road service services society association
    charity partnership scp board project programme model framework tool toolkit principles standard standards
    scale list index line day week month safeguarding policy act pathway clinic ward unit fc town city united
    rovers
    """.split()
)
_DEIXIS = re.compile(
    r"^\W{1,3}(?:\(?(?:aged?|age)\W{0,2}\d|\(?\d{1,2}\W{0,2}(?:yo\b|y/o|yrs?\b|years?\b)|\(?,?\s?\d{1,2}\s?[,)]|"
    r"(?:in|from|of)\s(?:y(?:ear|r)?\s?\d|\d{1,2}[a-z]\b|class|form|reception|nursery)|\(?y(?:ear|r)?\s?\d|\(?\d{1,2}[A-Z]\b|dob\b|d\.o\.b)",
    re.IGNORECASE,
)
_CLASS_BEHIND = re.compile(
    r"^\s(?:in|from|of)\s(?:y(?:ear|r)?\s?\d|\d{1,2}[a-z]\b|class|form|reception)", re.IGNORECASE
)


class _Word:
    """One word of the text, and what the lists say of it."""

    __slots__ = ("capital", "end", "excluded", "flags", "plain", "sentence_start", "start", "text", "whole_upper")

    def __init__(self, match: re.Match[str], text: str) -> None:
        self.text = match.group()
        self.start, self.end = match.span()
        bare = _POSSESSIVE.sub("", self.text)
        if bare != self.text:
            self.end -= len(self.text) - len(bare)
        self.plain, self.flags, self.excluded = _listed(bare)
        self.capital = self.text[0].isupper()
        self.whole_upper = len(bare) > 1 and bare.isupper()
        before = text[: self.start].rstrip(" \t\"'“‘(*-")
        self.sentence_start = not before or before[-1] in ".!?\n:;"

    @property
    def given(self) -> bool:
        return "g" in self.flags

    @property
    def surname(self) -> bool:
        return "s" in self.flags

    @property
    def also_a_word(self) -> bool:
        return "w" in self.flags


def fold(word: str) -> str:
    """Lower case, without accents and apostrophes."""
    folded = unicodedata.normalize("NFKD", word.lower())
    return "".join(c for c in folded if (c.isalpha() and not unicodedata.combining(c)) or c == "-")


@cache
def _names() -> dict[str, str]:
    lines = NAMES.read_text("ascii").splitlines()
    return dict(line.split("\t", 1) for line in lines)


@cache
def _not_names() -> frozenset[str]:
    return _words_of(NOT_NAMES)


@cache
def _seldom_names() -> frozenset[str]:
    return _words_of(SELDOM_NAMES)


def _words_of(path: Path) -> frozenset[str]:
    lines = path.read_text("utf-8").splitlines()
    return frozenset(fold(word) for line in lines if not line.startswith("#") for word in line.split())


@cache
def _public_names() -> re.Pattern[str]:
    """People who are known by a published review, an inquiry, a law or their notoriety, not by a case."""
    lines = PUBLIC_NAMES.read_text("utf-8").splitlines()
    names = [re.escape(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    return re.compile(rf"\b(?:{'|'.join(names)})\b", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def _listed(bare: str) -> tuple[str, str, bool]:
    """A word folded; what the lists say of it; and whether it is none of a name."""
    plain = fold(bare)
    flags = _flags(plain)
    return plain, flags, plain in _not_names() or ("-" in plain and not flags)


def _flags(plain: str) -> str:
    names = _names()
    if plain in names:
        return names[plain] + ("w" if plain in _seldom_names() else "")
    # Tia-Mae, Labinjo-Hughes: a hyphenated name is one if each of its parts is.
    parts = [names.get(part, "") for part in plain.split("-")]
    if len(parts) > 1 and all(parts):
        return "".join(sorted(set("".join(parts)) - {"w"}))
    return ""


def find(text: str, vocabulary: frozenset[str] = frozenset()) -> Iterator[Found]:
    """Names of people. `vocabulary`: words of the knowledge base, which are no names unless a list says so."""
    words = [_Word(match, text) for match in _TOKEN.finditer(text)]
    public = [match.span() for match in _public_names().finditer(text)]
    for i, word in enumerate(words):
        if any(start <= word.start < end for start, end in public):
            continue
        found = _name_at(words, i, text, vocabulary)
        if found is not None:
            yield found
            continue
        if _initials(word, text):
            yield Found(word.start, word.end, Kind.NAME)


def _adjoining(a: _Word, b: _Word, text: str) -> bool:
    """Whether only a space stands between two words, a title's or an initial's dot, or a possessive's end."""
    between = text[a.end : b.start]
    if "." in between and len(a.plain) > 1 and a.plain not in _TITLES and a.plain != "st":
        return False
    return between.strip(" .") in ("", "'s", "’s", "'", "’") and len(between) <= 4


def _name_at(words: list[_Word], i: int, text: str, vocabulary: frozenset[str]) -> Found | None:
    word = words[i]
    before = words[i - 1] if i else None
    after = words[i + 1] if i + 1 < len(words) else None
    if before is not None and not _adjoining(before, word, text):
        before = None
    if after is not None and not _adjoining(word, after, text):
        after = None
    if _names_an_organisation(words, i, text):
        return None
    is_name = (
        _after_a_title(word, before)
        or _full_name(word, before, after, vocabulary)
        or _surname_first(words, i, text)
        or _family(word, after, before, vocabulary)
        or _related(word, before, vocabulary)
        or _alone(word, after, text, vocabulary)
    )
    return Found(word.start, word.end, Kind.NAME) if is_name else None


def _names_an_organisation(words: list[_Word], i: int, text: str) -> bool:
    """A capitalised run that ends in School, Trust, Law, Review ... names no person of this case."""
    last, furthest = i, min(len(words), i + LONGEST_NAME) - 1
    while last < furthest and words[last + 1].capital and _adjoining(words[last], words[last + 1], text):
        last += 1
    run = words[i : last + 1]
    behind = words[last + 1] if last + 1 < len(words) and _adjoining(words[last], words[last + 1], text) else None
    if any(word.plain in _ORGANISATION for word in run[1:]):
        return True
    if (
        words[i].capital
        and i
        and words[i - 1].plain in ("st", "saint", "st.")
        and _adjoining(words[i - 1], words[i], text)
    ):
        return True
    possessive = words[last].end < len(text) and text[words[last].end] in "'’"
    return behind is not None and behind.plain in _ORGANISATION and (words[i].capital or possessive)


def _after_a_title(word: _Word, before: _Word | None) -> bool:
    if before is None or before.plain not in _TITLES or word.plain in _TITLES or word.excluded or len(word.plain) < 3:
        return False
    if before.plain in ("sister", "father", "master", "pc", "ds", "di", "miss") and not word.capital:
        return False
    return word.capital or (word.surname and not word.also_a_word)


def _full_name(word: _Word, before: _Word | None, after: _Word | None, vocabulary: frozenset[str]) -> bool:
    for first, second in ((word, after), (before, word)):
        if first is None or second is None or not (first.capital and second.capital):
            continue
        if first.excluded or second.excluded or second.plain in _ORGANISATION or first.plain in _ORGANISATION:
            continue
        if first.whole_upper and second.whole_upper and not (first.given and second.surname):
            continue
        if len(second.plain) < 3 or len(first.plain) < 2:
            continue
        ordinary = second.plain in vocabulary and not (second.surname and not second.also_a_word)
        if first.given and (second.surname or not (ordinary or (first.also_a_word and second.also_a_word))):
            return True
        by_surname = second.surname and not second.also_a_word and first.plain not in vocabulary
        if by_surname and not first.also_a_word and not first.sentence_start:
            return True
    # callum p, T. Broadhead: a name beside an initial
    if (
        after is not None
        and len(after.plain) == 1
        and word.given
        and not word.also_a_word
        and after.plain not in "aiu"
    ):
        return True
    initial = before is not None and len(before.plain) == 1 and before.capital and before.plain not in "ai"
    return initial and word.capital and word.surname and not word.excluded


def _surname_first(words: list[_Word], i: int, text: str) -> bool:
    """DIXON, Tia-Mae"""
    for first, second in ((i, i + 1), (i - 1, i)):
        if first < 0 or second >= len(words):
            continue
        surname, given = words[first], words[second]
        between = text[surname.end : given.start]
        if between.strip() == "," and surname.whole_upper and given.capital and given.given and not given.whole_upper:
            return True
    return False


def _family(word: _Word, after: _Word | None, before: _Word | None, vocabulary: frozenset[str]) -> bool:
    """the Cartledge children"""
    if after is None or after.plain not in _BEHIND or word.excluded or word.whole_upper:
        return False
    if word.capital and not word.sentence_start:
        return word.surname or word.given or word.plain not in vocabulary
    the = before is not None and before.plain in ("the", "those", "these")
    return the and word.surname and not word.also_a_word and word.plain not in vocabulary


def _related(word: _Word, before: _Word | None, vocabulary: frozenset[str]) -> bool:
    """baby Arlo, his mum Beth, a lad called Jack"""
    if before is None or before.plain not in _RELATIONS or word.excluded or not word.capital or word.whole_upper:
        return False
    if len(word.plain) < 3 or word.sentence_start:
        return False
    return word.given or word.surname or word.plain not in vocabulary


def _alone(word: _Word, after: _Word | None, text: str, vocabulary: frozenset[str]) -> bool:
    if not word.given or word.excluded or len(word.plain) < 3:
        return False
    if word.also_a_word:
        # Faith, Summer, Mark: a capital, and something that only people do or have.
        if not word.capital or word.whole_upper:
            return False
        possessive = text[word.end : word.end + 2] in ("'s", "’s") and after is not None and after.plain in _HAVING
        doing = after is not None and after.plain in _DOING and word.plain not in ("will", "may", "can")
        return possessive or doing or bool(_CLASS_BEHIND.match(text[word.end :]))
    if not word.capital or word.whole_upper:
        # Lower case and capitals throughout say nothing; a word that the guidance uses is then no name.
        return word.plain not in vocabulary and not (word.whole_upper and len(word.plain) < 4)
    return True


_HAVING = _RELATIONS | frozenset(
    """
    parents family house home bedroom school teacher phone carer stepmum stepdad
    """.split()
)
_DOING = frozenset(
    """
    is was has had says said told wont cant doesnt didnt came went goes lives keeps gets got disclosed wants
    hasnt isnt wasnt aged who turned refuses refused asked told wet hit ran cried begged sleeps never
    """.split()
)


def _initials(word: _Word, text: str) -> bool:
    """RH, aged 5"""
    bare = word.text.replace(".", "")
    if not (2 <= len(bare) <= 3 and bare.isupper()) or word.excluded:
        return False
    return _DEIXIS.match(text[word.end :].lstrip(".")) is not None
