"""SQL of intake: set-based, one statement a batch."""
