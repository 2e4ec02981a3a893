"""Template tags of the access graph."""
