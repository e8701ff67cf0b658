"""Settings: a wrong or missing one is one clear line, which never shows a secret."""

import dataclasses
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.config import ROOT, WrongSetting, read_settings, secret_key

TOKEN = "xoxb-12345-s3cretpart"
SIGNING = "0123456789abcdef-s3cretpart"
KEY = "k" * 22 + "-s3cretpart"
SLACK = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": SIGNING}


@pytest.fixture
def read(tmp_path):
    """Read settings from what is given alone."""

    def reading(dotenv="", **environment):
        file = tmp_path / ".env"
        file.write_text(dotenv, encoding="utf-8")
        return read_settings(environment, file)

    return reading


@pytest.fixture
def at(read, tmp_path):
    """Settings with their data in a folder of their own."""

    def reading(**environment):
        return read(DATABASE_URL=f"sqlite:///{tmp_path}/data/bot.db", **environment)

    return reading


def wrong(call, *args, **kwargs):
    with pytest.raises(WrongSetting) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert "s3cret" not in message
    return message


def test_without_any_setting_the_shipped_partnership_is_served_to_this_machine_alone(read):
    settings = read()
    assert settings.partnership == "barnsley"
    assert settings.knowledge_dir == ROOT / "knowledge"
    assert settings.database == Path("data/safeguarding.db")
    assert settings.data_dir == Path("data")
    assert (settings.host, settings.port, settings.on_loopback) == ("127.0.0.1", 8000, True)
    assert (settings.secret_key, settings.slack, settings.semantic_model) == (None, None, None)
    assert settings.allow_time_travel is False
    assert (settings.public_url, settings.news_channel, settings.managers) == (None, None, ())
    assert (settings.digest_channel, settings.mail_from) == (None, None)
    assert settings.knowledge_writable is True


def test_every_setting_is_read(read, smalltown, tmp_path):
    settings = read(
        PARTNERSHIP="smalltown",
        KNOWLEDGE_DIR=str(smalltown.parent),
        DATABASE_URL="sqlite:////var/lib/bot/bot.db",
        HOST="0.0.0.0",
        PORT="8080",
        SECRET_KEY=KEY,
        SEMANTIC_MODEL=str(tmp_path),
        ALLOW_TIME_TRAVEL="1",
        SLACK_API_URL="https://gateway.example/api",
        SLACK_TEAM_IDS="T1, T2=high-school E3",
        SLACK_PRIVATE_CHANNELS="C0PRIVATE, G0PRIVATE",
        SLACK_SILENT_CHANNELS="C0SILENT C0NEWS",
        PUBLIC_URL="https://guidance.example.org/",
        KNOWLEDGE_WRITABLE="0",
        MANAGERS="U0ANN, S0LEADS",
        NEWS_CHANNEL="C0NEWS",
        DIGEST_CHANNEL="C0DIGEST",
        MAIL_FROM="Guidance bot <bot@guidance.example.org>",
        **SLACK,
    )
    assert (settings.partnership, settings.knowledge_dir) == ("smalltown", smalltown.parent)
    assert settings.database == Path("/var/lib/bot/bot.db")
    assert (settings.host, settings.port, settings.on_loopback) == ("0.0.0.0", 8080, False)
    assert (settings.secret_key, settings.semantic_model) == (KEY, tmp_path)
    assert settings.allow_time_travel is True
    assert (settings.slack.bot_token, settings.slack.signing_secret) == (TOKEN, SIGNING)
    assert settings.slack.api_url == "https://gateway.example/api/"
    assert settings.slack.team_ids == {"T1", "T2", "E3"}
    assert settings.slack.team_agencies == {"T2": "high-school"}
    assert settings.slack.private_channels == {"C0PRIVATE", "G0PRIVATE"}
    assert settings.slack.silent_channels == {"C0SILENT", "C0NEWS"}
    assert (settings.public_url, settings.knowledge_writable) == ("https://guidance.example.org", False)
    assert (settings.managers, settings.news_channel) == (("U0ANN", "S0LEADS"), "C0NEWS")
    assert settings.digest_channel == "C0DIGEST"
    assert settings.mail_from == "Guidance bot <bot@guidance.example.org>"


def test_slack_needs_no_more_than_its_token_and_its_secret(read):
    slack = read(**SLACK).slack
    assert slack.api_url == "https://slack.com/api/"
    assert slack.team_ids == slack.private_channels == slack.silent_channels == frozenset()


