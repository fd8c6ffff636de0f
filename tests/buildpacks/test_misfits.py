"""Errors that say that the environment is newer than the project, and those that a fault in the project explains."""

from __future__ import annotations

import warnings

import pytest

from buildpacks.python.runner.misfits import is_misfit


def failure(code: str, place: str = "/repo/thing.py") -> BaseException:
    try:
        with warnings.catch_warnings(action="error"):
            exec(compile(code, place, "exec"), {})
    except Exception as error:  # noqa: BLE001  # whatever it is
        return error
    raise AssertionError(code)


@pytest.mark.parametrize(
    "code",
    [
        "import imp",
        "import distutils.nothing",
        "from collections import Mapping",
        "import asyncio; asyncio.coroutine",
        "import inspect; inspect.getargspec",
        "from iniconfig import entirely_different",  # a package of another time
        "import iniconfig; iniconfig.entirely_different",
        "import packaging; import packaging.legacy_things",
        "import warnings; warnings.warn('x', DeprecationWarning)",
    ],
)
def test_what_a_release_or_a_package_has_lost(code: str) -> None:
    assert is_misfit(failure(code), "/repo")


def test_what_a_package_itself_cannot_import() -> None:
    place = "/env/lib/python3.12/site-packages/thing/__init__.py"
    for code in ("import no_such_module", "from os import no_such_name"):
        assert is_misfit(failure(code, place), "/repo")
        assert not is_misfit(failure(code, f"/repo{place}"), "/repo")  # a copy in the tree is the project's own


@pytest.mark.parametrize(
    "code",
    [
        "from collections import OrderdDict",
        "from os import no_such_name",
        "from iniconfig import IniConfg",  # misspelt
        "import packaging.versoin",
        "import no_such_module",
        "no_such_name",
        "None.attribute",
        "x = (",
        "1 / 0",
    ],
)
def test_what_a_fault_in_the_project_explains(code: str) -> None:
    assert not is_misfit(failure(code), "/repo")
