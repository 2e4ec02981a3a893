"""Forms of the access graph, one module for each kind of work."""
