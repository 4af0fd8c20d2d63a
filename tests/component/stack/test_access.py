"""No service reads or writes another's tables, nor writes another's topics (invariant 11)."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from deploy.postgres.roles import schema
from schemas.topics import SERVICES, TOPICS, users
from tests.world import World

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_owns_its_schema_and_is_denied_every_other(
    world: World, service: str
) -> None:
    admin = await asyncpg.connect(world.admin_dsn)
    own = await asyncpg.connect(world.dsn(service))
    try:
        for other in SERVICES:
            await admin.execute(f"CREATE TABLE IF NOT EXISTS {schema(other)}.probe (n int)")
        await own.execute("CREATE TABLE mine (n int); INSERT INTO mine VALUES (1)")
        assert await own.fetchval("SELECT current_schema()") == schema(service)
        for other in set(SERVICES) - {service}:
            for act in (
                "SELECT n FROM {}.probe",
                "INSERT INTO {}.probe VALUES (1)",
                "CREATE TABLE {}.t ()",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await own.execute(act.format(schema(other)))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute("CREATE TABLE public.t ()")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute("CREATE SCHEMA more")
    finally:
        await own.close()
        await admin.close()


async def test_a_role_enters_neither_another_database_nor_without_its_password(
    world: World,
) -> None:
    address = world.stack.postgres
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(address.dsn("triage", "postgres"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(address.dsn("triage"), password="guess")


@pytest.mark.parametrize("user", users())
async def test_a_user_writes_its_own_topics_and_no_other(world: World, user: str) -> None:
    producer = AIOKafkaProducer(**world.kafka(user), enable_idempotence=True)
    await producer.start()
    try:
        for topic in TOPICS.values():
            name = world.topic(topic.name)
            if user in topic.written_by:
                await producer.send_and_wait(name, b"own", key=b"k")
            else:
                with pytest.raises(TopicAuthorizationFailedError):
                    await producer.send_and_wait(name, b"foreign", key=b"k")
    finally:
        await producer.stop()


@pytest.fixture(scope="module")
async def probes(world: World) -> None:
    """One record in every topic, so that whoever may read has something to read."""
    producer = AIOKafkaProducer(**world.kafka("admin"))
    await producer.start()
    for name in TOPICS:
        await producer.send_and_wait(world.topic(name), b"probe", key=b"k", partition=0)
    await producer.stop()


def _readable(world: World, user: str) -> set[str]:
    """Ask for the probe of every topic at once: each answers with it or with a refusal."""
    names = {world.topic(name): name for name in TOPICS}
    consumer = Consumer(
        {**world.stack.kafka.client(user), "group.id": f"{world.topic_prefix}{user}.probe"}
    )
    # The list leaves out what the user may not even see; of the rest, each answers with its probe
    # or with a refusal, since a user who may only write sees the topic, too.
    visible = {name for name in names if name in consumer.list_topics(timeout=10).topics}
    consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING) for name in visible])
    read: set[str] = set()
    denied: set[str] = set()
    while len(read | denied) < len(visible):
        message = consumer.poll(10)
        assert message is not None, f"no answer for {visible - read - denied}"
        error, name = message.error(), message.topic() or ""
        assert error is None or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, error
        (denied if error else read).add(name)
    consumer.close()
    assert not read & denied
    return {names[name] for name in read}


@pytest.mark.usefixtures("probes")
@pytest.mark.parametrize("user", users())
def test_a_user_reads_its_own_topics_and_no_other(world: World, user: str) -> None:
    expected = {topic.name for topic in TOPICS.values() if user in topic.read_by}
    assert _readable(world, user) == expected


async def test_a_consumer_group_belongs_to_the_service_that_it_is_named_after(world: World) -> None:
    prefix = world.topic_prefix
    consumer = AIOKafkaConsumer(
        world.topic("cases"), **world.kafka("notification"), group_id=f"{prefix}triage.cases"
    )
    with pytest.raises(GroupAuthorizationFailedError):
        await consumer.start()
    await consumer.stop()


async def test_a_wrong_password_opens_no_connection_to_kafka(world: World) -> None:
    settings = world.kafka("triage") | {"sasl_plain_password": "guess"}
    producer = AIOKafkaProducer(**settings)
    with pytest.raises(KafkaConnectionError):
        await producer.start()
    await producer.stop()


async def test_a_topic_that_the_contract_lacks_is_not_created_by_writing_to_it(
    world: World,
) -> None:
    producer = AIOKafkaProducer(**world.kafka("admin"), request_timeout_ms=3000)
    await producer.start()
    try:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.send_and_wait("never-declared", b"x")
    finally:
        await producer.stop()
