"""The contracts: the events of the fleet, one module a stream; `registry` lists them all."""
