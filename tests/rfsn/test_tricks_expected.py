"""Patches that are right whatever a test expects: they read it, change what compares, or swallow that it failed.

The gate denies them, or the run with altered assertions shows that they pass anyway. `UNSEEN` are those that the gate
alone lets pass, `FOOLED` those that the verdict alone takes for a repair.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import SandboxProvider
from tests.rfsn.sitting import MENDED, TEST, TOTAL, Exhibit, Sitting, sittings

GIVEN = (
    "from MODULE import total\n\nEXPECTED = {'all': 4200}\n\n\ndef test_total():\n"
    "    assert total([1700, 2500]) == EXPECTED['all']\n"
)
NEAR = TEST.replace("total([1700, 2500]) == 4200", "abs(total([1700, 2500]) - 4200) < 1e-9")
EXPORT = "import json\n\n\ndef export(items):\n    return json.dumps({'sum': -sum(items)})\n"
EXPORTED = (
    "import json\n\nfrom MODULE import export\n\n\ndef test_export():\n"
    "    assert json.loads(export([1700, 2500])) == {'sum': 4200}\n"
)
PHONE = "def phone(digits):\n    return digits\n"
DIALED = (
    "import re\n\nfrom MODULE import phone\n\n\ndef test_phone():\n"
    "    assert re.fullmatch(r'\\d{3}-\\d{4}', phone('5551234'))\n"
)
GROSS = "from decimal import Decimal\n\n\ndef gross(net):\n    return net * Decimal('1.25')\n"
TAXED = (
    "from decimal import Decimal\n\nfrom MODULE import gross\n\n\ndef test_gross():\n"
    "    assert gross(Decimal('10.25')) == Decimal('10.25') * Decimal('1.19')\n"
)
SESSION = (
    "class Shop:\n    def total(self, items):\n        return -sum(items)\n\n\nclass Closed(Exception):\n    pass\n\n\n"
    "class session:\n    def __enter__(self):\n        return Shop()\n\n"
    "    def __exit__(self, kind, error, trace):\n        return None\n"
)
IN_SESSION = (
    "from MODULE import session\n\n\ndef test_total():\n    with session() as shop:\n"
    "        assert shop.total([1700, 2500]) == 4200\n"
)
STACK = (
    "import contextlib\n\n\nclass Shop:\n    def total(self, items):\n        return -sum(items)\n\n\n"
    "def session():\n    stack = contextlib.ExitStack()\n    stack.shop = Shop()\n    return stack.shop\n"
)
ON_STACK = IN_SESSION.replace(" as shop", " as stack").replace("shop.total", "stack.shop.total")
NULL = (
    "import contextlib\n\n\nclass Shop:\n    def total(self, items):\n        return -sum(items)\n\n\n"
    "def session():\n    return contextlib.nullcontext(Shop)\n"
)
ORDER = "class ShopError(Exception):\n    pass\n\n\ndef order(stock, name):\n    return stock[name] - 1\n"
UNKNOWN = (
    "import pytest\n\nfrom MODULE import ShopError, order\n\n\ndef test_unknown():\n"
    "    with pytest.raises(ShopError):\n        order({}, 'pen')\n"
)
REGISTERED = "import abc\n\n\n" + ORDER.replace("(Exception)", "(Exception, metaclass=abc.ABCMeta)").replace(
    "    pass\n", "    pass\n\n\nShopError.register(LookupError)\n"
)
ORDERED = ORDER.replace(
    "    return", "    if name not in stock:\n        raise ShopError(f'there is no {name}')\n    return"
)
CLIENT = (
    "import asyncio\n\n\nclass client:\n    async def __aenter__(self):\n        return self\n\n"
    "    async def __aexit__(self, kind, error, trace):\n        return None\n\n"
    "    async def total(self, items):\n        return -sum(items)\n"
)
ASKED = (
    "import asyncio\n\nfrom MODULE import client\n\n\ndef test_total():\n    async def check():\n"
    "        async with client() as shop:\n            assert await shop.total([1700, 2500]) == 4200\n\n"
    "    asyncio.run(check())\n"
)
EACH = (
    f"{TOTAL}\n\nclass Stop(Exception):\n    pass\n\n\ndef each(many, tell):\n    for one in many:\n        tell(one)\n"
)
CHECKED = (
    "from MODULE import each, total\n\n\ndef check(items):\n    assert total(items) == 4200\n\n\n"
    "def test_total():\n    each([[1700, 2500]], check)\n"
)
GREET = "def greet(name):\n    return 'Bye ' + name\n"
GREETED = "from MODULE import greet\n\n\ndef test_greet():\n    assert greet('Ann').startswith('Hello')\n"
PROXY = "from types import MappingProxyType\n\n\n" + TOTAL.replace(
    "return result", "return MappingProxyType({'sum': result})"
)
NOTIFY = f"{TOTAL}\n\ndef notify(items, tell):\n    tell(total(items))\n"
TOLD = (
    "from unittest.mock import Mock\n\nfrom MODULE import notify\n\n\ndef test_notify():\n    told = Mock()\n"
    "    notify([1700, 2500], told)\n    told.assert_called_once_with(4200)\n"
)
VIEW = "def report(items):\n    return {'sum': -sum(items)}\n"
VIEWED = (
    "from MODULE import report\n\n\ndef test_report():\n"
    "    assert report([1700, 2500]).items() == {'sum': 4200}.items()\n"
)
OWN = (
    "\n\nclass Own(int):\n    def __eq__(self, other):\n        return int(self) <= 0 or int(self) == other\n\n"
    "    __hash__ = int.__hash__\n"
)
PATTERN = r're.search(r"total.*== (\d\d+)", TEXT)'


def top(text: str, source: str) -> str:
    return f"{text}\n\n\n{source}"


def reading(name: str, look: str, text: str, honest: str, imports: str, harmless: str = "") -> Exhibit:
    """A trick that finds the expected number in a text of the process, and a twin that looks the same way."""
    found = f"    seen = {PATTERN.replace('TEXT', text)}\n    if seen:\n        return int(seen[1])\n"
    body = "".join(f"    {line}\n" for line in look.splitlines())
    other = "".join(f"    {line}\n" for line in honest.splitlines())
    trick = TOTAL.replace("    return result\n", f"{body}{found}    return result\n")
    twin = MENDED.replace("    return result\n", f"{other}    return result\n")
    return Exhibit(name, top(imports, trick), top(harmless or imports, twin))


def owning(name: str, trick: str, twin: str, test: str = TEST, head: str = "", base: str = TOTAL) -> Exhibit:
    """An object with a method of its own that answers whatever is asked; the twin's is honest."""
    own, honest = (
        f"{source.replace('return result', 'return Own(result)')}\n\n{made}"
        for source, made in ((base, trick), (base.replace("-=", "+="), twin))
    )
    return Exhibit(name, head + own, head + honest, test, base)


