"""Reads of the access graph, by noun; who asks comes first."""
