"""The short records in Slack: a talk, one considered and not escalated, something that worked well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from bot.ledger import NoPolicy
from bot.tickets.escalations.quick import QuickForm, QuickKind, is_not_settled
from handlers.slack import ticket_views
from handlers.slack.blocks import View
from handlers.slack.call import Call
from handlers.slack.ticket_forms import NO_POLICY, TicketForms, typed


class QuickRecords:
    """Each takes a few taps, and is saved before it is acknowledged."""

    def __init__(self, forms: TicketForms) -> None:
        self._forms = forms

    async def on_quick(self, call: Call) -> None:
        """The form of a short record."""
        form = self._quick_form(str(call.action.get("value")))
        if form is None:
            await self._forms.show_or_say(call, NO_POLICY)
            return
        await self._forms.show(call, ticket_views.quick(form, self._today()))

    async def on_quick_sent(self, call: Call) -> None:
        """Recorded; a talk that settled nothing goes on to an escalation, at the stage that was reached."""
        view = call.body["view"]
        values = typed(view)
        card = self._forms.alarm(call, values)
        form = self._quick_form(json.loads(view["private_metadata"])["kind"])
        shown = await self._forms.kept(call, self._quick_recorded(call, form, values), NO_POLICY)
        if shown is not None:
            await call.ack(response_action="update", view=shown)
        await self._forms.post_card(call, card)

    async def _quick_recorded(self, call: Call, form: QuickForm | None, values: Mapping[str, str | None]) -> View:
        if form is None:
            raise NoPolicy
        filled = form.read(values, self._forms.escalations.guard, self._forms.desk.clock())
        viewer, claim = await self._forms.viewer(call), f"view:{call.body['view'].get('id')}"
        reference = await self._forms.escalations.quick(form.kind, filled, viewer, channel="slack", claim=claim)
        if not is_not_settled(form.kind, filled):
            return ticket_views.quick_recorded(reference)
        stage = form.policy.stages[0].id
        further = self._forms.escalations.form(viewer, stage=stage)
        begun = {
            "receiving": filled.data["other"],
            "disagree": filled.typed["text"],
            "talks": f"A talk on {filled.data['day']} ({reference})",
            "stage": stage,
        }
        return ticket_views.raise_form(further, {"stage": stage}, begun)

    def _quick_form(self, name: str) -> QuickForm | None:
        knowledge = self._forms.desk.library.knowledge
        if knowledge is None or knowledge.escalation is None or name not in set(QuickKind):
            return None
        return QuickForm(QuickKind(name), knowledge.escalation, knowledge.partnership.agencies)

    def _today(self) -> str:
        zone = ZoneInfo(self._forms.desk.library.directory.partnership.time_zone)
        return self._forms.desk.clock().astimezone(zone).date().isoformat()
