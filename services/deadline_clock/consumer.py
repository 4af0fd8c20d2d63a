"""The consumer that all of this service's Kafka handlers hang on."""

from services.kit.consume import Consumer

consumer = Consumer("deadline-clock")
