"""Notification's HTTP edge: the same as its handlers, for people and integrations."""
