"""Names of models, as `--model` has them: [provider:]name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gate.models import Api
from rfsn.errors import UsageError

__all__ = ["PROVIDERS", "ModelName", "Provider", "parse_name"]

_MAX_NAME = 200
_NAME = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Provider:
    """Where models are: the protocol, the endpoint (empty if the user must name it) and the variable of the key."""

    name: str
    api: Api
    endpoint: str
    key_variable: str


PROVIDERS: Mapping[str, Provider] = {
    provider.name: provider
    for provider in (
        Provider("openai", "responses", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        Provider("anthropic", "messages", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
        Provider("gemini", "chat", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"),
        Provider("deepseek", "chat", "https://api.deepseek.com", "DEEPSEEK_API_KEY"),
        Provider("mistral", "chat", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
        Provider("xai", "chat", "https://api.x.ai/v1", "XAI_API_KEY"),
        Provider("groq", "chat", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
        Provider("together", "chat", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
        Provider("openrouter", "chat", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        Provider("ollama", "chat", "http://localhost:11434/v1", "OLLAMA_API_KEY"),
        # Its key is nobody else's: a variable of a provider must not send that provider's key to any URL.
        Provider("chat", "chat", "", "CHAT_API_KEY"),
    )
}
"""The known providers, by the names that `--model` has for them."""

# Only of models that their maker alone serves. Open weights (gpt-oss, deepseek, mistral, qwen) are in many places.
_PREFIXES = (
    (re.compile(r"(?!gpt-oss)(gpt|chatgpt|codex)-|o[1-9](-|$)"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "gemini"),
    (re.compile(r"grok-"), "xai"),
)


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model: `given` is its name as the user wrote it, `model` is the provider's own name for it."""

    given: str
    provider: Provider
    model: str


def parse_name(given: str, *, base_url: str | None) -> ModelName:
    """The model that a name stands for; `base_url` is an endpoint that the user named for it or for all bare names.

    A colon belongs to the name (`qwen3:8b`) unless a provider precedes it. Raises `UsageError` that says what to write.
    """
    if len(given) > _MAX_NAME or not _NAME.fullmatch(given):
        raise UsageError(f"{given[:_MAX_NAME]!r} is not a model's name: write --model [PROVIDER:]NAME, without spaces")
    prefix, colon, rest = given.partition(":")
    if colon and prefix in PROVIDERS:
        if not rest:
            raise UsageError(f"{given}: the name of the model is missing: write --model {given}NAME")
        if prefix == "chat" and not base_url:
            raise UsageError(f"{given}: say where it is: add --base-url URL (an endpoint of Chat Completions)")
        return ModelName(given, PROVIDERS[prefix], rest)
    if base_url:
        return ModelName(given, PROVIDERS["chat"], given)
    known = [provider for pattern, provider in _PREFIXES if pattern.match(given)]
    if len(known) == 1:
        return ModelName(given, PROVIDERS[known[0]], given)
    providers = ", ".join(name for name in PROVIDERS if name != "chat")
    raise UsageError(
        f"{given}: whose model is this? Write --model PROVIDER:{given} with one of {providers}, "
        "or add --base-url URL for an endpoint of Chat Completions"
    )
