"""A database backend that brings its own PostgreSQL, for when DATABASE_URL is not set."""


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be had; the message says why and what to do."""
