"""Is everything here that the bot needs? One line a part."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from bot.announcing import agencies_without_lead
from bot.answering import alarm
from bot.answering.alarm.model import ModelUnusable
from bot.answering.matching.semantic import Encoder, NoModel
from bot.config import Settings, WrongSetting, secret_key
from bot.digests import recipients_of
from bot.knowledge.checks import check
from bot.knowledge.feedback import Carried
from bot.knowledge.loading import KnowledgeFault, layers_of, load
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.partnership import Agency
from bot.reporting.digest import Audience
from bot.storage import outbox
from bot.storage.database import DatabaseUnusable, Store, Transaction, migrate, quick_check

T = TypeVar("T")

NAMED = 5
"""Of the agencies that something is to be done for; the others are counted."""


@dataclass(frozen=True)
class Finding:
    """One part, whether it is well, and what to know or do."""

    what: str
    ok: bool
    says: str


def examine(settings: Settings) -> list[Finding]:
    """Look at every part."""
    knowledge = _loaded(settings)
    return [
        _knowledge(settings),
        _database(settings),
        _outbox(settings),
        _key(settings),
        _alarm(),
        _meaning(settings),
        _slack(settings),
        _escalations(settings, knowledge),
        _mash_feedback(settings, knowledge),
        _digest(settings, knowledge),
    ]


def _knowledge(settings: Settings) -> Finding:
    checked = check(settings.knowledge_dir / settings.partnership)
    if checked.faults:
        return Finding("knowledge", False, f"{len(checked.faults)} faults, the first: {checked.faults[0]}")
    return Finding("knowledge", True, f"{settings.partnership}, {checked.entries} entries")


def _database(settings: Settings) -> Finding:
    try:
        migrate(settings.database)
        state = quick_check(settings.database)
    except DatabaseUnusable as error:
        return Finding("database", False, str(error))
    return Finding("database", state == "ok", f"{settings.database}: {state}")


def _outbox(settings: Settings) -> Finding:
    """Messages that did not get through."""
    waiting = _read(settings, outbox.troubled)
    if waiting is None:
        return Finding("outbox", True, "not looked at, since the database cannot be read")
    if not waiting:
        return Finding("outbox", True, "nothing is stuck")
    first = waiting[0]
    state = "given up" if first["given_up"] else f"{first['attempts']} attempts"
    says = f"{len(waiting)} messages did not get through; one to {first['recipient']}: {first['last_error']}, {state}"
    return Finding("outbox", False, says)


def _read(settings: Settings, read: Callable[[Transaction], T]) -> T | None:
    """What the database says; None where it cannot be read, which is a finding of its own."""
    try:
        store = Store(settings.database)
        try:
            with store.reading() as tx:
                return read(tx)
        finally:
            store.close()
    except (sqlite3.Error, OSError):
        return None


def _key(settings: Settings) -> Finding:
    try:
        secret_key(settings)
    except WrongSetting as error:
        return Finding("secret key", False, str(error))
    return Finding("secret key", True, "set" if settings.secret_key else f"in {settings.data_dir / 'secret.key'}")


def _alarm() -> Finding:
    try:
        model = alarm.model.load()
    except ModelUnusable as error:
        return Finding("alarm", False, f"{error}; the patterns alone are in use")
    return Finding("alarm", True, f"{len(model.weights)} weights, and patterns")


def _meaning(settings: Settings) -> Finding:
    try:
        Encoder.installed(settings.semantic_model)
    except NoModel as error:
        return Finding("meaning", settings.semantic_model is None, f"matching by words alone: {error}")
    return Finding("meaning", True, "matching by words and meaning")


def _slack(settings: Settings) -> Finding:
    if settings.slack is None:
        told = "; MANAGERS hear of faults only when it is" if settings.managers else ""
        return Finding(
            "Slack",
            True,
            f"not set: SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET or SLACK_APP_TOKEN are needed for it{told}",
        )
    teams = ", ".join(sorted(settings.slack.team_ids)) or "the workspace of its token"
    way = "in socket mode" if settings.slack.app_token else "over HTTP at /slack/events"
    return Finding("Slack", True, f"{way}, for {teams}")


def _loaded(settings: Settings) -> KnowledgeBase | None:
    """The knowledge; None where it cannot be read."""
    try:
        return load(layers_of(settings.knowledge_dir, settings.partnership))
    except KnowledgeFault:
        return None


def _escalations(settings: Settings, knowledge: KnowledgeBase | None) -> Finding:
    """What people still have to do so that nobody's escalation stays untold."""
    if knowledge is None:
        return _not_looked_at("escalations")
    policy = knowledge.escalation
    if policy is None:
        return _to_do("escalations", ["there is no escalation-policy.yaml, so none can be raised"])
    untold = agencies_without_lead(knowledge.partnership, policy, datetime.now(UTC).date())
    to_do = []
    if untold:
        agencies = _counted(untold, knowledge)
        to_do.append(f"give a lead with a Slack id for each stage to {agencies} in partnership.yaml")
    if not settings.managers:
        to_do.append("set MANAGERS: nobody hears of what stays untold or unanswered")
    if not policy.timescales_confirmed:
        to_do.append("have the partnership confirm the days (timescales_confirmed in escalation-policy.yaml)")
    return _to_do("escalations", to_do)


