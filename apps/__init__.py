"""The application, one package a subject. Arrows point down: see docs/architecture.md."""
