"""Where a test that is written from an issue goes."""

from __future__ import annotations

from random import Random

import pytest

from planners.api import PlannerContext
from planners.llm.issues import path_of_test
from planners.testing import GivenReports, GivenTree


@pytest.mark.parametrize(
    ("tests", "language", "path"),
    [
        ((), "python", "test_of_the_issue.py"),
        (("tests/test_a.py", "tests/test_b.py", "other/test_c.py"), "python", "tests/test_of_the_issue.py"),
        (("test_of_the_issue.py",), "python", "test_of_the_issue2.py"),
        (("a_test.py",), "python", "of_the_issue_test.py"),
        ((), "go", "of_the_issue_test.go"),
        (("till/till_test.go",), "go", "till/of_the_issue_test.go"),
        (("web/price.test.js",), "javascript", "web/of_the_issue.test.js"),
        (("web/price.spec.ts",), "javascript", "web/of_the_issue.spec.ts"),
        (("tests/whole.rs",), "rust", "tests/of_the_issue.rs"),
        ((), "java", "src/test/java/OfTheIssueTest.java"),
        (("src/test/java/a/PriceTest.java",), "java", "src/test/java/a/OfTheIssueTest.java"),
        (("src/test/java/a/PriceTests.java",), "java", "src/test/java/a/OfTheIssueTests.java"),
        (("src/test/java/TestPrice.java",), "java", "src/test/java/TestOfTheIssue.java"),
    ],
)
def test_it_is_named_like_the_others_and_among_them(tests: tuple[str, ...], language: str, path: str) -> None:
    tree = GivenTree(dict.fromkeys((*tests, "source.py", "source.go", "source.java"), b""))
    context = PlannerContext(
        tree,
        GivenReports({}, {}),
        lambda name: name not in tests,
        Random,
        languages={"": language},
    )
    assert path_of_test(context) == path
