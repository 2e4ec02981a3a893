"""Pages: signing in, people, one's own profile."""
