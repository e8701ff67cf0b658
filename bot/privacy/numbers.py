"""Identifiers that have a form: numbers, dates of birth, postcodes, addresses, e-mail addresses, references."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was found, in the words that a person is told."""

    NAME = "name"
    DOB = "dob"
    NHS_NUMBER = "nhs-number"
    POSTCODE = "postcode"
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"
    NI_NUMBER = "ni-number"
    UPN = "upn"
    CASE_ID = "case-id"

    @property
    def label(self) -> str:
        """Such as "a date of birth"."""
        return _LABELS[self]


_LABELS = {
    Kind.NAME: "a person's name",
    Kind.DOB: "a date of birth",
    Kind.NHS_NUMBER: "an NHS number",
    Kind.POSTCODE: "a postcode",
    Kind.ADDRESS: "an address",
    Kind.PHONE: "a telephone number",
    Kind.EMAIL: "an e-mail address",
    Kind.NI_NUMBER: "a National Insurance number",
    Kind.UPN: "a pupil number",
    Kind.CASE_ID: "a case number",
}


@dataclass(frozen=True, order=True)
class Found:
    """An identifier at text[start:end]."""

    start: int
    end: int
    kind: Kind


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DATE = (
    r"(?:\d{1,2}\s?[./ -]\s?\d{1,2}\s?[./ -]\s?(?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{6}|\d{8}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?[\s-]?(?:of\s)?{_MONTH}\.?,?[\s-]?(?:\d{{4}}|'?\d{{2}})|"
    rf"{_MONTH}\.?\s\d{{1,2}}(?:st|nd|rd|th)?,?\s(?:\d{{4}}|'?\d{{2}}))"
)
_BORN = (
    r"(?:d\.?\s?o\.?\s?b\.?|date\s?-?of\s?-?birth|birth\s?date|birthday|b'day|bday|born(?:\s+on)?(?:\s+the)?|b\.)"
    r"(?:\s+(?:is|was|of|on|the|in|as|says?|given|system|recorded|down|listed|shown)\b)*[\s:=(,-]*"
)
DOB = re.compile(rf"\b{_BORN}({_DATE})|\b({_DATE})\s?\(?\s?(?:d\.?o\.?b\.?|date of birth|birthday)\b", re.IGNORECASE)

