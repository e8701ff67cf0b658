"""The numbers, names of law, dates and addresses that may stand in each entry.

`python -m tests.facts SHEET.md` reads them from the fact sheet, which is not in the repository, and writes
tests/facts.json. tests/test_facts.py holds the knowledge to that file. Every fact is a token, "kind:value".
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Set
from pathlib import Path

FACTS = Path(__file__).with_name("facts.json")
BARNET = "barnet"
"""The name of the list that entries of Barnet's own layer may draw on as well."""
EVERYWHERE = frozenset({"phone:999", "phone:101"})
"""The two numbers that anybody may be told."""
EDITIONS = frozenset({"date:2026", "date:2023", "date:2018"})
"""The years of Working Together, which every entry may cite; in another sentence 2023 is a year like any other."""


# What a token covers


def permits(allowed: Set[str], token: str) -> bool:
    """Whether the token is one of those allowed, or says less than one of them."""
    return token in allowed or token in EVERYWHERE or any(_says_less(token, other) for other in allowed)


def _says_less(token: str, other: str) -> bool:
    kind, _, value = token.partition(":")
    other_kind, _, full = other.partition(":")
    if kind == "date" and other_kind == "law":
        return full.endswith(f" {value}")  # the year that is part of a law's name
    if kind != other_kind:
        return False
    if kind == "date":
        return full.startswith(f"{value}-") or (value.startswith("--") and full.endswith(value[1:]))
    if kind == "url":
        return full.startswith(f"{value}/")
    if kind == "law":
        return full.startswith(f"{value}(") or (value.split()[0] in _LAW_KINDS and full.endswith(f" {value}"))
    return False


def unfounded(text: str, allowed: Set[str]) -> set[str]:
    """The tokens of a text that nothing allowed covers."""
    return {
        token
        for sentence in _SENTENCE_END.split(text)
        for token in tokens(sentence)
        if not permits(allowed, token) and not (token in EDITIONS and _CITES_AN_EDITION.search(sentence))
    }


# From any text to tokens

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
seventeen eighteen nineteen".split()
_TENS = {word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_WORDS = (
    {word: n for n, word in enumerate(_ONES)}
    | _TENS
    | {f"{tens}-{_ONES[n]}": value + n for tens, value in _TENS.items() for n in range(1, 10)}
)
_MONTHS = {
    name: n
    for n, names in enumerate(
        "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sept|sep "
        "october|oct november|nov december|dec".split(),
        1,
    )
    for name in names.split("|")
}
_LAW_KINDS = ("act", "regulations", "order", "rules")
_ABBREVIATED_LAWS = {"fgm": "female genital mutilation"}

_YEAR = r"(?:19|20)\d\d"
_MONTH = rf"(?:{'|'.join(_MONTHS)})\.?"
_DAY = r"[0-3]?\d(?:st|nd|rd|th)?"
_DASH = r"\s*(?:[-–—]|\bto\b|\band\b)\s*"
_WORD = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES[1:10])}))?|{'|'.join(sorted(_ONES, key=len)[::-1])})"
_COUNT = rf"(?:\d+(?:\.\d+)?|\b{_WORD})"

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z*\"“(])|\n\s*\n|\n(?=\s*[-*•] )")
_CITES_AN_EDITION = re.compile(r"Working\s+Together|\beditions?\b")

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(
    r"https?://[^\s|<>\"]+|(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:uk|org|com|net|gov|info|eu|edu|io)\b(?:/[^\s|<>\"]*)?",
    re.IGNORECASE,
)
_CHILDLINE = re.compile(r"(?<![\w+])(?:\+44\s?|0)800\s?1111(?!\d)")
_PHONE = re.compile(r"(?<![\w+])(?:\+44(?:\s?\(0\))?|\(?0)((?:[\s()-]{0,2}\d){9,10})(?!\d)")
_SHORT_PHONE = re.compile(r"(?<![\w.,-])(?:999|101)(?![\w%]|[.,]\d)")

