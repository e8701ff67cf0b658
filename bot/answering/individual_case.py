"""Is the bot asked to decide about a child? It never does: it names who decides, and shows the guidance."""

from __future__ import annotations

import re

_US = r"(?:me|us)"
_CASE = r"(?:child|children|kids?|case|famil(?:y|ies)|pupils?|patients?|baby)"

_ASKS_TO_DECIDE = re.compile(
    r"\b(?:"
    + "|".join(
        (
            r"(?:can|could|will|would) you (?:decide|assess|judge|make the decision|work out (?:if|what level))",
            r"(?:can|could|will|would) you tell me (?:if|whether) (?:i|we|this|he|she|it)",
            r"(?:you|bot) decide",
            rf"decide for {_US}",
            rf"make the (?:decision|call) for {_US}",
            r"what (?:would|do) you (?:do|think)",
            r"would you (?:refer|report|ring|escalate)",
            r"what level (?:would|do) you",
            rf"(?:is|does) (?:this|my) {_CASE} (?:meet|reach|hit) (?:the )?(?:threshold|section|level)",
            rf"(?:is|are) (?:this|these|my) {_CASE} (?:at )?(?:level|safe|at risk)",
            r"yes or no[,:]? (?:do|should) (?:i|we) refer",
        )
    )
    + r")\b",
    re.IGNORECASE,
)


def asks_to_decide(text: str) -> bool:
    """Whether the text asks for a decision rather than for guidance."""
    return _ASKS_TO_DECIDE.search(text) is not None
