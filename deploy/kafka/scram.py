"""Gives each Kafka user its SCRAM credential on a running broker."""

from dataclasses import replace

from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.kafka.answers import PATIENCE, settle
from deploy.kafka.topics import await_broker
from deploy.world import KafkaAddress

ITERATIONS = 4096
"""The least that Kafka accepts; the passwords are random 192-bit strings, not words."""


def apply(address: KafkaAddress, client: AdminClient) -> None:
    """Set the password of every user but the administrator, who is asking."""
    answers = client.alter_user_scram_credentials(
        [
            UserScramCredentialUpsertion(
                user,
                ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS),
                password.encode(),
            )
            for user, password in address.passwords.items()
            if user != address.admin_user
        ],
        request_timeout=PATIENCE,
    )
    settle(answers.values())


def create_admin(address: KafkaAddress, patience: float) -> None:
    """Give the administrator a SCRAM credential, coming in by PLAIN as `node.by_both` lets it.

    Raises:
        KafkaException: the broker did not answer within `patience` seconds.
    """
    by_plain = replace(address, mechanism="PLAIN")
    own = {address.admin_user: address.passwords[address.admin_user]}
    client = await_broker(by_plain, patience=patience)
    apply(replace(by_plain, passwords=own, admin_user=""), client)