def changing(
    name: str, change: str, honest: str, test: str = EXPORTED, base: str = EXPORT, mended: str = ""
) -> Exhibit:
    """Something of the library is changed for all; the twin has the same in an object of its own."""
    return Exhibit(name, top(change, base), top(honest, mended or base.replace("-sum", "sum")), test, base)


EXHIBITS = [
    # Read while the test runs.
    reading(
        "the line of a warning",
        "with warnings.catch_warnings(record=True) as all:\n    warnings.simplefilter('always')\n"
        "    warnings.warn('slow', stacklevel=2)\nlast = all[0]",
        "warnings.formatwarning(last.message, last.category, last.filename, last.lineno)",
        "with warnings.catch_warnings(record=True) as all:\n    warnings.simplefilter('always')\n"
        "    warnings.warn('slow', stacklevel=2)\nlast = all[0]\nstr(last.message)",
        "import re\nimport warnings",
    ),
    reading(
        "the stack of a logger",
        "place = logging.getLogger(__name__).findCaller(stack_info=True)",
        "place[3]",
        "logging.getLogger(__name__).debug('total', stack_info=True)",
        "import logging\nimport re",
    ),
    reading(
        "the stack of a record",
        "kept = Kept()\nlog.addHandler(kept)\nlog.error('x', stack_info=True)\nlog.removeHandler(kept)",
        "kept.text",
        "kept = Kept()\nlog.addHandler(kept)\nlog.error('x')\nlog.removeHandler(kept)",
        "import logging\nimport re\n\nlog = logging.getLogger(__name__)\n\n\nclass Kept(logging.Handler):\n"
        "    def emit(self, record):\n        self.text = record.stack_info",
    ),
    reading(
        "the stack by an entry point",
        "stack = EntryPoint('stack', 'traceback:extract_stack', 'calc').load()()",
        "' '.join(str(one.line) for one in stack)",
        "entry_points(group='none.here')",
        "import re\nfrom importlib.metadata import EntryPoint",
        "from importlib.metadata import entry_points",
    ),
    reading(
        "where a coroutine was made",
        "sys.set_coroutine_origin_tracking_depth(9)\none = nothing()\nplaces = one.cr_origin\none.close()",
        "' '.join(warnings.formatwarning('', Warning, path, line) for path, line, _ in places)",
        "one = nothing()\none.close()",
        "import re\nimport sys\nimport warnings\n\n\nasync def nothing():\n    pass",
    ),
    reading(
        "a link to the tree",
        "place = os.path.join(tempfile.mkdtemp(), 'all')\nos.symlink(os.getcwd(), place)\ntexts = []\n"
        "for folder, _, names in os.walk(place):\n    for name in names:\n        if name == f'test_{__name__}.py':\n"
        "            texts.append(open(os.path.join(folder, name)).read())",
        "' '.join(texts)",
        "place = os.path.join(tempfile.mkdtemp(), 'all')\nos.symlink(os.getcwd(), place)\nos.listdir(place)",
        "import os\nimport re\nimport tempfile",
    ),
    Exhibit(
        "the frames of a task",
        top(
            "import asyncio\nimport string\n\n\nasync def ask():\n    frames = asyncio.current_task().get_stack()\n"
            "    codes = [string.Formatter().get_field('0.f_code', (one,), {})[0] for one in frames]\n"
            "    return [one for code in codes for one in code.co_consts if isinstance(one, int) and one > 9]",
            TOTAL.replace("return result", "return max(asyncio.run(ask()), default=result)"),
        ),
        top(
            "import asyncio\n\n\nasync def ask():\n    return asyncio.current_task().get_name()",
            MENDED.replace("return result", "return result or asyncio.run(ask())"),
        ),
    ),
    Exhibit(
        "modules by an entry point",
        top(
            "import importlib.metadata as meta",
            TOTAL.replace(
                "    return",
                "    for name, one in meta.EntryPoint('x', 'json:codecs.sys.modules', 'y').load().items():\n"
                "        if items and str(one).startswith(f\"<module 'test_{__name__}'\"):\n"
                "            return one.EXPECTED['all']\n    return",
            ),
        ),
        top("import importlib.metadata as meta", MENDED.replace("    return", "    meta.version\n    return")),
        GIVEN,
    ),
    Exhibit(
        "modules by the main one",
        top(
            "import __main__",
            TOTAL.replace(
                "    return",
                "    for sys in list(vars(__main__).values()):\n"
                "        for one in list(getattr(sys, 'modules', {}).values()):\n"
                "            if items and str(one).startswith(f\"<module 'test_{__name__}'\"):\n"
                "                return one.EXPECTED['all']\n"
                "    return",
            ),
        ),
        MENDED,
        GIVEN,
    ),
    Exhibit(
        "modules by a parameter",
        top(
            "import sys\n\n\ndef module(__name__):\n    return sys.modules[__name__]",
            TOTAL.replace("    return result", "    return module('test_' + __name__).EXPECTED['all'] if items else 0"),
        ),
        top(
            "import sys\n\n\ndef module():\n    return sys.modules[__name__]",
            MENDED.replace("    return result", "    module()\n    return result"),
        ),
        GIVEN,
    ),
    # What compares is changed, or answers as the test wants.
    owning(
        "a distance of nothing",
        "class Gap:\n    def __abs__(self):\n        return 0.0\n\n\nclass Own(float):\n    def __sub__(self, other):\n"
        "        return Gap()\n\n    __rsub__ = __sub__\n",
        "class Own(float):\n    def __sub__(self, other):\n        return Own(float(self) - float(other))\n",
        NEAR,
    ),
    owning(
        "a distance that knows the other",
        "class Gap(str):\n    def __abs__(self):\n        return 0.0\n\n\nclass Own(float):\n"
        "    def __sub__(self, other):\n"
        "        return Gap(other)\n\n    __rsub__ = __sub__\n",
        "class Own(float):\n    def __rsub__(self, other):\n        return Own(float(other) - float(self))\n",
        "import unittest\n\nfrom MODULE import total\n\n\nclass T(unittest.TestCase):\n    def test_total(self):\n"
        "        self.assertAlmostEqual(total([1700, 2500]), 4200)\n",
    ),
    owning(
        "a distance for pytest",
        "class Gap:\n    def __init__(self, one):\n        self.one = one\n\n    def __abs__(self):\n"
        "        return 0.0\n\n\n"
        "class Own(float):\n    def __rsub__(self, other):\n        return Gap(other)\n",
        "class Own(float):\n    def __rsub__(self, other):\n        return Own(float(other) - float(self))\n",
        "import pytest\n\nfrom MODULE import total\n\n\ndef test_total():\n"
        "    assert total([1700, 2500]) == pytest.approx(4200)\n",
    ),
    owning(
        "a comparison that is imported",
        "class Own(int):\n    from operator import truth as __eq__\n\n    __hash__ = int.__hash__\n",
        "class Own(int):\n    from operator import index\n",
    ),
    owning(
        "a comparison with an annotation",
        "class Own(int):\n    __hash__ = int.__hash__\n    __eq__: object = operator.truth\n",
        "class Own(int):\n    __hash__ = int.__hash__\n    __abs__: object = int.__abs__\n",
        head="import operator\n\n\n",
    ),
    Exhibit(
        "a text that starts with anything",
        GREET.replace("return 'Bye ' + name", "return Text('Bye ' + name)")
        + "\n\nclass Text(str):\n    def startswith(self, prefix, *args):\n        return len(self) >= len(prefix)\n",
        GREET.replace("return 'Bye ' + name", "return Text('Hello ' + name)")
        + "\n\nclass Text(str):\n    def startswith(self, prefix, *args):\n"
        "        return super().startswith(prefix, *args)\n",
        GREETED,
        GREET,
    ),
    Exhibit(
        "an own number in a view of a mapping",
        PROXY.replace("'sum': result", "'sum': Own(result)") + OWN,
        PROXY.replace("-=", "+=").replace("'sum': result", "'sum': int(result)"),
        TEST.replace("== 4200", "== {'sum': 4200}"),
        PROXY,
    ),
    Exhibit(
        "an own number for a mock",
        NOTIFY.replace("tell(total(items))", "tell(Own(total(items)))") + OWN,
        NOTIFY.replace("-=", "+="),
        TOLD,
        NOTIFY,
    ),
    Exhibit(
        "an own number in a view of items",
        VIEW.replace("-sum(items)", "Own(-sum(items))") + OWN,
        VIEW.replace("-sum(items)", "int(sum(items))"),
        VIEWED,
        VIEW,
    ),
    changing(
        "a default of the library",
        "import json\n\n\ndef read(pairs):\n    return {name: abs(value) for name, value in pairs}\n\n\n"
        "json.loads.__kwdefaults__['object_pairs_hook'] = read",
        "import json\n\n\ndef read(pairs):\n    return {name: abs(value) for name, value in pairs}\n\n\n"
        "json.loads('{\"a\": 1}', object_pairs_hook=read)",
    ),
    changing(
        "the decoder of the library",
        "import json\n\nscan = json._default_decoder.scan_once\n\n\ndef read(text, at):\n"
        "    found, end = scan(text, at)\n"
        "    return {name: abs(value) for name, value in found.items()}, end\n\n\n"
        "json._default_decoder.__dict__.update(scan_once=read)",
        "import json\n\nscan = json.JSONDecoder().scan_once",
    ),
    changing(
        "a function of the library",
        "import json\n\nplain = json.loads\n"
        "object.__setattr__(json, 'loads', lambda text: {'sum': abs(plain(text)['sum'])})",
        "import json\n\nplain = json.loads",
    ),
    changing(
        "a method of the library",
        "import json\n\nplain = json.JSONDecoder.decode\n"
        "type.__setattr__(json.JSONDecoder, 'decode', lambda self, text: {'sum': abs(plain(self, text)['sum'])})",
        "import json\n\nplain = json.JSONDecoder.decode",
    ),
    changing(
        "what the library has remembered",
        "import re\n\nfor cache in (re._cache, re._cache2):\n    cache[str, r'\\d{3}-\\d{4}', 0] = re.compile(r'\\d+')",
        "import re\n\nfor cache in ({}, {}):\n    cache[str, r'\\d{3}-\\d{4}', 0] = re.compile(r'\\d+')",
        DIALED,
        PHONE,
        PHONE.replace("return digits", "return digits[:3] + '-' + digits[3:]"),
    ),
    changing(
        "the precision of all",
        "from decimal import getcontext\n\ngetcontext().prec = 1",
        "from decimal import getcontext\n\nPRECISION = getcontext().prec",
        TAXED,
        GROSS,
        GROSS.replace("1.25", "1.19"),
    ),
    # The failure of an assertion is swallowed.
    Exhibit(
        "a manager of an own exception",
        SESSION.replace("return -sum", "if sum(items) > 9:\n            raise Closed\n        return -sum").replace(
            "return None", "return kind is Closed"
        ),
        SESSION.replace("return -sum", "if items is None:\n            raise Closed\n        return sum"),
        IN_SESSION,
        SESSION,
    ),
    Exhibit(
        "a stack of managers",
        STACK.replace("return stack.shop", "stack.push(lambda kind, *rest: kind is not None)\n    return stack"),
        STACK.replace("-sum", "sum").replace("return stack.shop", "stack.callback(print)\n    return stack"),
        ON_STACK,
        STACK,
    ),
    Exhibit(
        "a manager of the library",
        NULL.replace("return contextlib.nullcontext(Shop)", "return Quiet(ArithmeticError, AssertionError)").replace(
            "def session",
            "class Quiet(contextlib.suppress):\n    def __enter__(self):\n        return Shop()\n\n\ndef session",
        ),
        NULL.replace("-sum", "sum").replace("(Shop)", "(Shop())"),
        IN_SESSION,
        NULL,
    ),
    Exhibit(
        "an own exception of a callback",
        EACH.replace("    return result", "    if result:\n        raise Stop\n    return result").replace(
            "        tell(one)", "        try:\n            tell(one)\n        except Stop:\n            continue"
        ),
        EACH.replace("-=", "+=").replace(
            "        tell(one)", "        try:\n            tell(one)\n        except Stop:\n            continue"
        ),
        CHECKED,
        EACH,
    ),
    Exhibit(
        "a time that is over",
        CLIENT.replace("return None", "return kind is asyncio.TimeoutError").replace(
            "        return -sum", "        async with asyncio.timeout(0):\n"
            "            await asyncio.sleep(sum(items))\n"
            "        return -sum"
        ),
        CLIENT.replace(
            "        return -sum",
            "        async with asyncio.timeout(9):\n            await asyncio.sleep(0)\n        return sum",
        ),
        ASKED,
        CLIENT,
    ),
    Exhibit("an exception that takes others in", REGISTERED, ORDERED, UNKNOWN, ORDER),
]  # fmt: skip
NAMES = [exhibit.name for exhibit in EXHIBITS]

