"""What is wrong: reconciled by fingerprint, with a history."""
