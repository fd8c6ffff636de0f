"""The configuration of a session, merged once: defaults < the user's rfsn.toml < `RFSN_*` environment < options."""

from __future__ import annotations

import json
import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from buildpacks.text import spelled
from gate import Capability
from rfsn.errors import UsageError
from rfsn.machine import home
from rfsn.tables import BaseUrl, BuildpackConfig, HostName, ModelConfig, PythonName, ServiceConfig, Variables

__all__ = ["NOT_SETTINGS", "Config", "allowed", "load_config", "schema_of"]

_MAX_SHOWN = 100
_BOUNDS = {"exclusiveMinimum": "more than", "minimum": "at least", "maximum": "at most"}
_KINDS = {"boolean": "true or false", "string": "a string", "array": "a list of strings", "object": "a table"}
_OPTIONS = {"gate_rules": "--gate-rule", "operators": "--operator", "with_packages": "--with"}
"""The options that are not called as their keys are."""
MOST_WORKERS = 4
"""Workers beyond these help less, and each takes memory."""

_KEPT = {"given", "issue"}
"""Hashes of files that a command keeps in the session's folder: nobody sets them."""

NOT_SETTINGS = {"RFSN_HOME", "RFSN_LOG"}
"""Variables that are read elsewhere; every other `RFSN_*` is a field of `Config`."""