NHS = re.compile(r"(?<![\d+/])(\d(?:[ .-]{0,2}\d){9})(?!\d)")
NHS_NEARBY = re.compile(r"\bNHS\b(?:\s+(?:no|num|number)\b)?\W{0,4}(?:is\s)?\W{0,2}$", re.IGNORECASE)
NI = re.compile(r"\b([A-Z]{2}\s?-?\d{2}\s?-?\d{2}\s?-?\d{2}\s?-?[A-D])\b", re.IGNORECASE)
UPN = re.compile(r"\b([A-Z](?:\s?\d){12}|[A-Z](?:\s?\d){11}[A-Z])\b", re.IGNORECASE)
POSTCODE = re.compile(
    r"\b((?:GIR\s?0AA|(?:[A-PR-UWYZ][0-9]{1,2}|[A-PR-UWYZ][A-HK-Y][0-9]{1,2}|[A-PR-UWYZ][0-9][A-HJKS-UW]|"
    r"[A-PR-UWYZ][A-HK-Y][0-9][ABEHMNPRV-Y])[\s-]{0,2}[0-9][ABD-HJLNP-UW-Z]{2}))\b",
    re.IGNORECASE,
)
_STREET = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|close|cl|crescent|cres|court|ct|place|pl|grove|gr|terrace|"
    r"row|fold|croft|view|mount|gardens?|gdns|walk|way|square|sq|hill|rise|green|park|mews|parade|gate|villas?|"
    r"cottages?|buildings?|yard|bank|meadows?|field|fields|garth|chase|dale|wharf|quay|path|end|side|vale|heights|grange|syke|heath|moor|common|brow|nook|mead|copse|spinney|orchard|holt)"
)
ADDRESS = re.compile(
    # A house number and a street; a flat, unit or room in a named house; a named house with a number behind it.
    rf"\b((?:flat|apartment|apt|unit|plot|room)\s?\d+[a-z]?\s?,?\s+(?:[A-Za-z][\w'’.-]*\s+){{1,4}}"
    rf"(?:house|court|lodge|heights|tower|towers|point|buildings?|mansions?|{_STREET})\b"
    rf"|(?:(?:flat|apartment|apt|unit|plot|no\.?|number)\s?\d+[a-z]?\s?,?\s+)?\d{{1,4}}[a-z]?(?:\s?-\s?\d{{1,4}})?,?\s+"
    rf"(?:[A-Za-z][\w'’.-]*\s+){{1,3}}{_STREET}\b\.?)",
    re.IGNORECASE,
)
HOUSE = re.compile(
    r"\b((?:The\s)?[A-Z][\w'’]+\s(?:Cottage|Farm|House|Lodge|Barn|Bungalow|Vicarage|Rectory)),?\s+"
    r"(?=[A-Z][\w'’]+\s(?:Lane|Road|Street|Hill|Row|Fold|Croft|Drive|Close)\b)"
)
STREET_ALONE = re.compile(
    rf"\b(?:lives?|living|stays?|staying|moved|address|house|home|flat)\b[^.?!]{{0,30}}?\b(?:at|on|to|is|in)\s+"
    rf"((?:[A-Z][\w'’]+\s){{1,2}}{_STREET})\b",
    re.IGNORECASE,
)
PHONE = re.compile(
    r"(?<![\w.])((?:\+|00\s?)?(?:44(?:[\s.-]*\(0\))?[\s().-]{0,3}|\(?0)(?:[\s()./-]{0,2}\d){8,10})(?!\d)"
)
SWITCHBOARD = re.compile(r"\b(?:switchboard|helpline|hotline|council)\b[^.?!]{0,12}$", re.IGNORECASE)
# Every run is bounded and begins where a word begins: 100 kB of one letter must not take quadratic time.
EMAIL = re.compile(
    r"(?<![\w.+'-])[\w.+'-]{1,64}(?:@|\s?(?:\[at\]|\(at\))\s?)[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
    r"|(?<![\w.+'-])[\w.+-]{1,64}\sat\s[\w-]{1,63}\.(?:com|org|net|co\.uk|org\.uk|ac\.uk|sch\.uk|me)\b",
    re.IGNORECASE,
)
ROLES = frozenset(
    """
    safeguarding mash referral referrals enquiry enquiries inquiry inquiries info admin office contact help helpdesk
    support team duty reception training hr it lado edt earlyhelp socialcare children childrens school head dsl bscp
    scp service services noreply reply postmaster press complaints foi dpo governance partnership practice surgery fmu
    secretary data records hello mail email safeguardingunit unit
    """.split()
)
"""Parts of a mailbox's name that say it belongs to a role."""
LONG_ROLES = ("safeguarding", "enquir", "inquir", "referral", "reception", "partnership", "socialcare", "earlyhelp")
"""The same where they stand run together with others."""
CASE_ID = re.compile(
    r"\b((?:mosaic|liquid\s?logic|lcs|care\s?first|careworks|azeus|eclipse|cpoms|my\s?concern|safeguard my school|"
    r"system\s?one|systm\s?one|emis|rio|capita\s?one|synergy|niche|connect|athena|pnc|"
    r"crime|incident|occurrence|custody|urn|case|client|child|referral|service user|person|patient|pt|hospital|"
    r"episode|pupil|ehm|eisi|lac|ehcp|mash|marac|contact)"
    r"(?:\s?(?:id|no|num|number|ref|reference|record|log|file))?\.?(?:\s(?:is|was))?\s?[:#]?\s{0,2}"
    r"(?=[A-Z0-9/-]{0,40}\d)(?!\d{1,3}\b(?![/-]\d))"
    r"[A-Z]{0,5}[-/]?\d[A-Z0-9]{0,30}(?:[/-][A-Z0-9]{1,30}){0,5})(?![\w])",
    re.IGNORECASE,
)
INCIDENT = re.compile(
    r"\b(?:incident|log|occurrence)\s(?:no\.?\s|number\s)?(\d{1,5}\sof\s\d{1,2}\s?[\w/. -]{3,20}?\d{2,4})\b",
    re.IGNORECASE,
)
REFERENCE = re.compile(
    r"\b(?:ref(?:erence)?|case\s?(?:no|id|number|file)|crime\s?(?:no|number|ref)|log(?:\s(?:no|number))?|urn)\b\.?\s?"
    r"(?:is\s|no\.?\s)?[:#]?\s?(?=[A-Z/-]{0,40}\d)((?!\d{1,3}\b(?![/-]))[A-Z]{0,6}[-/]?\d[A-Z0-9]{0,30}(?:[/-][A-Z0-9]{1,30}){0,5})",
    re.IGNORECASE,
)
SLASHED = re.compile(
    r"\b([A-Z]{2,6}[/-]\d{2,4}[/-]\d{3,8}|[A-Z]{1,6}(?:[/-][A-Z]{2,5})?[/-](?!(?:19|20)\d\d\b)\d{3,8}|\d{2}[A-Z]?/\d{5,8}(?:/\d{2})?|[A-Z]{2,4}\d{6,10})\b"
)
OURS = re.compile(r"(?:ESC|MASH|QR)-20\d\d-\d{4,6}", re.IGNORECASE)
"""A reference that the bot gave out itself: what it points to names nobody."""
PURCHASE = re.compile(
    r"\b(?:po|purchase order|invoice|inv|order|ticket|job|grant|budget|cost)\b[^.]{0,12}$", re.IGNORECASE
)


