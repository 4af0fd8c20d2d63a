"""Makes Kafka clients from the settings: one broker for all subscribers, one producer to relay."""

import logging
import ssl
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram512

from services.kit import tolerant
from services.kit.settings import Settings

_log = logging.getLogger(__name__)

PRODUCE_BATCH_BYTES = 384 * 1024
"""Above the largest value (the claim check's limit), well below what Kafka takes at once."""


def make_broker(settings: Settings, service: str) -> KafkaBroker:
    """Make the broker that subscribers hang on. It only consumes: the relay alone publishes."""
    tolerant.install()
    return KafkaBroker(
        _bootstrap(settings),
        client_id=service,
        security=_security(settings),
        consumer_only=True,
        allow_auto_create_topics=False,
        apply_types=False,  # handlers take our records, not FastStream's messages
        graceful_timeout=settings.graceful_seconds,
        logger=_log,
        log_level=logging.DEBUG,  # two lines a batch
    )


def make_producer(settings: Settings, service: str) -> AIOKafkaProducer:
    """Make the relay's producer: acknowledged by all replicas, and retried without duplicates."""
    return AIOKafkaProducer(
        bootstrap_servers=_bootstrap(settings),
        client_id=f"{service}.relay",
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=0,  # the relay fills batches itself
        max_batch_size=PRODUCE_BATCH_BYTES,
        request_timeout_ms=15_000,
        **client_arguments(settings),
    )


def client_arguments(settings: Settings) -> Mapping[str, Any]:
    """Say how a bare aiokafka client proves who it is."""
    if not settings.kafka_user:
        protocol = "SSL" if settings.kafka_tls else "PLAINTEXT"
        return {"security_protocol": protocol, "ssl_context": _tls(settings)}
    return {
        "security_protocol": "SASL_SSL" if settings.kafka_tls else "SASL_PLAINTEXT",
        "ssl_context": _tls(settings),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": settings.kafka_user,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
    }


def _bootstrap(settings: Settings) -> list[str]:
    return [address.strip() for address in settings.kafka_bootstrap.split(",")]


def _tls(settings: Settings) -> ssl.SSLContext | None:
    return ssl.create_default_context() if settings.kafka_tls else None


def _security(settings: Settings) -> BaseSecurity:
    if not settings.kafka_user:
        return BaseSecurity(ssl_context=_tls(settings), use_ssl=settings.kafka_tls)
    return SASLScram512(
        username=settings.kafka_user,
        password=settings.kafka_password.get_secret_value(),
        ssl_context=_tls(settings),
        use_ssl=settings.kafka_tls,
    )
