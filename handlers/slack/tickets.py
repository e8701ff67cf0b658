"""Escalations in Slack, once they are raised: opened, moved, copied and listed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.answering import messages
from bot.knowledge.model import KnowledgeBase
from bot.ledger import Looked, NoPolicy, NotFound, NotSaved
from bot.storage.escalations import Line
from bot.tickets.ticket import Kind
from bot.tickets.words import AnyWords
from handlers.slack import render, ticket_views
from handlers.slack.blocks import Block, actions, button, header, section
from handlers.slack.call import Call
from handlers.slack.raising import Raising
from handlers.slack.ticket_forms import CANNOT_READ, TOO_LATE, TicketForms, typed

ESCALATE = "/escalate"
MOVE = re.compile(r"move_([a-z-]+)(?:_\d+)?")
"""Of a list each row's button has a number, so that no two are the same."""
REFERENCE = re.compile(r"(ESC|MASH)-\d{4}-\d{4,}", re.IGNORECASE)
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
            await self.open(call, text.upper())
        elif text.lower() == "list":
            await self._list(call)
        else:
            await call.privately(render.Outgoing(USAGE, [section(USAGE)]))

    # One escalation

    async def on_open(self, call: Call) -> None:
        """The button under a notice, in the channel, or on Home."""
        await self.open(call, str(call.action.get("value")))

    async def open(self, call: Call, reference: str) -> None:
        """One ticket, of whatever kind."""
        if (looked := await self._looked(call, reference)) is not None:
            further, note = await self._forms.for_feedback(call, looked)
            await self._forms.show(call, ticket_views.ticket(looked, further, note))

    async def _looked(self, call: Call, reference: str) -> Looked[Any] | None:
        """A ticket as the caller may see it; None where they may not, or it cannot be read: they hear so."""
        try:
            casework = self._forms.records.of(reference)
            return await casework.look(reference, await self._forms.viewer(call))
        except (NotFound, NoPolicy):
            await self._forms.show_or_say(call, self._forms.records.not_yours(reference))
        except NotSaved:
            await self._forms.show_or_say(call, CANNOT_READ)
        return None

    async def on_copy(self, call: Call) -> None:
        """Plain text for the child's record."""
        if (looked := await self._looked(call, str(call.action.get("value")))) is not None:
            text = looked.speaking.for_the_record(looked.events)
            await self._forms.show(call, ticket_views.copy(text))

    async def on_move(self, call: Call) -> None:
        """A move: its form, or what it means, to be confirmed."""
        reference = str(call.action.get("value"))
        found = MOVE.fullmatch(str(call.action.get("action_id")))
        name = found[1] if found else ""
        if name not in set(Kind):
            await self._forms.show_or_say(call, messages.OLD_BUTTON)
            return
        if (looked := await self._looked(call, reference)) is None:
            return
        move = next((move for move in looked.moves if move.kind == name), None)
        if move is None:
            await self._forms.show(call, ticket_views.moved(looked.speaking, TOO_LATE))
            return
        fields = move.asks(looked.speaking)
        metadata = {"reference": reference, "kind": move.kind.value}
        await self._forms.show(call, ticket_views.move_form(looked, move, fields, metadata))

    async def on_move_sent(self, call: Call) -> None:
        """Recorded, and then acknowledged with how it stands."""
        view = call.body["view"]
        metadata, values = json.loads(view["private_metadata"]), typed(view)
        card = self._forms.alarm(call, values)
        kind, reference = Kind(metadata["kind"]), str(metadata["reference"])
        not_yours = self._forms.records.not_yours(reference)
        speaking = await self._forms.kept(call, self._moved(call, reference, kind, values), not_yours, reference)
        if speaking is not None:
            said = f"Recorded: {self._forms.records.of(reference).moves[kind].label}."
            await call.ack(response_action="update", view=ticket_views.moved(speaking, said))
        await self._forms.post_card(call, card)

    async def _moved(self, call: Call, reference: str, kind: Kind, values: Mapping[str, str | None]) -> AnyWords:
        claim = f"view:{call.body['view'].get('id')}"
        viewer = await self._forms.viewer(call)
        casework = self._forms.records.of(reference)
        moved: AnyWords = await casework.move(reference, kind, values, viewer, claim=claim)
        return moved

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
