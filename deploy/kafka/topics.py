"""Makes the fleet's topics and access rules on a broker, and tells where a broker differs."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from deploy.kafka import granted
from deploy.kafka.access import rules
from deploy.kafka.answers import PATIENCE, settle
from deploy.world import KafkaAddress
from schemas.topics import TOPICS, Topic


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a broker is not what `schemas/topics.py` says."""

    subject: str
    aspect: str
    """`missing`, `partitions`, `access`, or the name of a setting."""
    wanted: str
    found: str

    @property
    def mendable(self) -> bool:
        """Whether `apply` mends it by adding something; nothing is ever changed or removed."""
        return self.found == ""

    def __str__(self) -> str:
        wanted, found = self.wanted or "none", self.found or "none"
        return f"{self.subject}: {self.aspect}: wanted {wanted}, found {found}"


class DriftError(Exception):
    """The broker holds topics or rules that differ from the contract; the message lists them."""

    def __init__(self, differences: Sequence[Difference]) -> None:
        lines = "\n".join(f"  {difference}" for difference in differences)
        self.reason = (
            f"{len(differences)} difference(s) between the broker and schemas/topics.py:\n{lines}"
        )
        self.mend = (
            "change the broker by hand (kafka-configs, kafka-topics, kafka-acls), or change the"
            " contract; apply only ever adds"
        )
        super().__init__(f"{self.reason}\n  What to do: {self.mend}")
        self.differences = tuple(differences)


def admin_client(address: KafkaAddress) -> AdminClient:
    """Open the administrator's client; it connects on first use."""
    return AdminClient({**address.client(address.admin_user), "log_level": 2})


def diff(
    address: KafkaAddress, *, prefix: str = "", client: AdminClient | None = None
) -> list[Difference]:
    """List where the broker differs from the contract: missing, partitions, settings, access."""
    admin = client or admin_client(address)
    differences = _topic_differences(admin, prefix)
    if address.secured:
        differences += _access_differences(admin, prefix)
    return differences


def apply(
    address: KafkaAddress, *, prefix: str = "", client: AdminClient | None = None
) -> list[Difference]:
    """Add what is missing and give back what was added.

    Args:
        address: the cluster and its administrator.
        prefix: stands before every topic and consumer group, so that worlds can share a broker.
        client: an open administrator's client to use instead of a new one.

    Raises:
        DriftError: something is there that differs; nothing has been changed then.
        KafkaException: the broker refused or did not answer.
    """
    admin = client or admin_client(address)
    differences = diff(address, prefix=prefix, client=admin)
    if drift := [difference for difference in differences if not difference.mendable]:
        raise DriftError(drift)
    missing = {difference.subject for difference in differences if difference.aspect == "missing"}
    _create_topics(
        admin, [topic for topic in TOPICS.values() if prefix + topic.name in missing], prefix
    )
    if address.secured:
        granted.add(admin, rules(prefix) - granted.found(admin, prefix))
    if differences:
        _await_agreement(address, prefix, admin)
    return differences


def remove(address: KafkaAddress, *, prefix: str, client: AdminClient | None = None) -> None:
    """Delete the topics and rules of one prefix; for test worlds, so an empty prefix is refused.

    Raises:
        ValueError: the prefix is empty.
    """
    if not prefix:
        raise ValueError("only a prefixed world may be removed; the prefix is empty")
    admin = client or admin_client(address)
    existing = [name for name in _topics(admin) if name.startswith(prefix)]
    if existing:
        settle(admin.delete_topics(existing, operation_timeout=PATIENCE).values())
    if address.secured:
        granted.remove(admin, rules(prefix))


def _await_agreement(address: KafkaAddress, prefix: str, admin: AdminClient) -> None:
    """Wait until what was created is in force: the controller answers before the broker has it."""
    deadline = time.monotonic() + PATIENCE
    while left := diff(address, prefix=prefix, client=admin):
        if time.monotonic() > deadline:
            raise DriftError(left)
        time.sleep(0.02)


def await_broker(address: KafkaAddress, *, patience: float = 60.0) -> AdminClient:
    """Wait until the broker answers its administrator, and give the open client.

    Raises:
        KafkaException: it did not within `patience` seconds; the last refusal.
    """
    admin = admin_client(address)
    deadline = time.monotonic() + patience
    while True:
        try:
            admin.list_topics(timeout=5)
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return admin


def _topics(admin: AdminClient) -> dict[str, int]:
    """Give each existing topic's number of partitions."""
    found = admin.list_topics(timeout=PATIENCE).topics
    return {name: len(topic.partitions) for name, topic in found.items()}


def _topic_differences(admin: AdminClient, prefix: str) -> list[Difference]:
    found = _topics(admin)
    existing = [topic for topic in TOPICS.values() if prefix + topic.name in found]
    settings = _settings(admin, [prefix + topic.name for topic in existing])
    differences = [
        Difference(prefix + topic.name, "missing", f"{topic.partitions} partitions", "")
        for topic in TOPICS.values()
        if prefix + topic.name not in found
    ]
    for topic in existing:
        name = prefix + topic.name
        if found[name] != topic.partitions:
            wanted = str(topic.partitions)
            differences.append(Difference(name, "partitions", wanted, str(found[name])))
        differences += [
            Difference(name, key, wanted, settings[name].get(key, "unset"))
            for key, wanted in topic.config.items()
            if settings[name].get(key) != wanted
        ]
    return differences


def _settings(admin: AdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
    answers = admin.describe_configs(asked, request_timeout=PATIENCE)
    return {
        resource.name: {entry.name: entry.value for entry in answer.result(PATIENCE).values()}
        for resource, answer in answers.items()
    }


def _create_topics(admin: AdminClient, topics: Iterable[Topic], prefix: str) -> None:
    new = [
        NewTopic(prefix + topic.name, num_partitions=topic.partitions, config=topic.config)
        for topic in topics
    ]
    if new:
        # Another process may be applying the same contract: what it made first is not an error.
        settle(
            admin.create_topics(new, operation_timeout=PATIENCE).values(),
            fine=KafkaError.TOPIC_ALREADY_EXISTS,
        )


def _access_differences(admin: AdminClient, prefix: str) -> list[Difference]:
    wanted, found = rules(prefix), granted.found(admin, prefix)
    missing = [Difference(str(rule), "access", "allowed", "") for rule in sorted(wanted - found)]
    extra = [Difference(str(rule), "access", "", "allowed") for rule in sorted(found - wanted)]
    return missing + extra