_NAME = r"(?:[A-Z][A-Za-z'’-]*|\([A-Z][^()]{2,60}\))"
_ACTS = re.compile(
    rf"\b({_NAME}(?:\s+(?:(?:and|of|for)\s+)?{_NAME})*?)\s+(Act|Regulations|Order|Rules)s?,?\s+\(?({_YEAR})\b"
    rf"(?:\s+and\s+({_YEAR})\b)?"
)
_YEAR_FIRST = re.compile(
    rf"\b({_YEAR})\s+((?:(?!(?:the|an?|of|and|is|are|was|were|has|had|in|to|by|from)\b)[a-z]+\s+){{0,3}}?)"
    r"(Act|[Rr]egulations)\b"
)
_BEFORE_A_NAME = re.compile(r"^(?:(?:The|See|Under|Basis|In|By|From|Also|And|Reading)\s+)+")
_PROVISION = re.compile(
    r"(?<![\w'’.-])(?P<kind>sections?|ss?|regulations?|regs?|articles?|arts?|schedules?|schs?|paragraphs?|paras?)\.?\s?"
    r"(?=\d{1,3}(?!\d)(?:[a-z]{0,2}\b|\())",
    re.IGNORECASE,
)
_BRACKETS = r"(?:\((?:\d+[A-Z]?|[a-z]|[ivx]+)\))"
_ITEM = re.compile(rf"(\d{{1,3}}[A-Za-z]{{0,2}})(?![\w%])({_BRACKETS}*)")
_NEXT = re.compile(
    r"(?P<sep>\s*(?:,\s*(?:and\s+|or\s+)?|&\s*|\band\s+|\bor\s+|\bto\s+|/|[-–—]\s*))"
    rf"(?:(?P<num>\d{{1,3}}[A-Za-z]{{0,2}})(?![\w%°]|\.\d)(?P<sub>{_BRACKETS}*)|(?P<only>{_BRACKETS}+)|(?P<letter>[A-Z])\b)"
    r"(?!\s*(?:-|–)?\s*(?:working|school|hours?|days?|weeks?|months?|years?|minutes?|per\s?cent|times)\b)"
)
_PART = re.compile(rf"\b(Parts?|Chapters?|[Cc]h\.?|chapters?|parts?(?=\s\d))\s+([IVX]+\b|\d+|(?i:{_WORD})\b)")

_TIME = re.compile(
    r"(?<![\w.])(\d{1,2})(?:[:.](\d\d))?\s?(am|pm|a\.m\.|p\.m\.)(?!\w)|(?<![\w.:])([01]?\d|2[0-4]):(\d\d)(?!\d)", re.I
)
_UNIT = r"(?P<unit>minute|min|hour|hr|day|week|wk|month|year|yr|fortnight)(?:s|ly)?(?![\w])"
_DURATION = re.compile(
    rf"(?<![\w.,])(?P<low>{_COUNT})(?:[\s-]*(?:\bto\b|\bor\b|\band\b|[-–—])[\s-]*(?P<high>{_COUNT}))?(?P<half>\s+and\s+a\s+half)?"
    r"(?:(?<=\d)|[\s-]+)(?:or\s+(?:more|less|fewer)\s+)?"
    rf"(?:(?:further|more|full|whole|extra|additional|consecutive|clear|calendar)[\s-]+)*(?P<kind>working[\s-]+)?{_UNIT}"
    r"(?P<age>[\s-]+olds?\b)?",
    re.IGNORECASE,
)
_HALF = re.compile(rf"\bhalf(?:[\s-]+(?:of\s+)?an?)?[\s-]+(?P<kind>working[\s-]+)?{_UNIT}", re.IGNORECASE)
_A_WORKING = re.compile(rf"(?<!\bon )\ban?\s+(?P<kind>working)\s+{_UNIT}", re.IGNORECASE)
_UNITS = {"min": "minute", "hr": "hour", "wk": "week", "yr": "year"}
_PERCENT = re.compile(rf"(?<![\w.])({_COUNT})\s?(?:%|per\s?cent\b)", re.IGNORECASE)
_WORD_AND_UNIT = re.compile(rf"\b({_WORD})[\s-]+(?=(?:times|kg|kilos?|lbs?|pounds|degrees|miles)\b)", re.IGNORECASE)
_LABEL = re.compile(rf"\b(level|stage|tier)s?\s+(\d)\b(?:{_DASH}(\d)\b)?(?!\s+working)", re.IGNORECASE)
_GCP2 = re.compile(r"\bGraded Care Profile 2\b", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w])[A-Za-z]+\d\w*")
_NUMBER = re.compile(r"(?<![\w])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)")
_NUMBER_WORD = re.compile(rf"\b(?!(?:zero|one)\b)({_WORD})\b", re.IGNORECASE)


