"""The shapes that Python projects come in, each with one fault: every one is repaired, with all its tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

type Rfsn = Callable[..., Any]
type Make = Callable[..., Path]

LEAST = "def least(a, b):\n    return a if a > b else b\n"
CASES = """\
class Least(unittest.TestCase):
    def test_least(self):
        self.assertEqual(least(1, 2), 1)
        self.assertEqual(least(4, 3), 3)

    def test_same(self):
        self.assertEqual(least(2, 2), 2)
"""
TESTS = """\
from thing import least

def test_least():
    assert least(1, 2) == 1
    assert least(4, 3) == 3

def test_same():
    assert least(2, 2) == 2
"""
POETRY = """\
[tool.poetry]
name = "thing"
version = "0.1.0"
description = ""
authors = []
packages = [{include = "thing", from = "src"}]
[tool.poetry.dependencies]
python = "^3.8"
[tool.poetry.group.test.dependencies]
pytest = ">=8"
iniconfig = "^2.0"
[build-system]
requires = ["poetry-core>=1.9"]
build-backend = "poetry.core.masonry.api"
"""
UV = """\
[project]
name = "thing"
version = "0.1.0"
requires-python = ">=3.8"
[dependency-groups]
dev = ["pytest", {include-group = "more"}]
more = ["iniconfig"]
[tool.uv]
package = false
"""
NAMESPACE = """\
[project]
name = "thing"
version = "1"
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[tool.setuptools.packages.find]
where = ["src"]
"""
MANAGE = """\
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
execute_from_command_line(sys.argv)
"""
DJANGO = {
    "manage.py": MANAGE,
    "site_settings.py": (
        "SECRET_KEY = 'x'\nINSTALLED_APPS = ['shop']\nDEFAULT_AUTO_FIELD = 'django.db.models.AutoField'\n"
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}\n"
    ),
    "shop/__init__.py": "",
    "shop/models.py": (
        "from django.db import models\n\n\nclass Item(models.Model):\n    price = models.IntegerField()\n\n"
        "    @classmethod\n    def dearer_than(cls, price):\n"
        "        return [item for item in cls.objects.all() if item.price < price]\n"
    ),
    "shop/tests.py": (
        "from django.test import TestCase\n\nfrom shop.models import Item\n\n\nclass Items(TestCase):\n"
        "    def test_dearer(self):\n        Item.objects.create(price=5)\n        Item.objects.create(price=9)\n"
        "        self.assertEqual([item.price for item in Item.dearer_than(6)], [9])\n\n"
        "    def test_none(self):\n        self.assertEqual(Item.objects.count(), 0)\n"
    ),
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_settings\npython_files = tests.py\n",
    "requirements.txt": "django>=5\npytest-django\n",
}

# What the project is, its files, more of the command line, and how many tests it has.
PROJECTS: list[tuple[str, Mapping[str, str], tuple[str, ...], int]] = [
    (
        "unittest with its own command",
        {
            "thing.py": LEAST,
            "tests/__init__.py": "",
            "tests/test_a.py": f"import unittest\nfrom thing import least\n{CASES}",
        },
        ("--test", "python -m unittest discover -s tests -t ."),
        2,
    ),
    (
        "unittest by a dotted name",
        {
            "thing.py": LEAST,
            "tests/__init__.py": "",
            "tests/test_a.py": f"import unittest\nfrom thing import least\n{CASES}",
        },
        ("--test", "python3 -m unittest -v tests.test_a.Least"),
        2,
    ),
    (
        "unittest files that pytest does not look for",
        {"thing.py": LEAST, "testthing.py": f"import unittest\nfrom thing import least\n{CASES}"},
        (),
        2,
    ),
    (
        "setup.cfg, src layout, extras",
        {
            "setup.py": "from setuptools import setup\nsetup()\n",
            "setup.cfg": (
                "[metadata]\nname = thing\nversion = 1.0\n[options]\npackage_dir =\n  = src\npackages = find:\n"
                "[options.packages.find]\nwhere = src\n[options.extras_require]\ntest =\n  iniconfig\n"
                "[tool:pytest]\naddopts = -x --strict-markers\ntestpaths = tests\n"
            ),
            "src/thing/__init__.py": LEAST,
            "tests/test_thing.py": "import iniconfig\n" + TESTS,
        },
        (),
        2,
    ),
    (
        "Pipfile",
        {
            "Pipfile": '[packages]\niniconfig = "*"\n[dev-packages]\npytest = {version = ">=8", extras = ["dev"]}\n',
            "thing.py": LEAST,
            "test_thing.py": "import iniconfig\n" + TESTS,
        },
        (),
        2,
    ),
    (
        "Poetry",
        {"pyproject.toml": POETRY, "src/thing/__init__.py": LEAST, "tests/test_thing.py": "import iniconfig\n" + TESTS},
        (),
        2,
    ),
    (
        "uv groups, no package",
        {"pyproject.toml": UV, "thing.py": LEAST, "tests/test_thing.py": "import iniconfig\n" + TESTS},
        (),
        2,
    ),
    (
        "tox.ini",
        {
            "tox.ini": "[testenv]\ndeps =\n    pytest\n    -r{toxinidir}/no.txt\n    py2: mock\n    iniconfig\n",
            "thing.py": LEAST,
            "test_thing.py": "import iniconfig\n" + TESTS,
        },
        (),
        2,
    ),
    (
        "namespace packages",
        {
            "pyproject.toml": NAMESPACE,
            "src/company/area/thing.py": LEAST,
            "tests/test_thing.py": TESTS.replace("thing", "company.area.thing", 1),
        },
        (),
        2,
    ),
    (
        "tests beside code",
        {
            "pkg/__init__.py": "",
            "pkg/thing.py": LEAST,
            "pkg/thing_test.py": TESTS.replace("from thing", "from pkg.thing"),
            "pkg/sub/__init__.py": "",
            "pkg/sub/test_other.py": TESTS.replace("from thing", "from ..thing"),
        },
        (),
        4,
    ),
    (
        "asyncio",
        {
            "requirements.txt": "pytest-asyncio\n",
            "pytest.ini": "[pytest]\nasyncio_mode = auto\n",
            "thing.py": "import asyncio\n\n\nasync "
            + LEAST.replace("    return", "    await asyncio.sleep(0)\n    return"),
            "test_thing.py": TESTS.replace("def test", "async def test").replace("assert least", "assert await least"),
        },
        (),
        2,
    ),
    (
        "xdist, coverage and random order in addopts",
        {
            "requirements.txt": "pytest-xdist\npytest-cov\npytest-randomly\n",
            "pytest.ini": "[pytest]\naddopts = -n 2 --cov=thing --cov-fail-under=100 --maxfail=1\n",
            "thing.py": LEAST + "\n\ndef unused():\n    return 1\n",
            "test_thing.py": TESTS + "\ndef test_more():\n    assert least(9, 8) == 8\n",
        },
        (),
        3,
    ),
    (
        "a compiled dependency as a wheel",
        {
            "requirements.txt": "markupsafe\n",
            "thing.py": (
                "from markupsafe import escape\n\n\n"
                "def tag(name, text):\n    return f'<{name}>{escape(name)}</{name}>'\n"
            ),
            "test_thing.py": (
                "import markupsafe._speedups\nfrom thing import tag\n\n\ndef test_tag():\n"
                "    assert tag('b', '<') == '<b>&lt;</b>'\n    assert tag('i', 'x') == '<i>x</i>'\n"
            ),
        },
        (),
        1,
    ),
    (
        "hypothesis, doctests and subtests",
        {
            "requirements.txt": "hypothesis\n",
            "pytest.ini": "[pytest]\naddopts = --doctest-modules\n",
            "thing.py": LEAST.replace(
                "    return", '    """The lesser one.\n\n    >>> least(2, 2)\n    2\n    """\n    return'
            ),
            "test_thing.py": "from hypothesis import given\nfrom hypothesis.strategies import integers\n"
            + TESTS
            + "\n@given(integers(), integers())\ndef test_any(a, b):\n    assert least(a, b) == min(a, b)\n"
            + "\ndef test_each(subtests):\n    for n in (1, 2):\n"
            + "        with subtests.test(n=n):\n            assert least(n, n) == n\n",
        },
        (),
        5,
    ),
    ("Django", DJANGO, (), 2),
    ("Django by manage.py", {path: DJANGO[path] for path in DJANGO if path != "pytest.ini"}, (), 2),
    (
        "Django beneath, with a label",
        {f"web/{path}": DJANGO[path] for path in DJANGO if path != "pytest.ini"},
        ("--test", "python web/manage.py test shop.tests --noinput"),
        2,
    ),
]


EACH_TIME = {"setup.cfg, src layout, extras", "unittest files that pytest does not look for"}


@pytest.mark.parametrize(
    ("files", "arguments", "total"),
    [pytest.param(*rest, id=name, marks=() if name in EACH_TIME else pytest.mark.thorough) for name, *rest in PROJECTS],
)
def test_it_is_repaired(
    files: Mapping[str, str], arguments: tuple[str, ...], total: int, rfsn: Rfsn, project: Make
) -> None:
    result = rfsn("repair", project(files), *arguments, "--time-limit", "120", "--json").json
    assert result["status"] == "repaired", result
    assert result["tests"]["total"] == total
    evidence = json.loads((Path(result["folder"]) / "evidence.json").read_text())
    assert evidence["after"]["canaries"] == 6


@pytest.mark.thorough
def test_a_command_for_a_folder_with_a_root_of_its_own(rfsn: Rfsn, project: Make) -> None:
    """Ids then begin in that folder, not where the command starts."""
    files = {
        "app/pytest.ini": "[pytest]\npythonpath = .\n",
        "app/limits.py": "def allowed(n):\n    return n < 3\n",
        "app/test_limits.py": "from limits import allowed\n\n\ndef test_allowed():\n    assert allowed(3)\n",
    }
    ran = rfsn("repair", project(files), "--test", "python -m pytest app")
    assert ran.code == 0, ran.err
    assert "again: 1 of 1 fail" in ran.err


SUBTESTS = """\
import unittest
from names import double, name

