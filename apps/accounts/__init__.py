"""People, roles, grants, and every permission decision."""
