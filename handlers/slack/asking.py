"""Asking in Slack what became of a referral: the form, saved before it is acknowledged, and one's own requests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from bot.casework import Recorded
from bot.ledger import NoPolicy, NotSaved
from bot.storage.feedback import Line
from handlers.slack import feedback_views, render, ticket_views
from handlers.slack.blocks import Block, actions, button, header, section
from handlers.slack.call import Call
from handlers.slack.ticket_forms import CANNOT_READ, NO_FEEDBACK, TicketForms, typed
from handlers.slack.tickets import Tickets

FEEDBACK = "/mash-feedback"
REFERENCE = re.compile(r"MASH-\d{4}-\d{4,}", re.IGNORECASE)
USAGE = (
    f"`{FEEDBACK}` asks what became of a referral. `{FEEDBACK} MASH-2026-0001` opens a request. `{FEEDBACK} list` "
    "shows yours. It is not a referral: in danger ring 999."
)
TITLE = "What became of my referral?"


class Asking:
    """From "what became of my referral?" to a reference."""

    def __init__(self, forms: TicketForms, tickets: Tickets) -> None:
        self._forms = forms
        self._tickets = tickets

    async def on_command(self, call: Call) -> None:
        """`/mash-feedback`, alone, with a reference, or `list`; anything else says how it is used."""
        text = call.typed
        card = self._forms.questions.alarm(text, call.user)
        if card is not None:
            await call.privately(render.card(card))
        if not text:
            await self.on_begin(call)
        elif REFERENCE.fullmatch(text):
            await self._tickets.open(call, text.upper())
        elif text.lower() == "list":
            await call.privately(render.Outgoing(TITLE, await self.home_blocks(call)))
        else:
            await call.privately(render.Outgoing(USAGE, [section(USAGE)]))

    async def on_begin(self, call: Call) -> None:
        """The form."""
        try:
            form = self._forms.records.feedback.form(await self._forms.viewer(call))
        except NoPolicy:
            await self._forms.show_or_say(call, NO_FEEDBACK)
        except NotSaved:
            await self._forms.show_or_say(call, CANNOT_READ)
        else:
            await self._forms.show(call, feedback_views.ask_form(form, {"agency": form.agency}))

    async def on_asked(self, call: Call) -> None:
        """Recorded, and then acknowledged with the reference."""
        view = call.body["view"]
        values = typed(view)
        card = self._forms.alarm(call, values)
        found = await self._forms.kept(call, self._asked(call, values), NO_FEEDBACK)
        if found is not None:
            await call.ack(response_action="update", view=ticket_views.recorded(found, card))
        await self._forms.post_card(call, card)

    async def _asked(self, call: Call, values: Mapping[str, str | None]) -> Recorded:
        """Who asks is looked up in the same time: Slack waits for both together."""
        view, feedback = call.body["view"], self._forms.records.feedback
        viewer = await self._forms.viewer(call)
        # As it was shown: what is asked depends on the agency, which may have been learned meanwhile.
        form = replace(feedback.form(viewer), agency=json.loads(view["private_metadata"])["agency"])
        return await feedback.ask(form, values, viewer, claim=f"view:{view.get('id')}")

    async def home_blocks(self, call: Call) -> list[Block]:
        """My requests, my agency's, and for managers all that are open. Where they cannot be read, it says so."""
        knowledge = self._forms.desk.library.knowledge
        if knowledge is None or knowledge.feedback is None:
            return []
        blocks = [header(TITLE), *actions([button("Ask the MASH", "ask_feedback", "home")])]
        try:
            viewer, feedback = await self._forms.viewer(call), self._forms.records.feedback
            mine, agencys = await feedback.mine(viewer), await feedback.of_my_agencies(viewer)
            every = await feedback.every(viewer)
        except NotSaved:
            return [*blocks, *render.note(CANNOT_READ).blocks]
        names = {agency.id: agency.name for agency in knowledge.partnership.agencies}
        for title, lines in (
            ("My requests", mine),
            ("My agency's", _others(agencys, mine)),
            ("All that are open", [line for line in every if line.closed_at is None] if viewer.manager else []),
        ):
            blocks += feedback_views.listed(title, lines, names)
        return blocks


def _others(lines: list[Line], mine: list[Line]) -> list[Line]:
    """Those that do not stand above already."""
    shown = {line.reference for line in mine}
    return [line for line in lines if line.reference not in shown]
