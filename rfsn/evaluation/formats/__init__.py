"""Data sets: what they look like on disk, and what an instance is."""

from rfsn.evaluation.formats.dataset import Dataset, opened_dataset
from rfsn.evaluation.formats.environments import Environments, read_environments
from rfsn.evaluation.formats.instances import (
    InlineInstance,
    Instance,
    RepositoryInstance,
    check_instance_id,
    check_text,
    shown,
)
from rfsn.evaluation.formats.rows import decoded
from rfsn.evaluation.formats.shapes import multi_id

__all__ = [
    "Dataset",
    "Environments",
    "InlineInstance",
    "Instance",
    "RepositoryInstance",
    "check_instance_id",
    "check_text",
    "decoded",
    "multi_id",
    "opened_dataset",
    "read_environments",
    "shown",
]
