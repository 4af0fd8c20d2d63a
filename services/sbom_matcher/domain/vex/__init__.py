"""Writes findings of a product version as VEX documents, by the one table of statuses."""
