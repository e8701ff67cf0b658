"""What Slack delivers, as the bot needs it: who wrote what, where, and whether to answer at all."""

from __future__ import annotations

import html
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_MENTION = re.compile(r"<[@!#][^>]*>")
_LINK = re.compile(r"<(?:mailto:|tel:)?([^|>]+)(?:\|([^>]*))?>")


def plain_text(text: str) -> str:
    """What a person typed: Slack's marks for links, mentions and characters undone."""
    without_mentions = _MENTION.sub(" ", text)
    unlinked = _LINK.sub(lambda match: match[2] or match[1], without_mentions)
    return html.unescape(unlinked).strip()


@dataclass(frozen=True)
class Message:
    """A question that came as a message."""

    text: str
    user: str
    channel: str
    ts: str
    thread_ts: str | None
    direct: bool

    @property
    def asked_at(self) -> datetime:
        """When it was written."""
        return datetime.fromtimestamp(float(self.ts), UTC)

    @property
    def answer_in(self) -> str | None:
        """The thread that the answer belongs in; a direct message is answered beside it."""
        return self.thread_ts if self.direct else self.thread_ts or self.ts

    @property
    def thread(self) -> str:
        """What tells this conversation from others."""
        return f"slack:{self.channel}:{self.answer_in or 'direct'}"


def message(event: dict[str, Any], bot_user: str | None) -> Message | None:
    """The question in an event; None for bots, edits, joins, the bot itself, and what does not mention it."""
    if any(event.get(mark) for mark in ("bot_id", "bot_profile", "subtype", "hidden", "edited")):
        return None
    user = event.get("user")
    if not user or user in (bot_user, "USLACKBOT"):
        return None
    direct = event.get("channel_type") == "im" or str(event.get("channel", "")).startswith("D")
    if event.get("type") == "message" and not direct:
        return None
    if event.get("type") == "app_mention" and direct:
        return None
    return Message(
        text=plain_text(str(event.get("text") or "")),
        user=str(user),
        channel=str(event["channel"]),
        ts=str(event["ts"]),
        thread_ts=event.get("thread_ts"),
        direct=direct,
    )


def teams_of(body: dict[str, Any]) -> set[str]:
    """Every workspace that a request speaks for: where it was installed, and where its author belongs."""
    event = body.get("event") or {}
    team, user = body.get("team") or {}, body.get("user") or {}
    named = (
        body.get("team_id"),
        team.get("id") if isinstance(team, dict) else team,
        user.get("team_id") if isinstance(user, dict) else None,
        event.get("team"),
        event.get("user_team"),
        event.get("source_team"),
    )
    return {str(name) for name in named if name}


def own_team(body: dict[str, Any]) -> str | None:
    """The workspace that the author of a request belongs to."""
    event, user = body.get("event") or {}, body.get("user")
    named = user.get("team_id") if isinstance(user, dict) else None
    found = event.get("user_team") or event.get("source_team") or event.get("team") or named or body.get("team_id")
    return str(found) if found else None


class Seen:
    """The last requests, so that one that is delivered five times at once is worked on once."""

    def __init__(self, size: int = 20_000) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._size = size

    def first_time(self, key: str) -> bool:
        """Whether this key is new; it is not from now on."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > self._size:
            self._keys.popitem(last=False)
        return True
