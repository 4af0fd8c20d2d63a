"""SQL of deadline-clock: every statement set-based, one for a batch."""