def tokens(text: str, *, words: bool = False) -> set[str]:
    """Every fact in a text that has one right value, in one spelling; on request also numbers that stand as words."""
    return set().union(*(_tokens(part, words) for part in _parts(text)))


def _parts(text: str) -> Iterator[str]:
    """Paragraphs and items of lists, one line each, without Markdown and without the numbers of a list."""
    part: list[str] = []
    numbered = False
    for line in text.replace("**", "").replace("`", "").splitlines():
        # "stage<newline>1. Then ..." is a broken line; an item stands first or after another
        item = re.match(r"\s*[-*•]\s+", line)
        if not item and (numbered or not part) and (item := re.match(r"\s*\d{1,2}[.)]\s+", line)):
            numbered = True
        if item or not line.strip():
            yield " ".join(part)
            part = []
            numbered = numbered and bool(line.strip())
        part.append(line[item.end() :].strip() if item else line.strip())
    yield " ".join(part)


class _Reader:
    """A text from which each kind of token takes what is its own, so that no figure is read twice."""

    def __init__(self, text: str) -> None:
        self.text = re.sub(r"(\d?)([½¼¾])", lambda m: (m[1] or "0") + {"½": ".5", "¼": ".25", "¾": ".75"}[m[2]], text)
        self.found: set[str] = set()

    def take(self, pattern: re.Pattern[str], read: Callable[[re.Match[str]], Iterable[str]]) -> None:
        def replace(match: re.Match[str]) -> str:
            self.found.update(read(match))
            return " ¦ "

        self.text = pattern.sub(replace, self.text)


def _tokens(text: str, words: bool) -> set[str]:
    reader = _Reader(text)
    reader.take(_EMAIL, lambda m: [f"email:{m[0].rstrip('.').lower()}"])
    reader.take(_URL, _url)
    reader.take(_CHILDLINE, lambda m: ["phone:08001111"])
    reader.take(_PHONE, lambda m: [f"phone:0{re.sub(r'[^0-9]', '', m[1])}"])
    reader.text = reader.text.replace("UK GDPR", " ¦ ")
    reader.take(_ACTS, _act)
    reader.take(_YEAR_FIRST, lambda m: [f"law:{m[2].lower()}{m[3].lower()} {m[1]}"])
    _take_provisions(reader)
    reader.take(_PART, _part)
    reader.take(_LABEL, _label)
    reader.take(_GCP2, lambda m: ["number:gcp2"])
    reader.take(_SHORT_PHONE, lambda m: [f"phone:{m[0]}"])
    for pattern, read in _DATES:
        reader.take(pattern, read)
    reader.take(_TIME, _time)
    reader.take(_DURATION, _duration)
    reader.take(_HALF, lambda m: [_lasting("0.5", m)])
    reader.take(_A_WORKING, lambda m: [_lasting("1", m)])
    reader.take(_PERCENT, lambda m: [f"percent:{_value(m[1])}"])
    reader.take(_WORD_AND_UNIT, lambda m: [f"number:{_value(m[1])}"])
    reader.take(_CODE, lambda m: [f"number:{m[0].lower()}"])
    reader.take(_NUMBER, lambda m: [f"number:{_value(m[1])}"])
    if words:
        reader.take(_NUMBER_WORD, lambda m: [f"number:{_value(m[1])}"])
    return reader.found


