"""What a change newly has Python code do: the constructs that rules forbid, compared before and after."""

from gate.python.changes import Introduced, introduced
from gate.python.constructs import Construct, Kind

__all__ = ["Construct", "Introduced", "Kind", "introduced"]
