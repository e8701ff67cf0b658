"""Escalations in Slack: raised, opened, moved and recorded in forms; each is saved before it is acknowledged."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bot.access import Viewer, agencies_led
from bot.answering import messages
from bot.answering.reply import EmergencyCard
from bot.desk import whole_characters
from bot.escalations import Escalations, Recorded
from bot.knowledge.model import KnowledgeBase
from bot.ledger import NoPolicy, NotFound, NotNow, NotSaved
from bot.storage.tickets import Line
from bot.tickets.escalation import Kind
from bot.tickets.fields import Filled, InvalidForm
from bot.tickets.moves import MOVES
from bot.tickets.notices import Speaking
from bot.tickets.quick import QuickForm, QuickKind, is_not_settled
from bot.tickets.raising import CONTACTS, Door, RaiseForm, needs_card
from handlers.slack import render, ticket_views
from handlers.slack.blocks import Block, actions, button, cut, header, section
from handlers.slack.call import Call, post
from handlers.slack.fields import filled_in
from handlers.slack.people import People
from handlers.slack.questions import Questions
from handlers.slack.saving import NOT_SAVED, in_time

log = logging.getLogger(__name__)

ESCALATE = "/escalate"
REFERENCE = re.compile(r"ESC-\d{4}-\d{4,}", re.IGNORECASE)
NOT_YOURS = "There is no escalation of that reference that you may open. The two agencies and managers may."
NO_POLICY = "Escalations cannot be raised here just now: the policy cannot be read. Ring your safeguarding lead."
CANNOT_READ = "The records cannot be read just now. Nothing is lost; try again in a minute."
USAGE = (
    f"`{ESCALATE}` raises an escalation. `{ESCALATE} ESC-2026-0001` opens one. `{ESCALATE} list` shows yours. "
    "It is not a referral: in danger ring 999."
)
LINK_SECONDS = 1.0


class Tickets:
    """Parses what Slack sends, calls `Escalations` once, and shows what came of it."""

    def __init__(self, questions: Questions, people: People, escalations: Escalations) -> None:
        self.desk = questions.desk
        self._questions = questions
        self._people = people
        self._escalations = escalations

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

    # Raising

    async def on_command(self, call: Call) -> None:
        """`/escalate`, alone or with a reference; anything else says how it is used."""
        text = call.typed
        card = self._questions.alarm(text, call.user)
        if card is not None:
            await call.privately(render.card(card))
        if not text:
            await self.on_begin(call)
        elif REFERENCE.fullmatch(text):
            await self._open(call, text.upper())
        elif text.lower() == "list":
            await self._list(call)
        else:
            await call.privately(render.Outgoing(USAGE, [section(USAGE)]))

    async def on_begin(self, call: Call) -> None:
        """The right door first."""
        await self._show(call, ticket_views.door({}))

    async def on_message(self, call: Call) -> None:
        """The message shortcut: of the message its address is kept, and nothing else."""
        link = await self._address_of(call)
        await self._show(call, ticket_views.door({"link": link} if link else {}))

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
        viewer = await self.viewer(call)
        if not viewer.manager:
            await call.privately(render.note("Only the partnership's managers record for somebody else."))
            return
        await self._show_form(call, self._escalations.form(viewer, for_somebody=True), {"for_somebody": True})

    async def _show_form(self, call: Call, form: RaiseForm, metadata: Mapping[str, Any]) -> None:
        await self._show(call, ticket_views.raise_form(form, metadata))

    async def on_door_sent(self, call: Call) -> None:
        """On to the form, or another way."""
        view = call.body["view"]
        chosen = Door(filled_in(view)["door"] or "")
        try:
            form = self._escalations.form(await self.viewer(call))
        except NoPolicy:
            await call.ack(response_action="update", view=ticket_views.says("Escalation", NO_POLICY))
            return
        except NotSaved:
            await call.ack(response_action="errors", errors={"door": NOT_SAVED})
            return
        if chosen is Door.DECISION or (chosen is Door.INSIDE and form.policy.inside_one_agency):
            shown = ticket_views.raise_form(form, json.loads(view["private_metadata"]))
        else:
            directory = self.desk.library.directory
            contacts = directory.in_order(CONTACTS.get(chosen, ()), self.desk.clock())
            shown = ticket_views.another_way(chosen, contacts)
        await call.ack(response_action="update", view=shown)

    async def on_raised(self, call: Call) -> None:
        """Recorded, and then acknowledged with the reference. Where the child is not safe, the card comes first."""
        view = call.body["view"]
        metadata, values = json.loads(view["private_metadata"]), _typed(view)
        card = self._alarm(call, values)
        try:
            if needs_card(values):
                await self._ask_what_was_done(call, metadata, values)
                return
            found = await in_time(self._raised(call, metadata, values))
        except InvalidForm as error:
            await _refuse(call, error.problems)
        except NoPolicy:
            await call.ack(response_action="update", view=ticket_views.says("Escalation", NO_POLICY))
        except NotSaved:
            await _refuse(call, {"receiving": NOT_SAVED})
        else:
            if found is None:
                await _refuse(call, {"receiving": NOT_SAVED})
            else:
                await call.ack(response_action="update", view=ticket_views.recorded(found, card))
        await self._post_card(call, card)

    async def _raised(self, call: Call, metadata: Mapping[str, Any], values: Mapping[str, str | None]) -> Recorded:
        """Who raises it is looked up in the same time: Slack waits for both together."""
        viewer = await self.viewer(call)
        form = self._form_again(viewer, metadata)
        claim = f"view:{call.body['view'].get('id')}"
        return await self._escalations.raise_(form, values, viewer, claim=claim, link=metadata.get("link"))

    def _form_again(self, viewer: Viewer, metadata: Mapping[str, Any]) -> RaiseForm:
        form = self._escalations.form(
            viewer, for_somebody=bool(metadata.get("for_somebody")) and viewer.manager, stage=metadata.get("stage")
        )
        return RaiseForm(**{**vars(form), "not_safe": bool(metadata.get("not_safe"))})

    async def _ask_what_was_done(
        self, call: Call, metadata: Mapping[str, Any], values: Mapping[str, str | None]
    ) -> None:
        asking = self._form_again(await self.viewer(call), {**metadata, "not_safe": True})
        agency = self._questions.agency_of(call.user)
        card = self.desk.library.directory.card(self.desk.clock(), agency.kind if agency else None)
        again = ticket_views.raise_form(asking, {**metadata, "not_safe": True}, values, card)
        if metadata.get("not_safe"):  # it was asked before, and left empty
            await _refuse(call, {"done": "Say what has been done. In danger ring 999 first."})
        else:
            await call.ack(response_action="update", view=again)

    # One escalation

    async def on_open(self, call: Call) -> None:
        """The button under a notice, in the channel, or on Home."""
        await self._open(call, str(call.action.get("value")))

    async def _open(self, call: Call, reference: str) -> None:
        try:
            looked = await self._escalations.look(reference, await self.viewer(call))
        except (NotFound, NoPolicy):
            await self._show_or_say(call, NOT_YOURS)
        except NotSaved:
            await self._show_or_say(call, CANNOT_READ)
        else:
            await self._show(call, ticket_views.ticket(looked))

    async def on_copy(self, call: Call) -> None:
        """Plain text for the child's record."""
        try:
            looked = await self._escalations.look(str(call.action.get("value")), await self.viewer(call))
        except (NotFound, NoPolicy, NotSaved):
            await self._show_or_say(call, NOT_YOURS)
            return
        text = looked.speaking.for_the_record(looked.events)
        await self._show(call, ticket_views.copy(text))

    async def on_move(self, call: Call) -> None:
        """A move: its form, or what it means, to be confirmed."""
        reference = str(call.action.get("value"))
        name = str(call.action.get("action_id")).removeprefix("move_")
        try:
            move = MOVES[Kind(name)]
            looked = await self._escalations.look(reference, await self.viewer(call))
        except ValueError:
            await self._show_or_say(call, messages.OLD_BUTTON)
        except (NotFound, NoPolicy, NotSaved):
            await self._show_or_say(call, NOT_YOURS)
        else:
            if move not in looked.moves:
                await self._show(call, ticket_views.moved(looked.speaking, TOO_LATE))
                return
            fields = self._escalations.fields(looked, move.kind)
            metadata = {"reference": reference, "kind": move.kind.value}
            await self._show(call, ticket_views.move_form(looked, move, fields, metadata))

    async def on_move_sent(self, call: Call) -> None:
        """Recorded, and then acknowledged with how it stands."""
        view = call.body["view"]
        metadata, values = json.loads(view["private_metadata"]), _typed(view)
        card = self._alarm(call, values)
        kind = Kind(metadata["kind"])
        try:
            speaking = await in_time(self._moved(call, metadata["reference"], kind, values))
        except InvalidForm as error:
            await _refuse(call, error.problems)
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
        await self._post_card(call, card)

    async def _moved(self, call: Call, reference: str, kind: Kind, values: Mapping[str, str | None]) -> Speaking:
        claim = f"view:{call.body['view'].get('id')}"
        return await self._escalations.move(reference, kind, values, await self.viewer(call), claim=claim)

    async def _not_saved(self, call: Call, view: Mapping[str, Any]) -> None:
        first = next((block["block_id"] for block in view["blocks"] if block["type"] == "input"), None)
        if first is not None:
            await _refuse(call, {first: NOT_SAVED})
        else:
            await call.ack(response_action="update", view=ticket_views.again(view, NOT_SAVED))

    # Lists

    async def _list(self, call: Call) -> None:
        blocks = await self.home_blocks(call)
        await call.privately(render.Outgoing("Your escalations", blocks))

    async def home_blocks(self, call: Call) -> list[Block]:
        """My requests, my agency's, and for managers all that are open. Where they cannot be read, it says so."""
        knowledge = self.desk.library.knowledge
        if knowledge is None or knowledge.escalation is None:
            return []
        begin = actions([button("Raise an escalation", "raise_escalation", "home")])
        blocks = [header("Escalations"), *begin, *ticket_views.quick_buttons()]
        try:
            viewer = await self.viewer(call)
            mine = await self._escalations.mine(viewer)
            agencys = await self._escalations.of_my_agencies(viewer)
            every = await self._escalations.every(viewer)
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

    # Short records

    async def on_quick(self, call: Call) -> None:
        """The form of a short record."""
        form = self._quick_form(str(call.action.get("value")))
        if form is None:
            await self._show_or_say(call, NO_POLICY)
            return
        await self._show(call, ticket_views.quick(form, self._today()))

    async def on_quick_sent(self, call: Call) -> None:
        """Recorded; a talk that settled nothing goes on to an escalation, at the stage that was reached."""
        view = call.body["view"]
        values = _typed(view)
        card = self._alarm(call, values)
        form = self._quick_form(json.loads(view["private_metadata"])["kind"])
        try:
            if form is None:
                raise NoPolicy
            filled = form.read(values, self._escalations.guard, self.desk.clock())
            shown = await in_time(self._quick_recorded(call, form, filled))
            if shown is None:
                raise NotSaved
        except InvalidForm as error:
            await _refuse(call, error.problems)
        except NoPolicy:
            await call.ack(response_action="update", view=ticket_views.says("Not recorded", NO_POLICY))
        except NotSaved:
            await _refuse(call, {"other": NOT_SAVED})
        else:
            await call.ack(response_action="update", view=shown)
        await self._post_card(call, card)

    async def _quick_recorded(self, call: Call, form: QuickForm, filled: Filled) -> ticket_views.View:
        viewer, claim = await self.viewer(call), f"view:{call.body['view'].get('id')}"
        reference = await self._escalations.quick(form.kind, filled, viewer, channel="slack", claim=claim)
        if not is_not_settled(form.kind, filled):
            return ticket_views.quick_recorded(reference)
        stage = form.policy.stages[0].id
        further = self._escalations.form(viewer, stage=stage)
        begun = {
            "receiving": filled.data["other"],
            "disagree": filled.typed["text"],
            "talks": f"A talk on {filled.data['day']} ({reference})",
            "stage": stage,
        }
        return ticket_views.raise_form(further, {"stage": stage}, begun)

    def _quick_form(self, name: str) -> QuickForm | None:
        knowledge = self.desk.library.knowledge
        if knowledge is None or knowledge.escalation is None or name not in set(QuickKind):
            return None
        return QuickForm(QuickKind(name), knowledge.escalation, knowledge.partnership.agencies)

    def _today(self) -> str:
        zone = ZoneInfo(self.desk.library.directory.partnership.time_zone)
        return self.desk.clock().astimezone(zone).date().isoformat()

    # Inside

    def _alarm(self, call: Call, values: Mapping[str, str | None]) -> EmergencyCard | None:
        """The card, when what was typed in any field tells of danger."""
        return self._questions.alarm("\n".join(value for value in values.values() if value), call.user)

    async def _post_card(self, call: Call, card: EmergencyCard | None) -> None:
        """In the messages with the writer too: a form is closed soon."""
        if card is not None and self._questions.first_time(f"form:{call.body.get('trigger_id')}"):
            await post(call.client, call.user, None, render.card(card))

    async def _show(self, call: Call, view: ticket_views.View) -> None:
        """Open a form; on top of the one that stands, where the button stood in it."""
        trigger = call.body["trigger_id"]
        if (call.body.get("view") or {}).get("type") == "modal":
            await call.client.views_push(trigger_id=trigger, view=view)
        else:
            await call.client.views_open(trigger_id=trigger, view=view)

    async def _show_or_say(self, call: Call, text: str) -> None:
        if (call.body.get("view") or {}).get("type") == "modal":
            await self._show(call, ticket_views.says("Escalation", text))
        else:
            await call.privately(render.note(text))


TOO_LATE = "Somebody was quicker, or this is not open any more. This is how it stands now."


async def _refuse(call: Call, problems: Mapping[str, str]) -> None:
    await call.ack(response_action="errors", errors={name: cut(text, 1500) for name, text in problems.items()})


def _typed(view: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: whole_characters(value) if value else None for name, value in filled_in(view).items()}
