from __future__ import annotations

import pytest

from rfsn.errors import UsageError
from rfsn.models.names import PROVIDERS, parse_name

LOCAL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("given", "base_url", "provider", "model"),
    [
        ("openai:gpt-6-sol", None, "openai", "gpt-6-sol"),
        ("openai:gpt-6-sol", LOCAL, "openai", "gpt-6-sol"),
        ("groq:openai/gpt-oss-120b", None, "groq", "openai/gpt-oss-120b"),
        ("ollama:qwen3:8b", None, "ollama", "qwen3:8b"),
        ("chat:mistral:7b", LOCAL, "chat", "mistral:7b"),
        ("qwen3:8b", LOCAL, "chat", "qwen3:8b"),
        ("gpt-6-sol", LOCAL, "chat", "gpt-6-sol"),
        ("gpt-6-sol", None, "openai", "gpt-6-sol"),
        ("o3", None, "openai", "o3"),
        ("o4-mini", None, "openai", "o4-mini"),
        ("claude-sonnet-5", None, "anthropic", "claude-sonnet-5"),
        ("gemini-3.8-flash", None, "gemini", "gemini-3.8-flash"),
        ("grok-4.7", None, "xai", "grok-4.7"),
    ],
)
def test_a_name_stands_for_a_model_of_a_provider(given: str, base_url: str | None, provider: str, model: str) -> None:
    name = parse_name(given, base_url=base_url)
    assert (name.given, name.provider.name, name.model) == (given, provider, model)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("gpt-oss-20b", "Write --model PROVIDER:gpt-oss-20b with one of openai, anthropic"),  # open weights
        ("deepseek-r1", "or add --base-url URL"),
        ("o3x", "--model PROVIDER:o3x"),
        ("opnai:gpt-6-sol", "whose model is this?"),
        ("openai:", "write --model openai:NAME"),
        ("chat:qwen3", "add --base-url URL"),
        ("", "not a model's name"),
        ("gpt 6", "without spaces"),
        ("gpt-\x1b[31m", "not a model's name"),
        ("x" * 300, "not a model's name"),
    ],
)
def test_a_name_that_could_mean_several_models_is_refused_with_what_to_write(given: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_name(given, base_url=None)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 500


def test_each_provider_has_a_key_of_its_own() -> None:
    variables = [provider.key_variable for provider in PROVIDERS.values()]
    assert len(set(variables)) == len(variables)
