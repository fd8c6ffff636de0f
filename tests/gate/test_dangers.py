"""Code that reaches beyond what a repair needs, each case beside an honest twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.gate.conftest import Check, Shop

DANGERS = [
    ("danger.dynamic-code", "exec('x = 1')", ""),
    ("danger.dynamic-code", "eval(tax)", ""),
    ("danger.dynamic-code", "run = eval\nrun(tax)", ""),
    ("danger.dynamic-code", "def put(kept):\n    kept['cls'] = tax\nput(json.loads.__kwdefaults__)", "import json\n"),
    ("danger.dynamic-code", "compile(tax, '', 'exec')", ""),
    ("danger.dynamic-code", "builtins.exec(tax)", "import builtins\n"),
    ("danger.dynamic-code", "getattr(builtins, 'ev' 'al')(tax)", "import builtins\n"),
    ("danger.dynamic-code", "__import__('decimal')", ""),
    ("danger.dynamic-code", "total.__code__ = max.__code__", ""),
    ("danger.dynamic-code", "().__class__.__base__.__subclasses__()", ""),
    ("danger.dynamic-code", "total.__globals__['sum'] = max", ""),
    ("danger.dynamic-code", "import runpy; runpy.run_path(tax)", ""),
    ("danger.dynamic-code", "importlib.util.spec_from_file_location('x', tax)", "import importlib.util\n"),
    ("danger.dynamic-code", "sum.__self__.exec(tax)", ""),
    ("danger.dynamic-code", "json.__spec__.loader.load_module('os')", ""),
    ("danger.obfuscation", "getattr(__import__('o' + 's'), 'sys' + 'tem')('true')", ""),
    ("danger.obfuscation", "getattr(os, tax)(0)", "import os\n"),
    ("danger.obfuscation", "globals()['sum'] = max", ""),
    ("danger.obfuscation", "vars(os)", "import os\n"),
    ("danger.obfuscation", "for name, value in enum.__dict__.items():\n    value.exit(0)", "import enum\n"),
    ("danger.obfuscation", "module = os\nmodule.getpid()", "import os\n"),
    ("danger.obfuscation", "importlib.import_module(tax)", "import importlib\n"),
    ("danger.obfuscation", "class D(dict):\n    pass\nD.__mro__[1].get = tax", ""),
    ("danger.obfuscation", "kind = items.__class__.__base__\nkind.get = tax", ""),
    ("danger.obfuscation", "setattr(type(items).mro()[1], 'get', tax)", ""),
    ("danger.obfuscation", "def loaded(__name__):\n    return __name__", ""),
    ("danger.obfuscation", "base64.b64decode('aW1wb3J0IG9zOyBvcw==')", "import base64\n"),
    ("danger.obfuscation", "key = 'aW1wb3J0IG9zOyBvcw=='\nb64decode(key)", "from base64 import b64decode\n"),
    ("danger.obfuscation", "list(map(b64decode, ['aW1wb3J0IG9zOyBvcw==']))", "from base64 import b64decode\n"),
    ("danger.obfuscation", "pickle.loads(tax)", "import pickle\n"),
    ("danger.obfuscation", "marshal.loads(tax)", "import marshal\n"),
    ("danger.obfuscation", "codecs.decode('vzcbeg bf; bf._rkvg', 'rot13')", "import codecs\n"),
    ("danger.obfuscation", "bytes.fromhex('696d706f7274206f73')", ""),
    ("danger.obfuscation", f"key = '{'QUJDRA' * 40}'", ""),
    ("danger.obfuscation", f"key = b'{chr(92)}x8f{chr(92)}x01{chr(92)}x9c' * 3 + b'{(chr(92) + 'x81') * 30}'", ""),
    ("danger.processes", "os.system('true')", "import os\n"),
    ("danger.processes", "system('true')", "from os import system\n"),
    ("danger.obfuscation", "system('true')", "from os import *\n"),
    ("danger.processes", "os.popen('true')", "import os\n"),
    ("danger.processes", "os.fork()", "import os\n"),
    ("danger.processes", "os.execv('/bin/true', [])", "import os\n"),
    ("danger.processes", "subprocess.run(['true'])", "import subprocess\n"),
    ("danger.processes", "s.Popen(['true'])", "import subprocess as s\n"),
    ("danger.processes", "multiprocessing.Process(target=total).start()", "import multiprocessing\n"),
    ("danger.network", "socket.create_connection(('x', 1))", "import socket\n"),
    ("danger.network", "urlopen(tax)", "from urllib.request import urlopen\n"),
    ("danger.network", "http.client.HTTPConnection(tax)", "import http.client\n"),
    ("danger.descriptors", "os.write(1, b'1 passed')", "import os\n"),
    ("danger.descriptors", "os.fdopen(3, 'w')", "import os\n"),
    ("danger.descriptors", "os.dup2(1, 2)", "import os\n"),
    ("danger.descriptors", "open('/proc/self/fd/3', 'w')", ""),
    ("danger.descriptors", "open('/proc/' + 'self/fd/3', 'w')", ""),
    ("danger.descriptors", "open('/dev/fd/1', 'w')", ""),
    ("danger.native-code", "ctypes.CDLL(None)._exit(0)", "import ctypes\n"),
    ("danger.native-code", "from cffi import FFI", ""),
]


@pytest.mark.parametrize(("rule", "code", "imports"), DANGERS)
def test_a_danger_is_denied(inside: Check, rule: str, code: str, imports: str) -> None:
    assert rule in inside(code, top=imports)


@pytest.mark.parametrize(
    ("code", "imports"),
    [
        ("re.compile('x')", ""),
        ("ast.literal_eval(tax)", "import ast\n"),
        ("from decimal import Decimal", ""),
        ("importlib.import_module('decimal')", "import importlib\n"),
        ("getattr(items, tax)", ""),
        ("getattr(items, f'visit_{tax}')", ""),
        ("getattr(os, 'sep', '/')", "import os\n"),
        ("tax.encode().hex()", ""),
        ("key = 'a long text with ' + 'words in it, ' * 20", ""),
        ("key = 'x' * 1000", ""),
        ("platform.system()", "import platform\n"),
        ("os.cpu_count()", "import os\n"),
        ("urllib.parse.quote(tax)", "import urllib.parse\n"),
        ("http.HTTPStatus.OK", "import http\n"),
        ("open(tax, 'w').write('1 passed')", ""),
        ("total.__name__", ""),
        ("locals()", ""),
    ],
)
def test_its_twin_is_allowed(inside: Check, code: str, imports: str) -> None:
    assert inside(code, top=imports) == set()


def test_a_file_that_starts_programs_may_start_another(shop: Shop) -> None:
    more = (
        shop.tree["src/shop/tool.py"].replace("['true']", "['false']") + "\n\ndef stop():\n    subprocess.call(['x'])\n"
    )
    assert shop.rules({"src/shop/tool.py": more}) == set()
    assert shop.rules({"src/shop/stop.py": more}) == {"danger.processes"}


def test_a_built_in_name_that_the_file_binds_is_its_own(shop: Shop) -> None:
    own = {"src/shop/calc.py": "def eval(text):\n    return 1\n\n\nx = 1\n"}
    assert shop.rules({"src/shop/calc.py": own["src/shop/calc.py"] + "y = eval('2')\n"}, tree=own) == set()
    hidden = "def run(text, eval=eval):\n    return eval(text)\n"
    assert "danger.dynamic-code" in shop.rules({"src/shop/run.py": hidden})


def test_what_does_not_parse_is_denied(shop: Shop) -> None:
    assert shop.rules({"src/shop/core.py": "def total(:\n"}) == {"schema.parses"}
    assert shop.rules({"src/shop/fresh.py": "def total(:\n"}) == {"schema.parses"}
    assert shop.rules({"src/shop/notes.txt": "def total(:\n"}) == set()


def test_a_file_that_never_parsed_is_read_word_by_word(shop: Shop) -> None:
    old = {"src/shop/old.py": "import os\nprint 'two'\nx = 1\n"}
    assert shop.rules({"src/shop/old.py": "import os\nprint 'two'\nos._exit(0)\n"}, tree=old) == {"tamper.exits"}
    assert shop.rules({"src/shop/old.py": "import os\nprint 'two'\nos.sep\n"}, tree=old) == set()
    assert shop.rules({"src/shop/old.py": "import subprocess as s\nprint 'two'\ns.run(x)\n"}, tree=old) == {
        "danger.processes"
    }


def test_in_unknown_languages_only_paths_are_checked(shop: Shop) -> None:
    assert shop.rules({"src/main.rb": "exit!(0)\n"}) == set()


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("attr", set()),
        ("dateutil", set()),
        ("python_dateutil", set()),
        ("decimal", set()),
        ("shop.prices", set()),
        ("yaml", set()),
        ("numpy", {"dependencies.declared"}),
        ("reqeusts", {"dependencies.declared", "dependencies.typosquat"}),
        ("jsom", {"dependencies.declared", "dependencies.typosquat"}),
        ("yamll", {"dependencies.declared", "dependencies.typosquat"}),
    ],
)
def test_imports_are_known(inside: Check, name: str, rules: set[str]) -> None:
    assert inside(top=f"import {name}\n") == rules
    assert inside(top=f"from {name} import x\n") == rules


def test_a_module_that_comes_with_the_patch_is_known(shop: Shop) -> None:
    core = shop.core(top="from shop.rates import RATE\nimport helper_of_shop\n")
    assert shop.rules({"src/shop/core.py": core}) == {"dependencies.declared"}
    assert shop.rules({"src/shop/core.py": core, "src/helper_of_shop.py": "RATE = 1\n"}) == set()


SECRETS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "-----BEGIN " + "RSA PRIVATE KEY-----",
    "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "xoxb-" + "123456789012-1234567890123-4mt0t4l1yf4k3s3cr3tt0k3n",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_credential_is_added(shop: Shop, inside: Check, secret: str) -> None:
    assert inside(f"key = '{secret}'") == {"secrets.added"}
    assert shop.rules({"config.yaml": f"key: {secret}\n"}) == {"secrets.added"}
    known = {"config.yaml": f"key: {secret}\n"}
    assert shop.rules({"config.yaml": f"key: {secret}\nport: 1\n"}, tree=known) == set()
    assert inside("key = os.environ['SHOP_KEY']", top="import os\n") == set()
