"""The read side across all apps: the log viewer, the style guide."""