def _url(match: re.Match[str]) -> list[str]:
    address = re.sub(r"^https?://", "", match[0].rstrip(".,;:)]'’*"), flags=re.IGNORECASE)
    host, slash, path = address.partition("/")
    return [f"url:{(host.lower() + slash + path).rstrip('/')}"]


def _act(match: re.Match[str]) -> Iterator[str]:
    name = _BEFORE_A_NAME.sub("", match[1]).lower().replace("’", "'")
    name = _ABBREVIATED_LAWS.get(name, name)
    for year in (match[3], match[4]):
        if year:
            yield f"law:{name} {match[2].lower()} {year}"


def _take_provisions(reader: _Reader) -> None:
    """Sections, regulations and the like, which come in lists and ranges: "ss.31(9)–(10), 47(1)"."""
    rest, kept = reader.text, ""
    while match := _PROVISION.search(rest):
        item = _ITEM.match(rest, match.end())
        if not item:
            kept, rest = kept + rest[: match.end()], rest[match.end() :]
            continue
        prefix = _prefix(match["kind"].lower())
        number, sub, end = item[1].lower(), item[2].lower(), item.end()
        reader.found.add(f"law:{prefix}{number}{sub}")
        while more := _NEXT.match(rest, end):
            is_range = bool(re.search(r"[-–—]|to", more["sep"]))
            if more["letter"] and not (is_range and number[-1].isalpha()):
                break
            before = number
            if more["only"]:
                sub = more["only"].lower()
            elif more["letter"]:
                number, sub = re.sub(r"[a-z]+$", "", number) + more["letter"].lower(), ""
            else:
                number, sub = more["num"].lower(), more["sub"].lower()
            reader.found.update(f"law:{prefix}{n}" for n in (_between(before, number) if is_range else ()))
            reader.found.add(f"law:{prefix}{number}{sub}")
            end = more.end()
        kept, rest = f"{kept}{rest[: match.start()]} ¦ ", rest[end:]
    reader.text = kept + rest


def _prefix(kind: str) -> str:
    for start, prefix in (("reg", "reg"), ("art", "art"), ("sch", "sch"), ("para", "para")):
        if kind.startswith(start):
            return prefix
    return "s"


def _between(low: str, high: str) -> list[str]:
    """What a range names without writing it: 68 of 67 to 69, 16F and 16G of 16E to 16H."""
    if low.isdigit() and high.isdigit():
        numbers = [str(n) for n in range(int(low) + 1, int(high))]
    elif low[:-1] == high[:-1] and low[-1].isalpha() and high[-1].isalpha():
        numbers = [low[:-1] + chr(n) for n in range(ord(low[-1]) + 1, ord(high[-1]))]
    else:
        numbers = []
    return numbers if len(numbers) <= 12 else []


def _part(match: re.Match[str]) -> list[str]:
    number = match[2]
    if number.isdigit():
        value = number
    elif re.fullmatch(r"[IVX]+", number):
        digits = [{"I": 1, "V": 5, "X": 10}[letter] for letter in number]
        value = str(sum(-d if d < max(digits[i:]) else d for i, d in enumerate(digits)))
    else:
        value = _value(number)
    return [f"law:{'ch' if match[1].lower().startswith('ch') else 'part'}{value}"]


def _label(match: re.Match[str]) -> list[str]:
    """ "Stage 2" is a name and not the number 2."""
    first, last = int(match[2]), int(match[3] or match[2])
    numbers = (first, last) if " and " in match[0] else range(first, last + 1)
    return [f"number:{match[1].lower()} {n}" for n in numbers]


