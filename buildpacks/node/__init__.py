"""The buildpack for Node.js: node:test, jest, vitest and mocha, with packages that npm installs."""

from buildpacks.node.pack import NodeBuildpack

__all__ = ["NodeBuildpack"]
