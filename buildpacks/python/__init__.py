"""Python projects tested by pytest."""

from buildpacks.python.pack import PythonBuildpack

__all__ = ["PythonBuildpack"]
