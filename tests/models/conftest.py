"""A model server for each test; it looks at every request, and a wrong one fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gate import ModelCard
from rfsn.models.request import Wire
from tests.models.office import Office, wire
from tests.models.server import ModelServer, serving


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving() as server:
        yield server
        assert server.problems == []


class Opener:
    """Opens the office of a test, and closes all that it opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.opened: list[Office] = []

    def __call__(self, *cards: ModelCard, wire_: Wire | None = None, **options: object) -> Office:
        office = Office(self._folder, wire_ or wire(), *cards, **options)  # type: ignore[arg-type]  # any of them
        self.opened.append(office)
        return office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Opener]:
    opener = Opener(tmp_path)
    yield opener
    for one in opener.opened:
        one.close()
        assert one.overspent == []
