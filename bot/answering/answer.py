"""A question becomes a reply: small steps in a fixed order, each able to stop with a status. Pure: no clock, no disk.

The alarm comes before all of this and never stops it: `danger` is asked first by every handler.
"""

from __future__ import annotations

from bot.answering import alarm, messages
from bot.answering.guidance import Guidance
from bot.answering.individual_case import asks_to_decide
from bot.answering.matching.matcher import Candidate, Ranking
from bot.answering.reply import SMALL_TALK_TOPIC, Asked, Reply, Status
from bot.knowledge.model import Entry
from bot.privacy import mask

SCANNED = 50_000
"""Characters that are looked through for identifiers. A longer text is refused and kept by nobody all the same."""


def danger(text: str) -> bool:
    """Whether the emergency card is due. Asked before any step, and before anything is read from the database."""
    return alarm.raised(text)


def switched_off(asked: Asked, guidance: Guidance) -> Reply | None:
    """While guidance is switched off, only whom to ring."""
    if asked.switched_off is None:
        return None
    return Reply(
        Status.SWITCHED_OFF,
        messages.switched_off(asked.switched_off),
        contacts=guidance.directory.to_ring(asked.at),
    )


def busy(asked: Asked, guidance: Guidance) -> Reply | None:
    """Too many questions at once, from this person or from all."""
    if not asked.busy:
        return None
    return Reply(Status.BUSY, messages.BUSY, contacts=guidance.directory.to_ring(asked.at), give_back=asked.text)


def refuse_empty(asked: Asked, guidance: Guidance) -> Reply | None:
    """Nothing that could be a question."""
    if any(c.isalnum() for c in asked.text):
        return None
    return Reply(Status.EMPTY, messages.EMPTY, topics=tuple(guidance.knowledge.topics.values()))


def refuse_identifiers(asked: Asked, guidance: Guidance) -> Reply | None:
    """Hand the text back when it names somebody; nothing of it is kept."""
    found = guidance.guard.find(asked.text[:SCANNED])
    if not found:
        return None
    return Reply(
        Status.IDENTIFIERS,
        messages.identifiers(found),
        contacts=guidance.directory.to_ring(asked.at),
        found=tuple(found),
        give_back=asked.text,
        without=mask(asked.text, found) if len(asked.text) <= messages.MAX_QUESTION else None,
    )


def refuse_long(asked: Asked, guidance: Guidance) -> Reply | None:
    """A case note is no question."""
    if len(asked.text) <= messages.MAX_QUESTION:
        return None
    return Reply(
        Status.TOO_LONG,
        messages.TOO_LONG,
        contacts=guidance.directory.to_ring(asked.at),
        give_back=asked.text,
    )


def find_guidance(asked: Asked, guidance: Guidance) -> Reply:
    """Match, and decide: an answer, a choice of three, or that we do not know."""
    ranking = guidance.matcher.rank(asked.text, asked.previous)
    found = _known(ranking, guidance)
    if found and found[0].topic == SMALL_TALK_TOPIC and not asks_to_decide(asked.text):
        if ranking.confidence >= guidance.thresholds.show:
            return Reply(Status.SMALL_TALK, entry=found[0], ranking=ranking)
        found = [entry for entry in found if entry.topic != SMALL_TALK_TOPIC]
    found = [entry for entry in found if entry.topic != SMALL_TALK_TOPIC][:3]
    sure = ranking.confidence >= guidance.thresholds.answer
    worth_showing = bool(found) and ranking.confidence >= guidance.thresholds.show
    if asks_to_decide(asked.text):
        return _individual_case(asked, guidance, ranking, found if worth_showing else [])
    if worth_showing and sure and not _too_close(ranking, guidance):
        return _with_entry(Status.ANSWERED, "", found[0], tuple(found[1:]), asked, guidance, ranking)
    if worth_showing:
        return Reply(
            Status.CHOOSE,
            messages.CHOOSE,
            others=tuple(found),
            contacts=guidance.directory.to_ring(asked.at)[:1],
            ranking=ranking,
        )
    return Reply(
        Status.NO_GUIDANCE,
        messages.NOT_FOUND,
        contacts=guidance.directory.to_ring(asked.at),
        topics=tuple(guidance.knowledge.topics.values()),
        ranking=ranking,
    )


