"""Pages of findings: the list, one finding, and everything that people do about it."""
