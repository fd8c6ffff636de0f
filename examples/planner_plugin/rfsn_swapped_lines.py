"""Two statements in the wrong order: swap neighbouring lines, the most suspicious ones first, in any language."""

from collections.abc import Iterator, Sequence

from buildpacks import RepoView
from gate import Candidate, Edit, EditFile, ModelCard, Patch, Phase, Proposal, TryPatches, compose, content_hash
from planners.api import PlannerContext, Strategy
from planners.search.localize import rank
from planners.state import State
from planners.steps import proposal
from planners.targets import targets_of
from planners.tree import patched

AT_ONCE = 64


def planner(models: Sequence[ModelCard]) -> Strategy:
    """The entry point: it gets the models that may be asked. This planner asks none."""
    del models
    return SwapLines()


class SwapLines:
    """Tries one swap after another, and has nothing to propose once a patch passes every test, or no swap is left."""

    phases = frozenset({Phase.PATCH})

    def propose(self, state: State, context: PlannerContext) -> Proposal | None:
        """The next swaps. The place among them follows from the state, so that a resumed session continues there."""
        tried = state.tried - (state.kept.tried if state.kept else 0)
        batch = candidates(state, context)[tried : tried + AT_ONCE]
        if state.plausible or not batch:
            return None
        return proposal(
            state,
            Phase.PATCH,
            TryPatches(tuple(batch), offset=state.tried),
            intent=f"swap lines at {len(batch)} places",
            hypothesis=f"two lines near {batch[0].location} are in the wrong order",
            expected_effect="the failing tests pass",
        )


def candidates(state: State, context: PlannerContext) -> list[Candidate]:
    """Every swap with a suspicious line in it, on top of the patch that already repairs other tests, if there is one."""
    if state.spectrum is None:
        return []
    kept = state.kept.patch if state.kept else ()
    tree = patched(context.view, kept)
    targets = targets_of(state, context.reports, context.wanted).left
    spectrum = context.reports.spectrum(state.spectrum.spectrum)
    made: dict[Patch, Candidate] = {}
    for suspect in rank(spectrum, targets, context.is_source):
        for swap in swaps(tree, suspect.path, suspect.line):
            patch = compose(kept, swap, context.view.read)
            made.setdefault(patch, Candidate(patch, "swapped-lines", f"{suspect.path}:{suspect.line}", suspect.score))
    return [*made.values()]


def swaps(tree: RepoView, path: str, line: int) -> Iterator[Patch]:
    """The patches that swap a line with the one before it and the one after it, if both are equally indented."""
    content = tree.read(path)
    lines = content.split(b"\n")
    for first in (line - 2, line - 1):  # lines count from 1, and this list from 0
        pair = lines[max(0, first) : first + 2]
        if len(pair) == 2 and all(map(bytes.strip, pair)) and indent(pair[0]) == indent(pair[1]) and pair[0] != pair[1]:
            start = sum(len(before) + 1 for before in lines[:first])
            edit = Edit(start, start + len(b"\n".join(pair)), b"\n".join(reversed(pair)))
            yield (EditFile(path, content_hash(content), (edit,)),)


def indent(line: bytes) -> int:
    return len(line) - len(line.lstrip())
