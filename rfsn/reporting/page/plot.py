"""The plot of candidates: the outcome of each, in order, and how the outcomes add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, groupby, pairwise

from planners.trial import TrialOutcome
from rfsn.reporting.page.markup import Html, tag

__all__ = ["candidates_plot"]

_COLUMNS = 240
"""The most columns; if there are more candidates, a column stands for several."""

_STACK = "ftxidcsp"
"""The order of outcomes, from the bottom up."""

type _Column = Counter[str]


def candidates_plot(outcomes: str) -> Html:
    """A figure of the outcome letters of all candidates, in the order in which they were tried."""
    if not outcomes:
        return tag("p", "No candidate was tried.")
    columns = _columns(outcomes)
    single = len(columns) == len(outcomes)
    each = (
        "one candidate" if single else f"about {len(outcomes) / len(columns):.0f}, in the colour of any plausible one"
    )
    return tag(
        "figure",
        _legend(Counter(outcomes)),
        tag("figcaption", f"In order; a column is {each}"),
        _svg(_strip(columns), len(columns), 1, "strip", "The outcome of each candidate in order"),
        tag("figcaption", "Added up"),
        _svg(_areas(columns), len(columns), len(outcomes), "areas", "Outcomes added up over the candidates"),
        tag("div", tag("span", "number 0"), tag("span", f"number {len(outcomes) - 1}"), class_="axis"),
    )


def _columns(outcomes: str) -> list[_Column]:
    count = min(len(outcomes), _COLUMNS)
    edges = [len(outcomes) * index // count for index in range(count + 1)]
    return [Counter(outcomes[start:end]) for start, end in pairwise(edges)]


def _legend(totals: Counter[str]) -> Html:
    shown = [letter for letter in reversed(_STACK) if totals[letter]]
    items = (
        tag("li", tag("span", class_=f"key o-{letter}"), f"{totals[letter]} {TrialOutcome(letter).label}")
        for letter in shown
    )
    return tag("ul", *items, class_="legend")


def _svg(content: Sequence[Html], width: int, height: int, kind: str, label: str) -> Html:
    """A drawing that stretches to the width of the page; its labels are HTML, which does not stretch."""
    box = f"0 0 {width} {height}"
    return tag("svg", *content, viewBox=box, preserveAspectRatio="none", class_=kind, role="img", aria_label=label)


def _strip(columns: Sequence[_Column]) -> list[Html]:
    drawn: list[Html] = []
    at = 0
    for shares, run in groupby(_shares(column) for column in columns):
        width = len(list(run))
        bottom = 1.0
        for letter, share in shares:
            bottom -= share
            box = {"x": f"{at}", "y": f"{bottom:.3f}", "width": f"{width}", "height": f"{share:.3f}"}
            drawn.append(tag("rect", class_=f"o-{letter}", **box))
        at += width
    return drawn


def _shares(column: _Column) -> list[tuple[str, float]]:
    if column["p"]:
        return [("p", 1.0)]
    return [(letter, column[letter] / column.total()) for letter in _STACK if column[letter]]


def _areas(columns: Sequence[_Column]) -> list[Html]:
    """One band for each outcome, stacked: its height at a column is how many there were until then."""
    total = sum(column.total() for column in columns)
    drawn: list[Html] = []
    below = [0] * (len(columns) + 1)
    for letter in _STACK:
        counts = list(accumulate((column[letter] for column in columns), initial=0))
        if counts[-1]:
            above = [low + count for low, count in zip(below, counts, strict=True)]
            edge = [*enumerate(above), *reversed(list(enumerate(below)))]
            points = " ".join(f"{x},{total - y}" for x, y in edge)
            drawn.append(tag("polygon", class_=f"o-{letter}", points=points))
            below = above
    return drawn
