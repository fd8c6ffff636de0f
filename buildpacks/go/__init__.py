"""The buildpack of Go modules and workspaces."""

from buildpacks.go.pack import GoBuildpack

__all__ = ["GoBuildpack"]
