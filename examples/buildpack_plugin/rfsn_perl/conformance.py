"""What the Perl buildpack says of itself: `rfsn buildpacks check perl` tries whether it is so."""

from __future__ import annotations

from buildpacks import Outcome
from buildpacks.conformance import Conformance

__all__ = ["CONFORMANCE"]

_SOURCE = """package Least;
use strict;
use warnings;

sub least {
    my ($first, $second) = @_;
    return $first if $first > $second;
    return $second;
}

1;
"""
_TEST = """use strict;
use warnings;
use Test::More;
use Least;

is(Least::least(1, 2), 1, 'the first is less');
is(Least::least(3, 2), 2, 'the second is less');
is(Least::least(2, 2), 2, 'both are the same');
SKIP: { skip 'not yet', 1; ok(0) }
done_testing;
"""
_PASSED = "ok 1 - the first is less\\nok 2 - the second is less\\nok 3 - both are the same\\n1..3\\n"


def _with(body: str) -> dict[str, str]:
    """The source with more in its function."""
    return {"lib/Least.pm": _SOURCE.replace("= @_;\n", f"= @_;\n    {body}\n")}


CONFORMANCE = Conformance(
    files={"lib/Least.pm": _SOURCE, "t/least.t": _TEST},
    cases={
        "t/least.t::the first is less": Outcome.FAILED,
        "t/least.t::the second is less": Outcome.FAILED,
        "t/least.t::both are the same": Outcome.PASSED,
        "t/least.t::test 4": Outcome.SKIPPED,
    },
    repair={"lib/Least.pm": _SOURCE.replace(">", "<")},
    hang=_with("1 while $first == $second;"),
    hanging="t/least.t::(the end)",
    crash=_with("kill 'SEGV', $$ if $first == $second;"),
    broken={"lib/Least.pm": _SOURCE.replace("= @_;", "= @_")},
    complaint="lib/Least.pm line 7",
    empty={"lib/Least.pm": _SOURCE},
    test_file="t/least.t",
    forgeries={
        "it prints that tests passed": _with(f'print "{_PASSED}"; exit 0;'),
        "it exits": _with("exit 0;"),
        "it exits without a trace": _with("require POSIX; POSIX::_exit(0);"),
        "it replaces what compares": _with("no warnings; *Test::More::is = *main::is = sub { 1 }; exit 0;"),
        "it kills its parent": _with("kill 'KILL', getppid;"),
    },
)