def _month(name: str) -> str:
    return f"{_MONTHS[name.lower().rstrip('.')]:02}"


def _day(text: str) -> str:
    return f"{int(re.sub(r'[^0-9]', '', text)):02}"


def _ends_of_years(match: re.Match[str]) -> list[str]:
    last = match[2] if len(match[2]) == 4 else match[1][:2] + match[2]
    return [f"date:{match[1]}", f"date:{last}"]


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/])(?:{pattern})(?![\w/])", re.IGNORECASE)


_DATES: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Iterable[str]]]] = [
    (_compiled(rf"({_YEAR})-([01]\d)-([0-3]\d)"), lambda m: [f"date:{m[0]}"]),
    (_compiled(rf"({_YEAR})-(0[1-9]|1[0-2])(?!-)"), lambda m: [f"date:{m[0]}"]),
    (_compiled(rf"({_YEAR})\s?(?:[-–—/]|\bto\b)\s?(\d\d|{_YEAR})(?!-)"), _ends_of_years),
    (
        _compiled(rf"([0-3]?\d)/([01]?\d)/({_YEAR})"),
        lambda m: [f"date:{m[3]}-{int(m[2]):02}-{int(m[1]):02}"],
    ),
    (
        _compiled(rf"({_DAY}){_DASH}({_DAY})\s+({_MONTH})\s+({_YEAR})"),
        lambda m: [f"date:{m[4]}-{_month(m[3])}-{_day(m[n])}" for n in (1, 2)],
    ),
    (
        _compiled(rf"({_DAY})\s+({_MONTH}){_DASH}({_DAY})\s+({_MONTH})\s+({_YEAR})"),
        lambda m: [f"date:{m[5]}-{_month(m[n + 1])}-{_day(m[n])}" for n in (1, 3)],
    ),
    (
        _compiled(rf"({_DAY})\s+({_MONTH}),?\s+({_YEAR})"),
        lambda m: [f"date:{m[3]}-{_month(m[2])}-{_day(m[1])}"],
    ),
    (  # "Wed 8 Nov (that weekday fits 2023)", "8 November, taken as 2023"
        _compiled(rf"({_DAY})\s+({_MONTH})[\s,(]+(?:[a-z]+\s+){{0,3}}?(?:fits|taken\s+as)\s+({_YEAR})"),
        lambda m: [f"date:{m[3]}-{_month(m[2])}-{_day(m[1])}"],
    ),
    (
        _compiled(rf"({_MONTH})\s+({_DAY}),?\s+({_YEAR})"),
        lambda m: [f"date:{m[3]}-{_month(m[1])}-{_day(m[2])}"],
    ),
    (
        _compiled(rf"({_MONTH}){_DASH}({_MONTH})\s+({_YEAR})"),
        lambda m: [f"date:{m[3]}-{_month(m[n])}" for n in (1, 2)],
    ),
    (_compiled(rf"({_MONTH}),?\s+({_YEAR})"), lambda m: [f"date:{m[2]}-{_month(m[1])}"]),
    (_compiled(rf"({_DAY})\s+({_MONTH})"), lambda m: [f"date:--{_month(m[2])}-{_day(m[1])}"]),
    (re.compile(rf"(?<![\w.,]){_YEAR}(?!\w|[.,]\d)"), lambda m: [f"date:{m[0]}"]),
]


def _time(match: re.Match[str]) -> list[str]:
    hour, minutes = int(match[1] or match[4]), match[2] or match[5] or "00"
    if match[3]:
        hour = hour % 12 + (12 if match[3].lower().startswith("p") else 0)
    return [f"time:{hour:02}:{minutes}"]


def _value(count: str) -> str:
    """A number as digits, whether it was written in digits or in words."""
    plain = count.replace(",", "")
    return plain if plain[0].isdigit() else str(_WORDS[re.sub(r"\s+", "-", plain.lower())])


