"""What is asked of models: only models that the session knows, nothing private, and no more than there is money for."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from gate.decision import Context, DenialKind, Denied
from gate.egress import may_leave
from gate.models import AskModel, ModelCard, reservation_usd
from gate.paths import path_problem
from gate.privacy import private_spans
from gate.vocabulary import Proposal

__all__ = ["ModelBudget", "ModelEgress", "ModelRequest"]

_MAX_SAMPLES = 64
_MAX_BYTES = 16_000_000


def _card(action: AskModel, context: Context) -> ModelCard | None:
    return next((card for card in context.models if card.name == action.model), None)


class ModelRequest:
    """Denies asking a model that the session does not know, and requests that are empty or too long for it."""

    id = "models.known"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        action = proposal.action
        if not isinstance(action, AskModel):
            return None
        card = _card(action, context)
        if card is None:
            known = ", ".join(card.name for card in context.models) or "none"
            return self._denied(f"the session has no model {action.model!r}", f"its models: {known}")
        if not 0 < len(action.samples) <= _MAX_SAMPLES:
            return self._denied(f"{len(action.samples)} samples", f"ask for 1 to {_MAX_SAMPLES}")
        if not all(turns and all(turn.text.strip() or turn.reply for turn in turns) for turns in action.samples):
            return self._denied("a sample or a turn of it is empty", "leave it out")
        if action.max_tokens < 1 or action.echoed_bytes < 0:
            return self._denied("the answer or what is sent back has no length", "set max_tokens and echoed_bytes")
        return self._sized(action, card)

    def _sized(self, action: AskModel, card: ModelCard) -> Denied | None:
        sizes = [action.most_input_tokens(sample) for sample in range(len(action.samples))]
        if sum(sizes) > _MAX_BYTES:
            return self._bounded(f"the request has about {sum(sizes)} bytes", f"send at most {_MAX_BYTES}")
        if card.max_tokens and action.max_tokens > card.max_tokens:
            reason = f"{card.name} answers with at most {card.max_tokens} tokens, not {action.max_tokens}"
            return self._bounded(reason, "ask for fewer")
        if not action.fits(card):
            tokens = action.likely_tokens()
            reason = f"request and answer have about {tokens} tokens, and the window of {card.name} has {card.window}"
            return self._bounded(reason, "send less, or ask for a shorter answer")
        return None

    def _denied(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, DenialKind.SCHEMA, reason, hint)

    def _bounded(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, DenialKind.BOUNDS, reason, hint)


class ModelEgress:
    """Denies sending a file that holds keys or logins, one that is not in the base, and anything private in a text."""

    id = "models.egress"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        action = proposal.action
        if not isinstance(action, AskModel):
            return None
        for path in action.files:
            if problem := _path_problem(path, context):
                return self._denied(f"{path!r} must not leave: {problem}", "ask without that file")
        turns = chain.from_iterable(action.samples)
        texts = {turn.text for turn in turns} | {f"{tool.description}\n{tool.schema}" for tool in action.tools}
        kinds = Counter(span.kind.value for text in texts for span in private_spans(text))
        if kinds:
            found = ", ".join(f"{count} of the kind {kind}" for kind, count in sorted(kinds.items()))
            return self._denied(f"private texts must not leave: {found}", "send placeholders instead")
        return None

    def _denied(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, DenialKind.INVARIANT, reason, hint)


def _path_problem(path: str, context: Context) -> str | None:
    if problem := path_problem(path):
        return problem
    if path not in context.base.files:
        return "it is no file of the base"
    return None if may_leave(path) else "files of that name hold keys or logins"


class ModelBudget:
    """Denies a request whose first call might cost more than may still be spent; later calls are reserved in turn."""

    id = "models.budget"

    def check(self, proposal: Proposal, context: Context) -> Denied | None:
        action = proposal.action
        if not isinstance(action, AskModel) or not action.samples or (card := _card(action, context)) is None:
            return None  # `models.known` denies what lacks these
        most = reservation_usd(action, card, 0)
        if most <= context.left_usd:
            return None
        reason = (
            f"a call of {card.name} may cost {most:.4f} USD, and {context.left_usd:.4f} USD are left: "
            f"{most - context.left_usd:.4f} USD are missing"
        )
        return Denied(self.id, DenialKind.BOUNDS, reason, "ask for less or a cheaper model, or raise --max-cost")
