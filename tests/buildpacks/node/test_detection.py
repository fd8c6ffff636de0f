"""Which trees are projects of Node."""

from __future__ import annotations

import pytest

from buildpacks.node import NodeBuildpack
from tests.buildpacks.test_requirements import Tree

TREES = [
    ({"package.json": "{}", "src/a.js": "", "a.test.js": ""}, 0.9, ("",)),
    ({"package.json": '{"scripts": {"test": "jest"}}', "__tests__/a.ts": ""}, 0.9, ("",)),
    ({"package.json": '{"private": true}', "docs/a.md": ""}, 0.4, ("",)),
    ({"a.test.mjs": "", "b.js": ""}, 0.6, ("",)),
    ({"b.js": ""}, 0.2, ("",)),
    ({"b.py": ""}, 0.0, ("",)),
    ({"web/package.json": "{}", "web/test/a.js": "", "api/x.py": "", "api/pyproject.toml": ""}, 0.9, ("web",)),
    ({"node_modules/x/package.json": "{}", "node_modules/x/test/a.js": ""}, 0.0, ("",)),
    ({"package.json": "not JSON", "a.test.js": ""}, 0.4, ("",)),
]


@pytest.mark.parametrize(("files", "confidence", "roots"), TREES)
def test_a_tree(files: dict[str, str], confidence: float, roots: tuple[str, ...]) -> None:
    found = NodeBuildpack().detect(Tree(files))
    assert (found.confidence, found.roots) == (confidence, roots)
