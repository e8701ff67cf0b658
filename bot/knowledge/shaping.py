"""Plain data -> models: what is wrong is said in an editor's words, and what is right can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from bot.knowledge.yaml_source import Document, Fault, Path_

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Shaped(Generic[M]):
    """`value` is without the keys at fault; None where it cannot do without them."""

    value: M | None
    faults: tuple[Fault, ...] = ()


def shape(model: type[M], document: Document, data: object, path: Path_ = ()) -> Shaped[M]:
    """`data`, which stands at `path` in the document, as a model."""
    try:
        return Shaped(model.model_validate(data))
    except ValidationError as error:
        problems = _without_echoes(error.errors(include_url=False))
    faults = tuple(
        document.fault((*path, *(part for part in problem["loc"] if part != "[key]")), _in_plain_words(dict(problem)))
        for problem in problems
    )
    return Shaped(_without(model, data, {problem["loc"][0] for problem in problems if problem["loc"]}), faults)


def _without_echoes(problems: list[Any]) -> list[Any]:
    """Without the lists that are too short only because of what is wrong with an item of theirs."""
    places = [problem["loc"] for problem in problems]

    def is_echo(loc: tuple[Any, ...]) -> bool:
        return any(len(other) > len(loc) and other[: len(loc)] == loc for other in places)

    return [problem for problem in problems if problem["type"] != "too_short" or not is_echo(problem["loc"])]


def _without(model: type[M], data: object, keys: set[int | str]) -> M | None:
    if not isinstance(data, dict):
        return None
    try:
        return model.model_validate({key: value for key, value in data.items() if key not in keys})
    except ValidationError:
        return None


def _in_plain_words(problem: dict[str, Any]) -> str:
    match problem["type"]:
        case "extra_forbidden":
            return "is not a key that the bot knows; look for a slip in its spelling"
        case "missing":
            return "is missing"
        case "string_pattern_mismatch":
            return f"{str(problem['input'])[:60]!r} is not in the form that is needed here"
        case "string_too_short" | "too_short":
            return "is empty"
        case "tuple_type" | "list_type":
            return "should be a list"
        case "model_type" | "dict_type":
            return "should be keys with a value each, such as `title: Who to ring`"
        case "value_error":
            return str(problem["ctx"]["error"])
    return str(problem["msg"]).replace("Input should", "should").replace("String should", "should")