def _duration(match: re.Match[str]) -> list[str]:
    counts = [_value(count) + (".5" if match["half"] else "") for count in (match["low"], match["high"]) if count]
    if match["age"] and match["unit"].lower() in ("year", "yr"):
        return [f"number:{count}" for count in counts]
    return [_lasting(count, match) for count in counts]


def _lasting(count: str, match: re.Match[str]) -> str:
    unit = match["unit"].lower()
    if unit == "fortnight":
        count, unit = str(2 * int(float(count))), "week"
    return f"duration:{count} {'working ' if match['kind'] else ''}{_UNITS.get(unit, unit)}"


# From the fact sheet to the tokens of each entry

_KEY = r"(?:S[1-5]|P[1-9]\d?b?)"
_KEYS = re.compile(rf"\b({_KEY})\b(?:\s*[–-]\s*({_KEY})\b)?")
_ENTRY = re.compile(r"^### \d+\. `(?P<id>[a-z0-9.-]+)` — (?P<title>.+)$")
_NO_FACTS = re.compile(r"^- (?:Also called|Audience):")
_RELATED = "- Related:"
_NOT_TO_BE_SHOWN = re.compile(r"too old to show|use only after confirmation|do not use", re.IGNORECASE)
_ELSEWHERE = re.compile(r"Barnsley|Coventry|Lincolnshire|Sefton|Leeds|Cheshire")
_WHAT_CHANGED = "What has changed in law and guidance"
_SOURCES = "Source table"
_ESCALATION = "Escalation policy: the staged model"
_FEEDBACK = "MASH feedback: expectations"
_FITTING = "Fitting another partnership"
_TO_CONFIRM = "To be confirmed by the partnership"
_BARNETS_SOURCES = ("P26", "P27", "P28", "P70", "S5")

_CONCERNS_THE_LAW = {
    "Keeping Children Safe in Education": r"KCSIE",
    "Children's Wellbeing and Schools Act": (
        r"Children's Wellbeing and Schools|child protection teams|children[ -]not[ -]in[ -]school"
    ),
    "Crime and Policing Act": r"Crime and Policing|cuckooing|legal duty to report",
    "Operation Encompass": r"Operation Encompass",
    "Information sharing advice": r"information sharing advice|golden rules",
    "NHS Barnsley CCG": r"\bCCG\b",
}
"""Words of a section -> the row of the table of changes that concerns it, besides those whose sources it names."""

_CONCERNS_TO_CONFIRM = {
    "Escalation policy": r"escalation\.",
    "Current threshold document": r"thresholds\.",
    "Name of the front door": r"mash\.|contacts\.front-door",
    "Emergency duty team": r"contacts\.emergency-duty-team|escalation\.immediate-risk",
    "Time limit for circulating strategy minutes": r"mash\.strategy-minutes",
    "Private fostering": r"private-fostering\.",
    "LADO number": r"contacts\.(?:lado|safeguarding-unit)|allegations\.",
    "Police: partner intelligence": r"mash\.police-intelligence|contacts\.police|domestic-abuse\.operation-encompass",
    "Domestic abuse service": r"domestic-abuse\.",
    "Prevent referral": r"prevent\.",
    "Neglect strategy": r"neglect\.",
    "Safer sleep": r"safer-sleep\.|icon\.head-injury-signs",
    "CDOP notification": r"child-death\.",
    "Appropriate adult": r"appropriate-adult\.",
    "Home education": r"home-education\.|exploitation\.missing",
    "Training catalogue": r"training\.",
    "Section 11": r"partnership\.section-11|information-sharing\.",
    "Current partnership priorities": r"partnership\.what-it-is",
    "Whether the duty to report": r"sexual-abuse\.|exploitation\.criminal|home-education\.|partnership\.legal-basis",
    "Sexual assault referral centre": r"sexual-abuse\.|early-help\.",
    "All helpline hours": r"contacts\.(?:specialist-lines|nspcc-childline|ofsted)",
}
"""A row of the list of what is to be confirmed -> the entries whose topic it names."""


