"""Files of predictions: JSON Lines, a JSON list, or an object by instance id.

Their columns are those of SWE-bench, Live, Pro or Multi-SWE-bench.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rfsn.errors import UsageError
from rfsn.evaluation.formats import check_instance_id, check_text, decoded, multi_id, shown

__all__ = ["Prediction", "read_predictions"]

_MAX_BYTES = 2 << 30
_PATCHES = ("model_patch", "patch", "fix_patch")
_OF_MULTI = ("org", "repo", "number")
_NAMES = ("model_name_or_path", "prefix")


@dataclass(frozen=True, slots=True)
class Prediction:
    """A patch for an instance, by a model; an empty patch is none."""

    instance_id: str
    model: str
    patch: str


def read_predictions(path: Path) -> tuple[str, dict[str, Prediction]]:
    """A hash of a file of predictions, and these by instance id. The file is read once: it may be a pipe.

    Raises `UsageError` naming the line or entry that is wrong.
    """
    content = _read(path)
    predictions: dict[str, Prediction] = {}
    for where, entry, key in _entries(content, path):
        try:
            prediction = _prediction(entry, key)
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from error
        if prediction.instance_id in predictions:
            raise UsageError(f"{where}: there is another prediction for {prediction.instance_id} before it")
        predictions[prediction.instance_id] = prediction
    if not predictions:
        raise UsageError(f"{path}: there are no predictions")
    return hashlib.sha256(content).hexdigest(), predictions


def _entries(content: bytes, path: Path) -> Iterator[tuple[str, object, str | None]]:
    """Where each prediction is, what is there, and the id that it is filed under, if it is."""
    if path.suffix == ".jsonl":
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                yield f"{path}:{number}", _decoded(line, f"{path}:{number}"), None
        return
    whole = _decoded(content, str(path))
    if isinstance(whole, list):
        yield from ((f"{path}: prediction {number}", entry, None) for number, entry in enumerate(whole, 1))
    elif isinstance(whole, dict):
        yield from ((f"{path}: {shown(id)}", entry, id) for id, entry in whole.items())
    else:
        raise UsageError(f"{path}: neither a list of predictions nor an object of them by instance id")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: the predictions cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise UsageError(f"{path}: the predictions are larger than {_MAX_BYTES >> 30} GiB")
    return content


def _decoded(content: bytes, where: str) -> object:
    try:
        return decoded(content.decode())
    except ValueError as error:
        raise UsageError(f"{where}: not JSON: {shown(str(error))}") from error


def _prediction(entry: object, key: str | None) -> Prediction:
    """What an entry says. Raises `ValueError` with what is wrong with it."""
    if not isinstance(entry, dict):
        raise ValueError(f"a prediction is an object, and this is a {type(entry).__name__}")  # noqa: TRY004  # one kind of error for all that is wrong
    id = entry.get("instance_id", multi_id(entry) if all(name in entry for name in _OF_MULTI) else key)
    if id is None:
        raise ValueError("the prediction has no instance_id")
    if key is not None and id != key:
        raise ValueError(f"the prediction is for another instance: {shown(str(id))}")
    column = next((name for name in _PATCHES if name in entry), None)
    if column is None:
        raise ValueError(f"the prediction has none of the columns {', '.join(_PATCHES)}")
    patch = _text(entry, column)
    named = (_text(entry, name) for name in _NAMES)
    return Prediction(_id(id), next(filter(None, named), "unknown"), patch)


def _id(id: object) -> str:
    if not isinstance(id, str):
        raise ValueError(f"the instance_id is a {type(id).__name__}, not a string")  # noqa: TRY004  # as above
    try:
        return check_instance_id(id)
    except ValueError as error:
        raise ValueError(f"the instance_id {shown(id)}: {error}") from error


def _text(entry: dict[str, Any], column: str) -> str:
    text = entry.get(column)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise ValueError(f"{column} is a {type(text).__name__}, not a string")  # noqa: TRY004  # as above
    try:
        return check_text(text)
    except UnicodeEncodeError as error:
        raise ValueError(f"{column} has half a surrogate pair: it is no text") from error
