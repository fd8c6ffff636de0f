"""Answers in every form that models give them, and what is wrong with some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from gate import CreateFile, EditFile, apply
from planners.llm.edits import Miss, Parsed, parse_edits
from planners.testing import GivenTree

CORE = '''"""Prices."""

import re

LIMIT = 10


def total(items, tax):
    amount = sum(items)
    return amount + tax


@cached
def rounded(value):
    # to cents
    return round(value, 1)


class Basket:
    def __init__(self, items):
        self.items = items

    def total(self):
        """What it costs.

Without tax.
        """
        return total(self.items, 0)

    @property
    def empty(self):
        return not self.items


class Order:
    def total(self):
        return 0
'''
TREE = {
    "src/shop/core.py": CORE,
    "src/shop/utils.py": "def double(x):\r\n    return x + x\r\n\r\n\r\ndef half(x):\r\n    return x / 3\r\n",
    "src/shop/__init__.py": "",
    "src/app/__init__.py": "NAME = 1\n",
    "README.md": "Shop\n====\n\nOld text.\n",
    "docs/title.rst": "Title\n=======\n\nold\n",
    "no end.txt": "one\ntwo\nthree",
    "latin.py": "# -*- coding: latin-1 -*-\nname = 'ä'\nsize = 1\n",
}


def view() -> GivenTree:
    return GivenTree({path: text.encode("latin-1" if path == "latin.py" else "utf-8") for path, text in TREE.items()})


def parse(answer: str, *shown: str, cut: bool = False) -> Parsed:
    return parse_edits(answer, view(), shown, cut=cut)


def after(answer: str, *shown: str) -> Mapping[str, str]:
    """The changed files, of an answer of which every part can be used."""
    parsed = parse(answer, *shown)
    assert parsed.misses == ()
    changed = apply(parsed.patch, view().read).files
    return {
        path: (file.after or b"").decode("latin-1" if path == "latin.py" else "utf-8") for path, file in changed.items()
    }


def missed(answer: str, *shown: str) -> Miss:
    parsed = parse(answer, *shown)
    assert parsed.patch == ()
    (miss,) = parsed.misses
    return miss


def block(search: str, replacement: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replacement}\n>>>>>>> REPLACE"


FIX = block("    return amount + tax", "    return amount * (1 + tax)")
FIXED = {"src/shop/core.py": CORE.replace("amount + tax", "amount * (1 + tax)")}


@pytest.mark.parametrize(
    "answer",
    [
        f"src/shop/core.py\n{FIX}",
        f"src/shop/core.py\n```python\n{FIX}\n```",
        f"```python\nsrc/shop/core.py\n{FIX}\n```",
        f"```python src/shop/core.py\n{FIX}\n```",
        f"```python:src/shop/core.py\n{FIX}\n```",
        f'```python title="src/shop/core.py"\n{FIX}\n```',
        f"**src/shop/core.py**\n\n```\n{FIX}\n```",
        f"### `src/shop/core.py`\n\n{FIX}",
        f"1. File: src/shop/core.py:\n{FIX}",
        f"I change the file `core.py` so that tax is a rate:\n\n{FIX}\n\nThat is all.",
        f"# src/shop/core.py\n{FIX}",
        f"./src/shop/core.py\n{FIX}",
        f"/work/repo/src/shop/core.py\n{FIX}",
        f"a/src/shop/core.py\n{FIX}",
        f"src\\shop\\core.py\n{FIX}",
        f"shop/core.py\n{FIX}",
        f"Fix:\n\n{FIX}",
        f"```\n{FIX}\n```",
        f"   src/shop/core.py\n   ```python\n{FIX}\n   ```",
        f"src/shop/core.py\n{FIX}".replace("\n", "\r\n"),
        f"```python\n# src/shop/core.py\n{FIX}\n```",
        f"src/shop/core.py\n{FIX}".replace("<<<<<<< SEARCH", "<<<<<< SEARCH"),
    ],
)
def test_a_block_is_found_wherever_its_path_is(answer: str) -> None:
    assert after(answer, "src/shop/core.py") == FIXED


def test_without_a_path_the_file_is_the_one_that_fits() -> None:
    assert after(FIX, "src/shop/utils.py", "src/shop/core.py") == FIXED
    assert missed(FIX).path == ""
    assert "no file is named" in missed(FIX, "src/shop/utils.py", "README.md").why


@pytest.mark.parametrize(
    ("search", "replacement"),
    [
        ("amount = sum(items)\nreturn amount + tax", "amount = sum(items)\nreturn amount * (1 + tax)"),
        ("        return amount + tax", "        return amount * (1 + tax)"),
        (
            "    amount = sum(items)  \n    return amount + tax\t",
            "    amount = sum(items)\n    return amount * (1 + tax)",
        ),
        ("    amount = sum(item)\n    return amount + tax", "    amount = sum(item)\n    return amount * (1 + tax)"),
        (
            "\n    amount = sum(items)\n    return amount + tax",
            "\n    amount = sum(items)\n    return amount * (1 + tax)",
        ),
    ],
)
def test_a_block_may_be_indented_or_ended_differently_or_misquote_a_little(search: str, replacement: str) -> None:
    assert after(f"src/shop/core.py\n{block(search, replacement)}") == FIXED


def test_line_endings_and_a_missing_last_one_stay_as_they_are() -> None:
    utils = block("    return x / 3", "    # half of it\n    return x / 2")
    assert after(f"utils.py\n{utils}") == {
        "src/shop/utils.py": TREE["src/shop/utils.py"].replace(
            "    return x / 3", "    # half of it\r\n    return x / 2"
        )
    }
    assert after(f"no end.txt\n{block('three', 'four')}") == {"no end.txt": "one\ntwo\nfour"}
    assert after(f"no end.txt\n{block('three', 'three' + chr(10) + 'four')}") == {"no end.txt": "one\ntwo\nthree\nfour"}
    assert after(f"latin.py\n{block('size = 1', 'size = 2')}") == {"latin.py": TREE["latin.py"].replace("1\n", "2\n")}
    assert "encoding" in missed(f"latin.py\n{block('size = 1', 'size = ' + repr(chr(8364)))}").why


def test_a_heading_that_looks_like_the_divider_is_none() -> None:
    search, replacement = "Title\n=======\n\nold", "Title\n=======\n\nnew"
    assert after(f"docs/title.rst\n{block(search, replacement)}") == {"docs/title.rst": "Title\n=======\n\nnew\n"}
    assert after(f"docs/title.rst\n{block('old', 'old' + chr(10) + '=======')}") == {
        "docs/title.rst": "Title\n=======\n\nold\n=======\n"
    }


def test_an_empty_search_creates_a_file_and_never_empties_one() -> None:
    assert after(f"src/shop/tax.py\n{block('', 'RATE = 2')}") == {"src/shop/tax.py": "RATE = 2\n"}
    assert after(f"src/shop/__init__.py\n{block('', 'RATE = 2')}") == {"src/shop/__init__.py": "RATE = 2\n"}
    assert "quotes no line" in missed(f"core.py\n{block('', 'RATE = 2')}").why
    assert "no path" in missed(block("", "RATE = 2")).why


def test_a_miss_says_why_and_quotes_the_nearest_lines() -> None:
    miss = missed(f"core.py\n{block('    amount = sum(numbers) + 100', '    amount = 0')}")
    assert (miss.path, miss.line, miss.nearest) == ("src/shop/core.py", 9, "    amount = sum(items)")
    assert missed(f"core.py\n{block('nothing like it at all', '')}").nearest == ""
    twice = missed(f"core.py\n{block('    def total(self):', '    def sum(self):')}")
    assert "more than once (at lines 23, 36)" in twice.why
    assert "no such file" in missed(f"src/gone.py\n{FIX.replace('amount', 'sum')}").why
    assert "may be any of" in missed(f"__init__.py\n{FIX}").why


def test_a_block_that_misquotes_what_it_changes_is_a_miss() -> None:
    search = CORE[CORE.index("    # to cents") : CORE.index("self.items = items")] + "self.items = items"
    skipped = search.replace("    # to cents\n", "").replace("class", "# to tens\n\nclass")
    replacement = skipped.replace("# to tens", "# a basket")
    miss = missed(f"core.py\n{block(skipped, replacement)}")
    assert "come closest" in miss.why
    assert "class Basket:" in miss.nearest


def test_edits_compose_in_any_order_and_overlapping_ones_miss() -> None:
    first, second = block("LIMIT = 10", "LIMIT = 20"), block("    return round(value, 1)", "    return round(value, 2)")
    fixed = FIXED["src/shop/core.py"].replace("LIMIT = 10", "LIMIT = 20").replace("value, 1", "value, 2")
    for order in ((FIX, first, second), (second, FIX, first)):
        answer = "core.py\n" + "\n".join(order)
        assert after(answer) == {"src/shop/core.py": fixed}
    parsed = parse(f"core.py\n{FIX}\ncore.py\n{block('    return amount + tax', '    return 0')}\n")
    assert len(parsed.patch) == 1
    assert "overlaps" in parsed.misses[0].why
    shared = block(
        "    amount = sum(items)\n    return amount + tax", "    amount = max(items)\n    return amount + tax"
    )
    changed = FIXED["src/shop/core.py"].replace("sum(items)", "max(items)")
    assert after(f"core.py\n{FIX}\ncore.py\n{shared}") == {"src/shop/core.py": changed}


def test_edits_without_effect_are_dropped_and_said_so() -> None:
    parsed = parse(f"core.py\n{block('LIMIT = 10', 'LIMIT = 10')}\n{FIX}\n{FIX}")
    assert [change for change in parsed.notes if "changes nothing" in change]
    assert [change for change in parsed.notes if "more than once" in change]
    assert parsed.misses == ()
    assert len(parsed.patch) == 1


def test_what_is_cut_off_is_left_out() -> None:
    answer = f"core.py\n{FIX}\n\ncore.py\n<<<<<<< SEARCH\nLIMIT = 10\n=======\nLIM"
    parsed = parse(answer, cut=True)
    assert apply(parsed.patch, view().read).files["src/shop/core.py"].after == FIXED["src/shop/core.py"].encode()
    assert parsed.misses == ()
    assert "cut" in parsed.notes[0]
    assert "REPLACE" in parse(answer).misses[0].why
    file = "```python src/shop/core.py\n" + FIXED["src/shop/core.py"]
    assert parse(file, cut=True).patch == ()
    assert after(file) == FIXED
    assert parse(f"```diff\n{DIFF}", cut=True).patch == ()


DIFF = """--- a/src/shop/core.py
+++ b/src/shop/core.py
@@ -8,4 +8,4 @@ def total
 def total(items, tax):
     amount = sum(items)