STEPS = (switched_off, busy, refuse_empty, refuse_identifiers, refuse_long)


def answer(asked: Asked, guidance: Guidance) -> Reply:
    """The reply to a question. Never raises for what was typed."""
    reply = None
    for step in STEPS:
        reply = step(asked, guidance)
        if reply is not None:
            break
    return _signed(reply or find_guidance(asked, guidance), guidance)


def show(full_id: str, asked: Asked, guidance: Guidance) -> Reply | None:
    """The reply that shows one entry, for a button or a link; None where there is no such entry (any more)."""
    if (off := switched_off(asked, guidance)) is not None:
        return off
    entry = guidance.knowledge.entries.get(full_id)
    if entry is None:
        return None
    return _signed(_with_entry(Status.ANSWERED, "", entry, (), asked, guidance, Ranking((), 0.0)), guidance)


def _signed(reply: Reply, guidance: Guidance) -> Reply:
    entries = (reply.entry,) if reply.entry else reply.others  # beside an answer, others show their titles alone
    drafts = [entry for entry in entries if entry.is_draft and entry.topic != SMALL_TALK_TOPIC]
    return Reply(
        **{
            **vars(reply),
            "draft": _notice(drafts, guidance.knowledge.partnership.name) if drafts else None,
            "knowledge_version": guidance.knowledge.version,
        }
    )


def _notice(drafts: list[Entry], partnership: str) -> str:
    if len(drafts) == 1 and drafts[0].approved_before is not None:
        return messages.draft_since(partnership, drafts[0].approved_before)
    return messages.draft(partnership)


def _with_entry(
    status: Status,
    message: str,
    entry: Entry,
    others: tuple[Entry, ...],
    asked: Asked,
    guidance: Guidance,
    ranking: Ranking,
) -> Reply:
    entries = guidance.knowledge.entries
    shown = {other.full_id for other in others}
    return Reply(
        status,
        message,
        entry=entry,
        for_agency=entry.for_agency.get(asked.agency.kind) if asked.agency else None,
        contacts=guidance.directory.in_order(entry.contacts, asked.at),
        others=others,
        related=tuple(entries[name] for name in entry.related if name in entries and name not in shown)[:3],
        ranking=ranking,
    )


def _individual_case(asked: Asked, guidance: Guidance, ranking: Ranking, found: list[Entry]) -> Reply:
    if not found:
        return Reply(
            Status.INDIVIDUAL_CASE,
            messages.INDIVIDUAL_CASE_WITHOUT_GUIDANCE,
            contacts=guidance.directory.to_ring(asked.at),
            ranking=ranking,
        )
    return _with_entry(
        Status.INDIVIDUAL_CASE, messages.INDIVIDUAL_CASE, found[0], tuple(found[1:]), asked, guidance, ranking
    )


def _known(ranking: Ranking, guidance: Guidance) -> list[Entry]:
    """The candidates as entries. Small talk goes first only when nothing of the knowledge comes near it."""
    candidates = list(ranking.candidates)
    if candidates and candidates[0].entry_id.startswith(f"{SMALL_TALK_TOPIC}."):
        best = _first_of_knowledge(candidates)
        if best is not None and best.score >= SMALL_TALK_LEAD * candidates[0].score:
            candidates = [best, *(c for c in candidates if c is not best)]
    entries = [guidance.entry(candidate.entry_id) for candidate in candidates]
    return [entry for entry in entries if entry is not None]


SMALL_TALK_LEAD = 0.8
"""Where an entry of the knowledge reaches this share of small talk's score, the knowledge goes first."""


def _first_of_knowledge(candidates: list[Candidate]) -> Candidate | None:
    return next((c for c in candidates if not c.entry_id.startswith(f"{SMALL_TALK_TOPIC}.")), None)


def _too_close(ranking: Ranking, guidance: Guidance) -> bool:
    """Whether the second is as good as the first, so that the practitioner had better choose."""
    of_knowledge = [c for c in ranking.candidates if not c.entry_id.startswith(f"{SMALL_TALK_TOPIC}.")]
    if len(of_knowledge) < 2:
        return False
    return of_knowledge[1].score >= guidance.thresholds.close * of_knowledge[0].score
