"""The command line `patchvigil`: talks HTTP and Kafka to the services like any other user."""