def _mash_feedback(settings: Settings, knowledge: KnowledgeBase | None) -> Finding:
    """What people still have to do so that the MASH sees what is asked, and referrers hear what became of it."""
    if knowledge is None:
        return _not_looked_at("MASH feedback")
    rules = knowledge.feedback
    if rules is None:
        return _to_do("MASH feedback", ["there is no mash-feedback.yaml, so none can be asked for"])
    to_do = []
    if not settings.mash_officers:
        silent = "; MASH_CHANNEL alone gets no message" if settings.mash_channel else ""
        to_do.append(f"set MASH_OFFICERS: nobody of the MASH can open its list, as every request says{silent}")
    elif settings.slack is None:
        to_do.append("set Slack: the MASH sees its list only there")
    unknown = [agency for agency in knowledge.partnership.agencies if not agency.domains]
    if rules.feedback_content is not Carried.TOLD_ONLY and unknown:
        to_do.append(
            f"give their e-mail `domains` to {_counted(unknown, knowledge)} in partnership.yaml: nobody there can be "
            f"shown what was decided (feedback_content: {rules.feedback_content.value})"
        )
    if not rules.timescales_confirmed:
        to_do.append("have the partnership confirm the times (timescales_confirmed in mash-feedback.yaml)")
    return _to_do("MASH feedback", to_do)


def _digest(settings: Settings, knowledge: KnowledgeBase | None) -> Finding:
    """Who gets the weekly digests, and whether one may have been sent twice."""
    if knowledge is None:
        return _not_looked_at("digest")
    recipients, when = recipients_of(settings), knowledge.partnership.digest
    told = {audience: len(recipients.of(audience)) for audience in Audience}
    if settings.slack is None:
        return Finding("digest", True, "not sent, since Slack is not set; `digest --format eml` makes one to e-mail")
    repeats = _read(settings, outbox.repeats)
    twice = f"; sent twice, maybe: {repeats}, since the bot died while one was on its way" if repeats else ""
    whom = ", ".join(f"{audience}: {count or 'nobody'}" for audience, count in told.items())
    return Finding("digest", True, f"{when.day} {when.time}; {whom}{twice}")


def _not_looked_at(what: str) -> Finding:
    return Finding(what, True, "not looked at, since the knowledge cannot be read")


def _to_do(what: str, to_do: Sequence[str]) -> Finding:
    """What people have still to do is nothing that is wrong with what is installed."""
    return Finding(what, True, f"to do: {'; '.join(to_do)}" if to_do else "all is set")


def _counted(agencies: Sequence[Agency], knowledge: KnowledgeBase) -> str:
    """Such as "1 of 3 agencies (gp)"."""
    named = ", ".join(agency.id for agency in agencies[:NAMED]) + (", ..." if len(agencies) > NAMED else "")
    return f"{len(agencies)} of {len(knowledge.partnership.agencies)} agencies ({named})"
