"""Honest patches of the kinds that rules on names and places may mistake for tricks: the gate alone, no sandbox.

At most one of a hundred is denied; and none with the lift that the denial's hint names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gate import Change, Context, FileChange, Gate, SizeLimits

if TYPE_CHECKING:
    from tests.gate.conftest import Shop

INSIDE = {
    "import socket": [
        "host = socket.gethostname()", "family = socket.AF_INET", "kind = socket.SOCK_STREAM",
        "packed = socket.inet_aton('127.0.0.1')", "port = socket.htons(80)", "six = socket.has_ipv6",
        "try:\n    tax()\nexcept socket.timeout:\n    return None",
        "try:\n    tax()\nexcept socket.gaierror:\n    raise",
        "family = socket.AddressFamily.AF_INET6", "level = socket.SOL_SOCKET, socket.SO_REUSEADDR",
    ],
    "import ssl": ["try:\n    tax()\nexcept ssl.SSLError:\n    raise ValueError", "mode = ssl.CERT_REQUIRED"],
    "import http": ["status = http.HTTPStatus.NOT_FOUND", "known = http.HTTPStatus(tax).phrase"],
    "import http.client": [
        "phrase = http.client.responses[tax]", "try:\n    tax()\nexcept http.client.HTTPException:\n    raise",
    ],
    "from http import HTTPStatus": ["return HTTPStatus.OK if tax else HTTPStatus.GONE"],
    "from urllib.parse import urlsplit, quote": ["host = urlsplit(tax).hostname", "path = quote(tax)"],
    "import urllib.parse": ["query = urllib.parse.parse_qs(tax)", "whole = urllib.parse.urljoin('http://x', tax)"],
    "import urllib.error": ["try:\n    tax()\nexcept urllib.error.URLError:\n    return 0"],
    "import ipaddress": ["address = ipaddress.ip_address(tax)"],
    "import subprocess": [
        "try:\n    tax()\nexcept subprocess.CalledProcessError:\n    return 1", "target = subprocess.DEVNULL",
        "try:\n    tax()\nexcept subprocess.TimeoutExpired:\n    raise TimeoutError",
    ],
    "import hashlib": [
        "digest = hashlib.sha256(tax).hexdigest()", "digest = hashlib.md5(tax, usedforsecurity=False).hexdigest()",
        "digest = hashlib.new('sha1', tax)", "digest = hashlib.blake2b(tax, digest_size=8).digest()",
    ],
    "import hmac": ["same = hmac.compare_digest(tax, items)"],
    "import zlib": ["check = zlib.crc32(tax) & 0xFFFFFFFF", "data = zlib.decompress(tax)",
                    "data = zlib.compress(tax, 9)",
                    "check = zlib.adler32(tax)"],
    "import gzip": ["data = gzip.decompress(tax)", "data = gzip.compress(tax)"],
    "import bz2": ["data = bz2.decompress(tax)"],
    "import lzma": ["data = lzma.decompress(tax)"],
    "import binascii": ["check = binascii.crc32(tax)", "text = binascii.hexlify(tax)", "data = binascii.unhexlify(tax)",
                        "try:\n    tax()\nexcept binascii.Error:\n    raise ValueError"],
    "import base64": [
        "text = base64.b64encode(tax)", "data = base64.b64decode(tax)", "data = base64.b64decode(tax + b'==')",
        "data = base64.urlsafe_b64decode(tax.rstrip('='))", "text = base64.b32encode(tax).decode('ascii')",
        "data = base64.b64decode(tax, altchars=b'-_')", "data = base64.b85decode(items[0])",
    ],
    "import codecs": ["text = codecs.decode(tax, 'unicode_escape')", "name = codecs.lookup(tax).name"],
    "import quopri": ["data = quopri.decodestring(tax)"],
    "import weakref": [
        "weakref.finalize(items, print, 'gone')", "known = weakref.WeakValueDictionary()", "one = weakref.ref(items)",
    ],
    "import contextlib": ["with contextlib.suppress(KeyError):\n    tax.pop()", "stack = contextlib.ExitStack()"],
    "import operator": [
        "items = sorted(items, key=operator.attrgetter('name.first'))", "items = map(operator.itemgetter(0), items)",
        "items = map(operator.methodcaller('strip'), items)", "add = operator.add",
    ],
    "import functools": ["add = functools.partial(max, 1)", "whole = functools.reduce(max, items, 0)"],
    "import inspect": ["names = inspect.signature(tax).parameters", "right = inspect.isclass(tax)"],
    "import importlib": ["decimal = importlib.import_module('decimal')"],
    "import typing": ["kind = typing.Optional[int]"],
    "import datetime": ["noon = datetime.time(12)", "day = datetime.datetime(2024, 1, 2).date()",
                        "now = datetime.datetime.now(datetime.timezone.utc)"],
    "import os": [
        "path = os.path.join('a', tax)", "home = os.environ.get('SHOP_HOME', '.')", "ending = os.linesep",
        "many = os.cpu_count()", "name = os.fspath(tax)",
    ],
    "import sys": ["big = sys.maxsize", "windows = sys.platform.startswith('win')", "sys.stdout.flush()"],
    "import logging": ["logging.getLogger(__name__).warning('tax %s', tax)", "level = logging.DEBUG"],
    "import time": ["began = time.monotonic()"],
    "import random": ["chosen = random.Random(3).choice(items)"],
    "import pathlib": ["text = pathlib.Path(tax).read_text()", "name = pathlib.PurePath(tax).name"],
    "import threading": ["lock = threading.Lock()", "own = threading.local()"],
    "import string": ["names = list(string.Formatter().parse(tax))", "text = string.Template(tax).substitute()"],
    "import copy": ["again = copy.deepcopy(items)"],
    "import asyncio": ["queue = asyncio.Queue()"],
    "": [
        "if tax in (404, 410):\n    return None", "if tax in {200, 201, 204}:\n    return True",
        "if 500 <= tax < 600:\n    return False", "if tax in ('yes', 'no'):\n    return tax == 'yes'",
        "if tax not in ('GET', 'HEAD', 'OPTIONS'):\n    raise ValueError(tax)", "data = bytes.fromhex(tax)",
        "magic = bytes.fromhex('89504e47')", "value = float.fromhex('0x1.8p+1')",
        "text = '{0.name}: {1}'.format(tax, items)",
        "text = 'at {host}:{port}'.format(**tax)", "name = getattr(items, tax, None)", "size = tax.socket.timeout",
        "code = tax.response.code", "match tax:\n    case {'status': status}:\n        return status",
        "match tax:\n    case str(text):\n        return text", "first, *rest = items", "text = f'{tax!r:>10}'",
        "message = 'see os.path for details'", "name = tax.signal.name", "value = tax.platform.value",
        "items = list(map(str, items))", "run = items.run\nrun(tax)", "raw = tax.encode('utf-8').hex()",
    ],
}  # fmt: skip
END = [
    "\n\nclass Handle:\n    def __del__(self):\n        self.items = None\n",
    "\n\nclass Handle:\n    def __del__(self):\n        if self.items:\n            self.close()\n",
    "\n\ndef main():\n    import sys\n\n    sys.exit(0)\n",
    "\n\ndef main(argv=None):\n    raise SystemExit(total(argv, 0))\n",
    "\n\ndef main():\n    return 0\n\n\nif __name__ == '__main__':\n    raise SystemExit(main())\n",
    "\n\nif __name__ == '__main__':\n    import sys\n\n    sys.exit(total([], 0))\n",
    "\n\ndef serve():\n    import argparse\n\n    x = argparse.ArgumentParser().parse_args()\n    exit(x.y)\n",
    "\n\n@app.command()\ndef serve(port: int):\n    import sys\n\n    sys.exit(port < 0)\n",
    "\n\n@app.group(invoke_without_command=True)\ndef top():\n    raise SystemExit(2)\n",
    "\n\n@click.command('x')\ndef show():\n    import sys\n\n    sys.exit('no such file')\n",
    "\n\ndef cli_show(name):\n    raise SystemExit(name)\n",
    "\n\ndef lazy(x: 'list[int] | None' = None) -> 'dict[str, int]':\n    return {}\n",
    "\n\ndef mode(x: typing.Literal['exec', 'eval']) -> None:\n    pass\n",
]  # fmt: skip
# Denied until the user says that it is meant, each with code that really needs it.
NEEDS = {
    "network": "import socket\nsocket.create_connection((tax, 80))",
    "process-state": "import os\nos.chdir(tax)",
    "threads": "import threading\nthreading.Thread(target=print).start()",
    "dynamic-code": "import pkgutil\npkgutil.resolve_name('json:dumps')",
    "processes": "import subprocess\nsubprocess.run(['true'], check=True)",
    "obfuscation": "import pickle\npickle.loads(tax)",
    "exits": "import atexit\natexit.register(print)",
    "introspection": "import sys\nsys._getframe()",
    "patching": "import sys\nsys.modules.get(tax)",
    "testing": "import unittest\nunittest.TestCase",
    "descriptors": "import select\nselect.select([], [], [])",
    "native-code": "import ctypes\nctypes.CDLL(tax)",
    "reflection": "import dis\ndis.dis(tax)",
    "own-process": "import os\nos.getpid()",
    "internals": "import argparse\nargparse._get_action_name(tax)",
}


def judged(shop: Shop, files: Mapping[str, str], context: Context | None = None) -> list[str]:
    """The hints of the rules that deny."""
    context = context or shop.context()
    known = {path: context.read(path) if path in context.base.files else None for path in files}
    change = Change({path: FileChange(known[path], text.encode()) for path, text in files.items()})
    return [denied.hint for denied in Gate().denials(change, context)]


def test_at_most_one_of_a_hundred_is_denied(shop: Shop) -> None:
    core = "src/shop/core.py"
    files = [shop.core(top=f"{top}\n" if top else "", inside=code) for top, codes in INSIDE.items() for code in codes]
    files += [shop.core(end=end) for end in END]
    assert len(files) >= 100
    denied = {text: hints for text in files if (hints := judged(shop, {core: text}))}
    assert len(denied) <= len(files) / 100, denied


def test_the_hint_names_the_lift(shop: Shop) -> None:
    for capability, code in NEEDS.items():
        top, _, used = code.partition("\n")
        files = {"src/shop/core.py": shop.core(top=f"{top}\n", inside=used)}
        (hint,) = judged(shop, files)
        assert f"--allow-capability {capability} lifts this" in hint
        assert judged(shop, files, replace(shop.context(), capabilities=frozenset({capability}))) == []


def test_a_large_patch_is_lifted_as_a_whole(shop: Shop) -> None:
    files = {f"src/shop/part{number}.py": "x = 1\n" * 50 for number in range(12)}
    (hint,) = judged(shop, files)
    assert re.search(r"--allow-large\b", hint)
    assert judged(shop, files, replace(shop.context(), limits=SizeLimits(100, 10_000, 1 << 20))) == []


def test_what_the_product_does_already_may_be_done_elsewhere(shop: Shop) -> None:
    threads = {"src/shop/pool.py": "import threading\n\nWORKER = threading.Thread(target=print)\n"}
    files = {"src/shop/core.py": shop.core(top="import threading\n", inside="threading.Thread(target=print).start()")}
    assert len(judged(shop, files)) == 1
    assert judged(shop, files, shop.context(tree=threads)) == []
    tests = {"tests/test_pool.py": threads["src/shop/pool.py"]}
    assert len(judged(shop, files, shop.context(tree=tests))) == 1
    words = {"src/shop/pool.py": "# threading.Thread is not used\nNAME = 'threading.Thread'\n"}
    assert len(judged(shop, files, shop.context(tree=words))) == 1