@pytest.mark.parametrize(
    ("environment", "name", "says"),
    [
        ({"PARTNERSHIP": "atlantis"}, "PARTNERSHIP=atlantis", "there are: barnet, barnsley"),
        ({"KNOWLEDGE_DIR": "nowhere"}, "PARTNERSHIP=barnsley", "there are: none"),
        ({"PORT": "0"}, "PORT=0", "1 to 65535"),
        ({"PORT": "65536"}, "PORT=65536", "1 to 65535"),
        ({"PORT": "-1"}, "PORT=-1", "1 to 65535"),
        ({"PORT": "http"}, "PORT=http", "1 to 65535"),
        ({"PORT": "80.5"}, "PORT=80.5", "1 to 65535"),
        ({"PORT": "²"}, "PORT=²", "1 to 65535"),
        ({"PORT": "9" * 5000}, "PORT=9", "1 to 65535"),
        ({"DATABASE_URL": "postgresql://bot:s3cret@db.example/bot"}, "DATABASE_URL", "begins with postgresql:"),
        ({"DATABASE_URL": "mysql:///bot?password=s3cret"}, "DATABASE_URL", "begins with mysql:"),
        ({"DATABASE_URL": "sqlite://bot.db"}, "DATABASE_URL", "sqlite:///path/to/file.db"),
        ({"DATABASE_URL": "sqlite:///"}, "DATABASE_URL", "sqlite:///path/to/file.db"),
        ({"DATABASE_URL": "s3cret@db.example/bot"}, "DATABASE_URL", "sqlite:///path/to/file.db"),
        ({"SLACK_BOT_TOKEN": TOKEN}, "SLACK_SIGNING_SECRET", "set one of them"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN", "is not: set both, or neither"),
        ({"SLACK_BOT_TOKEN": TOKEN, "SLACK_APP_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN", "begins with xapp-"),
        ({"SLACK_SIGNING_SECRET": SIGNING}, "SLACK_BOT_TOKEN", "is not: set both, or neither"),
        ({**SLACK, "SLACK_BOT_TOKEN": "xapp-s3cret"}, "SLACK_BOT_TOKEN", "begins with xoxb-"),
        ({**SLACK, "SLACK_API_URL": "ftp://s3cret"}, "SLACK_API_URL", "begins with https://"),
        ({"PUBLIC_URL": "guidance.example.org"}, "PUBLIC_URL", "such as https://guidance.example.org"),
        ({"PUBLIC_URL": "ftp://guidance.example.org"}, "PUBLIC_URL", "the page's address is needed"),
        ({"PUBLIC_URL": "https://"}, "PUBLIC_URL", "the page's address is needed"),
        ({"PUBLIC_URL": "https:///guidance"}, "PUBLIC_URL", "the page's address is needed"),
        ({"PUBLIC_URL": "https://guidance.example.org/?key=s3cret"}, "PUBLIC_URL", "the page's address is needed"),
        ({"PUBLIC_URL": "https://guidance.example.org/#s3cret"}, "PUBLIC_URL", "the page's address is needed"),
        ({"PUBLIC_URL": "https://guidance example.org"}, "PUBLIC_URL", "the page's address is needed"),
        ({"KNOWLEDGE_WRITABLE": "yes"}, "KNOWLEDGE_WRITABLE=yes", "1 (yes) or 0 (no) is needed"),
        ({"KNOWLEDGE_WRITABLE": "2"}, "KNOWLEDGE_WRITABLE=2", "1 (yes) or 0 (no) is needed"),
        ({"KNOWLEDGE_WRITABLE": "false"}, "KNOWLEDGE_WRITABLE=false", "1 (yes) or 0 (no) is needed"),
        ({"MANAGERS": "Ann"}, "MANAGERS: Ann", "no Slack user or group id (U..., S...) and no e-mail address"),
        ({"MANAGERS": "U0ANN, @ben"}, "MANAGERS: @ben", "no Slack user or group id"),
        ({"MANAGERS": "u0ann"}, "MANAGERS: u0ann", "no Slack user or group id"),
        ({"MANAGERS": "C0NEWS"}, "MANAGERS: C0NEWS", "no Slack user or group id"),
        ({"MANAGERS": "U123"}, "MANAGERS: U123", "no Slack user or group id"),
        ({"MANAGERS": "ann@council"}, "MANAGERS: ann@council", "no e-mail address"),
        ({"MANAGERS": "ann@@council.example"}, "MANAGERS: ann@@council.example", "no e-mail address"),
        ({**SLACK, "NEWS_CHANNEL": "#news"}, "NEWS_CHANNEL=#news", "a Slack channel's id is needed"),
        ({**SLACK, "NEWS_CHANNEL": "U0ANN"}, "NEWS_CHANNEL=U0ANN", "a Slack channel's id is needed"),
        ({**SLACK, "NEWS_CHANNEL": "C123"}, "NEWS_CHANNEL=C123", "a Slack channel's id is needed"),
        ({**SLACK, "NEWS_CHANNEL": "C0NEWS C0MORE"}, "NEWS_CHANNEL=C0NEWS C0MORE", "a Slack channel's id"),
        ({**SLACK, "SLACK_TEAM_IDS": "T1 council"}, "SLACK_TEAM_IDS", "council is not a workspace's id"),
        ({**SLACK, "SLACK_TEAM_IDS": "C0TEAM"}, "SLACK_TEAM_IDS", "C0TEAM is not a workspace's id"),
        ({**SLACK, "SLACK_PRIVATE_CHANNELS": "#team"}, "SLACK_PRIVATE_CHANNELS", "#team is not one of"),
        ({**SLACK, "SLACK_PRIVATE_CHANNELS": "C0TEAM,D0ANN"}, "SLACK_PRIVATE_CHANNELS", "D0ANN is not one of"),
        ({**SLACK, "SLACK_SILENT_CHANNELS": "c0team"}, "SLACK_SILENT_CHANNELS", "c0team is not one of"),
        ({**SLACK, "SLACK_SILENT_CHANNELS": "C12"}, "SLACK_SILENT_CHANNELS", "C12 is not one of Slack's channel ids"),
        ({"NEWS_CHANNEL": "C0NEWS"}, "NEWS_CHANNEL", "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET too"),
        ({**SLACK, "DIGEST_CHANNEL": "U0ANN"}, "DIGEST_CHANNEL=U0ANN", "a Slack channel's id is needed"),
        ({"DIGEST_CHANNEL": "C0DIGEST"}, "DIGEST_CHANNEL", "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET too"),
        ({"MAIL_FROM": "the guidance bot"}, "MAIL_FROM", "an e-mail address is needed"),
        ({"MAIL_FROM": "bot@x.org\nBcc: ann@x.org"}, "MAIL_FROM", "an e-mail address is needed"),
        ({"MAIL_FROM": "Bot <bot@x.org>, Ann <ann@x.org>"}, "MAIL_FROM", "an e-mail address is needed"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_setting_is_one_line_that_names_it_and_says_what_is_needed(read, environment, name, says):
    message = wrong(read, **environment)
    assert name in message
    assert says in message


def test_a_setting_that_is_wrong_in_the_file_says_the_same(read):
    assert wrong(read, "PORT=http\n") == wrong(read, PORT="http")


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://guidance.example.org", "https://guidance.example.org"),
        ("https://guidance.example.org/", "https://guidance.example.org"),
        ("http://10.0.0.5:8000", "http://10.0.0.5:8000"),
        ("https://council.example/guidance/", "https://council.example/guidance"),
        (" https://guidance.example.org ", "https://guidance.example.org"),
        ("", None),
    ],
)
def test_the_public_address_has_no_slash_at_its_end(read, value, url):
    assert read(PUBLIC_URL=value).public_url == url


@pytest.mark.parametrize(
    ("value", "people"),
    [
        ("U0ANN", ("U0ANN",)),
        ("W0ANN,U1234", ("W0ANN", "U1234")),
        ("S0LEADS ann.lee@council.example", ("S0LEADS", "ann.lee@council.example")),
        ("U0ANN, U0BEN,,U0ANN ", ("U0ANN", "U0BEN")),
        (" , ", ()),
        ("", ()),
    ],
)
def test_managers_are_people_groups_and_addresses_each_of_them_once(read, value, people):
    assert read(MANAGERS=value).managers == people


@pytest.mark.parametrize(("value", "channel"), [("C0NEWS", "C0NEWS"), ("G1234", "G1234"), ("", None)])
def test_news_go_to_a_channel_by_its_id(read, value, channel):
    assert read(NEWS_CHANNEL=value, **SLACK).news_channel == channel


@pytest.mark.parametrize(("value", "writable"), [("1", True), ("0", False), ("", True), (" 0 ", False)])
def test_commands_may_write_unless_a_zero_forbids_it(read, value, writable):
    assert read(KNOWLEDGE_WRITABLE=value).knowledge_writable is writable


@pytest.mark.parametrize("port", ["1", "65535", " 8000 "])
def test_a_port_at_either_end_is_taken(read, port):
    assert read(PORT=port).port == int(port)


SECRET = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=6, max_size=25).map(lambda text: f"s3cret{text}")


@hypothesis_settings(deadline=None, max_examples=50)
@given(SECRET, st.sampled_from(["postgresql", "mysql+pymysql", "libsql", "SQLITE"]))
def test_no_secret_is_in_any_message(secret, scheme):
    nowhere = Path("no-such-file.env")
    for environment in (
        {"DATABASE_URL": f"{scheme}://bot:{secret}@db.example/bot"},
        {"DATABASE_URL": f"{scheme}:///{secret}"},
        {"SLACK_BOT_TOKEN": secret, "SLACK_SIGNING_SECRET": secret},
        {"SLACK_BOT_TOKEN": f"xoxb-{secret}"},
        {"SLACK_SIGNING_SECRET": secret},
        {**SLACK, "SLACK_API_URL": f"//{secret}"},
    ):
        wrong(read_settings, environment, nowhere)
    for environment in ({"SECRET_KEY": secret}, {"SECRET_KEY": secret, "HOST": "0.0.0.0"}):
        wrong(secret_key, read_settings(environment, nowhere))


# The environment and the file


def test_what_stands_in_the_environment_goes_before_what_stands_in_the_file(read):
    settings = read(f"PORT=8001\nHOST=::1\nSECRET_KEY={KEY}\n", PORT="8002")
    assert (settings.port, settings.host, settings.secret_key) == (8002, "::1", KEY)


def test_a_setting_that_is_empty_counts_as_not_set(read):
    settings = read("PORT=\nSLACK_BOT_TOKEN=\nSLACK_SIGNING_SECRET=  \n", HOST="", SECRET_KEY=" ")
    assert (settings.port, settings.host, settings.secret_key, settings.slack) == (8000, "127.0.0.1", None, None)


def test_the_file_of_the_folder_that_one_stands_in_is_read_beside_the_real_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", "HOST", "PARTNERSHIP", "KNOWLEDGE_DIR", "DATABASE_URL", *SLACK):
        monkeypatch.delenv(name, raising=False)
    assert read_settings().port == 8000
    (tmp_path / ".env").write_text("PORT=8001\nHOST=::1\n")
    monkeypatch.setenv("PORT", "8002")
    settings = read_settings()
    assert (settings.port, settings.host) == (8002, "::1")


def test_reading_changes_nothing_in_the_environment(read):
    before = dict(os.environ)
    read("PORT=8001\nNEW_SETTING=1\n")
    assert dict(os.environ) == before


def test_a_file_that_is_not_there_is_no_fault(tmp_path):
    assert read_settings({}, tmp_path / "nothing.env").port == 8000


def test_a_file_that_is_not_utf_8_is_one_clear_line(tmp_path):
    file = tmp_path / ".env"
    file.write_bytes(b"SECRET_KEY=caf\xe9-s3cret\n")
    assert ".env" in wrong(read_settings, {}, file)


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("0", False), ("yes", False), ("", False)])
def test_time_travel_is_allowed_by_a_one_and_nothing_else(read, value, allowed):
    assert read(ALLOW_TIME_TRAVEL=value).allow_time_travel is allowed


