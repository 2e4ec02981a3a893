"""Who reaches which model: the facts, their document, the scans and their pages."""
