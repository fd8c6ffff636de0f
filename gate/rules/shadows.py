"""Some files run without being asked for, because of their names: at start-up, or in place of another module."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.languages.api import Analyzer
from gate.patch import Change

__all__ = ["NoShadowedModules", "NoStartupFiles"]


class _PlaceRule:
    """Checks where a file is. Each language looks at all files: those that it runs may have any suffix."""

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
                    hint = f"put the code where a caller imports it; --allow-path {path} allows it"
                    return Denied(self.id, DenialKind.TAMPER, f"{path} would be {what}", hint)
        return None


class NoShadowedModules(_PlaceRule):
    """Denies new modules that shadow the standard library, the test runner or what the runner needs."""

    id = "tamper.shadow"

    def check(self, change: Change, context: Context) -> Denied | None:
        for path, file in change.files.items():
            if file.before is not None or file.after is None or context.lifted(path):
                continue
            places = (analyzer.places for analyzer in context.analyzers if analyzer.places)
            if shadowed := next(filter(None, (each.shadowed(path, change, context) for each in places)), None):
                reason = f"{path} would be imported instead of the module {shadowed}"
                hint = f"choose a name that no other module has; --allow-path {path} allows it"
                return Denied(self.id, DenialKind.TAMPER, reason, hint)
        return None
