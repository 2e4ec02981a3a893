"""What every app stands on: base models, errors, jobs, page helpers. No domain."""
