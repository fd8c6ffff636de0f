"""The pack conforms. `pip install` it first."""

from __future__ import annotations

from rfsn.conformance import conform
from rfsn_perl.conformance import CONFORMANCE
from rfsn_perl.pack import PerlBuildpack


def test_it_conforms() -> None:
    assert not [check for check in conform(PerlBuildpack(), CONFORMANCE) if check.problem]
