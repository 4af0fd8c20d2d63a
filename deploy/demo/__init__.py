"""The demonstration: a fictional manufacturer, and one story played through the real fleet."""
