"""Decisions about clocks: values and `now` in, values out."""