def find(text: str, *, known_numbers: frozenset[str], known_emails: frozenset[str]) -> Iterator[Found]:
    """All identifiers with a form. `known_numbers` (without +44 or 0) and `known_emails` are services', and pass."""
    for match in DOB.finditer(text):
        group = 1 if match.group(1) else 2
        yield Found(match.start(group), match.end(group), Kind.DOB)
    for match in EMAIL.finditer(text):
        if match.group().lower() not in known_emails and not is_role_mailbox(match.group()):
            yield Found(match.start(), match.end(), Kind.EMAIL)
    for kind, pattern in ((Kind.NI_NUMBER, NI), (Kind.UPN, UPN), (Kind.POSTCODE, POSTCODE), (Kind.ADDRESS, ADDRESS)):
        for match in pattern.finditer(text):
            if kind is Kind.ADDRESS and _is_a_count(match.group()):
                continue
            if kind is Kind.POSTCODE and " " not in match.group() and not match.group().isupper():
                continue
            yield Found(match.start(1), match.end(1), kind)
    for pattern in (HOUSE, STREET_ALONE):
        for match in pattern.finditer(text):
            if pattern is HOUSE or match.group(1)[0].isupper():
                yield Found(match.start(1), match.end(1), Kind.ADDRESS)
    telephones = {position for match in PHONE.finditer(text) for position in range(*match.span())}
    for match in NHS.finditer(text):
        if match.start() in telephones:
            continue
        digits = re.sub(r"\D", "", match.group(1))
        told = NHS_NEARBY.search(text[max(0, match.start() - 24) : match.start()])
        bought = PURCHASE.search(text[max(0, match.start() - 24) : match.start()])
        if told or (nhs_check_digit_is_right(digits) and not bought and not digits.startswith("0")):
            yield Found(match.start(1), match.end(1), Kind.NHS_NUMBER)
    for match in PHONE.finditer(text):
        if SWITCHBOARD.search(text[max(0, match.start() - 40) : match.start()]):
            continue
        if is_personal(match.group(1), known_numbers):
            yield Found(match.start(1), match.end(1), Kind.PHONE)
    for pattern in (CASE_ID, INCIDENT, REFERENCE, SLASHED):
        for match in pattern.finditer(text):
            bought = PURCHASE.search(text[max(0, match.start() - 16) : match.start()])
            if not bought and OURS.fullmatch(match.group(1)) is None:
                yield Found(match.start(1), match.end(1), Kind.CASE_ID)


def is_role_mailbox(address: str) -> bool:
    """Whether an address is a team's and not a person's: whole parts of its name decide ("hr", not "chris")."""
    mailbox = re.split(r"@|\s", address.lower(), maxsplit=1)[0]
    parts = [part for part in re.split(r"[^a-z]+", mailbox) if part]
    return any(part in ROLES or part.startswith(LONG_ROLES) for part in parts)


_COUNTED = re.compile(
    r"^\d+\s+(?:working|school|week|weeks|month|months|year|years|yr|yrs|day|days|hour|hours|min|mins|minutes|"
    r"children|kids|families|pupils|people|in|of|and|or|to|times|am|pm|per|out|at|on|off|for|by|from|with)\b",
    re.IGNORECASE,
)


_IN_A_SENTENCE = re.compile(
    r"\s(?:the|from|on|in|of|his|her|my|our|your|their|to|a|an|at|for|down|up|by|and|or|with|is|has|was|who|no|one|one's)\s",
    re.IGNORECASE,
)


def _is_a_count(text: str) -> bool:
    """ "2 kids in the park" has a number and a street's word, and is no address."""
    return _COUNTED.match(text) is not None or _IN_A_SENTENCE.search(text) is not None


def nhs_check_digit_is_right(digits: str) -> bool:
    """Modulus 11 over the first nine digits, as the NHS Data Dictionary defines it."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    total = sum(int(d) * weight for d, weight in zip(digits, range(10, 1, -1), strict=False))
    return (11 - total % 11) % 11 == int(digits[9])


def national(number: str) -> str:
    """A United Kingdom number's digits without +44 and the leading 0."""
    digits = re.sub(r"\D", "", number.replace("(0)", ""))
    return digits.removeprefix("0044").removeprefix("44").removeprefix("0")


def is_personal(number: str, known: frozenset[str]) -> bool:
    """Whether a telephone number may be a person's: mobiles and landlines, but no known service and no freephone."""
    digits = national(number)
    if digits in known or len(digits) not in (9, 10):
        return False
    return digits[0] in "127"
