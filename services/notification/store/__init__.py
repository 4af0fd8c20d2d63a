"""Notification's SQL, set-based: facts, drafts, papers, alerts and their deliveries."""
