"""Triage's SQL: set-based statements over its own schema, a module a subject."""
