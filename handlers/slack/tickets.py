"""Escalations in Slack, once they are raised: opened, moved, copied and listed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.answering import messages
from bot.knowledge.model import KnowledgeBase
from bot.ledger import NoPolicy, NotFound, NotNow, NotSaved
from bot.storage.tickets import Line
from bot.tickets.escalation import Kind
from bot.tickets.fields import InvalidForm
from bot.tickets.moves import MOVES
from bot.tickets.notices import Speaking
from handlers.slack import render, ticket_views
from handlers.slack.blocks import Block, actions, button, header, section
from handlers.slack.call import Call
from handlers.slack.raising import Raising
from handlers.slack.saving import NOT_SAVED, in_time
from handlers.slack.ticket_forms import TicketForms, refuse, typed

ESCALATE = "/escalate"
REFERENCE = re.compile(r"ESC-\d{4}-\d{4,}", re.IGNORECASE)
NOT_YOURS = "There is no escalation of that reference that you may open. The two agencies and managers may."
CANNOT_READ = "The records cannot be read just now. Nothing is lost; try again in a minute."
TOO_LATE = "Somebody was quicker, or this is not open any more. This is how it stands now."
USAGE = (
    f"`{ESCALATE}` raises an escalation. `{ESCALATE} ESC-2026-0001` opens one. `{ESCALATE} list` shows yours. "
    "It is not a referral: in danger ring 999."
)


class Tickets:
    """Each move is saved before it is acknowledged."""

    def __init__(self, forms: TicketForms, raising: Raising) -> None:
        self._forms = forms
        self._raising = raising

    async def on_command(self, call: Call) -> None:
        """`/escalate`, alone or with a reference; anything else says how it is used."""
        text = call.typed
        card = self._forms.questions.alarm(text, call.user)
        if card is not None:
            await call.privately(render.card(card))
        if not text:
            await self._raising.on_begin(call)
        elif REFERENCE.fullmatch(text):
            await self._open(call, text.upper())
        elif text.lower() == "list":
            await self._list(call)
        else:
            await call.privately(render.Outgoing(USAGE, [section(USAGE)]))

    # One escalation

    async def on_open(self, call: Call) -> None:
        """The button under a notice, in the channel, or on Home."""
        await self._open(call, str(call.action.get("value")))

    async def _open(self, call: Call, reference: str) -> None:
        try:
            looked = await self._forms.escalations.look(reference, await self._forms.viewer(call))
        except (NotFound, NoPolicy):
            await self._forms.show_or_say(call, NOT_YOURS)
        except NotSaved:
            await self._forms.show_or_say(call, CANNOT_READ)
        else:
            await self._forms.show(call, ticket_views.ticket(looked))

    async def on_copy(self, call: Call) -> None:
        """Plain text for the child's record."""
        try:
            looked = await self._forms.escalations.look(str(call.action.get("value")), await self._forms.viewer(call))
        except (NotFound, NoPolicy):
            await self._forms.show_or_say(call, NOT_YOURS)
            return
        except NotSaved:
            await self._forms.show_or_say(call, CANNOT_READ)
            return
        text = looked.speaking.for_the_record(looked.events)
        await self._forms.show(call, ticket_views.copy(text))

    async def on_move(self, call: Call) -> None:
        """A move: its form, or what it means, to be confirmed."""
        reference = str(call.action.get("value"))
        name = str(call.action.get("action_id")).removeprefix("move_")
        try:
            move = MOVES[Kind(name)]
            looked = await self._forms.escalations.look(reference, await self._forms.viewer(call))
        except ValueError:
            await self._forms.show_or_say(call, messages.OLD_BUTTON)
        except (NotFound, NoPolicy):
            await self._forms.show_or_say(call, NOT_YOURS)
        except NotSaved:
            await self._forms.show_or_say(call, CANNOT_READ)
        else:
            if move not in looked.moves:
                await self._forms.show(call, ticket_views.moved(looked.speaking, TOO_LATE))
                return
            fields = self._forms.escalations.fields(looked, move.kind)
            metadata = {"reference": reference, "kind": move.kind.value}
            await self._forms.show(call, ticket_views.move_form(looked, move, fields, metadata))

    async def on_move_sent(self, call: Call) -> None:
        """Recorded, and then acknowledged with how it stands."""
        view = call.body["view"]
        metadata, values = json.loads(view["private_metadata"]), typed(view)
        card = self._forms.alarm(call, values)
        kind = Kind(metadata["kind"])
        try:
            speaking = await in_time(self._moved(call, metadata["reference"], kind, values))
        except InvalidForm as error:
            await refuse(call, error.problems)
        except NotNow as error:
            await call.ack(response_action="update", view=ticket_views.moved(error.speaking, TOO_LATE))
        except (NotFound, NoPolicy):
            await call.ack(response_action="update", view=ticket_views.says("Escalation", NOT_YOURS))
        except NotSaved:
            await self._not_saved(call, view)
        else:
            if speaking is None:
                await self._not_saved(call, view)
            else:
                said = f"Recorded: {MOVES[kind].label}."
                await call.ack(response_action="update", view=ticket_views.moved(speaking, said))
        await self._forms.post_card(call, card)

    async def _moved(self, call: Call, reference: str, kind: Kind, values: Mapping[str, str | None]) -> Speaking:
        claim = f"view:{call.body['view'].get('id')}"
        return await self._forms.escalations.move(
            reference, kind, values, await self._forms.viewer(call), claim=claim
        )

    async def _not_saved(self, call: Call, view: Mapping[str, Any]) -> None:
        first = next((block["block_id"] for block in view["blocks"] if block["type"] == "input"), None)
        if first is not None:
            await refuse(call, {first: NOT_SAVED})
        else:
            await call.ack(response_action="update", view=ticket_views.again(view, NOT_SAVED))

    # Lists

    async def _list(self, call: Call) -> None:
        blocks = await self.home_blocks(call)
        await call.privately(render.Outgoing("Your escalations", blocks))

    async def home_blocks(self, call: Call) -> list[Block]:
        """My requests, my agency's, and for managers all that are open. Where they cannot be read, it says so."""
        knowledge = self._forms.desk.library.knowledge
        if knowledge is None or knowledge.escalation is None:
            return []
        begin = actions([button("Raise an escalation", "raise_escalation", "home")])
        blocks = [header("Escalations"), *begin, *ticket_views.quick_buttons()]
        try:
            viewer = await self._forms.viewer(call)
            mine = await self._forms.escalations.mine(viewer)
            agencys = await self._forms.escalations.of_my_agencies(viewer)
            every = await self._forms.escalations.every(viewer)
        except NotSaved:
            return [*blocks, *render.note(CANNOT_READ).blocks]
        blocks += self._listed("My requests", mine, knowledge)
        blocks += self._listed("My agency's", agencys, knowledge)
        if viewer.manager:
            blocks += self._listed("All that are open", [line for line in every if line.closed_at is None], knowledge)
            blocks += actions([button("Record one for somebody who rang", "record_escalation", "home")])
        return blocks

    def _listed(self, title: str, lines: list[Line], knowledge: KnowledgeBase) -> list[Block]:
        names = {agency.id: agency.name for agency in knowledge.partnership.agencies}
        return ticket_views.listed(title, lines, names)
