"""The door of the review pages: a link that works once, sessions that end, and everybody whom it does not let in."""

import asyncio
import http.client
import logging
from datetime import timedelta

import pytest
from click.testing import CliRunner
from reviewed import COOKIE, Manager, link_for
from served import KEY, Parsed, listening
from slack_workspace import ASKER
from ticketing import AUDIT_KEY, MANAGER, office_in, records_of

from app import main
from bot.config import ROOT, read_settings
from bot.pace import QUESTIONS
from bot.reviewing import IDLE, LINK_LASTS, LONGEST, NotKnown, Refusal, Reviewing, ShutOut, operator
from handlers import server, terminal_review

ADDRESSES = (
    "/review", "/review/questions", "/review/escalations", "/review/feedback", "/review/records", "/review/guidance",
    "/review/deliveries", "/review/figures", "/review/evidence", "/review/questions.csv", "/review/escalations.csv",
    "/review/figures/unanswered.csv", "/review/evidence/trend.csv", "/review/tickets/ESC-2026-0001",
    "/review/questions/0123", "/review/nothing", "/review/search", "/review/sign-out",
)  # fmt: skip
TRICKS = (
    "//review", "///review", "/review/", "/review//", "/review/../review", "/review/./questions", "/./review",
    "/guidance/../review", "/%2e/review", "/%2e%2e/review", "/review/%2e%2e/review", "/review/%2e", "/%72eview",
    "/%2572eview", "/REVIEW", "/Review/Questions", "/review.", "/review..", "/review/questions.", "/review%20",
    "/review%00", "/review;a=1", "/review%2fquestions", "/review\\questions", "/review%5cquestions", "/reviewer",
    "/review/tickets/..%2f..", "/review/questions/%2e%2e/questions",
    "/%EF%BD%92%EF%BD%85%EF%BD%96%EF%BD%89%EF%BD%85%EF%BD%97",
)  # fmt: skip
METHODS = ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "QUERY")
SECRET_TEXT = "She has not been seen for a week."


@pytest.fixture
def office(smalltown, tmp_path):
    office = office_in(smalltown, ROOT / "knowledge" / "england", tmp_path / "data")
    office.raise_(disagree=SECRET_TEXT)
    yield office
    office.close()


@pytest.fixture
def somebody(office):
    """Nobody in particular, at an address of their own."""
    return Manager(office.desk, records=office.records)


@pytest.fixture
def manager(office):
    return Manager(office.desk, records=office.records).signed_in()


def shows_nothing(response):
    return not any(part in response.text for part in ("ESC-2026", "High School", SECRET_TEXT))


# A link


def test_a_link_leads_to_one_button_and_nothing_else(office, somebody):
    page = Parsed(somebody.get(f"/review/enter?token={link_for(office.desk)}"))
    assert [button.text for button in page.all("button")] == ["Sign in"]
    assert [form["action"] for form in page.all("form")] == ["/review/enter"]
    assert [field["type"] for field in page.all("input")] == ["hidden"]
    assert not page.all("script")
    assert page.one("meta", name="robots")["content"] == "noindex"


def test_looking_at_a_link_consumes_nothing_and_its_button_signs_in(office, somebody):
    token = link_for(office.desk)
    for _ in range(3):  # as a program does that shows what is behind a link
        looked = somebody.get(f"/review/enter?token={token}")
        assert looked.status_code == 200
        assert "set-cookie" not in looked.headers
        assert shows_nothing(looked)
    entered = somebody.enter(token)
    assert (entered.status_code, entered.headers["location"]) == (303, "/review")
    assert somebody.get("/review").status_code == 200


@pytest.mark.parametrize(("secure", "marks"), [(False, 0), (True, 1)])
def test_the_session_is_kept_from_scripts_and_from_other_sites(office, secure, marks):
    somebody = Manager(office.desk, secure=secure, site="https://page.test")
    cookie = somebody.enter(link_for(office.desk)).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/review" in cookie
    assert f"max-age={8 * 3600}" in cookie
    assert cookie.count("secure") == marks


