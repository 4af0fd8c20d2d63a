"""The acts of the story, each asked of the running system as the person it names."""
