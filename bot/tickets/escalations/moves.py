"""What may be done with an escalation, by which side, while it stands how; and what is asked then."""

from __future__ import annotations

from collections.abc import Mapping

from bot.knowledge.policy import Option
from bot.tickets.escalations.standing import Standing
from bot.tickets.escalations.state import OPEN, Escalation, Stand
from bot.tickets.fields import Field, FieldKind
from bot.tickets.moves import HOW_TOLD, YES_NO, Move, option, why
from bot.tickets.ticket import BOTH, Kind, Side

ALL = BOTH | {Side.PARTNERSHIP}
ENDED = frozenset({Stand.CLOSED, Stand.WITHDRAWN})
AT_WORK = frozenset({Stand.TOLD, Stand.ACKNOWLEDGED})


HAPPENED = (
    option("yes", "Yes"),
    option("partly", "In part"),
    option("no", "No"),
    option("not-known", "Not known"),
)


def _agency_options(standing: Standing) -> tuple[Option, ...]:
    return tuple(option(agency.id, agency.name[:75]) for agency in standing.partnership.agencies)


def _told(standing: Standing) -> tuple[Field, ...]:
    return (
        Field("how", "How were they told?", FieldKind.CHOICE, options=HOW_TOLD),
        Field("whom", "Whom did you tell? Their role, not their name", longest=120),
        Field("on", "When?", FieldKind.MOMENT, hint="Empty: just now.", optional=True),
    )


def _acknowledge(standing: Standing) -> tuple[Field, ...]:
    return (
        Field("talker", "Who will talk? Their role, not their name", optional=True, longest=120),
        Field("person", "Or choose them, so that they can see this", FieldKind.PERSON, optional=True),
    )


def _added(standing: Standing) -> tuple[Field, ...]:
    return (
        Field("note", "What is new?", optional=True, hint="No names: the situation only."),
        Field("level", "Level of need in dispute", optional=True, longest=120),
        Field("own_reference", "Your own case reference", FieldKind.REFERENCE, optional=True),
        Field("since", "Since when do you disagree?", FieldKind.DATE, optional=True),
        Field("talks", "Talks held so far", optional=True),
    )


def _others(standing: Standing) -> tuple[Option, ...]:
    """The agencies whose it may be: not the one that says it is not, nor, unless the policy has it, one's own."""
    state = standing.state
    own = () if standing.policy.inside_one_agency else (state.raising,)
    return tuple(option for option in _agency_options(standing) if option.id not in (state.receiving, *own))


def _wrong_agency(standing: Standing) -> tuple[Field, ...]:
    options = _others(standing)
    return (
        Field("better", "Whose is it, if you know?", FieldKind.CHOICE, options=options, optional=True),
        Field("why", "Why is it not yours?"),
    )


def _redirect(standing: Standing) -> tuple[Field, ...]:
    options = _others(standing)
    return (Field("receiving", "The other agency", FieldKind.CHOICE, options=options),)


def _hand_on(standing: Standing) -> tuple[Field, ...]:
    ids = [stage.id for stage in standing.policy.stages]
    later = standing.policy.stages[ids.index(standing.state.stage) + 1 :]
    options = tuple(option(stage.id, stage.title[:75]) for stage in later)
    first = options[0].id if options else None
    return (
        Field("stage", "To which stage?", FieldKind.CHOICE, options=options, initial=first),
        Field("why", "Why could it not be settled, or why skip a stage?"),
    )


def outcome_fields(standing: Standing) -> tuple[Field, ...]:
    """What closing asks, from closed lists, and what was agreed."""
    return (
        Field("outcome", "What came of it?", FieldKind.CHOICE, options=standing.policy.outcomes),
        Field("change", "What changed for the child?", FieldKind.CHOICE, options=standing.policy.changes),
        Field("child_safe", "Was the child safe meanwhile?", FieldKind.CHOICE, options=YES_NO),
        Field("voice", "Was the child's own view part of it?", FieldKind.CHOICE, options=YES_NO),
        Field("agreed", "What was agreed, or what are the reasons?", hint="Who does what, by when. No names."),
        Field("learning", "What should others learn from it?", optional=True),
    )


