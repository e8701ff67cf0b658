"""Raising an escalation in Slack: the right door first, then the form, saved before it is acknowledged."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.access import Viewer
from bot.answering.reply import EmergencyCard
from bot.ledger import NoPolicy, NotFound, NotSaved
from bot.tickets.escalations.raising import CONTACTS, Door, RaiseForm, needs_card
from bot.tickets.fields import InvalidForm
from handlers.slack import render, ticket_views
from handlers.slack.blocks import View
from handlers.slack.call import Call
from handlers.slack.fields import filled_in
from handlers.slack.saving import NOT_SAVED
from handlers.slack.ticket_forms import CANNOT_READ, NO_POLICY, TOO_LATE, TicketForms, typed

log = logging.getLogger(__name__)

LINK_SECONDS = 1.0


class Raising:
    """From "we disagree" to a reference."""

    def __init__(self, forms: TicketForms) -> None:
        self._forms = forms

    async def on_begin(self, call: Call) -> None:
        """The right door first."""
        await self._forms.show(call, ticket_views.door({}))

    async def on_message(self, call: Call) -> None:
        """The message shortcut: of the message its address is kept, and nothing else."""
        link = await self._address_of(call)
        await self._forms.show(call, ticket_views.door({"link": link} if link else {}))

    async def _address_of(self, call: Call) -> str | None:
        stamp = str((call.body.get("message") or {}).get("ts") or "")
        try:
            async with asyncio.timeout(LINK_SECONDS):
                found = await call.client.chat_getPermalink(channel=call.channel or "", message_ts=stamp)
            return str(found["permalink"])
        except Exception as error:
            log.info("a message's address is not known: %s", type(error).__name__)
            return None

    async def on_feedback(self, call: Call) -> None:
        """From a feedback request: the form, with what is known filled in."""
        reference, feedback = str(call.action.get("value")), self._forms.records.feedback
        try:
            viewer = await self._forms.viewer(call)
            looked = await feedback.look(reference, viewer)
            if not feedback.may_escalate(looked, viewer):
                await self._forms.show(call, ticket_views.moved(looked.speaking, TOO_LATE))
                return
            form, begun = feedback.escalation(looked, viewer)
        except (NotFound, NoPolicy):
            await self._forms.show_or_say(call, feedback.not_yours)
        except NotSaved:
            await self._forms.show_or_say(call, CANNOT_READ)
        else:
            await self._forms.show(
                call, ticket_views.raise_form(form, {"feedback": reference, "agency": form.agency}, begun)
            )

    async def on_record_for_somebody(self, call: Call) -> None:
        """A manager records an escalation for somebody who rang or wrote."""
        viewer = await self._forms.viewer(call)
        if not viewer.manager:
            await call.privately(render.note("Only the partnership's managers record for somebody else."))
            return
        await self._show_form(call, self._forms.escalations.form(viewer, for_somebody=True), {"for_somebody": True})

    async def _show_form(self, call: Call, form: RaiseForm, metadata: Mapping[str, Any]) -> None:
        await self._forms.show(call, ticket_views.raise_form(form, metadata))

    async def on_door_sent(self, call: Call) -> None:
        """On to the form, or another way."""
        view = call.body["view"]
        chosen = Door(filled_in(view)["door"] or "")
        try:
            form = self._forms.escalations.form(await self._forms.viewer(call))
        except NoPolicy:
            await call.ack(response_action="update", view=ticket_views.says("Escalation", NO_POLICY))
            return
        except NotSaved:
            await call.ack(response_action="errors", errors={"door": NOT_SAVED})
            return
        if chosen is Door.DECISION or (chosen is Door.INSIDE and form.policy.inside_one_agency):
            shown = ticket_views.raise_form(form, json.loads(view["private_metadata"]))
        else:
            directory = self._forms.desk.library.directory
            contacts = directory.in_order(CONTACTS.get(chosen, ()), self._forms.desk.clock())
            shown = ticket_views.another_way(chosen, contacts)
        await call.ack(response_action="update", view=shown)

    async def on_raised(self, call: Call) -> None:
        """Recorded, and then acknowledged with the reference. Where the child is not safe, the card comes first."""
        sent = call.body["view"]
        metadata, values = json.loads(sent["private_metadata"]), typed(sent)
        card = self._forms.alarm(call, values)
        asks = needs_card(values)
        saving = (
            self._ask_what_was_done(call, metadata, values) if asks else self._raised(call, metadata, values, card)
        )
        feedback = str(metadata.get("feedback") or "")
        view = await self._forms.kept(call, saving, NO_POLICY, feedback)
        if view is not None:
            await call.ack(response_action="update", view=view)
        if not asks:  # else the card stands in the form
            await self._forms.post_card(call, card)

    async def _raised(
        self,
        call: Call,
        metadata: Mapping[str, Any],
        values: Mapping[str, str | None],
        card: EmergencyCard | None,
    ) -> View:
        """Who raises it is looked up in the same time: Slack waits for both together."""
        viewer = await self._forms.viewer(call)
        form = self._form_again(viewer, metadata)
        claim = f"view:{call.body['view'].get('id')}"
        if (feedback := metadata.get("feedback")) is not None:
            found = await self._forms.records.feedback.escalate(feedback, form, values, viewer, claim=claim)
        else:
            link = metadata.get("link")
            found = await self._forms.escalations.raise_(form, values, viewer, claim=claim, link=link)
        return ticket_views.recorded(found, card)

    def _form_again(self, viewer: Viewer, metadata: Mapping[str, Any]) -> RaiseForm:
        form = self._forms.escalations.form(
            viewer, for_somebody=bool(metadata.get("for_somebody")) and viewer.manager, stage=metadata.get("stage")
        )
        agency = metadata.get("agency", form.agency)
        return replace(form, agency=agency, not_safe=bool(metadata.get("not_safe")))

    async def _ask_what_was_done(
        self, call: Call, metadata: Mapping[str, Any], values: Mapping[str, str | None]
    ) -> View:
        """The form again, with the card on top.

        Raises: InvalidForm where it was asked before, and left empty.
        """
        if metadata.get("not_safe"):
            raise InvalidForm({"done": "Say what has been done. In danger ring 999 first."})
        asking = self._form_again(await self._forms.viewer(call), {**metadata, "not_safe": True})
        agency = self._forms.questions.agency_of(call.user)
        card = self._forms.desk.library.directory.card(self._forms.desk.clock(), agency.kind if agency else None)
        return ticket_views.raise_form(asking, {**metadata, "not_safe": True}, values, card)
