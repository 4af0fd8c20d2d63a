"""All SQL of deployment-tracker, set-based: facts of others, standings and counters, campaigns."""
