"""Files that no repair may touch: tests, and the configuration of projects and runners."""

from __future__ import annotations

import re

__all__ = ["CONFIGURATION", "TESTS", "is_test_file"]

TESTS = (
    "*.test.*",
    "*.spec.*",
    "*-test.[cm]js",
    "*-test.[jt]s",
    "*_test.[cm]js",
    "*_test.[jt]s",
    "test-*.[cm]js",
    "test-*.[jt]s",
    "test.[cm]js",
    "test.[jt]s",
    "__tests__/",
    "__mocks__/",
    "__snapshots__/",
    "__fixtures__/",
    "*.snap",
    "test/",
    "tests/",
    "spec/",
)
"""Patterns (gitignore syntax) of tests, their data and their snapshots."""

CONFIGURATION = (
    # projects, their packages and locks
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "bun.lock",
    "bun.lockb",
    ".npmrc",
    ".yarnrc*",
    ".yarn/",
    ".pnp.*",
    ".pnpmfile.*",
    "node_modules/",
    ".nvmrc",
    ".node-version",
    # the runners, and everything that they load
    "jest.config.*",
    "jest.setup.*",
    "jest-*.config.*",
    "vitest.config.*",
    "vitest.setup.*",
    "vitest.workspace.*",
    "vite.config.*",
    ".mocharc*",
    "babel.config.*",
    ".babelrc*",
    ".swcrc",
    "tsconfig*",
    ".nycrc*",
    ".c8rc*",
    # continuous integration
    ".github/",
    ".gitlab-ci.yml",
    ".circleci/",
    ".travis.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    "Makefile",
)
"""Patterns of what decides how tests run."""

_FILES = re.compile(
    r"(?:.*/)?(?:[^/]+[._-](?:test|spec)|test-[^/]+|test)\.[cm]?[jt]sx?|(?:.*/)?(?:__tests__|tests?|spec)/.+\.[cm]?[jt]sx?"
)


def is_test_file(path: str) -> bool:
    """Whether a runner could take a file for one of tests, by its name."""
    return bool(_FILES.fullmatch(path))
