"""Which files of a Java project no repair may touch."""

__all__ = ["CONFIGURATION", "TESTS"]

TESTS = (
    "src/test/",
    "src/*Test/",
    "src/it/",
    "test/",
    "tests/",
    "testing/",
    "Test*.java",
    "*Test.java",
    "*Tests.java",
    "*TestCase.java",
    "*IT.java",
    "*ITCase.java",
)
"""What test runners look for, and where tests have their data."""

CONFIGURATION = (
    # builds
    "pom.xml",
    ".mvn/",
    "mvnw*",
    "gradle/",
    "gradlew*",
    "*.gradle",
    "*.gradle.kts",
    "gradle.properties",
    "gradle.lockfile",
    "buildSrc/",
    "build.xml",
    "lombok.config",
    # what a program and a test runner find by its place
    "META-INF/services/",
    "META-INF/MANIFEST.MF",
    "junit-platform.properties",
    "mockito-extensions/",
    # programs of tests
    "run_tests*",
    "run-tests*",
    "*.jar",
    # continuous integration
    ".github/",
    ".gitlab-ci.yml",
    ".circleci/",
    ".travis.yml",
    "azure-pipelines.yml",
    "Jenkinsfile",
    ".pre-commit-config.yaml",
    "Makefile",
)
"""Builds, what is loaded because of where it is, and continuous integration."""
