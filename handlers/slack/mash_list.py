"""The MASH's list in Slack: opened from the message of the day or from Home, and several closed together."""

from __future__ import annotations

from collections.abc import Mapping

from bot.days_list import DaysList
from bot.ledger import NoPolicy, NotSaved
from bot.tickets.fields import BETWEEN
from handlers.slack import feedback_views, render
from handlers.slack.blocks import Block, actions, button, header, section
from handlers.slack.call import Call
from handlers.slack.ticket_forms import CANNOT_READ, NO_FEEDBACK, TicketForms, typed

NOT_MASH = "This list is for those who work in the MASH (MASH_OFFICERS), and for the partnership's managers."


class MashList:
    """What waits for the MASH, the longest expected first."""

    def __init__(self, forms: TicketForms) -> None:
        self._forms = forms

    async def on_open(self, call: Call) -> None:
        """The list."""
        if (found := await self._list(call)) is not None:
            await self._forms.show(call, feedback_views.mash_list(found))

    async def on_several(self, call: Call) -> None:
        """The form for several at once."""
        if (found := await self._list(call)) is None:
            return
        if not found.lines:
            await self._forms.show(call, feedback_views.mash_list(found))
            return
        fields = self._forms.records.feedback.told_fields()
        await self._forms.show(call, feedback_views.several_told(found, fields))

    async def on_several_sent(self, call: Call) -> None:
        """Recorded together, and then acknowledged."""
        values = typed(call.body["view"])
        card = self._forms.alarm(call, values)
        done = await self._forms.kept(call, self._told(call, values), NO_FEEDBACK)
        if done is not None:
            await call.ack(response_action="update", view=feedback_views.several_recorded(done))
        await self._forms.post_card(call, card)

    async def _told(self, call: Call, values: Mapping[str, str | None]) -> dict[str, bool]:
        references = (values.get("references") or "").upper().split(BETWEEN)
        claim = f"view:{call.body['view'].get('id')}"
        viewer = await self._forms.viewer(call)
        return await self._forms.records.feedback.told_several(references, values, viewer, claim=claim)

    async def _list(self, call: Call) -> DaysList | None:
        """The list; None where whoever asks may not see it, or it cannot be read: they hear so."""
        try:
            viewer = await self._forms.viewer(call)
            if viewer.mash or viewer.manager:
                return await self._forms.records.feedback.days_list()
            await self._forms.show_or_say(call, NOT_MASH)
        except NoPolicy:
            await self._forms.show_or_say(call, NO_FEEDBACK)
        except NotSaved:
            await self._forms.show_or_say(call, CANNOT_READ)
        return None

    async def home_blocks(self, call: Call) -> list[Block]:
        """For the MASH: how much waits, and the way to the list."""
        knowledge = self._forms.desk.library.knowledge
        if knowledge is None or knowledge.feedback is None:
            return []
        try:
            if not (await self._forms.viewer(call)).mash:
                return []
            found = await self._forms.records.feedback.days_list()
        except NotSaved:
            return [header("For the MASH"), *render.note(CANNOT_READ).blocks]
        opening = button("Open the list", "open_mash_list", "home") | {"style": "primary"}
        return [header("For the MASH"), section(found.summary()), *actions([opening])]
