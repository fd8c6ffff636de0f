"""Protected files of C and C++ projects. The driver knows test files by the same names (`driver/ending.cpp`)."""

from __future__ import annotations

from itertools import product

__all__ = ["CONFIGURATION", "TESTS"]

_SUFFIXES = ("c", "cc", "cpp", "cxx", "c++", "C", "h", "hh", "hpp", "hxx", "inl", "ipp")
_FOLDERS = ("test", "tests", "Test", "Tests", "testing", "unittest", "unittests", "unit_tests", "spec", "t")
_STEMS = (
    "[Tt]est", "[Tt]ests", "[Uu]nit[Tt]est", "[Uu]nit[Tt]ests", "*Test", "*Tests", "*TestCase", "*_[Tt]est",
    "*_[Tt]ests", "*-[Tt]est", "*-[Tt]ests", "*_[Uu]nittest", "*_[Ss]pec", "[Tt]est_*", "[Tt]ests_*", "[Tt]est-*",
)  # fmt: skip

TESTS = (
    *(f"{folder}/" for folder in _FOLDERS),
    *(f"{stem}.{suffix}" for stem, suffix in product(_STEMS, _SUFFIXES)),
    # the headers of test frameworks, where they are part of the tree
    "catch.hpp", "catch_amalgamated.*", "doctest.h", "gtest/", "gmock/", "googletest/", "unity.*", "unity_internals.h",
    "munit.*", "greatest.h", "minunit.h", "utest.h", "acutest.h",
)  # fmt: skip
"""What matches tests: sources, their folders, and frameworks that are part of the tree."""

CONFIGURATION = (
    # what is compiled, how, and which programs are tests
    "CMakeLists.txt", "*.cmake", "*.cmake.in", "CMakePresets.json", "CMakeUserPresets.json", "cmake/", "CTestConfig*",
    "CTestCustom*", "Makefile*", "makefile*", "GNUmakefile*", "*.mk", "*.mak", "*.am", "meson.build", "meson.options",
    "meson_options.txt", "subprojects/", "configure", "configure.*", "config.h.in", "*.m4", "BUILD", "BUILD.bazel",
    "WORKSPACE*", "*.bzl", "SConstruct", "SConscript", "xmake.lua", "premake*.lua", "*.ld", "*.lds",
    # packages
    "conanfile*", "conan.lock", "vcpkg*.json", ".gitmodules",
    # continuous integration
    ".github/", ".gitlab-ci.yml", ".circleci/", ".travis.yml", "azure-pipelines.yml", "Jenkinsfile", "appveyor.yml",
    ".pre-commit-config.yaml", ".clang-tidy",
)  # fmt: skip
"""What decides which code is compiled and run, and how."""
