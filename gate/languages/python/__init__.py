"""What a change newly has Python code do: the constructs that rules forbid, compared before and after."""

from gate.languages.api import Construct, Kind
from gate.languages.python.changes import Introduced, introduced

__all__ = ["Construct", "Introduced", "Kind", "introduced"]