class T(unittest.TestCase):
    def test_double(self):
        self.assertEqual(double(3), 6)

    def test_names(self):
        for i in ("a", "b", "c"):
            with self.subTest(i):
                if i == "c":
                    self.skipTest("no c")
                self.assertEqual(name(i), i.upper())
"""


@pytest.mark.thorough
def test_a_test_with_a_skipped_subtest_guards_and_is_repaired(rfsn: Rfsn, project: Make, tmp_path: Path) -> None:
    sound = "def double(x):\n    return x * 2\n\n\ndef name(x):\n    return x.upper()\n"
    faulty = sound.replace("x * 2", "x + 2")
    patch = tmp_path / "evil.diff"
    hunk = "@@ -1,6 +1,6 @@\n def double(x):\n-    return x + 2\n+    return x * 2\n \n \n def name(x):\n"
    patch.write_text(f"--- a/names.py\n+++ b/names.py\n{hunk}-    return x.upper()\n+    return x.lower()\n")
    judged = rfsn("judge", patch, "--repo", project({"names.py": faulty, "test_names.py": SUBTESTS}), "--json").json
    assert judged["status"] == "not_repaired", judged
    assert judged["verdict"]["reasons"][0].endswith("test_names.py::T::test_names"), judged["verdict"]
    lower = sound.replace("upper", "lower")
    ran = rfsn("repair", project({"names.py": lower, "test_names.py": SUBTESTS}), "--json").json
    assert ran["status"] == "repaired", ran
    assert (ran["tests"]["passed"], ran["tests"]["skipped"]) == (1, 0)
