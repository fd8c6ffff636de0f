"""The buildpack of C and C++: CMake projects with ctest, and Makefiles."""

from buildpacks.cpp.pack import CppBuildpack

__all__ = ["CppBuildpack"]
