"""What the ids in tables are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.answering.reply import Status
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.policy import Option
from bot.reporting.escalations import OPEN
from bot.storage.quick_records import NO_ANSWER
from bot.tickets.escalations.quick import QuickKind
from bot.tickets.escalations.state import Stand
from bot.tickets.moves import HOW_TOLD

STATUSES: Mapping[Status, str] = {
    Status.ANSWERED: "Answered",
    Status.CHOOSE: "Did you mean: a choice of entries",
    Status.NO_GUIDANCE: "No guidance found",
    Status.SMALL_TALK: "Small talk",
    Status.IDENTIFIERS: "Handed back: it named somebody",
    Status.INDIVIDUAL_CASE: "Asked the bot to decide",
    Status.TOO_LONG: "Too long",
    Status.EMPTY: "Empty",
    Status.BUSY: "Too many at once",
    Status.SWITCHED_OFF: "Guidance was switched off",
    Status.ERROR: "Error",
}
KINDS: Mapping[str, str] = {
    "escalation": "Escalations",
    "feedback": "Feedback requests",
    QuickKind.TALK: "Talked about a disagreement",
    QuickKind.CONSIDERED: "Considered, not escalated",
    QuickKind.WORKED_WELL: "Worked well",
    NO_ANSWER: "No adequate answer",
}
CHANNELS: Mapping[str, str] = {"slack": "Slack", "web": "Web page", "terminal": "Terminal"}
HERE: Mapping[str, str] = {"here": "Here: all that was asked was whether it arrived"}


def names_of(knowledge: KnowledgeBase) -> dict[str, dict[str, str]]:
    """What the ids in tables are called, under the knowledge in use: by what is counted -> id -> name."""
    policy, agencies = knowledge.escalation, {a.id: a.name for a in knowledge.partnership.agencies}
    return {
        **dict.fromkeys(("agency", "raising", "receiving"), agencies),
        "topic": {topic.id: topic.title for topic in knowledge.topics.values()},
        "entry": {entry.full_id: entry.title for entry in knowledge.entries.values()},
        "service": {contact.id: contact.name for contact in knowledge.contacts.values()},
        "reason": _labels(policy.reasons if policy else ()),
        "stage": {stage.id: stage.title for stage in policy.stages} if policy else {},
        "outcome": _labels(policy.outcomes if policy else ()) | {Stand.WITHDRAWN.value: "Withdrawn", OPEN: "Open"},
        "change": _labels(policy.changes if policy else ()),
        "how told": _labels(HOW_TOLD) | dict(HERE),
        "status": {status.value: name for status, name in STATUSES.items()},
        "kind": dict(KINDS),
        "channel": dict(CHANNELS),
    }


def _labels(options: Iterable[Option]) -> dict[str, str]:
    return {option.id: option.label for option in options}