# The secret key


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_on_loopback_a_secret_key_is_made_once_for_its_owner_alone(at, host):
    settings = at(HOST=host)
    umask = os.umask(0)
    try:
        key = secret_key(settings)
    finally:
        os.umask(umask)
    file = settings.data_dir / "secret.key"
    assert len(key) == 64
    assert file.read_text() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret_key(settings) == key
    assert secret_key(at(HOST=host)) == key


def test_another_installation_makes_another_key(at, tmp_path):
    settings = at()
    other = dataclasses.replace(settings, database=tmp_path / "other" / "bot.db")
    assert secret_key(settings) != secret_key(other)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "192.168.1.2", "bot.example.org", "128.0.0.1"])
def test_where_others_can_reach_the_server_a_key_must_be_set(at, host):
    settings = at(HOST=host)
    message = wrong(secret_key, settings)
    assert "SECRET_KEY is not set" in message
    assert host in message
    assert not settings.data_dir.exists()
    assert secret_key(at(HOST=host, SECRET_KEY=KEY)) == KEY


def test_a_key_that_was_set_is_used_and_none_is_made(at):
    settings = at(SECRET_KEY=KEY)
    assert secret_key(settings) == KEY
    assert not settings.data_dir.exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_key_of_32_characters_is_long_enough_and_one_of_31_is_not(at, host):
    assert secret_key(at(HOST=host, SECRET_KEY="k" * 32)) == "k" * 32
    assert "too short" in wrong(secret_key, at(HOST=host, SECRET_KEY="k" * 31))


def test_a_key_file_that_was_left_empty_is_not_taken_for_a_key(at):
    """As when the program was stopped between making the file and writing it."""
    settings = at()
    settings.data_dir.mkdir()
    (settings.data_dir / "secret.key").touch(mode=0o600)
    with suppress(WrongSetting):
        assert len(secret_key(settings)) >= 32


def test_a_folder_in_which_no_key_can_be_made_is_one_clear_line(at):
    settings = at()
    settings.data_dir.touch()
    assert "secret.key" in wrong(secret_key, settings)
