"""The buildpack for Rust."""

from buildpacks.rust.pack import RustBuildpack

__all__ = ["RustBuildpack"]
