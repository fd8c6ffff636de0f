"""Which runner a command starts, whatever it is wrapped in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from buildpacks import BuildpackError
from buildpacks.node.commands import Command, command_for, parsed
from tests.buildpacks.test_requirements import Tree


def planned(manifest: Mapping[str, Any] | None, *given: str) -> Command:
    tree = Tree({} if manifest is None else {"package.json": json.dumps(manifest)})
    return parsed(command_for(tree, given or None))


SCRIPTS = {
    "node --test": Command("node"),
    "node --import ./setup.mjs --test --test-reporter=spec test/*.js": Command(
        "node", ("test/*.js",), ("--import", "./setup.mjs")
    ),
    "c8 --reporter=text node --test": Command("node"),
    "tsx --test src/a.test.ts": Command("node", ("src/a.test.ts",), ("--import", "tsx")),
    "jest --coverage --bail": Command("jest"),
    "node --experimental-vm-modules node_modules/jest/bin/jest.js -t 'a b'": Command(
        "jest", ("-t", "a b"), ("--experimental-vm-modules",)
    ),
    "vitest run --reporter verbose": Command("vitest"),
    "NODE_ENV=test cross-env A=b mocha -R dot 'test/**/*.js' --timeout 500": Command(
        "mocha", ("--timeout", "500"), env={"NODE_ENV": "test", "A": "b"}, files=("test/**/*.js",)
    ),
    "npm run lint && tsc -p . && nyc mocha && echo done": Command("mocha", prepare=("tsc -p .",)),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_of_package_json(script: str) -> None:
    assert planned({"scripts": {"test": script, "lint": "eslint ."}}) == SCRIPTS[script]


def test_the_users_command_wins() -> None:
    manifest = {"scripts": {"test": "jest", "pretest": "tsc", "unit": "mocha unit"}}
    assert planned(manifest, "node", "--test") == Command("node")
    assert planned(manifest, "npm", "test", "--", "-t", "x") == Command("jest", ("-t", "x"), prepare=("tsc",))
    assert planned(manifest, "yarn", "unit") == Command("mocha", files=("unit",))
    assert planned(manifest, "npx", "--no-install", "vitest", "src") == Command("vitest", ("src",))


def test_without_a_script_the_packages_tell() -> None:
    placeholder = {"test": 'echo "Error: no test specified" && exit 1'}
    assert planned({"scripts": placeholder, "devDependencies": {"mocha": "^10"}}).runner == "mocha"
    assert planned({"scripts": placeholder}).runner == "node"
    assert planned(None).runner == "node"


@pytest.mark.parametrize("command", [["python", "-m", "pytest"], ["tape", "x.js"], ["npm", "run", "nothing"]])
def test_a_command_of_another_runner_is_refused(command: list[str]) -> None:
    with pytest.raises(BuildpackError, match=r"does not start: say --test 'node --test'"):
        planned({"scripts": {"test": "jest"}}, *command)
