"""What is private in a text, and what only looks like it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from gate import Excerpts, cut, may_leave, private_spans

KEY = "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq0\nAoIBAQ==\n-----END " + "RSA PRIVATE KEY-----"
TOKEN = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g"


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind.value, text[span.start : span.end]) for span in private_spans(text)]


def test_the_secret_of_a_telegram_bot_is_found_after_its_number() -> None:
    secret = ":" + "AAFake-Token_of_a_test_0123456789abcdef"[:35]
    assert found(f"bot 1234567890{secret}, and 12:{secret[1:]}") == [("credential", secret)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("credential", TOKEN),
        ("credential", JWT),
        ("credential", KEY),
        ("credential", KEY.replace("\n", "\\n")),
        ("credential", "AKIA" + "IOSFODNN7EXAMPLE"),
        ("credential", "xoxb" + "-123456789012-123456789012-abcdefghijklmnopqrstuvwx"),
        ("credential", "sk_live" + "_abcdefghijklmnopqrstuvwx"),
        ("credential", "0123456789abcdef0123456789abcdef" + "-us12"),
        ("credential", "sk-ant-" + "api03-abcdefghijklmnopqrstuvwxyz"),
        ("credential", "github_pat_" + "11ABCDEFG0abcdefghij_kl"),
        ("email", "ada.lovelace+x@mail.example.com"),
        ("email", "müller@bücher.example"),
        ("email", "test@localhost.invalid"),
        ("phone", "+49 170 1234567"),
        ("phone", "+4915112345678"),
        ("phone", "+1 (212) 555-0123"),
        ("phone", "+44 (0) 20 7946 0958"),
        ("phone", "+49 (0)170/123 45 67"),
        ("phone", "(212) 555-0123"),
        ("phone", "212-555-0123"),
        ("phone", "1-800-555-0199"),
        ("phone", "030/1234567"),
        ("phone", "0170 1234567"),
        ("phone", "020 7946 0958"),
        ("phone", "01 42 68 53 00"),
        ("phone", "0049 170 1234567"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432"),
        ("iban", "no9386011117947"),
        ("card", "4111 1111 1111 1111"),
        ("card", "5555555555554444"),
        ("card", "3782-822463-10005"),
        ("card", "6011000990139424"),
    ],
)
def test_what_is_private_is_found_with_its_kind_and_its_ends(kind: str, text: str) -> None:
    for before, after in (("", ""), ('x = "', '"'), ("see ", " and more"), ("<", ">"), ("(", ")."), ("\n", ",\n")):
        assert found(f"{before}{text}{after}") == [(kind, text)]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 07:14:59", "23.11.2026", "01-02-2020 12:30", "01/02/2020", "2020.01.02-03", "1.2.3.4",
        "v10.20.3000",
        "127.0.0.1:8080", "255.255.255.255", "x = 3.141592653589793", "+5.12345678", "1e+10000000", "y = a +12",
        "-0.1234567",
        "0x4111111111111111", "d41d8cd98f00b204e9800998ecf8427e", "550e8400-e29b-41d4-a716-446655440000",
        "978-3-16-148410-0", "0-306-40615-2", "9783161484100", "12345-6789", "01234-5678", "4111111111111112",
        "1600000000000000", "1234567890123456789", "DE88370400440532013000", "00 01 02 03 04 05",
        "de 01 23 45 67 89 ff",
        "[100, 200, 3000]", "100 200 300 400", "UTC+0530", "2020-01-01T00:00:00+0000", "range(1, 1000000)", "a @ b",
        "@app.route('/x')", "'x\\n@pytest.fixture\\n'", "package@1.2.3", "checkout@v4", "x@y", "sk-learn", "hf_hub",
        "npm_config", "eyJhbGc.x",
        "postgres://user:{password}@host/db", "https://host:8080/@x", "self.phone = phone", "phone: 2020-01-01", "50%",
    ],
)  # fmt: skip
def test_what_only_looks_private_is_left_alone(text: str) -> None:
    for around in ("{}", 'x = "{}"', "f({})"):
        assert found(around.format(text) if "{password}" not in text else text) == []


def test_a_number_that_is_named_needs_no_separators() -> None:
    assert found('{"phone": "5551234567", "total": "5551234567"}') == [("phone", "5551234567")]
    assert found("Tel.: 12 34 567") == [("phone", "12 34 567")]


def test_a_password_in_a_url_is_found_alone() -> None:
    assert found("postgres://bob:hunter2@db.example.com/x") == [("credential", "hunter2@db.example.com")]
    assert found("redis://:hunter2@localhost") == [("credential", "hunter2")]


@pytest.mark.parametrize(
    "text",
    [
        "# Copyright (c) 2020 Ada <ada@example.com>",
        "# SPDX-FileCopyrightText: Ada ada@example.com",
        "__author__ = 'ada@example.com'",
        'author_email="ada@example.com",',
        "Maintainer: Ada <ada@example.com>, +49 170 1234567",
        'authors = [\n  {name = "Ada", email = "ada@example.com"},\n  {email = "bob@example.com"},\n]',
        '"maintainers": [\n  "ada@example.com"\n]',
    ],
)
def test_those_who_wrote_the_code_may_be_named(text: str) -> None:
    assert found(text) == []
    assert found(f"{text}\nsend(eve@example.com)") == [("email", "eve@example.com")]


def test_a_credential_is_found_in_any_line() -> None:
    assert found(f"# author: {TOKEN}") == [("credential", TOKEN)]
    assert found("# Copyright: DE89370400440532013000") == [("iban", "DE89370400440532013000")]
    assert found("authorization = 'ada@example.com'") == [("email", "ada@example.com")]
    assert found("authors = [\n'unclosed',\n'ada@example.com'\n") == [("email", "ada@example.com")]


def test_what_overlaps_becomes_one() -> None:
    assert found(f"{TOKEN}@example.com") == [("credential", f"{TOKEN}@example.com")]


def test_placeholders_are_not_found_and_hide_nothing() -> None:
    assert found("x@REDACTED_EMAIL_3fa94c, +REDACTED_PHONE_123456") == []
    assert found("a://u:REDACTED_CREDENTIAL_0123456789abcdef@host") == []
    hidden = KEY.replace("AoIB", "REDACTED_EMAIL_3fa94c")
    first, second = found(hidden)
    assert "MIIEp" in first[1]
    assert "END" in second[1]


HOSTILE = [
    "a@" * 200_000, "a" * 400_000 + "@", "a.b@c." * 60_000, "+1" * 200_000, "1 " * 200_000, "1" * 400_000,
    "eyJ" * 100_000,
    "sk-" * 100_000, "AKIA" * 100_000, "AKIAIOSFODNN7EXAMPLE" * 20_000,
    ("BEGIN RSA " + "PRIVATE KEY\nAAAAAAAAAAAAAAAAAAAA\n") * 9_000,
    "DE89 " * 80_000, "authors = [\n" * 30_000 + "ada@example.com", "://" * 100_000, "://a:" * 80_000,
    "\0\ud800\u202e" * 99_000,
    "REDACTED_EMAIL_3fa94c" * 20_000 + "ada@example.com", "phone " * 60_000, "glagent-" * 50_000, "//a/:_auth" * 40_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_end(text: str) -> None:
    spans = private_spans(text)
    assert all(first.end <= second.start for first, second in pairwise(spans))


def test_this_project_has_nothing_private_but_for_chance() -> None:
    root = Path(__file__).resolve().parents[2]
    sources = [
        path for name in ("rfsn", "planners", "gate", "buildpacks", "sandbox") for path in root.glob(f"{name}/**/*.py")
    ]
    texts = [text for path in sources for _, text in found(path.read_text().replace("PRIVATE KEY", ""))]
    assert len(sources) > 100
    assert texts == ["TOKEN", "GT28 HN28 HR21 HU28 IE22 IL23 IQ23"]  # in a URL, and in the registry of IBANs by chance


@pytest.mark.parametrize(
    "path",
    [
        ".env", ".env.local", "deploy/prod.env", ".ENV", "id_rsa", "keys/id_ed25519.pub", "server.pem", "a/b.key",
        "x.p12",
        "x.pfx", "x.jks", "x.kdbx", ".netrc", ".pypirc", ".npmrc", "credentials", "credentials.json", "credentials.sh",
        ".credentials", "home/.aws/config", ".ssh/known_hosts", "secrets.yaml", "secrets.py",
        "my-service-account-1.json",
        "client_secret_1.json", "SERVER.PEM", "\uff53ecrets.yml", "terraform.tfstate",
    ],
)  # fmt: skip
def test_files_with_keys_stay(path: str) -> None:
    assert not may_leave(path)


@pytest.mark.parametrize(
    "path",
    ["src/core.py", "environment.py", "src/credentials.py", "keys.py", "tests/test_secrets.py", "key.json", "awsome/x"],
)
def test_other_files_may_leave(path: str) -> None:
    assert may_leave(path)


LINED = f"a = 1\nKEY = '''{KEY}'''\nb = 2\n"


def test_no_line_of_a_key_is_one_by_itself() -> None:
    lines = [*Excerpts(LINED).lines()]
    assert lines == ["a = 1\n", "KEY = '''[private]\n", "[private]\n", "[private]\n", "[private]'''\n", "b = 2\n"]
    assert len(lines) == LINED.count("\n"), "lines keep their numbers"


def test_no_part_shows_a_piece_of_what_is_private() -> None:
    text = f"x{TOKEN} {LINED} {JWT}."
    private = [text[span.start : span.end] for span in private_spans(text)]
    excerpts = Excerpts(text)
    for start in range(0, len(text), 3):
        for end in range(start, len(text) + 1, 7):
            rest = excerpts.part(start, end).replace("[private]", "")
            for whole in private:
                rest = rest.replace(whole, "")
            assert not any(rest[at : at + 6] in whole for whole in private for at in range(len(rest) - 5))


def test_a_text_is_cut_elsewhere_than_in_a_token() -> None:
    assert cut("see " + TOKEN, 12) == "see [private]"
    assert cut("see " + TOKEN, 400) == "see " + TOKEN
    assert cut("see that", 5) == "see t"
