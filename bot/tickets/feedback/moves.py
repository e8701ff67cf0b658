"""What may be done with a feedback request, by which side, while it stands how; and what is asked then."""

from __future__ import annotations

from collections.abc import Mapping

from bot.knowledge.feedback import Carried, MashFeedback
from bot.tickets.feedback.asking import further_fields, referral_fields
from bot.tickets.feedback.standing import FeedbackStanding
from bot.tickets.feedback.state import OPEN, UNANSWERED, WITH_MASH, FeedbackRequest, Stand
from bot.tickets.fields import Field, FieldKind
from bot.tickets.moves import HOW_TOLD, Move, option, why
from bot.tickets.ticket import Kind, Side

REFERRER, MASH = frozenset({Side.RAISING}), frozenset({Side.RECEIVING})
ENDED = frozenset({Stand.CLOSED, Stand.WITHDRAWN})
NOT_ENOUGH = (
    option("no-decision", "It does not say what was decided"),
    option("no-reasons", "It gives no reasons"),
    option("no-next-steps", "It does not say what happens next"),
    option("not-told", "I was not told"),
    option("other", "Something else"),
)


def told_fields(rules: MashFeedback) -> tuple[Field, ...]:
    """How, when and by which role the referrer was told; of the answer itself what the rules let the bot carry."""
    carried: list[Field] = []
    if rules.feedback_content is not Carried.TOLD_ONLY:
        carried.append(Field("outcome", "What was decided?", FieldKind.CHOICE, options=rules.outcomes, optional=True))
    if rules.feedback_content is Carried.CODE_AND_NOTE:
        carried.append(Field("note", "A note to the referrer", optional=True, longest=300, hint="No names."))
    return (
        Field("how", "How were they told?", FieldKind.CHOICE, options=HOW_TOLD, initial=HOW_TOLD[0].id),
        Field("told_by", "By whom?", FieldKind.CHOICE, options=rules.told_by, initial=rules.told_by[0].id),
        Field("on", "When?", FieldKind.MOMENT, hint="Empty: just now.", optional=True),
        *carried,
    )


def _heard(standing: FeedbackStanding) -> tuple[Field, ...]:
    return (
        Field("how", "How were you told?", FieldKind.CHOICE, options=HOW_TOLD),
        Field("on", "When?", FieldKind.MOMENT, hint="Empty: just now.", optional=True),
    )


def _not_enough(standing: FeedbackStanding) -> tuple[Field, ...]:
    return (
        Field("lacking", "What is missing?", FieldKind.CHOICE, options=NOT_ENOUGH),
        Field("why", "Anything to add?", optional=True, longest=300, hint="No names."),
    )


_MOVES: tuple[Move[FeedbackStanding], ...] = (
    Move(
        Kind.ANSWERED,
        "Told the referrer",
        MASH,
        WITH_MASH | {Stand.NOT_RECEIVED},
        lambda standing: told_fields(standing.policy),
        "The answer itself goes by phone or secure e-mail. Here stands that, when and by whom it was given.",
    ),
    Move(
        Kind.FOUND,
        "Found it",
        MASH,
        frozenset({Stand.ASKED, Stand.UNMATCHED, Stand.NOT_RECEIVED}),
        explains="The referrer hears so.",
    ),
    Move(
        Kind.TAKEN,
        "I'm on it",
        MASH,
        WITH_MASH,
        explains="Others of the MASH see that somebody is on it. The referrer does not get a message.",
    ),
    Move(
        Kind.UNMATCHED,
        "Cannot match: I will ring",
        MASH,
        frozenset({Stand.ASKED, Stand.FOUND}),
        explains="The referrer hears that you will ring them. Their work contact stands in the request.",
    ),
    Move(
        Kind.NOT_RECEIVED,
        "Not received: resend",
        MASH,
        WITH_MASH,
        explains="The referrer is asked at once to ring, and to send the referral again.",
    ),
    Move(
        Kind.NOT_HEARD,
        "Not heard yet: ask the MASH",
        REFERRER,
        frozenset({Stand.HELD}),
        explains="The request stands in the MASH's list from now on.",
    ),
    Move(
        Kind.SATISFIED,
        "Yes, what I needed",
        REFERRER,
        frozenset({Stand.ANSWERED}),
        explains="This closes the request.",
    ),
    Move(
        Kind.NOT_SATISFIED,
        "No, not what I needed",
        REFERRER,
        frozenset({Stand.ANSWERED}),
        _not_enough,
        "The MASH is asked again.",
    ),
    Move(
        Kind.HEARD,
        "I had heard already",
        REFERRER,
        UNANSWERED,
        _heard,
        "This closes the request, with the day on which you heard.",
    ),
    Move(
        Kind.RESENT,
        "I have sent it again",
        REFERRER,
        frozenset({Stand.NOT_RECEIVED}),
        lambda standing: referral_fields(standing.policy),
        "Ring first, and send it again in writing. Then say here when you did: the clock starts with that.",
    ),
    Move(
        Kind.ADDED,
        "Add a reference or number",
        REFERRER,
        OPEN,
        lambda standing: further_fields(),
    ),
    Move(Kind.WITHDRAWN, "I no longer need it", REFERRER, OPEN, why("Why?")),
    Move(Kind.REOPENED, "Ask again", REFERRER, ENDED, why("What is missing, or has changed?")),
)
MOVES: Mapping[Kind, Move[FeedbackStanding]] = {move.kind: move for move in _MOVES}
"""Every move that a person can make, in the order in which they are offered.

That somebody disagrees with what was decided is no move: it opens an escalation, which is linked with the request.
"""


def is_open(move: Move[FeedbackStanding], state: FeedbackRequest, side: Side, *, late: bool) -> bool:
    """Whether a side can make a move now. `late`: whether the referrer should have heard."""
    if side not in move.sides or state.stand not in move.stands:
        return False
    match move.kind:
        case Kind.NOT_HEARD:
            return late
        case Kind.TAKEN:
            return state.taken_by is None
    return True
