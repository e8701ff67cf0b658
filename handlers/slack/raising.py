"""Raising an escalation in Slack: the right door first, then the form, saved before it is acknowledged."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from bot.access import Viewer
from bot.escalations import Recorded
from bot.ledger import NoPolicy, NotSaved
from bot.tickets.fields import InvalidForm
from bot.tickets.raising import CONTACTS, Door, RaiseForm, needs_card
from handlers.slack import render, ticket_views
from handlers.slack.call import Call
from handlers.slack.fields import filled_in
from handlers.slack.saving import NOT_SAVED, in_time
from handlers.slack.ticket_forms import NO_POLICY, TicketForms, refuse, typed

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
        view = call.body["view"]
        metadata, values = json.loads(view["private_metadata"]), typed(view)
        card = self._forms.alarm(call, values)
        try:
            if needs_card(values):
                await self._ask_what_was_done(call, metadata, values)
                return
            found = await in_time(self._raised(call, metadata, values))
        except InvalidForm as error:
            await refuse(call, error.problems)
        except NoPolicy:
            await call.ack(response_action="update", view=ticket_views.says("Escalation", NO_POLICY))
        except NotSaved:
            await refuse(call, {"receiving": NOT_SAVED})
        else:
            if found is None:
                await refuse(call, {"receiving": NOT_SAVED})
            else:
                await call.ack(response_action="update", view=ticket_views.recorded(found, card))
        await self._forms.post_card(call, card)

    async def _raised(self, call: Call, metadata: Mapping[str, Any], values: Mapping[str, str | None]) -> Recorded:
        """Who raises it is looked up in the same time: Slack waits for both together."""
        viewer = await self._forms.viewer(call)
        form = self._form_again(viewer, metadata)
        claim = f"view:{call.body['view'].get('id')}"
        return await self._forms.escalations.raise_(form, values, viewer, claim=claim, link=metadata.get("link"))

    def _form_again(self, viewer: Viewer, metadata: Mapping[str, Any]) -> RaiseForm:
        form = self._forms.escalations.form(
            viewer, for_somebody=bool(metadata.get("for_somebody")) and viewer.manager, stage=metadata.get("stage")
        )
        return RaiseForm(**{**vars(form), "not_safe": bool(metadata.get("not_safe"))})

    async def _ask_what_was_done(
        self, call: Call, metadata: Mapping[str, Any], values: Mapping[str, str | None]
    ) -> None:
        asking = self._form_again(await self._forms.viewer(call), {**metadata, "not_safe": True})
        agency = self._forms.questions.agency_of(call.user)
        card = self._forms.desk.library.directory.card(self._forms.desk.clock(), agency.kind if agency else None)
        again = ticket_views.raise_form(asking, {**metadata, "not_safe": True}, values, card)
        if metadata.get("not_safe"):  # it was asked before, and left empty
            await refuse(call, {"done": "Say what has been done. In danger ring 999 first."})
        else:
            await call.ack(response_action="update", view=again)
