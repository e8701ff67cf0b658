"""People who raise escalations without opening the form before: for many of them at once."""

import json
import re
from urllib.parse import urlencode

from slack_stand_in import HOME_TEAM
from slack_workspace import FORM


def raise_directly(people, user, view_id, **changes):
    """Send the form for raising as `user` filled it in, without opening it before; Slack's answer."""
    values = {
        "raising": "high-school",
        "receiving": "social-care",
        "reason": "referral-criteria",
        "disagree": "The referral was turned down although the child is at home alone every evening.",
        "want": "A social worker sees the child this week.",
        "child_safe": "yes",
        **changes,
    }
    typed = ("disagree", "want")
    state = {
        name: {"value": {"value": value} if name in typed else {"selected_option": {"value": value}}}
        for name, value in values.items()
    }
    view = {"id": view_id, "type": "modal", "callback_id": "escalation", "private_metadata": "{}"}
    payload = {
        "token": "x",
        "type": "view_submission",
        "trigger_id": people.unique("trigger"),
        "user": {"id": user, "username": "x", "team_id": HOME_TEAM},
        "team": {"id": HOME_TEAM, "domain": "x"},
        "view": {**view, "state": {"values": state}},
    }
    return people.signed(urlencode({"payload": json.dumps(payload)}), FORM)


def reference_in(answer):
    """The reference that an answer to the form acknowledges; None where the form stays open or nobody answered."""
    found = re.search(r"Recorded as (ESC-\d{4}-\d{4,})", answer.text) if answer.status_code == 200 else None
    return found[1] if found else None
