"""The one consumer object of triage: every handler module registers with it."""

from services.kit.consume import Consumer

consumer = Consumer("triage")
