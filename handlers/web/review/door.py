"""The door of the review pages: whatever is at /review, or looks as if it were, comes in here and nowhere else."""

from __future__ import annotations

import logging
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import unquote

from starlette.datastructures import URLPath
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

from bot.answering import messages
from bot.desk import where
from bot.ledger import NotSaved
from bot.reviewing import LONGEST, SECRET, NotKnown, Refusal, Reviewing, ShutOut
from handlers.web.guards import from_elsewhere
from handlers.web.rendering import Refused, typed
from handlers.web.review.room import NO_PAGE, Room

log = logging.getLogger(__name__)

HOME, ENTER, SIGN_IN, SIGN_OUT = "/review", "/review/enter", "/review/sign-in", "/review/sign-out"
COOKIE = "review"
PLAIN = re.compile(r"/review(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
HEADERS = {
    # No script runs here, and nothing of it is kept anywhere.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
}
NOT_NOW = "The records cannot be read just now. Nothing is lost; load this page again in a minute."
NOT_KNOWN = "Slack does not say just now whether you are one of the managers. Load this page again in a minute."
SAID: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "This form could not be read. Open the page again, please.",
    HTTPStatus.FORBIDDEN: "This form was sent from another site.",
}
OF_LINKS = frozenset(
    {Refusal.UNKNOWN_LINK, Refusal.LINK_USED, Refusal.LINK_OVER, Refusal.NO_MANAGER, Refusal.ELSEWHERE}
)


@dataclass(frozen=True)
class Cookies:
    """How the session's cookie is set. `secure`: it goes over HTTPS alone."""

    secure: bool

    def begin(self, response: Response, secret: str) -> None:
        # Lax, not Strict: a link to these pages in Slack or in an e-mail leads to the page, and not to the door.
        # Nothing is changed by a GET but the note that a record was read.
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(LONGEST.total_seconds()),
            path=HOME,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def end(self, response: Response) -> None:
        response.delete_cookie(COOKIE, path=HOME, secure=self.secure, httponly=True, samesite="lax")


