"""A database backend that brings its own PostgreSQL, for when DATABASE_URL is not set."""
