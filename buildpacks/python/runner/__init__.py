"""What runs inside the sandbox, on the repaired project's own interpreter (3.8 or later) with nothing but its pytest.

The folder is mounted as the package `rfsn_runner` and started by `main`, either for one cold run or as a warm worker.
"""