def test_a_link_works_once(office, somebody, manager):
    token = link_for(office.desk)
    assert somebody.enter(token).status_code == 303
    again = Manager(office.desk).enter(token)
    assert again.status_code == 401
    assert "set-cookie" not in again.headers
    assert shows_nothing(again)
    assert "works once" in again.text
    assert somebody.refusals() == {"link-used": 1}


def test_of_many_who_use_a_link_at_once_one_gets_in(office):
    token = link_for(office.desk)
    reviewing = Reviewing(office.desk, _yes)

    async def enter():
        try:
            return await reviewing.enter(token, "192.0.2.1")
        except ShutOut as refusal:
            return refusal.why

    async def rush():
        return await asyncio.gather(*(enter() for _ in range(16)))

    found = asyncio.run(rush())
    assert found.count(Refusal.LINK_USED) == 15
    assert office.rows("SELECT count(*) AS count FROM review_sessions") == [{"count": 1}]


@pytest.mark.parametrize(("after", "status"), [(LINK_LASTS - timedelta(seconds=1), 303), (LINK_LASTS, 401)])
def test_a_link_works_for_ten_minutes(office, somebody, after, status):
    token = link_for(office.desk)
    office.now += after
    assert somebody.enter(token).status_code == status
    assert somebody.refusals() == ({} if status == 303 else {"link-over": 1})


def test_an_altered_link_does_not_work(office, somebody):
    token = link_for(office.desk)
    near = [token[:-1], token + "A", token[::-1], token.swapcase(), f" {token}"]
    altered = [*near, "", "A" * 43, "é" * 43, "x" * 5000]
    for other in altered:
        response = somebody.enter(other)
        assert response.status_code == 401, other
        assert "set-cookie" not in response.headers
    assert somebody.refusals() == {"unknown-link": len(altered)}
    assert somebody.get("/review/enter?token=short").status_code == 401
    assert somebody.get("/review/enter").status_code == 401
    assert somebody.enter(token).status_code == 303


def test_a_form_that_cannot_be_read_opens_nothing(somebody):
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "application/json", "text/plain"):
        response = somebody.send("POST", "/review/enter", content=b"--x\r\n\xff", headers={"Content-Type": kind})
        assert response.status_code == 401, kind


def test_only_digests_of_links_and_sessions_are_kept(office, somebody, tmp_path):
    token = link_for(office.desk)
    somebody.enter(token)
    office.store.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file())
    assert b"review_sessions" in kept
    assert token.encode() not in kept
    assert somebody.secret.encode() not in kept