class Sheet:
    """The fact sheet, cut into what the lists are made of."""

    def __init__(self, text: str) -> None:
        self.entries = dict(_entries(text))
        self.sections = dict(_sections(text))
        self.sources = dict(_sources(self.sections[_SOURCES]))
        self.changes = [row for row in _rows(self.sections[_WHAT_CHANGED]) if row[0] != "Item"]
        self.to_confirm = re.findall(r"^\d+\. (.+)$", self.sections[_TO_CONFIRM], re.MULTILINE)
        if unknown := [row for row in self.to_confirm if not row.startswith(tuple(_CONCERNS_TO_CONFIRM))]:
            raise ValueError(f"which entries do these rows concern? {unknown}")

    def facts(self, full_id: str) -> set[str]:
        """All that may stand in an entry."""
        own = self.entries[full_id]
        found = _tokens_of(own, words=True)  # "five levels" may be written as "5 levels"
        keys = self.keys(own)
        for topic, name in (("escalation.", _ESCALATION), ("mash.", _FEEDBACK)):
            if full_id.startswith(topic):
                found |= _tokens_of(self.sections[name])
                keys |= self.keys(self.sections[name])
        found |= self.of_sources(keys)
        for row in self.changes:
            if self._concerns(row, own):
                found |= _without_time_limits(row, own)
        for row in self.to_confirm:
            if any(row.startswith(start) and re.match(ids, full_id) for start, ids in _CONCERNS_TO_CONFIRM.items()):
                found |= _tokens_of(row)
        return found

    def barnets_facts(self) -> set[str]:
        """What the sheet says of Barnet and of the London procedures that it follows."""
        found = _tokens_of(self.sections[_FITTING], words=True) | self.of_sources(_BARNETS_SOURCES)
        header, *stages = _rows(self.sections[_ESCALATION])
        column = next(n for n, cell in enumerate(header) if "Barnet" in cell)
        found |= _tokens_of(*(row[column] for row in stages if len(row) == len(header)))
        found |= _tokens_of(*(" ¦ ".join(row) for row in _rows(self.sections[_FEEDBACK]) if "Barnet" in row[0]))
        bullets = [line for text in self.entries.values() for line in text.splitlines() if line.startswith("- ")]
        return found | _tokens_of(*(about for bullet in bullets for about in _about_barnet(bullet)), words=True)

    def keys(self, text: str) -> set[str]:
        """The sources that a text names; "P38–P45" names all between them in the order of the table."""
        order, found = list(self.sources), set()
        for first, last in _KEYS.findall(text):
            found.update(order[order.index(first) : order.index(last or first) + 1])
        return found

    def of_sources(self, keys: Iterable[str]) -> set[str]:
        """The tokens of titles, dates and addresses in the table of sources."""
        return set().union(*(_tokens_of(*self.sources[key]) for key in keys))

    def _concerns(self, row: list[str], section: str) -> bool:
        if self.keys(" ".join(row)) & self.keys(section):
            return True
        return any(words in row[0] and re.search(pattern, section) for words, pattern in _CONCERNS_THE_LAW.items())


def extract(sheet: Path) -> dict[str, list[str]]:
    """Each id of the sheet, and Barnet's list, with all the tokens that may stand in its entry."""
    read = Sheet(sheet.read_text("utf-8"))
    lists = {full_id: read.facts(full_id) for full_id in read.entries} | {BARNET: read.barnets_facts()}
    everything = set().union(*lists.values())
    return {name: sorted(_with_full_names(found, everything) - EVERYWHERE) for name, found in sorted(lists.items())}


def _entries(text: str) -> Iterator[tuple[str, str]]:
    for block in re.split(r"^(?=#)", text, flags=re.MULTILINE):
        head, _, body = block.partition("\n")
        if match := _ENTRY.match(head):
            lines = [_labels_of(line) for line in body.splitlines() if not _NO_FACTS.match(line)]
            yield match["id"], "\n".join([match["title"], "", *lines])


