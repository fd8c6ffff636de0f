"""rfsn repairs a git repository whose tests fail, and proves it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
