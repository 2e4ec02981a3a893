"""The house around the application: set-up, processes, settings, containers."""
