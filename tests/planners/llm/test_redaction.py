"""Redacted texts have nothing private, and are restored exactly."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gate import PLACEHOLDER, Edit, EditFile, content_hash, private_spans
from planners.llm.redaction import Redactor, restore
from planners.llm.unified import unified
from planners.testing import GivenTree

TOKEN = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
CODE = 'SENDER = "ada@example.com"\nPHONE = "+49 170 1234567"\nBACKUP = "ada@example.com"\n'
PIECES = [
    TOKEN, "a@example.com", "b@example.com", "+49 170 1234567", "DE89", " ", "\n", "@", ".", "x", "4111", "ab",
    "REDACTED_EMAIL_", "3fa94c", "REDACTED_PHONE_123456", "4111 1111 1111 1111", "# author: ", "://u:pw@", "\ud800",
    "\0",
]  # fmt: skip


def test_a_text_has_the_same_placeholder_everywhere() -> None:
    redacted = Redactor("salt").redact([CODE, "write to ada@example.com"])
    (email,) = {name for name, text in redacted.originals.items() if text == "ada@example.com"}
    assert PLACEHOLDER.fullmatch(email)
    assert redacted.texts[0].count(email) == 2
    assert redacted.texts[1] == f"write to {email}"
    assert redacted.counts == (("email", 1), ("phone", 1))
    assert "example.com" not in "".join(redacted.texts)


def test_placeholders_depend_on_the_salt_and_the_text_alone() -> None:
    once = Redactor("salt").redact([CODE])
    assert Redactor("salt").redact([CODE]) == once
    assert set(Redactor("salt").redact(["ada@example.com"]).originals) < set(once.originals)
    assert not set(Redactor("other").redact([CODE]).originals) & set(once.originals)


def test_an_answer_gets_the_originals_back() -> None:
    redacted = Redactor("salt").redact([CODE])
    answer = redacted.texts[0].replace("SENDER", "FROM")
    assert restore(answer, redacted.originals) == CODE.replace("SENDER", "FROM")
    assert restore("REDACTED_EMAIL_000000 stays", redacted.originals) == "REDACTED_EMAIL_000000 stays"


def test_a_placeholder_in_the_source_is_not_taken_for_ours() -> None:
    (ours,) = Redactor("salt").redact(["ada@example.com"]).originals
    for known in (ours, f"{ours}00"):
        redacted = Redactor("salt").redact([f"x = '{known}'", "ada@example.com"])
        assert redacted.texts[0] == f"x = '{known}'"
        assert redacted.texts[1].startswith(ours)
        assert len(redacted.texts[1]) > len(ours)
        assert restore("\n".join(redacted.texts), redacted.originals) == f"x = '{known}'\nada@example.com"


def test_texts_whose_hashes_begin_alike_have_placeholders_of_their_own() -> None:
    many = [f"user{number}@example.com" for number in range(9_000)]
    redacted = Redactor("collide").redact(many)
    assert len(redacted.originals) == len(many)
    assert len({len(name) for name in redacted.originals}) == 2
    assert [restore(text, redacted.originals) for text in redacted.texts] == many


@given(st.lists(st.lists(st.sampled_from(PIECES)).map("".join), max_size=4))
@settings(max_examples=500, deadline=None)
def test_nothing_private_is_left_and_nothing_is_lost(texts: list[str]) -> None:
    redacted = Redactor("salt").redact(texts)
    assert [private_spans(text) for text in redacted.texts] == [()] * len(texts)
    assert [restore(text, redacted.originals) for text in redacted.texts] == texts


def test_a_diff_beside_a_key_has_no_line_of_it() -> None:
    lines = "".join(f"MIIEpAIBAAKCAQEA7bq0{letter}\n" for letter in "abcdefgh")
    key = "-----BEGIN " + f"RSA PRIVATE KEY-----\n{lines}-----END RSA PRIVATE KEY-----\n"
    before = f"K = '''{key}'''\nx = 1\n".encode()
    place = before.index(b"1\n", before.index(b"x ="))
    patch = (EditFile("a.py", content_hash(before), (Edit(place, place + 1, b"2"),)),)
    diff = unified(patch, GivenTree({"a.py": before}))
    assert "-x = 1\n+x = 2\n" in diff
    assert "MIIE" not in diff
