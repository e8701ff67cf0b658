"""What the forms of tickets share: who fills them in, the alarm over every field, how they are shown and refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.access import Viewer, agencies_led
from bot.answering.reply import EmergencyCard
from bot.desk import whole_characters
from bot.escalations import Escalations
from bot.ledger import NotSaved
from handlers.slack import render, ticket_views
from handlers.slack.blocks import cut
from handlers.slack.call import Call, post
from handlers.slack.fields import filled_in
from handlers.slack.people import People
from handlers.slack.questions import Questions

NO_POLICY = "Escalations cannot be raised here just now: the policy cannot be read. Ring your safeguarding lead."


class TicketForms:
    """Parses what Slack sends of a form, and shows what came of it."""

    def __init__(self, questions: Questions, people: People, escalations: Escalations) -> None:
        self.desk = questions.desk
        self.questions = questions
        self.escalations = escalations
        self._people = people

    async def viewer(self, call: Call) -> Viewer:
        """Who calls, and what they are entitled to.

        Raises: NotSaved where the database does not say who it is.
        """
        person = await self.desk.person("slack", call.user)
        if person is None:
            raise NotSaved
        profile, manager = await asyncio.gather(self._people.profile(call.user), self._people.is_manager(call.user))
        agencies = self.desk.library.directory.partnership.agencies
        leads = agencies_led(agencies, slack=call.user, email=profile.email if profile else None)
        return Viewer(person, leads, manager=manager)

    def alarm(self, call: Call, values: Mapping[str, str | None]) -> EmergencyCard | None:
        """The card, when what was typed in any field tells of danger."""
        return self.questions.alarm("\n".join(value for value in values.values() if value), call.user)

    async def post_card(self, call: Call, card: EmergencyCard | None) -> None:
        """In the messages with the writer too: a form is closed soon."""
        if card is not None and self.questions.first_time(f"form:{call.body.get('trigger_id')}"):
            await post(call.client, call.user, None, render.card(card))

    async def show(self, call: Call, view: ticket_views.View) -> None:
        """Open a form; on top of the one that stands, where the button stood in it."""
        trigger = call.body["trigger_id"]
        if (call.body.get("view") or {}).get("type") == "modal":
            await call.client.views_push(trigger_id=trigger, view=view)
        else:
            await call.client.views_open(trigger_id=trigger, view=view)

    async def show_or_say(self, call: Call, text: str) -> None:
        """Say something, in the form that stands or privately."""
        if (call.body.get("view") or {}).get("type") == "modal":
            await self.show(call, ticket_views.says("Escalation", text))
        else:
            await call.privately(render.note(text))


async def refuse(call: Call, problems: Mapping[str, str]) -> None:
    """Leave the form open, with what is to be done beside each field."""
    await call.ack(response_action="errors", errors={name: cut(text, 1500) for name, text in problems.items()})


def typed(view: Mapping[str, Any]) -> dict[str, str | None]:
    """What was filled in, as texts that can be kept."""
    return {name: whole_characters(value) if value else None for name, value in filled_in(view).items()}