class Config(BaseModel):
    """What a repair may use and how it goes about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: str | None = None
    """The revision to repair; by default the working tree as it is."""
    test: tuple[str, ...] | None = None
    """The test command (argv); by default the buildpack's own."""
    target: tuple[str, ...] = ()
    """The test ids to repair; by default every failing test."""
    sandbox: Literal["auto", "docker", "bubblewrap", "local"] = "auto"
    """The sandbox for untrusted code."""
    image: str | None = None
    """The image of the Docker sandbox; by default the buildpack's own."""
    env: Variables = Field(default_factory=dict)
    """Environment variables of the test command."""
    time_limit: float = Field(default=900.0, gt=0, allow_inf_nan=False)
    """Seconds of wall-clock time for the whole session."""
    max_steps: int = Field(default=200, gt=0)
    """The most steps (proposals) of a session."""
    workers: int | None = Field(default=None, ge=1, le=64)
    """How much a session does in parallel: candidates, traced tests, the runs of a verdict.

    By default as much as there are processors for each session that runs at a time, at most `MOST_WORKERS`.
    """
    seed: int = 0
    """The seed of every random choice."""
    python: PythonName | None = None
    """The interpreter of Python projects: a release (3.9) or a path; by default one that suits the project."""
    packages: tuple[str, ...] | None = None
    """The exact requirements of the environment, instead of the project's own declarations."""
    with_packages: tuple[str, ...] = ()
    """Requirements (PEP 508) that are added to the environments of Python projects."""
    offline: bool = False
    """Whether the environment must come from caches only."""
    cache_gib: float = Field(default=20.0, gt=0, allow_inf_nan=False)
    """How large the cached environments may become (GiB); the least recently used ones are removed."""
    min_confidence: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)
    """The least confidence, 0 to 1, that a repair must have to count as one."""
    apply: bool = False
    """Whether a verified patch is written into the working tree."""
    branch: str | None = None
    """The new branch that a verified patch is committed to."""
    services: dict[HostName, ServiceConfig] = Field(default_factory=dict)
    """Services that run beside the tests, by the host name at which tests reach them; only in containers."""
    buildpacks: dict[str, BuildpackConfig] = Field(default_factory=dict)
    """Settings of buildpacks, by their names."""
    protect: tuple[str, ...] = ()
    """Further patterns (gitignore syntax) of files that no repair may touch."""
    allow_test_edits: bool = False
    """Whether a patch may change tests; their configuration stays protected."""
    pull_request: bool = False
    """Whether a patch may add tests, which run beside those of the base, and change metadata of the project."""
    allow_path: tuple[str, ...] = ()
    """Patterns (gitignore syntax, from the root) of files that a patch may change in any way."""
    strict: bool = False
    """Whether a patch that changes nothing but the answers to calls of the tests is rejected."""
    allow_capability: tuple[Capability, ...] = ()
    """What patches may newly do, besides computing: `network`, `clock` and so on."""
    allow_large: bool = False
    """Whether a patch may change any number of files and lines."""
    given: str | None = None
    """The hash (SHA-256) of the diff, kept as `given.diff`, if the session judges a patch from elsewhere."""
    sign_key: str | None = None
    """The SSH key that the evidence of a session is signed with."""
    gate_rules: tuple[str, ...] = ()
    """The installed rules (entry points of `rfsn.gate_rules`) that are checked after the gate's own."""
    operators: tuple[str, ...] = ()
    """The installed edit operators (entry points of `rfsn.operators`) that the search uses besides its own."""
    planner: str = "auto"
    """Who makes the patches: one of `planners.meta.OWN_MAKERS`, or an installed planner (`rfsn.planners`)."""
    model: tuple[str, ...] = ()
    """The models to ask, [provider:]name, in this order: the cheapest first."""
    base_url: BaseUrl | None = None
    """An endpoint that speaks Chat Completions, for models without a provider in their names."""
    judge_model: str | None = None
    """The model that helps to rank plausible patches."""
    max_cost: float = Field(default=2.0, ge=0, allow_inf_nan=False)
    """The most that all calls of models may cost together (USD)."""
    models: dict[str, ModelConfig] = Field(default_factory=dict)
    """Settings of models, by their names."""
    issue: str | None = None
    """The hash (SHA-256) of the issue's text, kept as `issue.md`, if one was given."""
    accept_generated: bool = False
    """Whether a repair counts that is shown only by a test which was written from the issue."""
    memory: bool = True
    """Whether a session learns from earlier ones, and later ones from it; an evaluation never does."""

    def workers_of(self, sessions: int) -> int:
        """How many workers one of so many sessions has that run at a time."""
        return self.workers or max(1, min(MOST_WORKERS, len(os.sched_getaffinity(0)) // sessions))


def load_config(
    options: Mapping[str, Any], file: Path | None = None, option_names: Mapping[str, str] | None = None
) -> Config:
    """Merge the layers; an option of None was not given. Raises `UsageError` naming the file, variable or option.

    `option_names` has the options that a command calls otherwise than `repair` does, by their keys.
    """
    path = file or home.config_file()
    layers: dict[str, Any] = {}
    if file is not None and not file.is_file():
        raise UsageError(f"{file}: no such configuration file")
    if path.is_file():
        layers.update(_checked(_toml(path), f"{path}: ", keys=True))
    for name, text in os.environ.items():
        key = name.removeprefix("RFSN_").lower()
        if name.startswith("RFSN_") and name not in NOT_SETTINGS and key in Config.model_fields.keys() - _KEPT:
            layers.update(_checked({key: _listed(key, text, name)}, f"the environment variable {name}"))
    named = _OPTIONS | dict(option_names or {})
    for key, value in options.items():
        if value is not None:
            layers.update(_checked({key: value}, named.get(key, f"--{key.replace('_', '-')}")))
    config = Config(**layers)
    if config.image is not None and config.sandbox != "docker":
        raise UsageError(f"the image {config.image} is for the Docker sandbox: add --sandbox docker")
    if config.services and config.sandbox != "docker":
        names = ", ".join(config.services)
        raise UsageError(f"the services {names} run only in containers: add --sandbox docker, or remove them")
    return config


def _checked(layer: dict[str, Any], origin: str, *, keys: bool = False) -> dict[str, Any]:
    """Validate one layer by itself, so that an error names where the value came from, with its key if `keys`."""
    for key, value in layer.items():
        if key in _KEPT:
            raise UsageError(f"{origin}{key if keys else ''}: no such setting; it is recorded by rfsn itself")
        if problem := _unsound(value):
            raise UsageError(f"{origin}{key if keys else ''}: {problem}")
    try:
        # A file has types of its own, and "yes" is not true in it; what a variable or an option has is text.
        strict = json.dumps(layer, default=str) if keys else None
        known = Config.model_validate_json(strict, strict=True) if strict else Config(**layer)
    except ValidationError as error:
        key, problem = _problem(error.errors()[0])
        raise UsageError(f"{origin}{key if keys else ''}: {problem}") from error
    return {key: getattr(known, key) for key in layer}


def _problem(error: ErrorDetails) -> tuple[str, str]:
    """The key; and what is wrong with it, with what is allowed."""
    path = [str(part) for part in error["loc"] if part != "[key]"]
    key, schema = ".".join(path), schema_of(path[:-1])
    names = sorted(schema.get("properties", ()))
    if error["type"] == "extra_forbidden":
        near = get_close_matches(path[-1], names, 1)
        hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(names)}"
        return key, f"no such setting; {hint}"
    if error["type"] == "missing":
        return key, f"missing; allowed: {allowed(schema_of(path))}"
    if "[key]" in error["loc"]:
        return key, "not a host name; allowed: lower-case letters, digits and hyphens, at most 63"
    if error["type"] == "value_error":  # one of ours, whose input may have a secret in it
        return key, error["msg"].removeprefix("Value error, ")
    shown = repr(error["input"])[:_MAX_SHOWN]
    return key, f"{shown} is invalid; allowed: {allowed(schema_of(path))}"


def schema_of(path: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of the setting at a path of keys, without the null of an optional one."""
    whole = Config.model_json_schema()

    def resolved(schema: dict[str, Any]) -> dict[str, Any]:
        return whole["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    schema: dict[str, Any] = whole
    for part in path:
        inner = (schema.get("properties", {}).get(part), schema.get("additionalProperties"), schema.get("items"))
        schema = next(filter(None, inner), {})
        schema = resolved(next((option for option in schema.get("anyOf", ()) if option.get("type") != "null"), schema))
    return schema | ({"items": resolved(schema["items"])} if "items" in schema else {})


def allowed(schema: Mapping[str, Any]) -> str:
    """The values of a setting, in words."""
    match schema:
        case {"enum": [*values]}:
            return ", ".join(map(str, values))
        case {"type": "integer" | "number" as kind}:
            bounds = [f"{word} {schema[name]:g}" for name, word in _BOUNDS.items() if name in schema]
            return " ".join(("a whole number" if kind == "integer" else "a number", " and ".join(bounds))).strip()
        case {"format": "uri"}:
            return "a URL with http or https"
        case {"type": "array", "items": {"type": "array"}}:
            return "a list of lists"
        case {"type": str() as kind}:
            return _KINDS.get(kind, kind)
    return "see docs/configuration.md"


def _unsound(value: object) -> str:
    """Why a string in a value cannot be stored or passed on; empty if each can."""
    match value:
        case str() if "\0" in value:
            return "it contains a NUL character, which cannot be passed to a program"
        case str() if spelled(value) != value:
            return f"{spelled(value)} is not UTF-8"
        case dict():
            return next(filter(None, map(_unsound, (*value, *value.values()))), "")
        case list() | tuple():
            return next(filter(None, map(_unsound, value)), "")
    return ""


def _listed(key: str, text: str, variable: str) -> str | list[str]:
    """The text of a variable; for a list field its words, split as a shell would."""
    kind = Config.model_fields[key].annotation
    if tuple not in {get_origin(kind), *map(get_origin, get_args(kind))}:
        return text
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"the environment variable {variable}: {error}") from error


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise UsageError(f"{path}: cannot be read as TOML: it is nested too deeply") from error
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as TOML: {error}") from error
