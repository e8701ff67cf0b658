"""Words that tell of a child in danger now, and words that say it is about something else.

The patterns stand beside the trained model: they lift what it is unsure of, and they are all there is when its
weights cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns), re.IGNORECASE)


_CHILD = r"(?:child(?:ren)?|kids?|bab(?:y|ies)|toddlers?|newborn|infant|boy|girl|lad|lass|pupil|student|son|daughter|" \
         r"brother|sister|little ones?|twins|bairns?|teen(?:ager)?|patient|she|he|they|him|her|them)"  # fmt: skip

DANGER = _any(
    (
        # Life and limb
        r"\b(?:not|n[o']t|isn'?t|stopped|struggling|hardly|barely|can'?t|cannot)\s+(?:\w+\s+)?breath(?:e|ing)\b",
        r"\bbreathing (?:has |is )?(?:gone|stopped|funny|odd|shallow|fast)\b",
        r"\b(?:turn(?:ed|ing)|gone|going|looks?|is) (?:\w+ )?(?:blue|floppy|limp|unconscious|unresponsive|grey)\b",
        r"\b(?:unconscious|unresponsive|collapsed|choking|convulsing|fitting|having a (?:fit|seizure))\b",
        r"\b(?:won'?t|will not|can'?t|cannot) (?:wake|be woken|rouse|stay awake|open (?:his|her|their) eyes)\b",
        r"\b(?:bleeding (?:heavily|badly|out)|blood (?:everywhere|all over|under))\b",
        r"\b(?:swallowed|drunk|drank|taken|ate|eaten|necked) (?:\w+ ){0,4}(?:bleach|cleaner|batter(?:y|ies)|pills|"
        r"tablets|paracetamol|methadone|antifreeze|ibuprofen|overdose)\b",
        r"\b(?:an? )?overdose (?:just )?(?:now|this|tonight|today)\b|\b(?:just|has) (?:taken an|taken|overdosed)\b",
        r"\bambulance (?:isn'?t|hasn'?t|not|still)\b|\brefus(?:es|ing) (?:an )?(?:ambulance|a&e|hospital)\b",
        r"\b(?:baby|newborn|infant|toddler|child|boy|girl|lad|lass) (?:is |'s |gone |has gone )?(?:floppy|limp|lifeless|blue|"
        r"grey|stiff|not moving|unresponsive|unconscious)\b",
        r"^\W*(?:a |our |my )?(?:child|pupil|kid|boy|girl|toddler|student)(?:'s| is| has)? (?:gone )?missing(?: now)?\W*$",
        # Harming themselves
        r"\b(?:suicide note|goodbye (?:note|text|message|video)|going to (?:kill|end|hang|jump)|about to jump|"
        r"wants to die (?:now|tonight|today))\b",
        r"\b(?:on|over) the (?:\w+ ){0,3}(?:bridge|railings?|ledge|roof|parapet|track|tracks)\b",
        r"\b(?:cutting|hurting|strangling|hanging) (?:him|her|them)sel(?:f|ves) (?:now|right now|in)\b",
        # Violence and weapons
        r"\b(?:is|are|'s|keeps?|still) (?:\w+ )?(?:hitting|beating|strangling|choking|kicking|punching|stabbing|"
        r"attacking|battering|shaking|smashing|throttling|burning)\b",
        r"\bby the throat\b|\bhands? (?:round|around) (?:her|his|their|the \w+'?s?) (?:neck|throat)\b",
        r"\b(?:got|has|have|with|holding|waving|carrying|pulled|brandishing) (?:a |an |the |his |her )?(?:\w+ )?"
        r"(?:knife|machete|gun|blade|axe|hammer|screwdriver|acid|crossbow|sword)\b",
        r"\b(?:he|she|they|dad|mum|stepdad|someone|man) (?:is |are |'s |has )?(?:going to|gonna|about to|will|threatening"
        r" to|said (?:he|she)'?(?:ll| will)) (?:kill|stab|shoot|burn|hurt)\b",
        r"\b(?:breaking|kicking|smashing) (?:in|down|the door|the window)\b|\btryin[g']? to get in\b",
        r"\b(?:hiding|locked|barricaded) (?:\w+ ){0,4}(?:under|in|behind) (?:the |a )?(?:bed|bathroom|toilet|loo|"
        r"cupboard|wardrobe|bedroom|house|car|flat)\b",
        # Sexual harm
        r"\b(?:being|is) (?:raped|abused|assaulted|molested) (?:now|right now)?\b|\bjust (?:been )?(?:raped|assaulted)\b",
        # Alone, missing, taken
        rf"\b{_CHILD} (?:\w+ ){{0,3}}(?:alone|on (?:his|her|their) own|by (?:themselves|himself|herself)|unattended)\b"
        r"(?=.*\b(?:now|still|here|flat|house|car|road|street|outside|hours?|since|fire|see|crying|window|door)\b)",
        r"\b(?:can'?t|cannot|couldn'?t) find (?:him|her|them|the \w+)\b|\b(?:has|have|'s|just) (?:gone missing|vanished)\b",
        r"\b(?:just |has )?(?:snatched|grabbed|taken|abducted|kidnapped) (?:\w+ ){0,4}(?:and (?:gone|driven|run|left))\b",
        r"\b(?:at the airport|flight (?:is |leaves )?(?:now|tonight|today|in)|taxi is (?:outside|here|waiting))\b",
        r"\b(?:drunk|drinking|plastered|off his face|high|stoned|pissed)\b.{0,60}\b(?:driv(?:e|ing)|car|keys|van|"
        r"wheel|seat)\b",
        r"\b(?:house|flat|home|kitchen|pan|caravan) (?:is |'s )?(?:on fire|ablaze|filling with smoke)\b|\bon fire\b",
        r"\b(?:shut|locked|left) in (?:a |the |that )?(?:\w+ ){0,3}(?:car|van|boot)\b",
        r"\bnobody'?s? (?:is )?answering\b|\bring 999\b.{0,20}\bnow\b|\b(?:in danger|going to die) (?:right )?now\b",
    )
)

ELSEWHERE = _any(
    (
        # Policy, numbers, training
        r"\b(?:policy|procedure|guidance|protocol|leaflet|poster|handbook|course|training|webinar|briefing|e-?learning|"
        r"toolkit|template|audit|essay|assignment|scenario|case study|role ?play|practice question|quiz|exam|"
        r"awareness|statistics|newsletter|inset)\b",
        r"^\s*(?:what|who|which|where|when|how|is|are|should|can|could|do|does|must|why)\b.*\?\s*$",
        r"\bwhat (?:if|do (?:we|you|i) do (?:if|when)|should (?:happen|we|i|you))\b",
        r"\b(?:imagine|suppose|hypothetical(?:ly)?|for example|in theory|say a)\b",
        r"\bif (?:a|an|any|someone|somebody|we|you|there)\b",
        # The past, and what is settled
        r"\b(?:last|previous) (?:week|month|year|term|summer|spring|autumn|winter|mon|tues|wednes|thurs|fri|satur|sun)",
        r"\b(?:\w+ )?(?:weeks?|months?|years?|terms?) (?:ago|back)\b|\bin (?:19|20)\d\d\b",
        r"\b(?:used to|as a child|when i was|historic(?:al)?|previously|a while (?:ago|back))\b",
        r"\b(?:now (?:safe|fine|well|ok|home)|all (?:safe|fine|ok) now|turned out|back home (?:safe|now)|was found)\b",
        # A greeting, and what only sounds alarming
        r"^\W*(?:hey|hi|hello|hiya|ey up|now then|morning|afternoon|evening|bye|goodbye)(?: there| all| everyone| bot| mate)?\W*$",
        r"\b(?:deadline|dying for|killing me|murder|battery|printer|laptop|password|brew|caffeine)\b",
    )
)


def tells_of_danger(text: str) -> bool:
    """Whether the words of danger are there."""
    return DANGER.search(text) is not None


def is_about_something_else(text: str) -> bool:
    """Whether the words say that it is policy, training, the past, or a manner of speaking."""
    return ELSEWHERE.search(text) is not None


NOW = re.compile(r"\b(?:right now|now|this minute|as we speak|at the moment)\b", re.IGNORECASE)
_BETWEEN_CLAUSES = re.compile(r"[,;:–—]\s|\s-\s|\b(?:and|but|because)\b")


def tells_of_danger_aside(text: str) -> bool:
    """Whether one clause of a sentence tells of danger now, whatever the rest of it is about.

    "We need a leaflet, he is hitting her now" is about a leaflet, and a child is being hit.
    """
    if NOW.search(text) is None:
        return False
    clauses = _BETWEEN_CLAUSES.split(text)
    return len(clauses) > 1 and any(
        NOW.search(clause) and tells_of_danger(clause) and not is_about_something_else(clause) for clause in clauses
    )