def _labels_of(line: str) -> str:
    """Of the related ids only "level 1 to 4" of "thresholds.level-1 to level-4"; any other line as it is."""
    if not line.startswith(_RELATED):
        return line
    named = re.findall(r"\b(level|stage)-(\d)(?: to (?:level|stage)-(\d))?", line)
    return "; ".join(f"{name} {first} to {last or first}" for name, first, last in named)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """The parts that are no entries, by the start of their headings."""
    names = (_WHAT_CHANGED, _SOURCES, _ESCALATION, _FEEDBACK, _FITTING, _TO_CONFIRM)
    for block in re.split(r"^(?=#)", text, flags=re.MULTILINE):
        head, _, body = block.partition("\n")
        for name in names:
            if re.match(rf"#+ {re.escape(name)}", head):
                yield name, body


def _rows(text: str) -> list[list[str]]:
    """The rows of the tables in a text, headings among them."""
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines() if line[:1] == "|"]
    return [row for row in rows if not set("".join(row)) <= set("|- ")]


def _sources(text: str) -> Iterator[tuple[str, list[str]]]:
    for row in _rows(text):
        if re.fullmatch(_KEY, row[0]):
            yield row[0], row[1:]


def _tokens_of(*texts: str, words: bool = False) -> set[str]:
    """The tokens of parts of the sheet, without its own references and without what it says not to show."""
    found: set[str] = set()
    for text in texts:
        for line in _lines(text):
            for sentence in _SENTENCE_END.split(line):
                shown = tokens(_KEYS.sub("", re.sub(r"`[a-z-]+\.[a-z0-9*-]+`", "", sentence)), words=words)
                if _NOT_TO_BE_SHOWN.search(sentence):
                    shown = {token for token in shown if token.split(":")[0] not in ("phone", "email", "url")}
                cited_only = line.startswith("- Basis:") or not line.startswith("- ")
                if cited_only and _CITES_AN_EDITION.search(sentence):
                    shown -= EDITIONS  # `unfounded` allows them where they are cited
                if line.startswith("- Basis:"):  # "45 days per Working Together" is short for working days
                    shown = {token for token in shown if not token.startswith("duration:")}
                found |= shown
    return found


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from (line.split("|") if line.startswith("|") else [line])


def _without_time_limits(row: list[str], section: str) -> set[str]:
    """A row on a new edition lists the time limits of the old one, which are no facts of every entry it concerns."""
    found = _tokens_of(*row)
    return found if "timescale" in section else {token for token in found if not token.startswith("duration:")}


def _about_barnet(bullet: str) -> Iterator[str]:
    """The sentences on Barnet; of one that names other places too, only the clause."""
    for sentence in re.split(r"(?<=\.) (?=[A-Z])", bullet):
        if "Barnet" in sentence and not _ELSEWHERE.search(sentence):
            yield sentence
        elif "Barnet" in sentence:
            yield from (clause for clause in re.split(r"[,;](?![^(]*\)) ", sentence) if "Barnet" in clause)


def _with_full_names(found: set[str], everything: set[str]) -> set[str]:
    """ "2005 Regulations" names the one set of regulations of that year which the sheet gives in full."""
    full = set(found)
    for token in found:
        if re.match(rf"law:(?:{'|'.join(_LAW_KINDS)}) ", token):
            names = {law for law in everything if law.endswith(f" {token.removeprefix('law:')}")}
            full |= names if len(names) == 1 else set()
    return full


def main() -> None:
    """Write tests/facts.json from the sheet that is named."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.facts SHEET.md")
    lists = extract(Path(sys.argv[1]))
    FACTS.write_text(json.dumps(lists, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{FACTS.name}: {len(lists)} lists, {sum(map(len, lists.values()))} tokens")


if __name__ == "__main__":
    main()