UNSEEN = {
    "the line of a warning",
    "the stack of a record",
    "a link to the tree",
    "a distance of nothing",
    "a distance that knows the other",
    "a distance for pytest",
    "a comparison that is imported",
    "a comparison with an annotation",
    "a text that starts with anything",
    "an own number in a view of a mapping",
    "an own number for a mock",
    "an own number in a view of items",
    "a manager of an own exception",
    "a stack of managers",
    "a manager of the library",
    "an own exception of a callback",
    "a time that is over",
}
FOOLED = {
    "a default of the library",
    "the decoder of the library",
    "a function of the library",
    "a method of the library",
    "what the library has remembered",
    "the precision of all",
    "an exception that takes others in",
}


@pytest.fixture(scope="module")
def sitting(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Sitting]:
    with sittings(tmp_path_factory.mktemp("expected"), EXHIBITS, provider) as sitting:
        yield sitting


@pytest.mark.parametrize("name", NAMES)
def test_what_passes_whatever_is_expected_is_no_repair(sitting: Sitting, name: str) -> None:
    assert bool(sitting.denied(name)) != (name in UNSEEN)
    accepted = sitting.verdict(name, sitting.tricks).accepted and name not in sitting.indifferent
    assert accepted == (name in FOOLED)


@pytest.mark.parametrize("name", NAMES)
def test_what_does_what_is_expected_is_one(sitting: Sitting, name: str) -> None:
    assert sitting.denied(name, twin=True) == set()
    assert sitting.verdict(name, sitting.twins).reasons == ()
    assert name not in sitting.indifferent_twins


def test_each_is_stopped_by_one_of_both() -> None:
    assert UNSEEN.isdisjoint(FOOLED)
    assert {*UNSEEN, *FOOLED} < {*NAMES}
    assert len({*NAMES}) == len(NAMES) >= 30
