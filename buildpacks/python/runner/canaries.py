"""Tests that must fail: where one passes, or says nothing, the results of the others are worth nothing either.

They stand before and after the project's own tests and never between two of them, whose fixtures may be shared. Their
names are made anew for each run.
"""

from __future__ import annotations

import os
import types
from typing import Any, Callable, List

import pytest

from .records import Channel


def _unequal() -> None:
    assert [1, "a"] == [1, "b"]  # this is what has to fail


def _raising() -> None:
    raise ValueError("a canary")


def _failing() -> None:
    pytest.fail("a canary", pytrace=False)


_BODIES: List[Callable[[], None]] = [_unequal, _raising, _failing]


class _Canaries(pytest.Module):
    """A module that no file holds."""

    def _getobj(self) -> Any:
        module = types.ModuleType(self.path.stem)
        for body in _BODIES:
            copy = types.FunctionType(body.__code__, body.__globals__)
            setattr(module, f"test_{os.urandom(6).hex()}", copy)
        return module


class Canaries:
    """Adds them to a run, and announces them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: List[pytest.Item]) -> None:
        if not items:
            return
        for place in (0, len(items)):
            path = session.config.rootpath / f"test_{os.urandom(6).hex()}.py"
            module = _Canaries.from_parent(session, path=path)
            made = [item for item in module.collect() if isinstance(item, pytest.Item)]
            for item in made:
                self._channel.write({"canary": item.nodeid})
            items[place:place] = made
