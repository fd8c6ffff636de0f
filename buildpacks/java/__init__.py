"""The buildpack of Java: Maven, simple Gradle builds, and sources that javac alone compiles."""

from buildpacks.java.pack import JavaBuildpack

__all__ = ["JavaBuildpack"]
