"""The examples of docs/repairs.md: what it says is repaired is, and what it says is not is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "repairs.md").read_text()
EXAMPLES = re.findall(r"```diff\n(.*?)```\n\n```python\n(.*?)```", PAGE, re.DOTALL)
BEYOND = PAGE.index("## What it does not repair")


def test_the_page_has_examples_of_both_kinds() -> None:
    assert [PAGE.index(tests) > BEYOND for _, tests in EXAMPLES] == [False] * 7 + [True]


@pytest.mark.sample(1)
@pytest.mark.slow
@pytest.mark.parametrize(("change", "tests"), EXAMPLES, ids=[re.findall(r"def (\w+)", one)[0] for one, _ in EXAMPLES])
def test_an_example_ends_as_the_page_says(
    change: str, tests: str, rfsn: Callable[..., Any], project: Callable[..., Path]
) -> None:
    faulty = "".join(line[1:] for line in change.splitlines(keepends=True) if line[0] != "+")
    mended = "".join(line[1:] for line in change.splitlines(keepends=True) if line[0] != "-")
    folder = project({"shop.py": faulty, "test_shop.py": f"from shop import *\n\n\n{tests}"}, "faulty")
    status = rfsn("repair", folder, "--json").json["status"]
    if faulty == mended:
        assert status == "not_repaired"
        return
    assert status == "repaired"
    whole = project({"shop.py": mended, "test_shop.py": f"from shop import *\n\n\n{tests}"}, "mended")
    assert rfsn("repair", whole, "--json").json["status"] == "nothing_to_repair", "the diff of the page is no repair"
