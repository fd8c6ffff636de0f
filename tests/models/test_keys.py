from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from gate import ModelCard
from rfsn.config import Config
from rfsn.errors import UsageError
from rfsn.models.cards import card_of, check_models
from rfsn.models.keys import key_of, keys_found
from rfsn.models.names import PROVIDERS

REMOTE = "https://models.example/v1"
PRICED = {"input_usd": 1, "output_usd": 1}


class Keys(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return {("rfsn", "openai"): "from-the-keyring"}.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No key of the developer's plays a part."""
    for provider in PROVIDERS.values():
        monkeypatch.delenv(provider.key_variable, raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]  # it has no types
    yield
    keyring.set_keyring(before)


def card(name: str, **settings: Any) -> ModelCard:
    return card_of(name, Config.model_validate({"base_url": REMOTE, "models": {name: settings | PRICED}}))


def test_the_key_is_the_providers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of openai".replace(" ", "-"))
    monkeypatch.setenv("CHAT_API_KEY", " of-the-endpoint\n")
    assert key_of(card("openai:o3")) == "of-openai"
    assert key_of(card("o3")) == "of-the-endpoint", "a provider's key goes to nobody else"
    assert key_of(card("chat:o3", base_url="https://api.openai.com/v1")) == "of-openai"
    with pytest.raises(UsageError, match="set ANTHROPIC_API_KEY"):
        key_of(card("anthropic:claude-sonnet-5"))
    assert keys_found() == ("CHAT_API_KEY", "OPENAI_API_KEY")


def test_a_bare_name_takes_the_key_of_its_maker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "theirs")
    assert key_of(card_of("claude-sonnet-5", Config())) == "theirs"


def test_another_variable_takes_the_place_of_the_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "usual")
    with pytest.raises(UsageError, match="set WORK_KEY"):
        key_of(card("openai:o3", key_variable="WORK_KEY"))
    monkeypatch.setenv("WORK_KEY", "other")
    assert key_of(card("openai:o3", key_variable="WORK_KEY")) == "other"


def test_the_keyring_is_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="keyring set rfsn openai"):
        key_of(card("openai:o3"))
    keyring.set_keyring(Keys())  # type: ignore[no-untyped-call]  # it has no types
    assert key_of(card("openai:o3")) == "from-the-keyring"
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
    assert key_of(card("openai:o3")) == "from-the-environment"


def test_an_endpoint_on_this_machine_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    local = card("qwen3", base_url="http://127.0.0.1:8/v1")
    assert key_of(local) == ""
    monkeypatch.setenv("CHAT_API_KEY", "wanted-all-the-same")
    assert key_of(local) == "wanted-all-the-same"


@pytest.mark.parametrize("host", ["models.example", "192.168.1.5:8000", "x.localhost", "localhost."])
def test_a_key_does_not_travel_where_others_can_read_it(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    far = card("qwen3", base_url=f"HTTP://{host}/v1")
    keyring.set_keyring(Keys())  # type: ignore[no-untyped-call]  # it has no types
    assert key_of(far) == key_of(card("openai:o3", base_url=f"http://{host}/v1")) == "", "and it needs none"
    monkeypatch.setenv("CHAT_API_KEY", "canary")
    with pytest.raises(UsageError, match="https, unset CHAT_API_KEY") as refused:
        check_models(Config.model_validate({"model": ["qwen3"], "base_url": far.endpoint, "models": {"qwen3": PRICED}}))
    assert 'key_over_http = true in [models."qwen3"]' in str(refused.value)
    assert "canary" not in str(refused.value)
    assert key_of(card("qwen3", base_url=f"http://{host}/v1", key_over_http=True)) == "canary"
    monkeypatch.delenv("CHAT_API_KEY")
    with pytest.raises(UsageError, match="set CHAT_API_KEY"):
        key_of(card("qwen3", base_url=f"http://{host}/v1", key_over_http=True))
    assert key_of(card("openai:o3", base_url=f"http://{host}/v1", key_over_http=True)) == "from-the-keyring"


def test_a_key_that_cannot_be_one_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("two words-canary", "canary\nX-Evil: 1", "canary\N{EURO SIGN}"):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        with pytest.raises(UsageError, match="OPENAI_API_KEY") as refused:
            key_of(card("openai:o3"))
        assert "canary" not in str(refused.value)


def test_every_model_that_may_be_asked_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "one")
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY"):
        check_models(Config(model=("o3",), judge_model="claude-sonnet-5"))
    assert check_models(Config(model=("o3",))).judge is None