def test_no_link_and_no_session_stands_in_any_log(office, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    token = link_for(office.desk)
    with listening(office.desk) as port:
        for path in (f"/review/enter?token={token}", f"/review/enter?token={token}x"):
            _raw(port, "GET", path)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        entered = _raw(port, "POST", "/review/enter", f"token={token}", form)
        secret = entered.getheader("set-cookie").partition("=")[2].partition(";")[0]
        assert _raw(port, "GET", "/review", headers={"Cookie": f"{COOKIE}={secret}"}).status == 200
        _raw(port, "POST", "/review/enter", f"token={token}", form)
    said = caplog.text + "".join(capfd.readouterr())
    assert token not in said
    assert secret not in said


# A session


@pytest.mark.parametrize("address", ADDRESSES)
def test_without_a_session_every_page_leads_to_how_to_get_in(somebody, address):
    response = somebody.get(address)
    assert (response.status_code, response.headers["location"]) == (303, "/review/sign-in")
    assert response.text == ""
    assert somebody.post(address, {"words": "ESC-2026-0001"}).status_code == 401
    assert somebody.refusals() == {"no-session": 2}
    assert somebody.reads() == 0


def test_how_to_get_in_is_said_to_everybody(somebody):
    response = somebody.get("/review/sign-in")
    assert response.status_code == 200
    assert "/safeguarding review" in response.text
    assert shows_nothing(response)


@pytest.mark.parametrize(
    "forged", ["A" * 43, "x", "é" * 43, "' OR 1=1 --", "0" * 64, "null", "../../etc/passwd", "{digest}", "{link}"]
)
def test_a_forged_session_is_none(office, manager, forged):
    """Nor is the digest that the database keeps, nor a link."""
    digest = office.rows("SELECT digest FROM review_sessions")[0]["digest"]
    value = forged.format(digest=digest, link=link_for(office.desk)) if "{" in forged else forged
    somebody = Manager(office.desk)
    response = somebody.send("GET", "/review", headers={"Cookie": f"{COOKIE}={value}".encode()})
    assert (response.status_code, response.headers["location"]) == (303, "/review/sign-in")
    assert f'{COOKIE}=""' in response.headers["set-cookie"]
    assert set(manager.refusals()) <= {"unknown-session", "no-session"}
    assert sum(manager.refusals().values()) == 1


@pytest.mark.parametrize(("rest", "status"), [(IDLE - timedelta(seconds=1), 200), (IDLE, 303)])
def test_a_session_ends_when_nothing_is_done_for_half_an_hour(office, manager, rest, status):
    office.now += timedelta(minutes=20)
    assert manager.get("/review").status_code == 200
    office.now += rest
    assert manager.get("/review").status_code == status
    assert manager.refusals() == ({} if status == 200 else {"session-over": 1})


@pytest.mark.parametrize(("last", "status"), [(timedelta(seconds=-1), 200), (timedelta(), 303)])
def test_a_session_lasts_eight_hours_at_most(office, manager, last, status):
    begun = office.now
    while office.now + timedelta(minutes=25) < begun + LONGEST:
        office.now += timedelta(minutes=25)
        assert manager.get("/review").status_code == 200
    office.now = begun + LONGEST + last
    assert manager.get("/review").status_code == status


def test_that_somebody_is_there_is_written_down_once_a_minute(office, manager):
    def seen():
        return office.rows("SELECT seen FROM review_sessions")[0]["seen"]

    begun = seen()
    office.now += timedelta(seconds=59)
    manager.get("/review")
    assert seen() == begun
    office.now += timedelta(seconds=1)
    manager.get("/review")
    assert seen() > begun


def test_signing_out_ends_the_session_also_for_whoever_kept_the_cookie(office, manager):
    secret = manager.secret
    response = manager.post("/review/sign-out", {})
    assert (response.status_code, response.headers["location"]) == (303, "/review/sign-in?signed=out")
    assert "You are signed out" in manager.get("/review/sign-in?signed=out").text
    assert office.rows("SELECT * FROM review_sessions") == []
    assert manager.send("GET", "/review", headers={"Cookie": f"{COOKIE}={secret}"}).status_code == 303


def test_signing_out_takes_a_press_of_its_button(manager):
    assert manager.get("/review/sign-out").status_code == 405
    assert manager.get("/review").status_code == 200


def test_old_links_and_sessions_are_forgotten(office, manager):
    office.now += timedelta(days=2)
    link_for(office.desk)
    assert office.rows("SELECT count(*) AS count FROM review_sessions") == [{"count": 0}]
    assert office.rows("SELECT count(*) AS count FROM review_links") == [{"count": 1}]


# The role


async def _yes(person):
    return True


class Role:
    """Whether somebody is a manager, as it changes."""

    def __init__(self):
        self.held = True

    async def __call__(self, person):
        return self.held


@pytest.fixture
def role():
    return Role()


def test_a_link_whose_owner_lost_the_role_is_worthless_for_good(office, role):
    reviewing = Reviewing(office.desk, role)
    person = office.run(operator(office.desk))
    token = office.run(reviewing.make_link(person))
    role.held = False
    with pytest.raises(ShutOut) as refused:
        office.run(reviewing.enter(token, "192.0.2.1"))
    assert refused.value.why is Refusal.NO_MANAGER
    role.held = True
    with pytest.raises(ShutOut) as refused:
        office.run(reviewing.enter(token, "192.0.2.1"))
    assert refused.value.why is Refusal.UNKNOWN_LINK


def test_a_session_whose_owner_lost_the_role_ends_for_good(office, role):
    reviewing = Reviewing(office.desk, role)
    person = office.run(operator(office.desk))
    secrets = [office.run(reviewing.enter(office.run(reviewing.make_link(person)), "192.0.2.1")) for _ in range(2)]
    viewer = office.run(reviewing.session(secrets[0], "192.0.2.1"))
    assert viewer.manager
    assert viewer.person.id == person.id
    role.held = False
    with pytest.raises(ShutOut) as refused:
        office.run(reviewing.session(secrets[0], "192.0.2.1"))
    assert refused.value.why is Refusal.NO_MANAGER
    role.held = True
    for secret in secrets:
        with pytest.raises(ShutOut):
            office.run(reviewing.session(secret, "192.0.2.1"))


def test_nobody_but_a_manager_gets_a_link(office, role):
    role.held = False
    with pytest.raises(ShutOut):
        office.run(Reviewing(office.desk, role).make_link(office.teacher.person))
    assert office.rows("SELECT * FROM review_links") == []


def test_where_the_role_cannot_be_found_out_nobody_is_let_in_and_nothing_ends(office, role):
    reviewing = Reviewing(office.desk, role)
    secret = office.run(reviewing.enter(office.run(reviewing.make_link(office.manager.person)), "192.0.2.1"))
    role.held = None
    with pytest.raises(NotKnown):
        office.run(reviewing.session(secret, "192.0.2.1"))
    role.held = True
    assert office.run(reviewing.session(secret, "192.0.2.1")).manager


def test_a_practitioners_own_id_opens_nothing(office, somebody):
    """There is no session of theirs; a person of Slack is no manager where there is no Slack to say so."""
    token = link_for(office.desk, office.teacher.person)
    assert somebody.enter(token).status_code == 401
    assert somebody.refusals() == {"no-manager": 1}


# Odd addresses and methods


def _raw(port, method, target, body=None, headers=None):
    """Send a target as it is: browsers and libraries would put it right first."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection._validate_path = lambda url: None
    connection.putrequest(method, target)
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode() if body is not None else None)
    response = connection.getresponse()
    response.text = response.read().decode("utf-8", "replace")
    connection.close()
    return response


def test_no_odd_address_gets_past_the_door(office, manager):
    with listening(office.desk) as port:
        for target in TRICKS:
            before = sum(manager.refusals().values())
            response = _raw(port, "GET", target)
            if response.status == 400:  # no address at all: the server reads no further
                continue
            assert (response.status, response.getheader("location")) == (303, "/review/sign-in"), target
            assert _raw(port, "POST", target, "", {}).status == 401, target
            assert sum(manager.refusals().values()) == before + 2, target


def test_no_odd_address_is_a_page_for_managers_either(office, manager):
    with listening(office.desk) as port:
        for target in TRICKS:
            before = manager.refusals().get("address", 0)
            response = _raw(port, "GET", target, headers={"Cookie": f"{COOKIE}={manager.secret}"})
            if response.status == 400:
                continue
            assert response.status == 404, target
            assert shows_nothing(response)
            assert manager.refusals()["address"] == before + 1, target


def test_other_methods_are_refused_and_counted(office, manager, somebody):
    with listening(office.desk) as port:
        for count, method in enumerate(METHODS, 1):
            response = _raw(port, method, "/review")
            assert response.status == 401, method
            assert shows_nothing(response)
            assert _raw(port, method, "/review/enter?token=x").status == 401, method
            response = _raw(port, method, "/review/escalations", headers={"Cookie": f"{COOKIE}={manager.secret}"})
            assert response.status == 405, method
            assert shows_nothing(response)
            assert manager.refusals() == {"no-session": 2 * count, "method": count}, method


def test_a_page_is_not_sent_and_a_form_is_not_looked_at(manager):
    assert manager.get("/review/search").status_code == 405
    assert manager.post("/review", {}).status_code == 405
    assert manager.refusals() == {"method": 2}


@pytest.mark.parametrize("path", ["/", "/guidance", "/static/review.css", "/healthz", "/preview", "/a/review"])
def test_other_addresses_do_not_come_in_here(somebody, path):
    somebody.get(path)
    assert somebody.refusals() == {}


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere.example"}],
)
def test_a_form_of_another_site_is_refused(office, manager, headers):
    token = link_for(office.desk)
    somebody = Manager(office.desk)
    entered = somebody.send("POST", "/review/enter", data={"token": token}, headers=headers)
    assert entered.status_code == 401
    for path in ("/review/sign-out", "/review/search"):
        refused = manager.send("POST", path, data={"words": "ESC-2026-0001"}, headers=headers)
        assert refused.status_code == 403
        assert shows_nothing(refused)
    assert manager.refusals() == {"form-of-another-site": 3}
    assert manager.get("/review").status_code == 200
    assert somebody.enter(token).status_code == 303


def test_every_answer_is_kept_by_nobody_and_runs_no_script(manager, somebody):
    answers = [
        manager.get("/review"), manager.get("/review/questions.csv"), manager.get("/review/nothing"),
        somebody.get("/review"), somebody.get("/review/sign-in"), somebody.post("/review", {}),
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "script" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text


# Guesses, and how often


def test_who_guesses_too_often_waits_a_minute_and_others_do_not(office, manager):
    guesser = Manager(office.desk, address="192.0.2.66")
    for _ in range(QUESTIONS):
        assert guesser.enter("A" * 43).status_code == 401
    token = link_for(office.desk)
    assert guesser.enter(token).status_code == 429
    assert manager.get("/review").status_code == 200
    assert Manager(office.desk).enter(link_for(office.desk)).status_code == 303
    office.now += timedelta(seconds=60)
    assert guesser.enter(token).status_code == 303
    assert manager.refusals() == {"unknown-link": QUESTIONS, "too-fast": 1}


def test_a_manager_who_is_in_stays_in_whoever_guesses_at_the_same_address(office, manager):
    guesser = Manager(office.desk, records=manager.records)
    guesser._transport = manager._transport
    found = [
        guesser.send("GET", "/review", headers={"Cookie": f"{COOKIE}={'B' * 43}"}).status_code
        for _ in range(QUESTIONS + 2)
    ]
    assert found == [303] * QUESTIONS + [429, 429]
    assert manager.get("/review").status_code == 200


def test_refusals_stand_on_the_overview_and_in_readyz(office, manager):
    assert "Nobody was refused." in manager.page("/review").text
    for _ in range(3):
        manager.enter("A" * 43)
    manager.send("GET", "/review", headers={"Cookie": "other=1"})
    assert f"3 {Refusal.UNKNOWN_LINK.label}" in manager.page("/review").text
    assert manager.get("/readyz").json()["review_refused"] == 4
    office.now += timedelta(days=31)
    assert "Nobody was refused." in Manager(office.desk).signed_in().page("/review").text


def test_each_refusal_is_counted_and_writes_do_not_pile_up(office):
    reviewing = Reviewing(office.desk, _yes)
    writes = []
    write = office.store.write

    async def counted(work):
        writes.append(1)
        return await write(work)

    office.store.write = counted

    async def rush():
        await asyncio.gather(*(reviewing.count(Refusal.NO_SESSION) for _ in range(500)))

    office.run(rush())
    assert office.rows("SELECT sum(count) AS count FROM review_refusals") == [{"count": 500}]
    assert reviewing.refused_since_start == 500
    assert len(writes) < 5


@pytest.mark.parametrize("why", list(Refusal))
def test_every_refusal_has_words(why):
    assert why.label


# Without records


def test_without_a_database_nobody_is_let_in(office):
    office.desk.store = None
    somebody = Manager(office.desk, records=records_of(office.desk, enabled=False))
    assert somebody.get("/review").status_code == 303
    assert somebody.enter("A" * 43).status_code == 503
    response = somebody.send("GET", "/review", headers={"Cookie": f"{COOKIE}={'A' * 43}"})
    assert response.status_code == 503
    assert response.headers["cache-control"] == "no-store"


def test_a_fault_of_ours_is_said_and_its_text_is_not(office, manager, monkeypatch, caplog):
    async def fails(*_):
        raise RuntimeError(SECRET_TEXT)

    monkeypatch.setattr("handlers.web.review.room.Room.read", fails)
    response = manager.get("/review/escalations")
    assert response.status_code == 500
    assert response.headers["cache-control"] == "no-store"
    assert SECRET_TEXT not in response.text + caplog.text
    assert "RuntimeError" in caplog.text


# From Slack


@pytest.fixture
def with_slack(start_bot):
    return start_bot(managers=[MANAGER], public_url="https://guidance.example.org")


def _entered(bot):
    """The session of a manager who used the link that a bot gives, as a header."""
    bot.command("review", user=MANAGER)
    bot.settle()
    token = bot.slack.calls[-1].text.partition("token=")[2].partition("|")[0]
    response = bot.http.post("/review/enter", data={"token": token})
    bot.http.cookies.clear()
    return {"Cookie": response.headers["set-cookie"].partition(";")[0]}


def test_a_manager_gets_a_link_privately(with_slack):
    with_slack.command("review", user=MANAGER)
    with_slack.settle()
    (told,) = [call for call in with_slack.slack.calls if call.method in ("response_url", "chat.postMessage")]
    assert told.method == "response_url"
    assert told.arguments["response_type"] == "ephemeral"
    token = told.text.partition("https://guidance.example.org/review/enter?token=")[2].partition("|")[0]
    assert len(token) == 43
    assert with_slack.rows("SELECT * FROM questions") == []
    assert with_slack.http.post("/review/enter", data={"token": token}).status_code == 303
    assert with_slack.http.get("/review").status_code == 200
    assert token.encode() not in with_slack.on_disk()


@pytest.mark.parametrize("text", ["Review", " review ", "REVIEW"])
def test_the_whole_text_counts_however_it_is_written(with_slack, text):
    with_slack.command(text, user=MANAGER)
    with_slack.settle()
    assert with_slack.rows("SELECT count(*) AS n FROM review_links") == [{"n": 1}]


@pytest.mark.parametrize(
    ("text", "user"), [("review", ASKER), ("review a case with me", MANAGER), ("reviews", MANAGER)]
)
def test_anything_else_is_a_question(with_slack, text, user):
    with_slack.command(text, user=user)
    with_slack.settle()
    assert [row["text"] for row in with_slack.rows()] == [text]
    assert with_slack.rows("SELECT count(*) AS n FROM review_links") == [{"n": 0}]
    assert not any("/review/enter" in call.shown for call in with_slack.slack.calls)


def test_without_an_address_the_manager_hears_what_to_set(start_bot):
    bot = start_bot(managers=[MANAGER])
    bot.command("review", user=MANAGER)
    bot.settle()
    assert "PUBLIC_URL" in bot.slack.calls[-1].text
    assert bot.rows("SELECT count(*) AS n FROM review_links") == [{"n": 0}]


def test_who_is_taken_out_of_managers_is_out_with_the_next_request(start_bot):
    bot = start_bot(managers=[MANAGER], public_url="https://guidance.example.org")
    session = _entered(bot)
    assert bot.http.get("/review", headers=session).status_code == 200
    bot.stop()

    bot = start_bot(managers=[], public_url="https://guidance.example.org")
    assert bot.http.get("/review", headers=session).status_code == 303
    assert bot.rows("SELECT * FROM review_sessions") == []
    bot.stop()

    bot = start_bot(managers=[MANAGER], public_url="https://guidance.example.org")
    assert bot.http.get("/review", headers=session).status_code == 303


def test_whose_account_was_closed_is_out_though_still_named(start_bot):
    bot = start_bot(managers=[MANAGER], public_url="https://guidance.example.org")
    session = _entered(bot)
    bot.stop()
    bot = start_bot(managers=[MANAGER], public_url="https://guidance.example.org")
    bot.slack.closed.add(MANAGER)
    assert bot.http.get("/review", headers=session).status_code == 303


def test_while_slack_does_not_say_who_is_a_manager_nobody_is_let_in_and_nothing_ends(start_bot):
    more = {"managers": ["ann@council.example"], "public_url": "https://guidance.example.org"}
    bot = start_bot(**more)
    bot.slack.emails[MANAGER] = "ann@council.example"
    session = _entered(bot)
    bot.stop()
    bot = start_bot(**more)
    bot.slack.down = True
    response = bot.http.get("/review", headers=session)
    assert response.status_code == 503
    assert "Slack does not say" in response.text
    bot.slack.down = False
    assert bot.http.get("/review", headers=session).status_code == 200
    del bot.slack.emails[MANAGER]
    bot.stop()
    assert start_bot(**more).http.get("/review", headers=session).status_code == 303


# At the terminal


@pytest.fixture
def settings(office, tmp_path):
    """Reads the settings of a bot on the office's database and knowledge."""
    (office.database.parent / "audit.key").write_text(AUDIT_KEY, encoding="ascii")
    values = {
        "DATABASE_URL": f"sqlite:///{office.database}",
        "KNOWLEDGE_DIR": str(office.library._layers[-1].parent),
        "PARTNERSHIP": office.library._layers[-1].name,
    }
    return lambda **more: read_settings(values | more, tmp_path / "no.env")


def test_without_slack_a_link_is_printed_to_a_terminal(office, settings, monkeypatch, capsys, caplog):
    monkeypatch.setattr(terminal_review, "is_watched", lambda: True)
    caplog.set_level(logging.DEBUG)
    server.offer_link(office.desk, settings())
    said = capsys.readouterr().out
    token = said.partition("http://127.0.0.1:8000/review/enter?token=")[2].partition("\n")[0]
    assert len(token) == 43
    assert token not in caplog.text
    assert Manager(office.desk).enter(token).status_code == 303
    server.offer_link(office.desk, settings(PUBLIC_URL="https://guidance.example.org"))
    assert "https://guidance.example.org/review/enter?token=" in capsys.readouterr().out


def test_with_slack_or_without_a_terminal_none_is_printed(office, settings, monkeypatch, capsys):
    slack = settings(SLACK_BOT_TOKEN="xoxb-x", SLACK_SIGNING_SECRET="s" * 32)
    monkeypatch.setattr(terminal_review, "is_watched", lambda: True)
    server.offer_link(office.desk, slack)
    monkeypatch.undo()
    server.offer_link(office.desk, settings())
    assert capsys.readouterr().out == ""
    assert office.rows("SELECT * FROM review_links") == []


def test_the_command_prints_to_a_terminal_only(office, settings, monkeypatch):
    for name, value in (
        ("DATABASE_URL", f"sqlite:///{office.database}"),
        ("KNOWLEDGE_DIR", str(office.library._layers[-1].parent)),
        ("PARTNERSHIP", office.library._layers[-1].name),
    ):
        monkeypatch.setenv(name, value)
    refused = CliRunner().invoke(main, ["review"])
    assert refused.exit_code == 1
    assert "token" not in refused.output
    monkeypatch.setattr(terminal_review, "is_watched", lambda: True)
    printed = CliRunner().invoke(main, ["review"])
    assert printed.exit_code == 0
    token = printed.output.partition("token=")[2].partition("\n")[0]
    assert Manager(office.desk).enter(token).status_code == 303


@pytest.mark.parametrize(
    ("more", "secure"),
    [
        ({}, False),
        ({"PUBLIC_URL": "http://127.0.0.1:8000"}, False),
        ({"PUBLIC_URL": "https://guidance.example.org"}, True),
        ({"HOST": "0.0.0.0", "SECRET_KEY": KEY}, True),
    ],
)
def test_sessions_go_over_https_alone_unless_only_this_machine_can_be_reached(settings, more, secure):
    assert server.https_alone(settings(**more)) is secure
