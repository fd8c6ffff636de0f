from __future__ import annotations

import pytest

from planners.search.python import PYTHON
from planners.search.registry import LANGUAGES, OPERATORS, language_of, operators_of


@pytest.mark.parametrize("path", ["a.py", "tools/b.pyw", "bin/script", "a.b/script"])
def test_the_suffix_tells_the_language(path: str) -> None:
    assert language_of(path, LANGUAGES) is PYTHON


@pytest.mark.parametrize("path", ["page.html", "a.py.txt", "main.go"])
def test_other_files_are_in_no_language(path: str) -> None:
    assert language_of(path, LANGUAGES) is None


def test_a_language_with_several_suffixes_gives_its_operators_once() -> None:
    assert operators_of({".py": PYTHON, ".pyw": PYTHON}) == tuple(PYTHON.operators)
    assert {operator.language for operator in OPERATORS} == {language.name for language in LANGUAGES.values()}