_MOVES: tuple[Move[Standing], ...] = (
    Move(
        Kind.TOLD,
        "They have been told",
        frozenset({Side.RAISING, Side.PARTNERSHIP}),
        frozenset({Stand.NOT_TOLD}),
        _told,
        "The clock of this stage starts when the other agency was told.",
    ),
    Move(
        Kind.ACKNOWLEDGED,
        "We have it",
        frozenset({Side.RECEIVING}),
        frozenset({Stand.NOT_TOLD, Stand.TOLD}),
        _acknowledge,
    ),
    Move(
        Kind.TALKER_NAMED,
        "Say who will talk",
        BOTH,
        OPEN,
        lambda standing: (Field("person", "Who will talk for your agency?", FieldKind.PERSON),),
    ),
    Move(Kind.VIEW_GIVEN, "Give our view", BOTH, OPEN, lambda standing: (Field("view", "Your agency's view"),)),
    Move(Kind.ADDED, "Add something", ALL, OPEN, _added),
    Move(
        Kind.MADE_URGENT,
        "Make it urgent",
        ALL,
        OPEN,
        why("Why can it not wait?"),
        "In danger ring 999 first. An urgent escalation passes its first stages on one working day.",
    ),
    Move(
        Kind.PROPOSED,
        "Propose an outcome",
        BOTH,
        AT_WORK | {Stand.NOT_TOLD},
        lambda standing: outcome_fields(standing),
        "The other agency is asked whether it agrees. It closes when they do.",
    ),
    Move(
        Kind.AGREED,
        "We agree: close it",
        BOTH,
        frozenset({Stand.PROPOSED}),
        explains="This closes the escalation with the outcome that was proposed.",
    ),
    Move(Kind.DECLINED, "We do not agree", BOTH, frozenset({Stand.PROPOSED}), why("Why not?")),
    Move(Kind.HANDED_ON, "To the next stage", ALL, AT_WORK | {Stand.NOT_TOLD, Stand.PROPOSED}, _hand_on),
    Move(
        Kind.DECIDED,
        "Record the partnership's decision",
        frozenset({Side.PARTNERSHIP}),
        OPEN - {Stand.MISDIRECTED},
        lambda standing: outcome_fields(standing),
        "This closes the escalation, and both agencies are told.",
    ),
    Move(
        Kind.WRONG_AGENCY,
        "Wrong agency",
        frozenset({Side.RECEIVING}),
        AT_WORK | {Stand.NOT_TOLD},
        _wrong_agency,
    ),
    Move(
        Kind.REDIRECTED,
        "Name the right agency",
        frozenset({Side.RAISING, Side.PARTNERSHIP}),
        frozenset({Stand.MISDIRECTED, Stand.NOT_TOLD}),
        _redirect,
    ),
    Move(Kind.CHASED, "Remind them", frozenset({Side.RAISING, Side.PARTNERSHIP}), OPEN),
    Move(
        Kind.SNOOZED,
        "Remind us tomorrow",
        ALL,
        OPEN,
        explains=(
            "Reminders rest until the next working morning. The date stays as it is, and after it the deputies "
            "and the partnership are told all the same."
        ),
    ),
    Move(Kind.WITHDRAWN, "Withdraw", frozenset({Side.RAISING}), OPEN, why("Why?")),
    Move(Kind.REOPENED, "Open again", ALL, ENDED, why("What has changed, or was not done?")),
    Move(
        Kind.FILED,
        "Filed in our own system",
        BOTH,
        ENDED,
        explains="That the child's record in your own agency holds it. Use “Copy for the child's record”.",
    ),
    Move(
        Kind.FOLLOWED_UP,
        "Say whether it happened",
        frozenset({Side.RAISING, Side.PARTNERSHIP}),
        frozenset({Stand.CLOSED}),
        lambda standing: (
            Field("happened", "Did what was agreed happen?", FieldKind.CHOICE, options=HAPPENED),
            Field("note", "Anything to add?", optional=True),
        ),
    ),
)
MOVES: Mapping[Kind, Move[Standing]] = {move.kind: move for move in _MOVES}
"""Every move that a person can make, in the order in which they are offered."""


def is_open(move: Move[Standing], state: Escalation, side: Side, *, may_decide: bool) -> bool:
    """Whether a side can make a move now. `may_decide`: whether a manager belongs to neither agency."""
    if side not in move.sides or state.stand not in move.stands:
        return False
    match move.kind:
        case Kind.AGREED | Kind.DECLINED:
            return state.proposed_by is not None and state.proposed_by.other is side
        case Kind.DECIDED:
            return state.last and may_decide
        case Kind.HANDED_ON:
            return not state.last
        case Kind.ACKNOWLEDGED | Kind.WRONG_AGENCY:
            # At the last stage it is the partnership that has to be told.
            return state.stand is not Stand.NOT_TOLD or not state.last
        case Kind.MADE_URGENT:
            return not state.urgent
        case Kind.FILED:
            return side not in state.filed
        case Kind.FOLLOWED_UP:
            return not state.followed_up
        case Kind.SNOOZED:
            return state.move is side
        case Kind.CHASED:
            return state.stand is not Stand.NOT_TOLD and state.move is not side
    return True
