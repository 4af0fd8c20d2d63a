"""The rules of rollout: device states and their order, waves and stop rules, coverage."""
