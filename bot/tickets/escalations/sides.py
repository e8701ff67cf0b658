"""As whom somebody may see an escalation and act on it. Rights are decided here, whatever a channel shows."""

from __future__ import annotations

from bot.access import Viewer
from bot.tickets.escalations.moves import is_open
from bot.tickets.escalations.standing import Standing
from bot.tickets.escalations.state import Escalation
from bot.tickets.moves import Move
from bot.tickets.ticket import Kind, Side

ON_BEHALF = frozenset({Kind.ACKNOWLEDGED, Kind.VIEW_GIVEN, Kind.AGREED, Kind.DECLINED, Kind.WRONG_AGENCY})
"""What a manager may record for an agency of which the bot reaches nobody, as they were told it."""


def sides_of(state: Escalation, viewer: Viewer) -> list[Side]:
    """As whom somebody may act on an escalation; nobody else may see it.

    The raiser, the two agencies' leads and those whom they named, and the partnership's managers. A manager who
    recorded it for somebody whom the bot does not know speaks for them too.
    """
    person = viewer.person.id
    sides = []
    spoken_for = state.raiser is None and person == state.recorded_by
    for side in (Side.RAISING, Side.RECEIVING):
        raised = side is Side.RAISING and (person == state.raiser or spoken_for)
        if raised or state.agency_of(side) in viewer.leads or person in state.named.get(side.value, ()):
            sides.append(side)
    if viewer.manager or viewer.operator:
        sides.append(Side.PARTNERSHIP)
    return sides


def may_decide(state: Escalation, viewer: Viewer) -> bool:
    """Whether a manager belongs to neither agency: who does may chase and correct, but not decide.

    Who raised it, or was named to talk, takes part for an agency, whichever they belong to.
    """
    own = {viewer.person.agency, *viewer.leads}
    part = {state.raiser}.union(*state.named.values())
    independent = not own & {state.raising, state.receiving} and viewer.person.id not in part
    return (viewer.manager or viewer.operator) and independent


def sides_for(move: Move[Standing], state: Escalation, viewer: Viewer, *, receiving_reached: bool) -> list[Side]:
    """As whom somebody can make a move now.

    `receiving_reached`: whether the bot reaches anybody of the other agency. Where it does not, a manager of neither
    agency records what they were told of it: its answer has to stand somewhere.
    """
    if move.kind is Kind.AGREED and state.proposer == viewer.person.id:
        return []
    decides = may_decide(state, viewer)
    sides = sides_of(state, viewer)
    if decides and not receiving_reached and move.kind in ON_BEHALF and Side.RECEIVING not in sides:
        sides.append(Side.RECEIVING)
    return [side for side in sides if is_open(move, state, side, may_decide=decides)]
