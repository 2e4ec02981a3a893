"""The tamper-evident log, which is also the stream of events."""
