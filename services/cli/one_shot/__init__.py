"""Matching without a fleet: the matcher's own rules over files on this machine."""
