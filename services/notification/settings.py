"""What an operator sets for notification beside the kit's settings: where its roster file is."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import PREFIX

ROSTER_VARIABLE = f"{PREFIX}ROSTER_FILE"
"""The environment variable that names the roster file."""


class NotificationSettings(BaseSettings):
    """Read from the environment, like the kit's."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True
    )

    roster_file: Path | None = Field(
        None, description="YAML of who is on call and how they are told; docs/on-call.md says how."
    )
