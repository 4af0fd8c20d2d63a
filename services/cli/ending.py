"""Closes what a command opened, such as connections, when the command ends."""

from contextlib import ExitStack

resources = ExitStack()
"""Entered around every command; what is opened for a command is put into it."""
