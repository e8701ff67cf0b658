"""The hours of a service, as contacts.yaml gives them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_KEY = rf"^(?:{'|'.join(DAYS)})(?:-(?:{'|'.join(DAYS)}))?$"
_SPAN = r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"


class WhenClosed(BaseModel):
    """Hours of a service that covers for another: open whenever that one is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when_closed: str


WeeklyHours = Annotated[
    dict[Annotated[str, StringConstraints(pattern=_DAY_KEY)], Annotated[str, StringConstraints(pattern=_SPAN)]],
    Field(min_length=1),
]
"""Days -> from when until when. An end that is not after its start is on the next day: `22:00-06:00`."""


def _in_one_message(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """Say once what may be written, and not for each of the four forms why it is not that one."""
    try:
        return read(value)
    except ValidationError:
        raise ValueError(
            "cannot be read; write always, unknown, "
            '{mon-fri: "09:00-17:00", sat: "10:00-12:00"}, or {when_closed: front-door}'
        ) from None


Hours = Annotated[Literal["always", "unknown"] | WhenClosed | WeeklyHours, WrapValidator(_in_one_message)]
