"""What the forms of tickets share: who fills them in, the alarm over every field, how they are shown and refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from bot.access import Viewer, agencies_led
from bot.answering.reply import EmergencyCard
from bot.desk import whole_characters
from bot.ledger import Looked, NoPolicy, NotFound, NotNow, NotSaved
from bot.records import Records
from bot.tickets.feedback.state import FeedbackRequest
from bot.tickets.fields import InvalidForm
from handlers.slack import feedback_views, render, ticket_views
from handlers.slack.blocks import Block, View, cut
from handlers.slack.call import Call, post
from handlers.slack.fields import filled_in
from handlers.slack.people import People
from handlers.slack.questions import Questions
from handlers.slack.saving import NOT_SAVED, in_time

T = TypeVar("T")

CANNOT_READ = "The records cannot be read just now. Nothing is lost; try again in a minute."
TOO_LATE = "Somebody was quicker, or this is not open any more. This is how it stands now."
NO_FEEDBACK = "Feedback cannot be asked for here just now: its rules cannot be read. Ring the front door."
NO_POLICY = "Escalations cannot be raised here just now: the policy cannot be read. Ring your safeguarding lead."


class TicketForms:
    """Parses what Slack sends of a form, and shows what came of it."""

    def __init__(self, questions: Questions, people: People, records: Records) -> None:
        self.desk = questions.desk
        self.questions = questions
        self.records = records
        self.escalations = records.escalations
        self._people = people

    async def viewer(self, call: Call) -> Viewer:
        """Who calls, and what they are entitled to.

        Raises: NotSaved where the database does not say who it is.
        """
        person = await self.desk.person("slack", call.user)
        if person is None:
            raise NotSaved
        profile, manager, mash = await asyncio.gather(
            self._people.profile(call.user),
            self._people.is_manager(call.user),
            self._people.is_mash_officer(call.user),
        )
        partnership, email = self.desk.library.directory.partnership, profile.email if profile else None
        leads = agencies_led(partnership.agencies, slack=call.user, email=email)
        own = partnership.agency_for_email(email) if email else None
        return Viewer(person, leads, manager=manager, mash=mash, address_of=own.id if own else None)

    def alarm(self, call: Call, values: Mapping[str, str | None]) -> EmergencyCard | None:
        """The card, when what was typed in any field tells of danger."""
        return self.questions.alarm("\n".join(value for value in values.values() if value), call.user)

    async def post_card(self, call: Call, card: EmergencyCard | None) -> None:
        """In the messages with the writer too: a form is closed soon."""
        if card is not None and self.questions.first_time(f"form:{call.body.get('trigger_id')}"):
            await post(call.client, call.user, None, render.card(card))

    async def show(self, call: Call, view: View) -> None:
        """Open a form; on top of the one that stands, where the button stood in it."""
        trigger = call.body["trigger_id"]
        if (call.body.get("view") or {}).get("type") == "modal":
            await call.client.views_push(trigger_id=trigger, view=view)
        else:
            await call.client.views_open(trigger_id=trigger, view=view)

    async def kept(self, call: Call, saving: Awaitable[T], no_policy: str, reference: str = "") -> T | None:
        """What was saved; None where it was not: then the form stays open and says why, with all that was typed.

        `no_policy`: what is said where the rules cannot be read. `reference`: of the ticket that it is about.
        """
        try:
            found = await in_time(saving)
            if found is not None:
                return found
            await not_saved(call)
        except NotSaved:
            await not_saved(call)
        except InvalidForm as error:
            await refuse(call, error.problems)
        except NotNow as error:
            await call.ack(response_action="update", view=ticket_views.moved(error.speaking, TOO_LATE))
        except NoPolicy:
            await call.ack(response_action="update", view=ticket_views.says("Not recorded", no_policy))
        except NotFound:
            said = self.records.not_yours(reference)
            await call.ack(response_action="update", view=ticket_views.says("Not recorded", said))
        return None

    async def for_feedback(self, call: Call, looked: Looked[Any]) -> tuple[list[Block], str]:
        """What a feedback request shows to some: the way on to an escalation, and the referrer's work contact."""
        feedback, state = self.records.feedback, looked.state
        if not isinstance(state, FeedbackRequest):
            return [], ""
        viewer = await self.viewer(call)
        further = [feedback_views.on_to_escalation(state.reference)] if feedback.may_escalate(looked, viewer) else []
        address = await feedback.address_of(state) if viewer.mash or viewer.manager else None
        if address is None:
            return further, ""
        profile = await self._people.profile(address)
        return further, feedback_views.work_contact(address, profile.email if profile else None)

    async def show_or_say(self, call: Call, text: str) -> None:
        """Say something, in the form that stands or privately."""
        if (call.body.get("view") or {}).get("type") == "modal":
            await self.show(call, ticket_views.says("Not now", text))
        else:
            await call.privately(render.note(text))


async def not_saved(call: Call) -> None:
    """Leave the form open, to be sent again."""
    view = call.body["view"]
    first = next(iter(view["state"]["values"]), None)
    if first is not None:
        await refuse(call, {first: NOT_SAVED})
    else:
        await call.ack(response_action="update", view=ticket_views.again(view, NOT_SAVED))


async def refuse(call: Call, problems: Mapping[str, str]) -> None:
    """Leave the form open, with what is to be done beside each field."""
    await call.ack(response_action="errors", errors={name: cut(text, 1500) for name, text in problems.items()})


def typed(view: Mapping[str, Any]) -> dict[str, str | None]:
    """What was filled in, as texts that can be kept."""
    return {name: whole_characters(value) if value else None for name, value in filled_in(view).items()}
