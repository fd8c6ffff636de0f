"""Candidates from the answers of models: whole answers, and the pieces of them that several share.

Pieces that recur are fused as in PatchFusion: no answer may have all of the right ones and none of the wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from buildpacks import RepoView
from gate import Candidate, Edit, EditFile, Patch, apply, compose, content_hash
from planners.answers import Exchange
from planners.api import PlannerContext
from planners.llm.asking import originals
from planners.llm.edits import Miss, parse_edits
from planners.llm.redaction import restore
from planners.state import State
from planners.tree import patched
from planners.trial import MODEL

__all__ = ["Read", "read_exchange"]

_MAX_CANDIDATES = 32
_MAX_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Read:
    """What the answers of an exchange come to: candidates, likeliest first, and what in them could not be applied."""

    candidates: tuple[Candidate, ...]
    misses: tuple[Miss, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """One run of lines that an answer replaces: from `start` up to `end`, in bytes of the tree."""

    path: str
    start: int
    end: int
    text: bytes


def read_exchange(exchange: Exchange, state: State, context: PlannerContext) -> Read:
    """The candidates in an exchange, as patches on the base; they go on from the patch that is kept."""
    kept = state.kept.patch if state.kept else ()
    tree = patched(context.view, kept)
    known = originals(context, tree, exchange.files)
    votes: Counter[Patch] = Counter()
    patches: dict[frozenset[tuple[str, bytes | None]], Patch] = {}
    misses: list[Miss] = []
    notes: list[str] = []
    for reply in exchange.replies:
        if not reply.useful:
            notes.append(reply.problem)
            continue
        text = restore(context.reports.answer(reply.blob).text, known)
        parsed = parse_edits(text, tree, exchange.files, cut=reply.finish == "cut")
        misses += parsed.misses
        notes += parsed.notes
        if parsed.patch:
            votes[patches.setdefault(_result(parsed.patch, tree), parsed.patch)] += 1
    whole = sorted(votes, key=lambda patch: -votes[patch])
    made = dict.fromkeys((*whole, *_fused(whole, votes, tree)))
    shares = {patch: votes[patch] / max(1, len(exchange.replies)) for patch in made}
    candidates = [_candidate(patch, shares[patch], kept, context, tree) for patch in [*made][:_MAX_CANDIDATES]]
    return Read(tuple(filter(None, candidates)), tuple(misses), tuple(dict.fromkeys(filter(None, notes))))


def _result(patch: Patch, tree: RepoView) -> frozenset[tuple[str, bytes | None]]:
    """What a patch makes of its files: equal for patches that say the same differently."""
    return frozenset((path, file.after) for path, file in apply(patch, tree.read).files.items())


def _candidate(patch: Patch, share: float, kept: Patch, context: PlannerContext, tree: RepoView) -> Candidate | None:
    location = _location(patch, tree)
    whole = compose(kept, patch, context.view.read) if kept else patch
    return Candidate(whole, MODEL, location, share, afresh=True) if whole else None


def _location(patch: Patch, tree: RepoView) -> str:
    operation = patch[0]
    if not isinstance(operation, EditFile) or not operation.edits:
        return f"{operation.path}:1"
    before = tree.read(operation.path)[: operation.edits[0].start]
    return f"{operation.path}:{before.count(b'\n') + 1}"


def _fused(patches: Sequence[Patch], votes: Counter[Patch], tree: RepoView) -> Iterator[Patch]:
    """Patches of the pieces that recur, all together and, of answers with several, one by one."""
    pieces: Counter[_Piece] = Counter()
    several: list[_Piece] = []
    for patch in patches:
        own = [*_pieces(patch, tree)]
        for piece in own:
            pieces[piece] += votes[patch]
        several += own if len(own) > 1 else []
    shared = [piece for piece, count in pieces.items() if count > 1]
    results = {_result(patch, tree) for patch in patches}
    for group in ([*_apart(shared)], *([piece] for piece in dict.fromkeys(several))):
        fused = _joined(group, tree)
        if fused and (result := _result(fused, tree)) not in results:
            results.add(result)
            yield fused


def _pieces(patch: Patch, tree: RepoView) -> Iterator[_Piece]:
    """The runs of lines that a patch replaces in files that are there."""
    for path, file in apply(patch, tree.read).files.items():
        if file.before is None or file.after is None:
            continue
        old, new = file.before.splitlines(keepends=True), file.after.splitlines(keepends=True)
        if max(len(old), len(new)) > _MAX_LINES:
            continue
        starts = [0]
        for line in old:
            starts.append(starts[-1] + len(line))
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                yield _Piece(path, starts[i], starts[j], b"".join(new[k:m]))


def _apart(pieces: Iterable[_Piece]) -> Iterator[_Piece]:
    """The pieces that overlap none before them, in the order of the files."""
    ends: dict[str, int] = {}
    for piece in sorted(pieces, key=lambda piece: (piece.path, piece.start, piece.end, piece.text)):
        if piece.start >= ends.get(piece.path, 0):
            ends[piece.path] = max(piece.end, piece.start + 1)
            yield piece


def _joined(pieces: Sequence[_Piece], tree: RepoView) -> Patch:
    edits: dict[str, list[Edit]] = {}
    for piece in pieces:
        edits.setdefault(piece.path, []).append(Edit(piece.start, piece.end, piece.text))
    return tuple(EditFile(path, content_hash(tree.read(path)), tuple(made)) for path, made in edits.items())
