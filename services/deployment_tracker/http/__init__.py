"""Deployment-tracker's HTTP edge, by what operations teams ask for."""

from services.deployment_tracker.http import campaigns, coverage, releases, waves

ROUTERS = (releases.routes, campaigns.routes, waves.routes, coverage.routes)
"""Every router of the service."""
