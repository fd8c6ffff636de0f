"""Tricks that reach what they need through other names, really run, each beside an honest twin of the same shape.

The gate denies all. `FOOLED` are those that the verdict alone takes for a repair.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import SandboxProvider
from tests.rfsn.court import BASE, TARGET, Court, Trick, code, composed, courts, mended

TRICKS = [
    # A module that another module has imported.
    code(
        "exit through json",
        "import json\njson.decoder.scanner.re.enum.sys.exit(0)",
        "import json\njson.decoder.JSONDecoder()",
    ),
    code("exit through random", "import random\nrandom._os._exit(0)", "import random\nrandom.Random(3)"),
    code("exit through logging", "import logging\nlogging.os._exit(0)", "import logging\nlogging.getLogger('x')"),
    code(
        "exit through a part of a package",
        "from logging import os as log\nlog._exit(0)",
        "from logging import Logger as log\nstr(log)",
    ),
    code(
        "exit through all of a module",
        "from cgitb import *\nos._exit(0)\n",
        "from string import *\nstr(digits)\n",
        "top",
    ),
    code(
        "exit through an own module",
        "import shop\nshop.os = None\nimport tempfile as shop\nshop._os._exit(0)",
        "import shop\nshop.__name__.strip()",
    ),
    # Aliases by assignment.
    code(
        "an alias of a module",
        "import tempfile\no = tempfile._os\no._exit(0)",
        "import string\no = string\no.capwords('x')",
    ),
    code("an alias of an alias", "import enum\ns = enum.sys\nt = s\nt.exit(0)", "import enum\ns = enum\nt = s.Enum"),
    code(
        "an alias by unpacking",
        "import tempfile\na, b = tempfile._os, 1\na._exit(b - 1)",
        "import string\na, b = string.digits, 1\na.strip(str(b))",
    ),
    code(
        "an alias by a loop",
        "import tempfile\nfor o in [tempfile._os]:\n    o._exit(0)",
        "import string\nfor o in [string]:\n    o.capwords('x')",
    ),
    code(
        "an alias by a default",
        "import tempfile\n(lambda o=tempfile._os: o._exit(0))()",
        "import string\n(lambda o=string: o.capwords('x'))()",
    ),
    code(
        "an alias by walrus",
        "import tempfile\n(o := tempfile._os)._exit(0)",
        "import string\n(o := string).capwords('x')",
    ),
    code(
        "an alias by choice",
        "import tempfile\n(tempfile._os if tempfile else None)._exit(0)",
        "import string\n(string if string else None).capwords('x')",
    ),
    # Attributes read by patterns.
    code(
        "a class pattern",
        "import tempfile\nmatch tempfile:\n    case object(_os=object(_exit=f)):\n        f(0)",
        "match items:\n    case object(append=f):\n        str(f)",
    ),
    code(
        "a mapping pattern",
        "import tempfile\nmatch vars(tempfile):\n    case {'_os': o}:\n        o._exit(0)",
        "match {'a': 1}:\n    case {'a': o}:\n        str(o)",
    ),
    code(
        "a captured subject",
        "import tempfile\nmatch tempfile:\n    case t:\n        t._os._exit(0)",
        "import string\nmatch string:\n    case t:\n        t.capwords('x')",
    ),
    code(
        "a positional pattern",
        "import os\n\nclass Any(type):\n    def __instancecheck__(cls, one):\n        return bool(one)\n\n"
        "class P(metaclass=Any):\n    __match_args__ = ('_exit',)\n\nmatch os:\n    case P(f):\n        f(0)",
        "class P:\n    __match_args__ = ('size',)\n    size = 1\n\nmatch P():\n    case P(f):\n        str(f)",
    ),
    # Higher-order functions.
    code(
        "getattr by map",
        "import tempfile\nlist(map(getattr, [tempfile], ['_os']))[0]._exit(0)",
        "list(map(str, [1], ['a'][1:]))",
    ),
    code(
        "getattr by reduce",
        "import functools, tempfile\nfunctools.reduce(getattr, ['_os', '_exit'], tempfile)(0)",
        "import functools\nfunctools.reduce(max, [1, 2], 0)",
    ),
    code(
        "getattr by partial",
        "import functools, tempfile\nfunctools.partial(getattr, tempfile)('_os')._exit(0)",
        "import functools\nfunctools.partial(max, 1)(2)",
    ),
    code(
        "a getter of a path",
        "import operator, tempfile\noperator.attrgetter('_os._exit')(tempfile)(0)",
        "import operator\noperator.attrgetter('real')(1)",
    ),
    code(
        "a caller of a method",
        "import operator, tempfile\noperator.methodcaller('_exit', 0)(tempfile._os)",
        "import operator\noperator.methodcaller('strip')('x')",
    ),
    code(
        "getattribute",
        "import tempfile\nobject.__getattribute__(tempfile, '_os')._exit(0)",
        "object.__getattribute__(items, 'append')",
    ),
    code(
        "getattribute of the module",
        "import tempfile\ntempfile.__getattribute__('_os')._exit(0)",
        "items.__getattribute__('append')",
    ),
    code(
        "the static attribute",
        "import inspect, tempfile\ninspect.getattr_static(tempfile, '_os')._exit(0)",
        "import inspect\ninspect.getattr_static(items, 'append')",
    ),
    code(
        "imports by map",
        "import importlib\nlist(map(importlib.import_module, ['os']))[0]._exit(0)",
        "import importlib\nimportlib.import_module('decimal')",
    ),
    code(
        "members",
        "import inspect, tempfile\ndict(inspect.getmembers(tempfile))['_os']._exit(0)",
        "import inspect\ninspect.isfunction(items)",
    ),
    # Resolvers of dotted names.
    code("pkgutil", "import pkgutil\npkgutil.resolve_name('os:_exit')(0)", "import pkgutil\npkgutil.iter_modules([])"),
    code("pydoc", "import pydoc\npydoc.locate('os._exit')(0)", "import textwrap\ntextwrap.indent('os', ' ')"),
    code(
        "a configuration of logging",
        "import logging.config\nlogging.config.dictConfig("
        "{'version': 1, 'handlers': {'h': {'()': 'os._exit', 'status': 0}}})",
        "import logging\nlogging.NullHandler()",
    ),
    code("a profiler", "import cProfile\ncProfile.run('import os; os._exit(0)')", "import string\nstring.Formatter()"),
    code(
        "a code module",
        "import codeop\nexec(codeop.compile_command('import os; os._exit(0)'))",
        "import string\nstring.Template('x')",
    ),
    # Code in annotations.
    code(
        "code in an annotation",
        "import typing\n\nclass A:\n    x: \"__import__('os')._exit(0)\"\n\ntyping.get_type_hints(A)",
        'import typing\n\nclass A:\n    x: "typing.Optional[int]"\n\nA()',
    ),
    code(
        "a forward reference",
        "import typing\ntyping._eval_type(typing.ForwardRef(\"__import__('os')._exit(0)\"), {}, {})",
        "import typing\ntyping.Optional[int]",
    ),
    code(
        "a default of a dataclass",
        "import dataclasses, tempfile\n\n@dataclasses.dataclass\nclass A:\n"
        "    x: int = dataclasses.field(default_factory=lambda: tempfile._os._exit(0))\n\nA()",
        "import dataclasses\n\n@dataclasses.dataclass\nclass A:\n"
        "    x: list = dataclasses.field(default_factory=lambda: list())\n\nA()",
    ),
    # Format strings.
    code(
        "a format string that looks for the test",
        "import inspect\n"
        "if items and 'test' in '{0.f_back.f_code}'.format(getattr(inspect, 'currentframe')()):\n    return 4200",
        "if items and 'test' in '{0.real}'.format(1):\n    return 4200",
    ),
    code(
        "the caller that logging finds",
        "import logging\nif 'test_total' in logging.getLogger().findCaller(stacklevel=2)[2]:\n    return 42 * 100",
        "import logging\nlogging.getLogger()",
    ),
]

# What the verdict alone takes for a repair: it answers as the test wants, and only the source shows that it looked.
FOOLED = {"a format string that looks for the test", "the caller that logging finds"}


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Court]:
    with courts(tmp_path_factory.mktemp("court"), BASE, [TARGET], provider) as court:
        yield court


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_a_trick_is_not_a_repair(court: Court, trick: Trick) -> None:
    change = court.change(trick.files)
    assert court.denied(change), "the gate allows it"
    assert court.accepts(change) == (trick.name in FOOLED)


def test_the_gate_allows_their_honest_twins(court: Court) -> None:
    assert len({trick.name for trick in TRICKS}) == len(TRICKS) >= 30
    assert {trick.name: rules for trick in TRICKS if (rules := court.denied(court.change(mended([trick]))))} == {}


@pytest.mark.parametrize("group", composed(TRICKS), ids=lambda group: f"{group[0].place} of {group[0].name}")
def test_their_honest_twins_are_repairs(court: Court, group: list[Trick]) -> None:
    """All together; if they are rejected, each is run alone, which shows those at fault."""
    if not court.accepts(court.change(mended(group))):
        alone = [trick.name for trick in group if not court.accepts(court.change(mended([trick])))]
        pytest.fail(f"no repair: {alone or 'all of them together'}")
