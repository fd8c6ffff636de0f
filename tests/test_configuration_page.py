"""docs/configuration.md says what the configuration is: every setting, its values, its default and its option."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from rfsn.config import NOT_SETTINGS, Config, allowed, schema_of
from rfsn.models.names import PROVIDERS
from rfsn.tables import BuildpackConfig, ModelConfig, ServiceConfig

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "configuration.md").read_text()
ROWS = {
    row[0]: row[1:] for row in (re.findall(r"(?<=\|)[^|]*(?=\|)", line) for line in PAGE.splitlines()) if len(row) > 1
}
SETTINGS = {
    key.strip().strip("`"): [cell.strip() for cell in cells] for key, cells in ROWS.items() if key.startswith(" `")
}
INTERNAL = {"given", "issue"}  # hashes of kept files, which no user sets


def default_of(model: type[BaseModel], name: str) -> str:
    """A default as the page writes it."""
    field = model.model_fields[name]
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None or value in ((), {}):
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def test_every_setting_has_its_row_and_every_row_its_setting() -> None:
    tables: dict[str, type[BaseModel]] = {
        "services.NAME": ServiceConfig,
        "buildpacks.NAME": BuildpackConfig,
        "models.NAME": ModelConfig,
    }
    inner = {f"{table}.{name}": (model, name) for table, model in tables.items() for name in model.model_fields}
    settings: dict[str, tuple[type[BaseModel], str]] = {
        name: (Config, name) for name in Config.model_fields if name not in INTERNAL
    } | inner
    assert SETTINGS.keys() - PROVIDERS.keys() == settings.keys() | NOT_SETTINGS
    for key, (model, name) in settings.items():
        values, default, *_ = SETTINGS[key]
        assert values == allowed(schema_of(key.split("."))), key
        assert default == default_of(model, name), key


def test_every_option_of_the_page_is_one_and_none_is_left_out(rfsn: Callable[..., Any]) -> None:
    named = {
        name: found[0] for name, cells in SETTINGS.items() if (found := re.findall(r"--[a-z-]+", "".join(cells[2:3])))
    }
    offered, judging = (
        set(re.findall(r"^  (--[a-z-]+)", rfsn(command, "--help").out, re.MULTILINE)) for command in ("repair", "judge")
    )
    assert set(named.values()) - offered == {"--pull-request"} <= judging
    others = {"--out", "--config", "--metrics-port", "--json", "--issue"}  # of a command, and no setting
    assert offered - set(named.values()) == others


def test_the_example_and_the_message_are_true(rfsn: Callable[..., Any], tmp_path: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
    assert Config(**tomllib.loads(example)).env == {"APP_MODE": "test"}
    file = tmp_path / "rfsn.toml"
    file.write_text("workers = 65\n")
    said = rfsn("repair", tmp_path, "--config", file).err.strip()
    assert said.replace(str(file), "/home/ada/.config/rfsn/rfsn.toml") in PAGE


def test_every_provider_has_its_row_with_its_protocol_and_its_key() -> None:
    protocols = {"responses": "Responses", "messages": "Messages", "chat": "Chat Completions"}
    for name, provider in PROVIDERS.items():
        protocol, key = SETTINGS[name]
        assert protocol.split(",")[0] == protocols[provider.api]
        assert key in {f"`{provider.key_variable}`", "none needed"}