-    return amount + tax
+    return amount * (1 + tax)
 """


@pytest.mark.parametrize(
    "answer",
    [
        DIFF,
        f"Here:\n\n{DIFF}\nDone.",
        f"```diff\n{DIFF}```",
        f"```\n{DIFF}```",
        DIFF.replace("a/", "").replace("b/", ""),
        DIFF.replace("src/", "repo/src/").replace("a/repo", "/repo").replace("b/repo", "/repo"),
        DIFF.replace("-8,4 +8,4", "-80,1 +9,77"),
        DIFF.replace("@@ -8,4 +8,4 @@", "@@"),
        f"diff --git a/src/shop/core.py b/src/shop/core.py\nindex 123..456 100644\n{DIFF}",
        "core.py:\n```diff\n" + DIFF.split("\n", 2)[2] + "```",
        "core.py:\n```diff\n" + DIFF.split("\n", 3)[3] + "```",
        "```diff\n" + DIFF.replace("\n def", "\ndef").replace("\n     amount", "\n    amount") + "```",
        "```diff\n" + DIFF.replace("\n     amount", "\n    amount") + "```",
        DIFF.replace("\n", "\r\n"),
    ],
)
def test_a_diff_may_be_sloppy(answer: str) -> None:
    assert after(answer) == FIXED


def test_a_diff_may_have_many_hunks_and_files_and_create_some() -> None:
    answer = DIFF.rstrip(" ") + (
        "@@ -1,2 +1,2 @@\n def rounded(value):\n-    # to cents\n     return round(value, 1)\n+\n"
        "--- a/src/app/__init__.py\n+++ b/src/app/__init__.py\n@@ -1 +1,2 @@\n-NAME = 1\n+NAME = 2\n+SIZE = 1\n"
        "--- /dev/null\n+++ b/src/app/new.py\n@@ -0,0 +1,2 @@\n+x = 1\n+y = 2\n"
    )
    core = FIXED["src/shop/core.py"].replace("    # to cents\n", "").replace("value, 1)\n", "value, 1)\n\n")
    assert after(answer) == {
        "src/shop/core.py": core,
        "src/app/__init__.py": "NAME = 2\nSIZE = 1\n",
        "src/app/new.py": "x = 1\ny = 2\n",
    }


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("--- a/README.md\n+++ /dev/null\n@@ -1 +0,0 @@\n-Shop\n", "may only edit"),
        ("diff --git a/README.md b/x.md\nsimilarity index 100%\nrename from README.md\nrename to x.md\n", "may"),
        ("--- a/src/shop/core.py\n+++ b/src/shop/kernel.py\n@@ -5 +5 @@\n-LIMIT = 10\n+LIMIT = 9\n", "rename"),
        (
            "--- a/src/shop/core.py\n+++ b/src/shop/core.py\n@@ -5 +5 @@\n-LIMIT = 11112222\n+LIMIT = 9\n",
            "not in the file",
        ),
        ("--- a/src/shop/core.py\n+++ b/src/shop/core.py\n@@ -5,0 +6 @@\n+LIMIT = 9\n", "quotes no line"),
    ],
)
def test_a_diff_that_does_not_apply_is_a_miss(answer: str, why: str) -> None:
    assert why in missed(answer).why


def test_a_line_number_tells_equal_places_apart() -> None:
    answer = "--- a/core.py\n+++ b/core.py\n@@ -36,1 +36,2 @@\n     def total(self):\n+        # nothing\n"
    assert after(answer) == {
        "src/shop/core.py": CORE.replace("self):\n        return 0", "self):\n        # nothing\n        return 0")
    }
    assert "more than once" in missed(answer.replace("36", "30")).why


@pytest.mark.parametrize(
    "head", ["```python src/shop/core.py\n", "`src/shop/core.py`:\n\n```python\n", "```\n# src/shop/core.py\n"]
)
def test_a_whole_file_replaces_the_file(head: str) -> None:
    assert after(f"{head}{FIXED['src/shop/core.py']}```\n") == FIXED
    assert after(f"{head}{FIXED['src/shop/core.py'].replace('import re', 'import math')}```") != {}


def test_a_new_file_is_created() -> None:
    assert after("```python src/shop/tax.py\nRATE = 2\n```") == {"src/shop/tax.py": "RATE = 2\n"}
    assert after("Create `src/shop/tax.py`:\n\n```python\nRATE = 2\n```") == {"src/shop/tax.py": "RATE = 2\n"}
    assert parse("```python src/shop/tax.py\nRATE = 2\n```").patch == (CreateFile("src/shop/tax.py", b"RATE = 2\n"),)
    nested = "````markdown docs/use.md\nUse:\n\n```python\nx = 1\n```\n````\n"
    assert after(nested) == {"docs/use.md": "Use:\n\n```python\nx = 1\n```\n"}
    assert after(nested.replace("````", "```")) == {"docs/use.md": "Use:\n\n```python\nx = 1\n```\n"}


TOTAL = "def total(items, tax):\n    amount = sum(items)\n    return amount * (1 + tax)\n"


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (f"```python src/shop/core.py\n{TOTAL}```", []),
        (f"In `core.py`:\n```python\n{TOTAL}```", []),
        (f"```python\n{TOTAL}```", ["src/shop/utils.py", "src/shop/core.py"]),
        (f"```python core.py\nimport re\n\n{TOTAL}```", []),
    ],
)
def test_a_whole_function_replaces_its_namesake(answer: str, shown: Sequence[str]) -> None:
    ambiguous = missed(answer, *shown) if shown else missed(answer)
    assert "several functions `total`" in ambiguous.why


def test_decorators_and_indentation_of_a_function_are_kept() -> None:
    rounded = "def rounded(value):\n    # to cents\n    return round(value, 2)\n"
    expected = {"src/shop/core.py": CORE.replace("value, 1", "value, 2")}
    assert after(f"```python core.py\n{rounded}```") == expected
    assert after(f"```python core.py\n@cached\n{rounded}```") == expected
    assert after(f"```python\n{rounded}```", "src/shop/utils.py", "src/shop/core.py") == expected
    free = after(f"```python core.py\n@lru_cache\n{rounded}```")
    assert free == {"src/shop/core.py": expected["src/shop/core.py"].replace("@cached", "@lru_cache")}
    empty = "def empty(self):\n    return len(self.items) == 0\n"
    expected = {"src/shop/core.py": CORE.replace("not self.items", "len(self.items) == 0")}
    assert after(f"```python core.py\n{empty}```") == expected
    assert after(f"```python core.py\n    {empty.replace(chr(10) + ' ', chr(10) + '     ')}```") == expected


@pytest.mark.parametrize(
    "answer",
    [
        "```python core.py\nclass Order:\n    def total(self):\n        return 1\n```",
        "`Order.total` in `core.py`:\n```python core.py\ndef total(self):\n    return 1\n```",
        "```python core.py::Order.total\ndef total(self):\n    return 1\n```",
    ],
)
def test_a_class_tells_which_function_is_meant(answer: str) -> None:
    assert after(answer) == {"src/shop/core.py": CORE.replace("return 0", "return 1")}


def test_a_text_that_spans_lines_keeps_its_own_indentation() -> None:
    text = '        """What it costs.\n\nWithout tax.\n        """\n'
    method = f"class Basket:\n    def total(self):\n{text}        return 1\n"
    assert after(f"```python core.py\n{method}```") == {"src/shop/core.py": CORE.replace("total(self.items, 0)", "1")}


def test_a_new_function_goes_beside_the_one_that_uses_it() -> None:
    helper = "def cents(value):\n    return round(value, 2)\n"
    rounded = "def rounded(value):\n    # to cents\n    return cents(value)\n"
    expected = CORE.replace("round(value, 1)", "cents(value)").replace("@cached", f"{helper}\n\n@cached")
    assert after(f"```python core.py\n{helper}\n\n{rounded}```") == {"src/shop/core.py": expected}
    expected = CORE.replace("round(value, 1)\n", f"cents(value)\n\n\n{helper}")
    assert after(f"```python core.py\n{rounded}\n\n{helper}```") == {"src/shop/core.py": expected}
    assert "no function `cents`" in missed(f"```python core.py\n{helper}```").why


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("```python core.py\ndef rounded(value):\n    # ... rest unchanged\n    return 2\n```", "left out"),
        ("```python core.py\ndef rounded(value):\n    ...\n```", "left out"),
        ("```python core.py\n" + CORE.replace("    # to cents\n", "    # existing code here\n") + "```", "left out"),
        ("```python core.py\n" + CORE[: CORE.index("class Basket")] + "# rest of the file unchanged\n```", ""),
        ("```python core.py\nimport math\n\n\ndef rounded(value):\n    return 2\n```", "import math"),
        ("```python core.py\ndef rounded(value:\n    return 2\n```", "does not parse"),
        ("```python core.py\nLIMIT = 11\n```", "less than half"),
        ("```markdown README.md\nShop\n```\n```markdown README.md\nShop!\n```", "less than half"),
        ("```python src/new.py\nx = 1\n# ... the rest of the code\n```", "left out"),
        (f"core.py\n{block('    # to cents', '    # ... existing code ...')}", "left out"),
        ("```diff\n--- a/core.py\n+++ b/core.py\n@@ @@\n-    # to cents\n+    # ... (unchanged)\n```", "left out"),
    ],
)
def test_what_is_left_out_or_is_neither_file_nor_function_is_a_miss(answer: str, why: str) -> None:
    assert why in missed(answer).why


@pytest.mark.parametrize(
    "comment",
    ["# here we round", "# keep the existing order of lines", "# other values are wrong", "# before tax", "# the same"],
)
def test_an_honest_comment_is_no_elision(comment: str) -> None:
    fixed = after(f"core.py\n{block('    # to cents', '    ' + comment)}")
    assert fixed == {"src/shop/core.py": CORE.replace("# to cents", comment)}


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot help with that.",
        "The function in `core.py`:\n\n```python\ndef total(items, tax):\n    amount = sum(items)\n```\n\nis wrong.",
        "Run it:\n\n```bash\npytest src/shop/core.py\n```",
        "```text\nsrc/shop/core.py:10: AssertionError\n```",
        "```python\nprint('an example')\n```",
        "",
        "```",
        "---",
        "@@",
    ],
)
def test_an_answer_without_edits_is_no_miss(answer: str) -> None:
    parsed = parse(answer, "src/shop/core.py")
    assert (parsed.patch, parsed.misses) == ((), ())


def test_a_fence_beside_edits_may_illustrate_them() -> None:
    parsed = parse(f"core.py\n{FIX}\n\nso that `core.py` has\n```python\nreturn amount * rate\n```\n")
    assert [operation.path for operation in parsed.patch if isinstance(operation, EditFile)] == ["src/shop/core.py"]
    assert parsed.misses == ()
    assert len(parsed.notes) == 1
