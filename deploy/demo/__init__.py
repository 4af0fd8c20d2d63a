"""The demonstration: a small fictional manufacturer, and one story played through the real fleet."""
