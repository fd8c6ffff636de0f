"""Some file names are code that runs without being asked for: at start-up, or in the place of another module."""

from __future__ import annotations

from gate.decision import Context, Denied, Rejection
from gate.languages.api import Analyzer
from gate.patch import Change

__all__ = ["NoShadowedModules", "NoStartupFiles"]


class _PlaceRule:
    """About where a file stands. Each language judges all files: what it runs may have any suffix."""

    incremental = True

    def reads(self, analyzer: Analyzer) -> bool:
        return analyzer.places is not None


class NoStartupFiles(_PlaceRule):
    """Denies files that an interpreter runs when it starts."""

    id = "tamper.startup"

    def check(self, change: Change, context: Context) -> Denied | None:
        for analyzer in context.analyzers:
            if analyzer.places is None:
                continue
            for path, file in change.files.items():
                if analyzer.places.runs_at_start(path) and not context.lifted(path):
                    what = "removed" if file.after is None else "run by every interpreter that starts beside it"
                    hint = "put code where a caller imports it"
                    return Denied(self.id, Rejection.TAMPER, f"{path} would be {what}", hint)
        return None


class NoShadowedModules(_PlaceRule):
    """Denies new modules in the place of the standard library, the test runner or what the runner needs."""

    id = "tamper.shadow"

    def check(self, change: Change, context: Context) -> Denied | None:
        for path, file in change.files.items():
            if file.before is not None or file.after is None or context.lifted(path):
                continue
            found = (one.places.shadowed(path, change, context) for one in context.analyzers if one.places)
            if shadowed := next(filter(None, found), None):
                reason = f"{path} would be imported instead of the module {shadowed}"
                return Denied(self.id, Rejection.TAMPER, reason, "choose a name that no installed module has")
        return None
