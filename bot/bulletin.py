"""What is kept and told when the knowledge changes: each version, the news for practitioners, faults for managers."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from bot.answering import messages
from bot.answering.library import Listener
from bot.config import Settings
from bot.desk import STORAGE_FAILS, where
from bot.knowledge.model import KnowledgeBase
from bot.knowledge.versions import SAID, Change, Kind, NotReadable, Subject, changes, restored
from bot.storage import claims, outbox, versions
from bot.storage.database import Store, Transaction

log = logging.getLogger(__name__)
T = TypeVar("T")

WAIT_SECONDS = 10
LONGEST_NEWS = 20
"""Lines; further changes are counted."""
NAMES = {"for_agency": "the lines for agencies", "confirm_locally": "what to confirm", "signpost": "kind"}


class Bulletin:
    """Listens to the library. Whatever fails here is logged, and guidance goes on."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    @property
    def listener(self) -> Listener:
        """For the library."""
        return Listener(self.in_use, self.faults)

    def in_use(self, knowledge: KnowledgeBase) -> None:
        """Keep a version that came into use, and queue what changed for the news channel, in one transaction."""
        at = self._clock()

        def work(tx: Transaction) -> None:
            versions.use(tx, knowledge, at)
            before = versions.tell(tx, knowledge.version)
            if before is None or self._settings.news_channel is None:
                return
            try:
                text = news(restored(before.content, before.version), knowledge, self._settings.public_url)
            except NotReadable as error:
                log.error("what changed cannot be told: %s", error)
                return
            if text:
                outbox.queue(tx, "slack", self._settings.news_channel, text, at)

        self._written(work)

    def faults(self, faults: Sequence[str]) -> None:
        """Tell managers once that what was saved cannot be used, and why; or that it can be used again."""
        at = self._clock()
        state = hashlib.sha256("\n".join(faults).encode("utf-8", "replace")).hexdigest()[:16]

        def work(tx: Transaction) -> None:
            # A broken state that was told stays told until it is whole again, also when the program starts anew.
            fault = claims.KNOWLEDGE_FAULT
            if not (claims.claim(tx, f"{fault}{state}", at) if faults else claims.release(tx, fault)):
                return
            for manager in self._settings.managers if self._settings.slack else ():
                outbox.queue(tx, "slack", manager, fault_notice(faults), at)

        self._written(work)

    def last_in_use(self) -> KnowledgeBase | None:
        """The knowledge as it was last in use, for a start with files that cannot be used."""
        try:
            with self._store.reading() as tx:
                kept = versions.in_use_before(tx, self._clock() + timedelta(seconds=1))
            return None if kept is None else restored(kept.content, kept.version)
        except (*STORAGE_FAILS, NotReadable) as error:
            log.error("the last knowledge in use cannot be read: %s", where(error))
            return None

    def _written(self, work: Callable[[Transaction], None]) -> None:
        try:
            self._store.submit(work).result(WAIT_SECONDS)
        except (*STORAGE_FAILS, TimeoutError) as error:
            log.error("a change of the knowledge could not be kept: %s", where(error))


def fault_notice(faults: Sequence[str]) -> str:
    """What managers are told: the first fault, with file and line, and what the bot does meanwhile."""
    if not faults:
        return "The guidance files can be used again. What was saved counts from now on."
    more = f" There are {len(faults) - 1} more; `python app.py kb check` lists them." if len(faults) > 1 else ""
    return (
        "The guidance files cannot be used as they were saved. I go on answering from the version that was in use; "
        "where there was none, I only give the numbers to ring.\n"
        f"{faults[0]}{more}\nPut it right and save: I take it in by myself and tell you."
    )


def news(before: KnowledgeBase, after: KnowledgeBase, public_url: str | None) -> str | None:
    """What changed for a practitioner, in plain lines; None where only what nobody reads changed."""
    lines = [line for change in changes(before, after) for line in _line(change, after, public_url)]
    if not lines:
        return None
    head = ["The guidance changed."]
    if any(entry.is_draft for entry in after.entries.values()):
        head.append(f"{messages.draft(after.partnership.name)}, but for what is marked approved.")
    if len(lines) > LONGEST_NEWS:
        rest = len(lines) - LONGEST_NEWS
        lines = [*lines[:LONGEST_NEWS], f"and {rest} more{f': {public_url}/guidance' if public_url else ''}"]
    return "\n".join([" ".join(head), *lines])


def _line(change: Change, after: KnowledgeBase, public_url: str | None) -> Iterator[str]:
    if change.subject is Subject.SETTINGS:
        return
    said = [field.name for field in change.fields if change.subject is Subject.SERVICE or field.name in SAID]
    entry = after.entries.get(change.id)
    approved = entry is not None and not entry.is_draft
    if change.kind is Kind.CHANGED and not said:
        if approved and any(field.name == "approval" for field in change.fields):
            yield f"• Approved: {change.title}{_address(change, public_url)}"
        return
    what = {Kind.NEW: "New", Kind.CHANGED: "Changed", Kind.REMOVED: "No longer there"}[change.kind]
    which = f" ({', '.join(NAMES.get(name, name) for name in said)})" if change.kind is Kind.CHANGED else ""
    mark = " (approved)" if approved else ""
    yield f"• {what}: {change.title}{mark}{which}{_address(change, public_url)}"


def _address(change: Change, public_url: str | None) -> str:
    shown = change.subject is Subject.ENTRY and change.kind is not Kind.REMOVED and public_url is not None
    return f" {public_url}/guidance/{change.id}" if shown else ""
