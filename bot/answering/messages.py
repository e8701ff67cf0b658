"""What the bot says itself. Guidance is never written here; it comes from the knowledge base."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from bot.privacy import Found

MAX_QUESTION = 2000
"""Characters; longer than any question, shorter than a pasted case note."""

NOT_FOUND = (
    "I hold no guidance that answers this, and I do not guess. Ask your safeguarding lead or named professional, or "
    "ring one of the numbers below. I have noted the question, so that the gap can be filled."
)
CHOOSE = "Which of these do you mean?"
INDIVIDUAL_CASE = (
    "I cannot decide about a child: I do not know the child, and a person must decide. Your safeguarding lead or the "
    "front door can talk it through with you, today if need be. This is the guidance that comes nearest."
)
INDIVIDUAL_CASE_WITHOUT_GUIDANCE = (
    "I cannot decide about a child: I do not know the child, and a person must decide. Your safeguarding lead or the "
    "front door can talk it through with you, today if need be."
)
EMPTY = "Type your question in your own words, for example “mum refuses early help, what now?” Leave names out."
TOO_LONG = (
    f"That is longer than I can take in ({MAX_QUESTION:,} characters at most). Ask in a sentence or two what you "
    "need to know, without names. I have kept none of your text."
)
BUSY = "I am busy just now and did not take this in. Ask again in a minute. If it cannot wait, ring one of these."
ERROR = (
    "Something went wrong on my side, and I have no answer for you. Ask again in a minute. If it cannot wait, ring "
    "one of the numbers below."
)
ERROR_WITHOUT_NUMBERS = (
    "Something went wrong on my side, and I have no answer for you. Ask again in a minute. If it cannot wait, ask "
    "your safeguarding lead or the council's children's duty team. In danger, ring 999."
)
EMERGENCY_FIRST = (
    "If a child is in danger now, ring 999 and ask for police or ambulance. Do this before anything else."
)
EMERGENCY_FIRST_OWN_POWERS = (
    "If a child is in danger now, use your own powers and your control room. If you cannot reach it, ring 999."
)
EMERGENCY_THEN = "Then tell the children's duty team that is open now. Stay with the child if it is safe."
EMERGENCY_THEN_UNKNOWN = (
    "Then tell the council's children's duty team. I do not have its number here; ask on 101. "
    "Stay with the child if it is safe."
)
OLD_BUTTON = "This button is from an older version of me and no longer works. Type your question again, please."


def identifiers(found: Iterable[Found]) -> str:
    """Why the text is handed back, naming each kind that was seen once."""
    return (
        f"Your text seems to hold {kinds(found)}. I have kept none of it. Take it out and ask again: "
        "I only need the situation, not who it is."
    )


def kinds(found: Iterable[Found]) -> str:
    """Such as "a person's name and a postcode"."""
    labels = list(dict.fromkeys(item.kind.label for item in found))
    return " and ".join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else labels[0]


def switched_off(reason: str) -> str:
    """What is said while guidance is switched off."""
    return (
        f"Guidance is switched off for now: {reason.rstrip('.')}. Ask your safeguarding lead, or ring one of the "
        "numbers below."
    )


def draft(partnership: str) -> str:
    """The notice on everything that nobody has approved yet."""
    return f"Draft, not yet approved by the {partnership}"


def draft_since(partnership: str, approved_before: date) -> str:
    """The notice on a text that was changed after it was approved."""
    return f"{draft(partnership)} (an earlier text was, on {approved_before.day} {approved_before:%B %Y})"


def late(asked_at: str) -> str:
    """Said first when a reply comes more than two minutes after the question."""
    return f"You asked this at {asked_at}. Sorry that the answer comes late; check that it still helps."
