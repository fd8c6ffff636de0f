"""Commands of `manage.py`, and projects that have no other: as pytest's, with the settings of the project."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from buildpacks import BuildpackError, PlanOptions
from buildpacks.python import PythonBuildpack
from buildpacks.python.django import site_for
from buildpacks.view import FolderView

PYTEST = ("python", "-m", "pytest")
FILES = ("-o", "python_files=test*.py")
MANAGE = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")\n'
TREE = {"manage.py": MANAGE, "shop/tests.py": "", "shop/cart/test_sums.py": ""}

type Tree = Callable[[Mapping[str, str]], FolderView]


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ("python manage.py test", ()),
        ("./manage.py test --noinput --parallel 2 -v 2", ()),
        ("python3.12 manage.py test shop", ("shop",)),
        ("python manage.py test shop.cart", ("shop/cart",)),
        ("python manage.py test shop/cart/", ("shop/cart",)),
        ("python manage.py test shop.tests.Items.test_a -k *dear*", ("-k", "dear", "shop/tests.py::Items::test_a")),
    ],
)
def test_commands_of_manage_py_are_run_by_pytest(given: str, arguments: tuple[str, ...], tree: Tree) -> None:
    view = tree(TREE)
    site = site_for(view, given.split())
    assert site
    assert (site.settings, site.test) == ("web.settings", (*PYTEST, *FILES, *arguments))
    assert PythonBuildpack().runs(view, given.split())


def test_the_settings_and_the_pattern_may_be_in_the_command(tree: Tree) -> None:
    site = site_for(tree(TREE), ["python", "manage.py", "test", "--settings=other", "-p", "*_check.py"])
    assert site
    assert (site.settings, site.test) == ("other", (*PYTEST, "-o", "python_files=*_check.py"))


def test_a_project_beneath_is_on_the_path(tree: Tree) -> None:
    view = tree({f"web/{path}": text for path, text in TREE.items()} | {"requirements.txt": "django\n"})
    site = site_for(view, None)
    assert site
    assert site.test == (*PYTEST, *FILES, "-o", "pythonpath=web", "web")
    labelled = site_for(view, ["python", "web/manage.py", "test", "shop.tests"])
    assert labelled
    assert labelled.test == (*PYTEST, *FILES, "-o", "pythonpath=web", "web/shop/tests.py")
    selected = site_for(view, ["python", "web/manage.py", "test", "-k", "dear"])
    assert selected
    assert selected.test == (*PYTEST, *FILES, "-o", "pythonpath=web", "-k", "dear", "web")


@pytest.mark.parametrize(
    "files",
    [
        {"manage.py": "print('of something else')\n"},
        {"manage.py": MANAGE, "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = web.test_settings\n"},
        {"manage.py": MANAGE, "conftest.py": "os.environ['DJANGO_SETTINGS_MODULE'] = 'web.settings'\n"},
        {"a/manage.py": MANAGE, "b/manage.py": MANAGE},
        {"test_a.py": ""},
    ],
)
def test_pytest_needs_no_help(files: Mapping[str, str], tree: Tree) -> None:
    view = tree(files)
    assert site_for(view, None) is None
    assert site_for(view, [*PYTEST, "-q"]) is None
    assert PythonBuildpack().plan(view, PlanOptions()).test == PYTEST


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("python manage.py test --shuffle=1", "the test command of manage.py cannot be read"),
        ("python manage.py test shop.nothing", "unknown module shop.nothing"),
        ("python other/manage.py test", "other/manage.py names no DJANGO_SETTINGS_MODULE: add --settings MODULE"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(given: str, reason: str, tree: Tree) -> None:
    with pytest.raises(BuildpackError, match=reason):
        site_for(tree(TREE), given.split())


def test_the_plan_has_the_plugin_and_the_settings(tree: Tree) -> None:
    plan = PythonBuildpack().plan(tree(TREE), PlanOptions())
    assert {"pytest", "pytest-django", "django"} <= set(plan.requirements)
    assert plan.env["DJANGO_SETTINGS_MODULE"] == "web.settings"
    named = PlanOptions(env={"DJANGO_SETTINGS_MODULE": "mine"}, packages=("django==5.2", "pytest-django==4.11.1"))
    exact = PythonBuildpack().plan(tree({}), named)
    assert exact.env["DJANGO_SETTINGS_MODULE"] == "mine"
    assert "django" not in exact.requirements
