"""As whom somebody may see a feedback request and act on it, and who may see what was decided."""

from __future__ import annotations

from bot.access import Viewer
from bot.tickets.feedback.moves import is_open
from bot.tickets.feedback.standing import FeedbackStanding
from bot.tickets.feedback.state import FeedbackRequest
from bot.tickets.moves import Move
from bot.tickets.ticket import Kind, Side

ON_BEHALF = frozenset({Kind.FOUND, Kind.NOT_RECEIVED, Kind.ANSWERED})
"""What a manager may record for a MASH that the bot does not reach, as they were told it."""


def sides_of(state: FeedbackRequest, viewer: Viewer) -> list[Side]:
    """As whom somebody may act on a request; nobody else may see it.

    The referrer and their agency's leads; the MASH's officers, once it has reached them; the partnership's managers.
    """
    sides = []
    if viewer.person.id == state.raiser or state.raising in viewer.leads:
        sides.append(Side.RAISING)
    if viewer.mash and state.asked_at is not None:
        sides.append(Side.RECEIVING)
    if viewer.manager or viewer.operator:
        sides.append(Side.PARTNERSHIP)
    return sides


def sides_for(
    move: Move[FeedbackStanding], state: FeedbackRequest, viewer: Viewer, *, late: bool, mash_reached: bool
) -> list[Side]:
    """As whom somebody can make a move now. `late`: whether the referrer should have heard.

    `mash_reached`: whether the bot reaches anybody of the MASH. Where it does not, a manager of another agency than
    the referrer's records what they were told by it; so does whoever sits at the machine, who is everybody there.
    """
    sides = sides_of(state, viewer)
    own = Side.RAISING in sides or viewer.person.agency == state.raising
    independent = viewer.operator or (viewer.manager and not own)
    if independent and not mash_reached and move.kind in ON_BEHALF and Side.RECEIVING not in sides:
        sides.append(Side.RECEIVING)
    return [side for side in sides if is_open(move, state, side, late=late)]


def may_see_answer(state: FeedbackRequest, viewer: Viewer) -> bool:
    """Whether what was decided is shown: to a referrer only at a work address that is known to be their agency's."""
    return viewer.mash or viewer.manager or viewer.operator or viewer.address_of == state.raising
