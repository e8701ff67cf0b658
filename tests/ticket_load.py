"""People who raise escalations and ask for feedback without opening the form before: for many of them at once."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from slack_stand_in import HOME_TEAM
from slack_workspace import FORM

from bot.tickets.fields import BETWEEN

TYPED, DAYS, SEVERAL = frozenset({"disagree", "want"}), frozenset({"day"}), frozenset({"needs"})
"""Fields that are filled in by writing, with a date, and with one choice or more; all others with one."""


@dataclass(frozen=True)
class Form:
    """The form that begins a ticket of some kind, as somebody fills it in."""

    kind: str
    prefix: str
    """How references of that kind begin."""
    callback: str
    metadata: Mapping[str, str | None]
    values: Mapping[str, str]

    def __str__(self):
        return self.kind


ESCALATION = Form(
    "escalation",
    "ESC",
    "escalation",
    {},
    {
        "raising": "high-school",
        "receiving": "social-care",
        "reason": "referral-criteria",
        "disagree": "The referral was turned down although the child is at home alone every evening.",
        "want": "A social worker sees the child this week.",
        "child_safe": "yes",
    },
)
FEEDBACK = Form(
    "feedback",
    "MASH",
    "feedback",
    {"agency": None},
    {
        "raising": "high-school",
        "day": "2026-04-24",
        "made_how": "phone",
        "made_to": "front-door",
        "needs": "decision",
        "changed": "no",
    },
)
BOTH = [ESCALATION, FEEDBACK]


def sent_directly(people, form, user, view_id, **changes):
    """Send the form as `user` filled it in, without opening it before; Slack's answer."""
    values = {**form.values, **changes}
    view = {
        "id": view_id,
        "type": "modal",
        "callback_id": form.callback,
        "private_metadata": json.dumps(form.metadata),
    }
    state = {name: {"value": _element(name, value)} for name, value in values.items()}
    payload = {
        "token": "x",
        "type": "view_submission",
        "trigger_id": people.unique("trigger"),
        "user": {"id": user, "username": "x", "team_id": HOME_TEAM},
        "team": {"id": HOME_TEAM, "domain": "x"},
        "view": {**view, "state": {"values": state}},
    }
    return people.signed(urlencode({"payload": json.dumps(payload)}), FORM)


def _element(name, value):
    if name in TYPED:
        return {"value": value}
    if name in DAYS:
        return {"selected_date": value}
    if name in SEVERAL:
        return {"selected_options": [{"value": one} for one in value.split(BETWEEN)]}
    return {"selected_option": {"value": value}}


def references_in(answer):
    """The references that an answer to a form acknowledges; none where it stays open or nobody answered."""
    if answer.status_code != 200:
        return ()
    return tuple(re.findall(r"(?:Recorded as|And) ((?:ESC|MASH)-\d{4}-\d{4,})", answer.text))


def reference_in(answer):
    """The first of them; None where there is none."""
    return next(iter(references_in(answer)), None)
