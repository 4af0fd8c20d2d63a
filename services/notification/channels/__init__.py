"""The ways in which messages leave: signed webhooks and mail."""
