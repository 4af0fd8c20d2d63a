"""What an operator sets for the auditor: its pace, and the second path on which it raises."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import PREFIX

AUDITOR_PREFIX = f"{PREFIX}AUDITOR_"


class AuditorSettings(BaseSettings):
    """Read from the environment, like the kit's. The second path must not be the roster's own."""

    model_config = SettingsConfigDict(
        env_prefix=AUDITOR_PREFIX, frozen=True, extra="ignore", env_ignore_empty=True
    )

    every_seconds: float = Field(10.0, gt=0, description="How often the auditor looks.")
    overdue_seconds: float = Field(
        60.0, gt=0, description="After how long a step without effect is raised."
    )
    webhook_url: str = Field(
        "", description="Where it raises: a webhook that no roster uses, such as another pager."
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="Signs that webhook (Standard Webhooks)."
    )
    mail_to: str = Field("", description="The mail address it raises to; empty sends no mail.")
    mail_from: str = Field(
        "Patchvigil auditor <auditor@patchvigil.invalid>", description="The sender of that mail."
    )
    mail_host: str = Field("127.0.0.1", description="Its own SMTP server.")
    mail_port: int = Field(25, ge=1, le=65535, description="That server's port.")
    mail_tls: str = Field(
        "none", pattern="^(none|starttls|implicit)$", description="none, starttls or implicit."
    )
    mail_user: str = Field("", description="User at that server, where it asks for one.")
    mail_password: SecretStr = Field(SecretStr(""), description="That user's password.")
    heartbeat_url: str = Field(
        "", description="Fetched at every look: a dead man's switch elsewhere notices its silence."
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="The port of the auditor's own metrics; 0: none."
    )

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of the second path that are set."""
        found = {"webhook": self.webhook_url, "mail": self.mail_to}
        return tuple(name for name, where in found.items() if where)
