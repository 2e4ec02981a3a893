"""Writes of the access graph, by noun; scans and imports."""
