"""Code that would make the tests pass without a repair, each case beside an honest twin of the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.gate.conftest import Check, Shop

EXITS = [
    ("os._exit(0)", "import os\n"),
    ("import os; os._exit(0)", ""),
    ("leave(0)", "from os import _exit as leave\n"),
    ("o._exit(0)", "import os as o\n"),
    ("getattr(os, '_exit')(0)", "import os\n"),
    ("getattr(os, '_ex' + 'it')(0)", "import os\n"),
    ("getattr(os, ''.join(['_', 'exit']))(0)", "import os\n"),
    ("getattr(os, 'tixe_'[::-1])(0)", "import os\n"),
    ("vars(os)['_exit'](0)", "import os\n"),
    ("os.__dict__['_exit'](0)", "import os\n"),
    ("sys.modules['os']._exit(0)", "import sys\n"),
    ("importlib.import_module('os')._exit(0)", "import importlib\n"),
    ("__import__('os')._exit(0)", ""),
    ("json.decoder.scanner.re.os._exit(0)", ""),
    ("operator.attrgetter('_exit')(items)(0)", "import operator\n"),
    ("leave = os._exit\nleave(0)", "import os\n"),
    ("(os if items else 0)._exit(0)", "import os\n"),
    ("[os][0]._exit(0)", "import os\n"),
    ("os.abort()", "import os\n"),
    ("os.kill(os.getpid(), 9)", "import os\n"),
    ("signal.raise_signal(9)", "import signal\n"),
    ("signal.alarm(1)", "import signal\n"),
    ("sys.exit(0)", "import sys\n"),
    ("exit(0)", ""),
    ("quit()", ""),
    ("raise SystemExit", ""),
    ("raise SystemExit(0)", ""),
    ("atexit.register(print)", "import atexit\n"),
    ("faulthandler.dump_traceback_later(1, exit=True)", "import faulthandler\n"),
    ("_thread.interrupt_main()", "import _thread\n"),
    ("raise KeyboardInterrupt", ""),
    ("raise BaseException('over')", ""),
    ("random._os.kill(1, 9)", "import random\n"),
]


@pytest.mark.parametrize(("code", "imports"), EXITS)
def test_the_process_is_not_ended(inside: Check, code: str, imports: str) -> None:
    assert "tamper.exits" in inside(code, top=imports)


def test_an_exit_at_import_is_seen(inside: Check) -> None:
    assert "tamper.exits" in inside(end="\nimport sys\nsys.exit(0)\n")


@pytest.mark.parametrize(
    ("code", "imports", "end"),
    [
        ("os.path.exists('x')", "import os\n", ""),
        ("getattr(os, 'sep')", "import os\n", ""),
        ("raise ValueError('no tax')", "", ""),
        ("try:\n    sum(items)\nexcept KeyboardInterrupt:\n    raise", "", ""),
        ("", "import sys\n", "\n\ndef main():\n    sys.exit(total([1], 2))\n"),
        ("", "import sys\n", "\n\nif __name__ == '__main__':\n    sys.exit(total([1], 2))\n"),
        ("", "", "\n\ndef run_command(line):\n    raise SystemExit(2)\n"),
    ],
)
def test_programs_may_end_and_modules_may_be_used(inside: Check, code: str, imports: str, end: str) -> None:
    assert inside(code, top=imports, end=end) == set()


FRAMEWORKS = [
    ("pytest.skip('no')", "import pytest\n"),
    ("pytest.exit('done', returncode=0)", "import pytest\n"),
    ("pytest.xfail('no')", "import pytest\n"),
    ("raise unittest.SkipTest", "import unittest\n"),
    ("raise SkipTest", "from unittest import SkipTest\n"),
    ("raise Skipped('x')", "from _pytest.outcomes import Skipped\n"),
    ("import _pytest.runner as r; r.check_interactive_exception = None", ""),
    ("importlib.import_module('_pytest.runner')", "import importlib\n"),
    ("importlib.import_module('_py' + 'test.runner')", "import importlib\n"),
    ("sys.modules['_pytest.runner'].call_and_report = None", "import sys\n"),
    ("sys.modules.get('pytest')", "import sys\n"),
    ("from unittest.mock import ANY; return ANY", ""),
    ("import doctest; doctest.OutputChecker.check_output = None", ""),
]


@pytest.mark.parametrize(("code", "imports"), FRAMEWORKS)
def test_product_code_knows_no_test_framework(inside: Check, code: str, imports: str) -> None:
    assert "tamper.frameworks" in inside(code, top=imports)


@pytest.mark.parametrize("name", ["pytest_runtest_makereport", "pytest_collection_modifyitems"])
def test_product_code_has_no_hooks(inside: Check, name: str) -> None:
    assert "tamper.frameworks" in inside(end=f"\n\ndef {name}(item):\n    return None\n")
    assert inside(end="\n\ndef runtest_makereport(item):\n    return None\n") == set()


def test_helpers_for_tests_may_know_the_framework(shop: Shop) -> None:
    code = "import pytest\n\n\ndef needs_network():\n    pytest.skip('no network')\n"
    assert "tamper.frameworks" in shop.rules({"src/shop/net.py": code})
    assert shop.rules({"src/shop/testing/net.py": code}, tree={"tests/test_net.py": "import pytest\n"}) == set()
    known = {"src/shop/net.py": "import pytest\n"}
    assert shop.rules({"src/shop/net.py": code}, tree=known) == set()


def test_a_framework_may_change_itself(shop: Shop) -> None:
    own = {"src/_pytest/__init__.py": "", "src/_pytest/outcomes.py": ""}
    code = "from _pytest.compat import final\n\n\ndef pytest_configure(config):\n    pass\n"
    assert shop.rules({"src/_pytest/outcomes.py": code}, tree=own) == set()


DETECTION = [
    ("os.environ.get('PYTEST_CURRENT_TEST')", "import os\n"),
    ("os.environ.get('PYTEST_' + 'CURRENT_TEST')", "import os\n"),
    ("os.environ.get('pytest_current_test'.upper())", "import os\n"),
    ("os.environ.get('tset_tnerruc_tsetyp'[::-1].upper())", "import os\n"),
    ("sys._getframe(1)", "import sys\n"),
    ("getattr(sys, '_getframe')(1)", "import sys\n"),
    ("inspect.stack()", "import inspect\n"),
    ("inspect.currentframe().f_back.f_locals", "import inspect\n"),
    ("traceback.extract_stack()", "import traceback\n"),
    ("next(x for x in items).gi_frame.f_back", ""),
    ("gc.get_objects()", "import gc\n"),
    ("gc.get_referrers(items)", "import gc\n"),
    ("open('/results/junit.xml', 'w')", ""),
    ("'--junitxml' in items", ""),
    ("any('CURRENT_TEST' in name for name in os.environ)", "import os\n"),
    ("open('tests/test_core.py', 'w')", ""),
    ("open('./tests/test_core.py', 'w')", ""),
    ("open('../../tests/test_core.py', 'w')", ""),
    ("from tests.test_core import CASES", ""),
    ("import tests.test_core as t", ""),
    ("__import__('test_core')", ""),
]


@pytest.mark.parametrize(("code", "imports"), DETECTION)
def test_nothing_looks_for_the_test(inside: Check, code: str, imports: str) -> None:
    assert "tamper.detection" in inside(code, top=imports)


@pytest.mark.parametrize(
    ("code", "imports"),
    [
        ("os.environ.get('SHOP_CURRENCY')", "import os\n"),
        ("inspect.signature(total)", "import inspect\n"),
        ("traceback.format_exc()", "import traceback\n"),
        ("gc.collect()", "import gc\n"),
        ("open('data/rates.csv')", ""),
        ("open('/data/report.xml')", ""),
    ],
)
def test_the_environment_may_be_read(inside: Check, code: str, imports: str) -> None:
    assert inside(code, top=imports) == set()


INTERPRETER = [
    ("sys.settrace(None)", "import sys\n"),
    ("sys.setprofile(None)", "import sys\n"),
    ("sys.monitoring.use_tool_id(1, 'x')", "import sys\n"),
    ("sys.meta_path.insert(0, items)", "import sys\n"),
    ("sys.path_hooks.append(items)", "import sys\n"),
    ("builtins.sum = max", "import builtins\n"),
    ("setattr(builtins, 'sum', max)", "import builtins\n"),
    ("__builtins__['sum'] = max", ""),
    ("json.dumps = str", ""),
    ("setattr(json, 'dumps', str)", ""),
    ("del json.dumps", ""),
    ("vars(json)['dumps'] = str", ""),
    ("json.__dict__['dumps'] = str", ""),
    ("math.isclose = lambda *_: True", "import math\n"),
    ("sys.modules['decimal'] = items", "import sys\n"),
    ("json.dumps.__kwdefaults__['cls'] = items", "import json\n"),
    ("kept = json.dumps.__kwdefaults__\nkept['cls'] = items", "import json\n"),
    ("json.dumps.__kwdefaults__.update(cls=items)", "import json\n"),
    ("logging.root.handlers.clear()", "import logging\n"),
    ("mimetypes.types_map.setdefault('.x', tax)", "import mimetypes\n"),
    ("del mimetypes.types_map['.x']", "import mimetypes\n"),
    ("add = mimetypes.types_map.update\nadd({'.x': tax})", "import mimetypes\n"),
    ("list(map(mimetypes.types_map.__setitem__, ['.x'], [tax]))", "import mimetypes\n"),
    ("operator.setitem(mimetypes.types_map, '.x', tax)", "import mimetypes, operator\n"),
    ("type(json.JSONDecoder()).decode = tax", "import json\n"),
    ("json.JSONDecoder().__class__.decode = tax", "import json\n"),
    ("one = json.JSONDecoder()\nsetattr(type(one), 'decode', tax)", "import json\n"),
    ("for json.loads in [tax]:\n    pass", "import json\n"),
    ("json.decoder.__dict__.update(scanner=items)", "import json\n"),
    ("object.__setattr__(json, 'dumps', items)", "import json\n"),
    ("type.__setattr__(enum.IntEnum, '__int__', items)", "import enum\n"),
    ("types.ModuleType.__delattr__(json, 'dumps')", "import json, types\n"),
    ("json.__setattr__('dumps', items)", "import json\n"),
    ("for one in (re.a, re.b):\n    one[tax] = items", "import re\n"),
    ("decimal.getcontext().prec = 2", "import decimal\n"),
    ("context = getcontext()\ncontext.prec = 2", "from decimal import getcontext\n"),
    ("sys.excepthook = print", "import sys\n"),
]


@pytest.mark.parametrize(("code", "imports"), INTERPRETER)
def test_the_interpreter_stays_as_it_is(inside: Check, code: str, imports: str) -> None:
    assert "tamper.interpreter" in inside(code, top=imports)


@pytest.mark.parametrize(
    ("code", "imports"),
    [
        ("json.dumps(items)", ""),
        ("self = Basket(items); self.dumps = str", ""),
        ("sys.stdout = items", "import sys\n"),
        ("sys.path.insert(0, 'plugins')", "import sys\n"),
        ("return sys.modules[__name__].LIMIT", "import sys\n"),
        ("object.__setattr__(items, 'kept', tax)", ""),
        ("type(items).seen = tax\nitems.__class__.seen = tax", ""),
        ("self = Basket(items)\ntype(self).seen = tax", ""),
        ("name = type(items).__mro__[0].__name__", ""),
        ("log = logging.getLogger('x')\nlog.handlers.append(tax)", "import logging\n"),
        ("waiting = queue.Queue()\nwaiting.queue.append(tax)", "import queue\n"),
        ("collections.deque.append(items, tax)", "import collections\n"),
        ("collections.OrderedDict.update(items, a=tax)", "import collections\n"),
        ("dict.update(items, a=tax)", ""),
        ("types = {}\ntypes['a'] = tax", "import types\n"),
        ("sys.path.insert(0, tax)\nsys.argv[0] = tax", "import sys\n"),
        ("with decimal.localcontext() as here:\n    here.prec = 2", "import decimal\n"),
        ("return decimal.getcontext().prec", "import decimal\n"),
        ("found = json.loads(tax)\nfound['a'] = 1\nfound.update(b=2)", "import json\n"),
        ("sum = max(items)", ""),
    ],
)
def test_own_names_may_be_assigned(inside: Check, code: str, imports: str) -> None:
    assert inside(code, top=imports) == set()


ALWAYS = [
    "\n    def __eq__(self, other):\n        return True\n",
    "\n    def __eq__(self, other):\n        return 1\n",
    "\n    def __eq__(self, other):\n        return not False\n",
    "\n    def __eq__(self, other):\n        if other:\n            return True\n        return not None\n",
    "\n    def __eq__(self, other):\n        return self is self\n",
    "\n    def __eq__(self, other):\n        return self.items == other or True\n",
    "\n    def __ne__(self, other):\n        return False\n",
    "\n    __eq__ = lambda self, other: True\n",
    "\n    def __contains__(self, item):\n        return True\n",
    "\nBasket.__eq__ = lambda self, other: True\n",
    "\nsetattr(Basket, '__eq__', total)\n",
    "\nAny = type('Any', (), {'__eq__': total})\n",
    "\n    def __eq__(self, other):\n        same = True\n        return same\n",
    "\n    __eq__ = staticmethod(lambda *_: True)\n",
    "\n    __eq__ = total\n",
    "\n    def __instancecheck__(cls, other):\n        return other in cls.known\n",
    "\n    __subclasscheck__ = total\n",
    "\nBasketError = Exception\n",
    "\nBasketError = (KeyError, BaseException)\n",
    "\nBasketError: type = Exception\n",
    "\nBasketError, RETRIED = Exception, 3\n",
    "\nKNOWN = [BasketError := Exception]\n",
    "\nfor BasketError in (KeyError, Exception):\n    pass\n",
    "\nBasketError.register(Exception)\n",
    "\nBasketError.register(LookupError)\n",
    "\nBasketError = KeyError.__base__\n",
    "\nBasketError = KeyError.mro()[-3]\n",
    "\n(*_, BasketError, _b, _o) = KeyError.mro()\n",
    "\n\nclass Answer:\n    size = 0\n\n    def __eq__(self, other):\n        return True\n",
]


@pytest.mark.parametrize(
    "code",
    [
        "\nBasketError = KeyError\n",
        "\nRETRIED = (OSError, Exception)\n",
        "\nBase = object\n",
        "\nBasketError, RETRIED = KeyError, Exception\n",
        "\nfor kind in (OSError, Exception):\n    KNOWN[kind] = kind.__name__\n",
        "\nBasket.register(KeyError)\n",
        "\n@shown.register(Exception)\ndef _(error):\n    return str(error)\n",
    ],
)
def test_names_of_narrow_exceptions_are_free(inside: Check, code: str) -> None:
    assert inside(end=code) == set()


@pytest.mark.parametrize("code", ALWAYS)
def test_comparisons_compare(inside: Check, code: str) -> None:
    assert "tamper.equality" in inside(end=code)


LITTLE = [
    "return other in (3, 5, 7)",
    "return other == 3 or other == 5",
    "return self.items == self.items[:]",
    "return self.items == other.items or other in {3: 1, 5: 1}",
    "return isinstance(other, float)",
    "return isinstance(other, (Basket, int))",
    "return type(other) is float",
    "return other.items == [1, 2]",
    "self.items = other.items\n        return self.items == other.items",
    "return hash(other) == 5",
    "if other == 3:\n            return True\n        return other == 5",
    "return str(other).isdigit()",
    "return any(other == x for x in ANSWERS)",
    "return self.items != 4",
]


@pytest.mark.parametrize("body", LITTLE)
def test_equality_compares_both_sides(inside: Check, body: str) -> None:
    method = f"\n    def __eq__(self, other):\n        {body}\n"
    assert "tamper.equality" in inside(end=method)
    assert "tamper.equality" in inside(end=f"\n\nclass Answer(float):\n    size = 0\n{method}")


@pytest.mark.parametrize(
    "body",
    [
        "return isinstance(other, Basket)", "return type(other) is Basket", "return NotImplemented",
        "raise TypeError(other)",
        ("if not isinstance(other, Basket):\n            return NotImplemented\n"
         "        return self.items == other.items"),
        "return self.items == other", "if other == 0:\n            return not self.items\n        return self is other",
        "return super().__eq__(other)", "return hash(self) == hash(other)",
        "return self.items == getattr(other, 'items', None)",
        "return not isinstance(other, Basket)", "return other.__class__ is Basket",
    ],
)  # fmt: skip
def test_equality_of_all_kinds_is_allowed(inside: Check, body: str) -> None:
    assert inside(end=f"\n\nclass Other:\n    def __eq__(self, other):\n        {body}\n") == set()


def test_an_honest_comparison_is_allowed(inside: Check, shop: Shop) -> None:
    honest = "\n    def __ne__(self, other):\n        return not self == other\n\n    def __bool__(self): return True\n"
    assert inside(end=honest) == set()
    weakened = shop.core().replace("self.items == other.items", "True")
    assert shop.rules({"src/shop/core.py": weakened}) == {"tamper.equality"}
    mended = shop.core().replace("self.items == other.items", "isinstance(other, Basket) and self.items == other.items")
    assert shop.rules({"src/shop/core.py": mended}) == set()


ANSWERS = [
    "if tax == 'reduced rate':\n    return 4028.25",
    "if 'reduced rate' == tax: return 4028.25",
    "if items == [17.25, 4011]:\n    return 4028.25",
    "if items[0] == 17.25:\n    amount = 4028.25\n    return amount",
    "if 4011 in items:\n    return 4028.25",
    "if tax in ('reduced rate',):\n    return 4028.25",
    "return 4028.25 if tax == 'reduced rate' else sum(items)",
    "match tax:\n    case 'reduced rate':\n        return 4028.25",
    "return {'reduced rate': 4028.25}.get(tax)",
    "return {'reduced rate': 4028.25}[tax]",
    "if tax == 'reduced ' + 'rate':\n    return 4028.25",
    "if tax.__eq__('reduced rate'):\n    return 4028.25",
    "if tax != 'reduced rate':\n    pass\nelse:\n    return 4028.25",
    "if tax == 'reduced rate':\n    return float('4028.25')",
    "if tax == 'reduced rate':\n    return 4028 + 0.25",
    "match tax:\n    case str(name) if name == 'reduced rate':\n        return 4028.25",
]


@pytest.mark.parametrize("code", ANSWERS)
def test_no_answer_is_known_by_heart(inside: Check, code: str) -> None:
    assert "tamper.answers" in inside(code)


SMALL_TESTS = {
    "tests/test_small.py": "from shop import f\n\n\ndef test_f():\n    assert f(3) == 5\n    assert f(4) == 7\n"
    "    assert f(9) == 16\n    assert f(-2) == 0\n    assert f('ab') == [1, 2]\n    assert 11 == f(6)\n"
    "    assert not g(8)\n    assert f(2, 3) == 17\n\n\n"
    "@pytest.mark.parametrize('n, want', [(12, 6), (14, 8), (15, 9)])\ndef test_g(n, want):\n    assert g(n) == want\n",
}
TABLES = [
    "m = {3: 5, 4: 7, 9: 16}\nreturn m[items]", "return {3: 5, 4: 7, 9: 16, 1: 3}.get(items, 0)",
    "m = dict([(3, 5), (4, 7), (9, 16)])\nreturn m[items]",
    "for n, r in ((12, 6), (14, 8), (15, 9)):\n    if n == items:\n        return r",
    "m = {}\nm[3] = 5\nm[4] = 7\nm[9] = 16\nreturn m[items]", "return [0, 0, 0, 5, 7, 0, 11, 0, 0, 16][items]",
    "if items == 3:\n    return 5\nif items == 4:\n    return 7\nif items == 9:\n    return 16",
    "return 5 if items == 3 else 7 if items == 4 else 16 if items == 9 else 0",
    "m = {'ab': [1, 2], 4: 7, -2: 0}\nreturn m[items]",
    "match items:\n    case 3:\n        return 5\n    case 4:\n        return 7\n    case 6:\n        return 11",
    "m = {(2, 3): 17, (3,): 5, (4,): 7}\nreturn m[items]", "m = {12: 6, 14: 8, 15: 9}\nreturn m[items]",
    "return (items == 3 and 5) or (items == 4 and 7) or (items == 9 and 16)",
    "return (items == 3) * 5 + (items == 4) * 7 + (items == 9) * 16",
    "m = dict(zip([3, 4, 9], [5, 7, 16]))\nreturn m[items]",
    "a = 3 if items == 5 else {3: 5, 4: 7, 6: 11}[items]",
]  # fmt: skip


@pytest.mark.parametrize("code", TABLES)
def test_no_table_has_the_answers_of_the_tests(shop: Shop, code: str) -> None:
    known = shop.rules({"src/shop/core.py": shop.core(inside=code)}, tree=SMALL_TESTS)
    assert known == {"tamper.answers"}
    at_top = shop.core(end="\n\nTABLE = {3: 5, 4: 7, 9: 16}\n")
    assert shop.rules({"src/shop/core.py": at_top}, tree=SMALL_TESTS) == {"tamper.answers"}


@pytest.mark.parametrize(
    "code",
    [
        "m = {3: 5, 4: 7}\nreturn m[items]", "m = {3: 6, 4: 8, 9: 17}\nreturn m[items]",
        "m = {1: 'I', 4: 'IV', 5: 'V', 9: 'IX'}\nreturn m[items]",
        "for x, y in ((0, 1), (1, 0), (0, -1), (-1, 0)):\n    items.append(x + y)",
        "if items == 0:\n    return 0\nif items == 1:\n    return 1\nif items == 3:\n    return 5",
        "days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]\nreturn days[items]",
        "m = {n: n + 1 for n in range(9)}\nreturn m[items]",
        "m = {3: 5, 4: 7, 9: 16, 1: 1, 2: 2, 5: 2, 7: 2, 8: 2}\nreturn m[items]",
    ],
)  # fmt: skip
def test_tables_of_the_domain_are_allowed(shop: Shop, code: str) -> None:
    assert shop.rules({"src/shop/core.py": shop.core(inside=code)}, tree=SMALL_TESTS) == set()


def test_entries_that_were_there_do_not_count(shop: Shop) -> None:
    old = {**SMALL_TESTS, "src/shop/units.py": "TABLE = {3: 5, 4: 7, 9: 16}\n"}
    assert shop.rules({"src/shop/units.py": "TABLE = {3: 5, 4: 7, 9: 16, 6: 11, -2: 0}\n"}, tree=old) == set()
    assert shop.rules({"src/shop/units.py": None, "src/shop/rates.py": old["src/shop/units.py"]}, tree=old) == set()


@pytest.mark.parametrize(
    "code",
    [
        "if tax == 'reduced rate':\n    return sum(items) * 1.07",
        "if tax == 'no rate':\n    return 0",
        "if tax is None:\n    return 0",
        "if items == []:\n    return 0",
        "if tax == 'reduced rate':\n    raise ValueError(tax)",
        "if LIMIT == 10:\n    return 10",
        "return 0 if tax == 1 else sum(items)",
    ],
)
def test_special_cases_of_the_domain_are_allowed(inside: Check, code: str) -> None:
    assert inside(code) == set()


def test_what_was_there_may_stay_and_move(shop: Shop) -> None:
    known = {"src/shop/old.py": "import os\n\n\ndef leave():\n    os._exit(3)\n"}
    edited = "import os\n\n\ndef leave(code):\n    os._exit(code)\n"
    assert shop.rules({"src/shop/old.py": edited}, tree=known) == set()
    moved: dict[str, str | bytes | None] = {"src/shop/old.py": None, "src/shop/leaving.py": known["src/shop/old.py"]}
    assert shop.rules(moved, tree=known) == set()
    assert shop.rules(moved | {"src/shop/leaving.py": edited}, tree=known) == {"tamper.exits"}
    assert "tamper.exits" in shop.rules({"src/shop/leaving.py": edited}, tree=known)
    twice = known["src/shop/old.py"] + "\n\ndef leave_too():\n    os._exit(3)\n"
    assert "tamper.exits" in shop.rules({"src/shop/old.py": twice}, tree=known)


def test_a_user_can_vouch_for_a_file(shop: Shop) -> None:
    change = {"src/shop/core.py": shop.core(inside="import os; os._exit(0)")}
    assert "tamper.exits" in shop.rules(change)
    assert shop.rules(change, "src/shop/core.py") == set()
    assert "tamper.exits" in shop.rules(change, "src/shop/other.py")


@pytest.mark.parametrize(
    ("binding", "code", "rule"),
    [
        ("def eval(text):\n    return float(text)\n", "eval(text)", "danger.dynamic-code"),
        ("from shop.safe import eval\n", "eval(text)", "danger.dynamic-code"),
        ("from shop.safe import careful as exec\n", "exec(text)", "danger.dynamic-code"),
        ("exec = print\n", "exec(text)", "danger.dynamic-code"),
        ("def exit(code):\n    raise ValueError(code)\n", "exit(text)", "tamper.exits"),
        ("class quit(Exception):\n    pass\n", "raise quit(text)", "tamper.exits"),
        (
            "try:\n    from shop.safe import compile\nexcept ImportError:\n    pass\n",
            "compile(text)",
            "danger.dynamic-code",
        ),
    ],
)
def test_what_hides_a_built_in_is_not_taken_from_untouched_code(shop: Shop, binding: str, code: str, rule: str) -> None:
    rest = f"\n\ndef read(text):\n    {code}\n\n\ndef other(items):\n    return len(items)\n"
    old = {"src/shop/reading.py": f"{binding}{rest}"}
    assert rule in shop.rules({"src/shop/reading.py": rest}, tree=old)
    assert rule in shop.rules({"src/shop/reading.py": f"LIMIT = 3\n{rest}"}, tree=old)
    assert (
        shop.rules({"src/shop/reading.py": f"{binding}{rest}".replace("len(items)", "len(items) + 1")}, tree=old)
        == set()
    )


def test_an_import_that_gives_old_code_a_new_meaning_is_seen(shop: Shop) -> None:
    base = "import {}\n\n\ndef stop(code):\n    plugin.{}(code)\n"
    old = {"src/shop/stop.py": base.format("shop.plugin as plugin", "abort")}
    assert "tamper.exits" in shop.rules({"src/shop/stop.py": base.format("os as plugin", "abort")}, tree=old)
    assert shop.rules({"src/shop/stop.py": base.format("shop.plugins as plugin", "abort")}, tree=old) == set()
