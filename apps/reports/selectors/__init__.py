"""Reads over several apps, narrowed to who asks."""