class Door(BaseRoute):
    """Lets managers in to the pages, and counts everybody whom it does not."""

    path = HOME

    def __init__(self, room: Room, reviewing: Reviewing, pages: Iterable[Route], *, secure: bool) -> None:
        self._room = room
        self._reviewing = reviewing
        self._pages = (Route(SIGN_OUT, self._signed_out, methods=["POST"]), *pages)
        self._cookies = Cookies(secure)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = scope["type"] == "http" and is_near(scope["path"])
        return (Match.FULL, {"endpoint": self}) if found else (Match.NONE, {})

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        response.headers.update(HEADERS)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._of_everybody(request) or await self._of_managers(request)
        except ShutOut as refusal:
            await self._reviewing.count(refusal.why)
            return self._shut_out(request, refusal.why)
        except NotKnown:
            return self._room.problem(request, NOT_KNOWN, HTTPStatus.SERVICE_UNAVAILABLE)
        except NotSaved:
            return self._room.problem(request, NOT_NOW, HTTPStatus.SERVICE_UNAVAILABLE)
        except HTTPException as error:
            says = error.detail if isinstance(error, Refused) else SAID.get(error.status_code, NO_PAGE)
            return self._room.problem(request, says, error.status_code)
        except Exception as error:
            # Its text may hold what somebody typed, and its page must not be kept either.
            log.error("a review page failed: %s", where(error))
            return self._room.problem(request, messages.ERROR_WITHOUT_NUMBERS, HTTPStatus.INTERNAL_SERVER_ERROR)

    # What is open to everybody: nothing in it says anything

    async def _of_everybody(self, request: Request) -> Response | None:
        """The pages on which somebody signs in; None for any other.

        Raises: ShutOut, NotKnown, NotSaved.
        """
        if not _is_plain(request.scope):
            return None
        asked = (request.method, request.scope["path"])
        if asked == ("GET", SIGN_IN):
            says = "out" if request.query_params.get("signed") == "out" else ""
            return self._room.html("review/sign_in.html", {"says": says})
        if asked == ("GET", ENTER):
            token = request.query_params.get("token", "")
            if not SECRET.fullmatch(token):
                raise ShutOut(Refusal.UNKNOWN_LINK)
            # Consumes nothing: programs that show what is behind a link fetch it too.
            return self._room.html("review/enter.html", {"token": token})
        return await self._entered(request) if asked == ("POST", ENTER) else None

    async def _entered(self, request: Request) -> Response:
        if from_elsewhere(request):
            raise ShutOut(Refusal.ELSEWHERE)
        try:
            (token,) = await typed(request, "token")
        except HTTPException:
            raise ShutOut(Refusal.UNKNOWN_LINK) from None
        secret = await self._reviewing.enter(token, _visitor(request))
        response = RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
        self._cookies.begin(response, secret)
        return response

    # What is open to managers

    async def _of_managers(self, request: Request) -> Response:
        """A page.

        Raises: ShutOut, NotKnown, NotSaved, HTTPException.
        """
        viewer = await self._reviewing.session(request.cookies.get(COOKIE), _visitor(request))
        if not _is_plain(request.scope):
            await self._refuse(Refusal.ADDRESS, HTTPStatus.NOT_FOUND)
        if request.method not in ("GET", "POST"):
            await self._refuse(Refusal.METHOD, HTTPStatus.METHOD_NOT_ALLOWED)
        if request.method == "POST" and from_elsewhere(request):
            await self._refuse(Refusal.ELSEWHERE, HTTPStatus.FORBIDDEN)
        request.state.viewer = viewer
        for page in self._pages:
            match, child = page.matches(request.scope)
            if match is Match.FULL:
                request.scope.update(child)
                found: Response = await page.endpoint(request)
                return found
            if match is Match.PARTIAL:
                await self._refuse(Refusal.METHOD, HTTPStatus.METHOD_NOT_ALLOWED)
        await self._refuse(Refusal.ADDRESS, HTTPStatus.NOT_FOUND)

    async def _signed_out(self, request: Request) -> Response:
        """End the session."""
        await self._reviewing.sign_out(request.cookies.get(COOKIE))
        response = RedirectResponse(f"{SIGN_IN}?signed=out", HTTPStatus.SEE_OTHER)
        self._cookies.end(response)
        return response

    async def _refuse(self, why: Refusal, status: HTTPStatus) -> NoReturn:
        """Count it.

        Raises: HTTPException, always.
        """
        await self._reviewing.count(why)
        raise HTTPException(status)

    def _shut_out(self, request: Request, why: Refusal) -> Response:
        if why is Refusal.TOO_FAST:
            return self._room.html("review/sign_in.html", {"says": why.value}, HTTPStatus.TOO_MANY_REQUESTS)
        at_the_door = request.scope["path"] == ENTER
        if request.method == "GET" and not at_the_door:
            response: Response = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
        else:
            says = "link" if at_the_door and why in OF_LINKS else ""
            response = self._room.html("review/sign_in.html", {"says": says}, HTTPStatus.UNAUTHORIZED)
        if COOKIE in request.cookies and not at_the_door:
            self._cookies.end(response)
        return response


def is_near(path: str) -> bool:
    """Whether an address is below /review, however it is written: encoded, with dots, slashes or capitals."""
    for _ in range(3):
        path = unquote(path)
    path = unicodedata.normalize("NFKC", path).replace("\\", "/").casefold().strip()
    written = (path, posixpath.normpath(f"/{path}"))  # also where its dots lead out of here again
    return any(way.lstrip("/").startswith("review") for way in written)


def _is_plain(scope: Scope) -> bool:
    """Whether an address is written as we write it."""
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or path.encode()
    return PLAIN.fullmatch(path) is not None and raw == path.encode()


def _visitor(request: Request) -> str:
    return request.client.host if request.client else "unknown"
