"""Topics and access rules on a broker: made from the contract, kept by it, drift told."""

import time
from dataclasses import replace

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka import topics
from deploy.kafka.access import Rule, rules
from schemas.topics import SERVICES, TOPICS
from tests.world import World

pytestmark = pytest.mark.stack


def test_applying_twice_adds_nothing_the_second_time(new_world: World) -> None:
    kafka, prefix = new_world.stack.kafka, new_world.topic_prefix
    assert topics.diff(kafka, prefix=prefix) == []
    assert topics.apply(kafka, prefix=prefix) == []


def test_what_is_missing_is_named_and_made(new_world: World) -> None:
    kafka, prefix = new_world.stack.kafka, new_world.topic_prefix
    admin = topics.admin_client(kafka)
    for answer in admin.delete_topics([f"{prefix}cases"], operation_timeout=10).values():
        answer.result()
    missing = topics.diff(kafka, prefix=prefix)
    assert [str(each) for each in missing] == [
        f"{prefix}cases: missing: wanted 6 partitions, found none"
    ]
    assert topics.apply(kafka, prefix=prefix) == missing
    assert topics.diff(kafka, prefix=prefix) == []


def test_partitions_settings_and_access_that_differ_stop_apply_and_are_listed(
    new_world: World,
) -> None:
    kafka, prefix = new_world.stack.kafka, new_world.topic_prefix
    admin = topics.admin_client(kafka)
    more = admin.create_partitions([NewPartitions(f"{prefix}alerts", 9)], operation_timeout=10)
    short = ConfigEntry("retention.ms", "60000", incremental_operation=AlterConfigOpType.SET)
    altered = admin.incremental_alter_configs([
        ConfigResource(ConfigResource.Type.TOPIC, f"{prefix}clocks", incremental_configs=[short])
    ])  # fmt: skip
    foreign = admin.create_acls([
        AclBinding(
            ResourceType.TOPIC, f"{prefix}cases", ResourcePatternType.LITERAL, "User:intake", "*",
            AclOperation.WRITE, AclPermissionType.ALLOW,
        )
    ])  # fmt: skip
    for answers in (more, altered, foreign):
        for answer in answers.values():
            answer.result()
    deadline = time.monotonic() + 20
    while len(found := topics.diff(kafka, prefix=prefix)) < 3:  # until all three are in force
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    with pytest.raises(topics.DriftError) as drift:
        topics.apply(kafka, prefix=prefix)
    retention = TOPICS["clocks"].config["retention.ms"]
    expected = {
        f"{prefix}alerts: partitions: wanted 6, found 9",
        f"{prefix}clocks: retention.ms: wanted {retention}, found 60000",
        f"intake may WRITE topic {prefix}cases: access: wanted none, found allowed",
    }
    assert {str(each) for each in drift.value.differences} == expected


def test_worlds_on_one_broker_do_not_see_each_other(world: World, new_world: World) -> None:
    kafka = world.stack.kafka
    topics.remove(kafka, prefix=new_world.topic_prefix)
    assert topics.diff(kafka, prefix=world.topic_prefix) == []


def test_only_a_prefixed_world_may_be_removed(world: World) -> None:
    with pytest.raises(ValueError, match="only a prefixed world"):
        topics.remove(world.stack.kafka, prefix="")


def test_a_broker_without_users_gets_topics_and_no_rules(world: World) -> None:
    open_broker = replace(world.stack.kafka, passwords={})
    assert not open_broker.secured
    assert open_broker.client("triage") == {"bootstrap.servers": open_broker.bootstrap}


def test_only_a_topics_owner_writes_it_and_each_group_has_one_owner() -> None:
    granted = rules("x.")
    for topic in TOPICS.values():
        writers = {
            rule.user
            for rule in granted
            if rule.name == f"x.{topic.name}" and rule.operation == "WRITE"
        }
        assert writers == set(topic.written_by)
    for service in SERVICES:
        assert Rule("group", f"x.{service}.", service, "READ") in granted
    owners = [rule.name for rule in granted if rule.kind == "group"]
    assert len(owners) == len(set(owners))
