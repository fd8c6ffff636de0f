"""The languages whose source the rules read."""
