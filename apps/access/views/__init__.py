"""Pages of the access graph: parse, call one function, answer."""
