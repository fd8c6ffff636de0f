"""What grading knows of a data set besides the instances: columns that no planner may see, and that stay here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rfsn.errors import UsageError
from rfsn.evaluation.formats import Environments, RepositoryInstance, check_text, opened_dataset
from rfsn.evaluation.grading.rules import Expected

__all__ = ["Row", "hidden_row", "read_rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """An instance with the gold patch, which only `--check` applies, and how the harness would read its log."""

    instance: RepositoryInstance
    gold: str
    expected: Expected
    log_parser: str

    @property
    def id(self) -> str:
        """The id of the instance."""
        return self.instance.instance_id


def read_rows(source: str, environments: Environments | None = None) -> tuple[str, list[Row]]:
    """A hash of a data set, and its rows, with what `environments` say where they leave something open.

    Raises `UsageError` naming a row that cannot be graded.
    """
    rows = []
    with opened_dataset(source, environments) as dataset:
        for id in dataset.ids:
            instance, columns = dataset.with_row(id)
            if not isinstance(instance, RepositoryInstance):
                what = "an inline row names no tests that must pass (FAIL_TO_PASS)"
                raise UsageError(f"{source}: {id} cannot be graded: {what}")
            rows.append(_row(instance, columns, source))
        return dataset.digest, rows


def hidden_row(instance: RepositoryInstance) -> Row:
    """A row of which nothing is known but the instance: enough to grade a patch."""
    expected = Expected(instance.fail_to_pass, instance.pass_to_pass, instance.eval_type == "fail_only")
    return Row(instance, "", expected, instance.log_parser)


def _row(instance: RepositoryInstance, columns: Mapping[str, Any], source: str) -> Row:
    gold = columns.get("patch") or columns.get("fix_patch") or ""
    if not isinstance(gold, str):
        raise UsageError(f"{source}: {instance.instance_id}: patch is not a string")
    try:
        return replace(hidden_row(instance), gold=check_text(gold))
    except UnicodeEncodeError as error:
        raise UsageError(f"{source}: {instance.instance_id}: patch has half a surrogate pair: it is no text") from error
