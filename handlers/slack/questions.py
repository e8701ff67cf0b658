"""Questions from Slack: mentions, direct messages and the command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.access import AgencySource, Person
from bot.answering import messages
from bot.answering.reply import EmergencyCard, Reply, Status
from bot.config import SlackSettings
from bot.desk import Answered, Desk, Known
from bot.knowledge.partnership import Agency
from handlers.slack import render
from handlers.slack.call import Call, post
from handlers.slack.incoming import Message, Seen, message, own_team
from handlers.slack.render import Outgoing
from handlers.slack.turns import Turns

LATE = timedelta(minutes=2)
COMMAND = "/safeguarding"


async def _nothing(call: Call, text: str) -> Outgoing | None:
    """There is no further sub-command."""
    return None


class Questions:
    """Answers what is asked, each request once."""

    def __init__(self, desk: Desk, settings: SlackSettings | None = None) -> None:
        self.desk = desk
        self._private = settings.private_channels if settings else frozenset()
        self._silent = settings.silent_channels if settings else frozenset()
        self._team_agencies = settings.team_agencies if settings else {}
        self._seen = Seen()
        self._turns = Turns()
        self._agencies: dict[str, Agency] = {}
        """Of askers met since the start, so that the emergency card needs no database."""
        self._asked: set[str] = set()
        """Whom we asked for their agency since the start."""
        self._newcomers: dict[str, Person] = {}
        """Askers whose agency is not known."""
        self.met: Callable[[Call, Person], None] = lambda call, person: None
        """Told of each of them."""
        self.for_managers: Callable[[Call, str], Awaitable[Outgoing | None]] = _nothing
        """Answers a manager's sub-command; None where it is none, or where whoever types it is no manager."""

    def first_time(self, key: str) -> bool:
        """Whether a request is new, and not one that Slack delivers again."""
        return self._seen.first_time(key)

    def agency_of(self, user: str) -> Agency | None:
        """The asker's agency, as far as it is known without the database."""
        return self._agencies.get(user)

    def remember_agency(self, user: str, agency: Agency) -> None:
        """From now on this is the asker's agency."""
        self._agencies[user] = agency

    def alarm(self, text: str, user: str) -> EmergencyCard | None:
        """The emergency card, when it is due."""
        return self.desk.alarm(text, self.agency_of(user))

    async def on_message(self, call: Call) -> None:
        """A mention in a channel, or a direct message."""
        asked = message(call.body["event"], call.context.bot_user_id)
        key = f"event:{call.body.get('event_id')}"
        if asked is None or not self.first_time(key):
            return
        card = self.alarm(asked.text, asked.user)
        quiet = not asked.direct and asked.channel in self._private | self._silent
        if card is not None:
            await self._tell(call, asked, render.card(card), privately=quiet)
        if asked.channel in self._silent:
            return
        known = await self.desk.known("slack", asked.user, asked.thread, key)
        if known.done:
            return
        answered = await self._answer(call, asked.text, asked.user, asked.thread, known, emergency=card is not None)
        await self._send(call, asked, answered, quiet=quiet)
        await self.desk.record(answered, key)

    async def answer(
        self, call: Call, text: str, user: str, thread: str, *, emergency: bool, keep_text: bool = True
    ) -> Answered:
        """The answer to a question, not yet recorded."""
        known = await self.desk.known("slack", user, thread)
        return await self._answer(call, text, user, thread, known, emergency=emergency, keep_text=keep_text)

    async def _answer(
        self, call: Call, text: str, user: str, thread: str, known: Known, *, emergency: bool, keep_text: bool = True
    ) -> Answered:
        person = known.person
        agency, source = self._agency(person), person.agency_source if person else AgencySource.UNKNOWN
        if agency is None:
            agency, source = self._agency_of_workspace(call), AgencySource.DOMAIN
        if agency is not None:
            self._agencies[user] = agency
            self._newcomers.pop(user, None)
        elif person is not None:
            self._newcomers[user] = person
            self.met(call, person)
        return await self._turns.do(
            lambda: self.desk.answer(
                text,
                channel="slack",
                asker=f"slack:{user}",
                person=person,
                agency=agency,
                agency_source=source,
                previous=known.previous,
                thread=thread,
                emergency=emergency,
                keep_text=keep_text,
            )
        )

    def _with_agency_question(self, outgoing: Outgoing, user: str) -> tuple[Outgoing, Person | None]:
        """The answer with the question for the asker's agency, and whom it asks; nobody is asked twice."""
        newcomer = self._newcomers.pop(user, None)
        agencies = self.desk.library.directory.partnership.agencies
        if newcomer is None or newcomer.agency_asked or user in self._asked or not agencies:
            return outgoing, None
        asking = outgoing.with_more(render.agency_question(agencies))
        if asking is outgoing:  # no room for it: another time
            return outgoing, None
        self._asked.add(user)
        return asking, newcomer

    async def _asked_for_agency(self, person: Person | None) -> None:
        if person is not None:
            await self.desk.agency_was_asked(person)

    def _agency_of_workspace(self, call: Call) -> Agency | None:
        """Of somebody who has not said: their workspace's, where it is one agency's."""
        name = self._team_agencies.get(own_team(call.body) or "", "")
        return self.desk.library.directory.partnership.agency_by_id.get(name)

    def _agency(self, person: Person | None) -> Agency | None:
        if person is None or person.agency is None:
            return None
        return self.desk.library.directory.partnership.agency_by_id.get(person.agency)

    async def _send(self, call: Call, asked: Message, answered: Answered, *, quiet: bool) -> None:
        reply, late = answered.reply, None
        if self.desk.clock() - asked.asked_at > LATE:
            zone = ZoneInfo(self.desk.library.directory.partnership.time_zone)
            late = messages.late(f"{asked.asked_at.astimezone(zone):%H:%M}")
        question_id = answered.question.id
        if asked.direct:
            outgoing = render.reply(in_a_direct_message(reply), question_id=question_id, private=True, late=late)
            outgoing, newcomer = self._with_agency_question(outgoing, asked.user)
            await post(call.client, asked.channel, asked.answer_in, outgoing)
            await self._asked_for_agency(newcomer)
        elif reply.status in (Status.IDENTIFIERS, Status.TOO_LONG, Status.BUSY, Status.EMPTY):
            # What only the writer should read: in the channel it would point at the message.
            outgoing = render.reply(_asking_to_delete(reply), private=True, hand_back=True, late=late)
            await self._tell(call, asked, outgoing, privately=True)
        else:
            outgoing = render.reply(reply, question_id=question_id, private=quiet, late=late)
            await self._tell(call, asked, outgoing, privately=quiet)

    async def _tell(self, call: Call, asked: Message, outgoing: Outgoing, *, privately: bool) -> None:
        """In the thread of a question, for all or for the asker alone."""
        if not privately:
            await post(call.client, asked.channel, asked.answer_in, outgoing)
            return
        await call.client.chat_postEphemeral(
            channel=asked.channel,
            user=asked.user,
            thread_ts=asked.thread_ts,
            text=outgoing.text,
            blocks=outgoing.blocks,
        )

    async def on_command(self, call: Call) -> None:
        """`/safeguarding text`, seen by the asker alone; `help`, `topics` and `contacts` when that is all it says."""
        if not self.first_time(f"command:{call.body.get('trigger_id')}"):
            return
        text = call.typed
        outgoing = self._sub_command(text.lower()) or await self.for_managers(call, text.lower())
        if outgoing is not None:
            await call.privately(outgoing)
            return
        card = self.alarm(text, call.user)
        if card is not None:
            await call.privately(render.card(card))
        await self.answer_privately(call, text, emergency=card is not None)

    async def answer_privately(self, call: Call, text: str, *, emergency: bool) -> None:
        """Answer so that only the asker sees it, and record the question."""
        thread = f"slack:{self._place(call)}:{call.user}"
        answered = await self.answer(call, text, call.user, thread, emergency=emergency)
        outgoing = render.reply(answered.reply, question_id=answered.question.id, private=True, hand_back=True)
        outgoing, newcomer = self._with_agency_question(outgoing, call.user)
        await call.privately(outgoing)
        await self._asked_for_agency(newcomer)
        await self.desk.record(answered)

    def _place(self, call: Call) -> str:
        return str(call.body.get("channel_id") or call.channel or "nowhere")

    def _sub_command(self, text: str) -> Outgoing | None:
        library = self.desk.library
        match text:
            case "contacts":
                return render.contacts(library.directory.to_ring(self.desk.clock()))
            case "topics" if library.knowledge is not None:
                return render.topics(library.knowledge)
            case "help" if library.guidance is not None:
                entry = library.guidance.small_talk.get("bot.what-can-you-do")
                usage = f"`{COMMAND} your question` · `{COMMAND} topics` · `{COMMAND} contacts`"
                shown = render.reply(Reply(Status.SMALL_TALK, entry=entry), private=True)
                return Outgoing(
                    shown.text,
                    [
                        *shown.blocks,
                        *render.topics(library.guidance.knowledge).blocks,
                        {"type": "section", "text": {"type": "mrkdwn", "text": usage}},
                    ],
                )
        return None


def _asking_to_delete(reply: Reply) -> Reply:
    if reply.status is not Status.IDENTIFIERS:
        return reply
    ask = " Others can read your message here: please delete it."
    return Reply(**{**vars(reply), "message": reply.message + ask})


def in_a_direct_message(reply: Reply) -> Reply:
    """A direct message stays where it is: it never repeats what identifies somebody."""
    if reply.status is not Status.IDENTIFIERS:
        return reply
    return Reply(**{**vars(reply), "message": reply.message + " Please delete your message too.", "give_back": None})
