"""Wires a service: what it consists of, what lives as long as its process, and in which order.

The lifespan opens what later things need first, and closes in the reverse order: the pool and the
schema, then the relay, timers and sealer, and the consumers last, so that no record is taken before
everything that it may touch is there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from services.kit import (
    garbage,
    health,
    idempotency,
    metrics,
    reference,
    refusals,
    settling,
    standard,
    telemetry,
    timers,
)  # fmt: skip
from services.kit.actors import Principals, PrincipalsError
from services.kit.audit import Sealer
from services.kit.blobs import Blobs, open_blobs
from services.kit.bodies import Bodies
from services.kit.broker import make_broker
from services.kit.consume import Consumer
from services.kit.database import TRANSIENT, Pool, open_pool
from services.kit.firing import Firing
from services.kit.health import Health
from services.kit.migration import migrate
from services.kit.observed import Observed
from services.kit.relay import Relay
from services.kit.running import Running
from services.kit.settings import PREFIX, Settings
from services.kit.timer_index import TimerIndex, connect
from services.kit.timer_loop import Moves, TimerLoop
from services.kit.timers import Timers
from services.kit.unit import Units

_FORGET_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Context:
    """What lives as long as the process; a route finds it in `request.app.state.context`."""

    name: str
    settings: Settings
    pool: Pool
    blobs: Blobs
    redis: "Redis | None"
    units: Units
    principals: Principals
    health: Health
    consumers: tuple[Running, ...] = ()
    bodies: Bodies = field(default_factory=Bodies)
    metrics: CollectorRegistry = metrics.REGISTRY


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its name in kebab-case, its Kafka and HTTP edges, its timers.

    `start` is entered with the context after everything else is there and before the first record,
    and left after the last one.
    """

    name: str
    consumers: Sequence[Consumer] = ()
    routers: Sequence[APIRouter] = ()
    timers: Timers | None = None
    start: Callable[[Context], AbstractAsyncContextManager[None]] | None = None


def build(service: Service, settings: Settings) -> FastAPI:
    """Make the service's application; what it needs is opened when it starts."""
    app = FastAPI(
        title=f"Patchvigil {service.name}",
        version="1",
        lifespan=lambda app: _lifespan(app, service, settings),
        docs_url=None,  # FastAPI's pages load scripts from another host
        redoc_url=None,
    )
    app.add_middleware(Observed)
    refusals.install(app)
    for router in (
        *service.routers,
        standard.standard(service.name),
        settling.settling(service.name),
    ):
        app.include_router(router)
    app.include_router(health.router)
    app.include_router(reference.router)
    reference.describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, service: Service, settings: Settings) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        provider = telemetry.set_up(service.name, settings)
        stack.callback(provider.shutdown)
        app.state.context = await _open(service, settings, stack)
        yield


async def _open(service: Service, settings: Settings, stack: AsyncExitStack) -> Context:
    principals = _principals(settings)
    pool = await stack.enter_async_context(_pool(settings, service.name))
    await migrate(pool, service.name)
    blobs = open_blobs(settings.blob_url)
    redis = connect(settings)
    if redis is not None:
        stack.push_async_callback(redis.aclose)
    found = Health({"postgres": health.postgres(pool)})
    relay, sealer, moves = Relay(settings, pool, service.name), Sealer(pool, service.name), Moves()
    arming = timers.arming(settings.time_compression, moves.changed)
    flushers = (arming if service.timers else timers.refuse, sealer.flush)
    units = Units(pool, service.name, blobs, relay.wake, flushers)
    beside = [
        found.beside("relay", relay.run, relay.stop),
        found.beside("audit sealer", sealer.run),
        found.beside("housekeeping", partial(_forget, pool)),
    ]
    if service.timers is not None:
        index = TimerIndex(redis, settings.redis_prefix, service.name)
        loop = TimerLoop(Firing(units, service.timers), index, moves)
        beside.append(found.beside("timers", loop.run, loop.stop))
    broker = make_broker(settings, service.name)
    running = [
        consumer
        for each in service.consumers
        for consumer in each.attach(broker, units, settings, principals.principal_of)
    ]
    context = Context(
        service.name, settings, pool, blobs, redis, units, principals, found, tuple(running)
    )
    if service.start is not None:
        await stack.enter_async_context(service.start(context))
    for each in beside:
        await stack.enter_async_context(each)
    garbage.set_apart()
    found.consumers(running)
    await broker.start()
    stack.push_async_callback(broker.stop)
    return context


def _principals(settings: Settings) -> Principals:
    if settings.principals_file is None:
        raise PrincipalsError(
            f"{PREFIX}PRINCIPALS_FILE is not set: point it at the YAML of people and integrations"
        )
    return Principals(settings.principals_file)


@asynccontextmanager
async def _pool(settings: Settings, service: str) -> AsyncIterator[Pool]:
    pool = await open_pool(settings, service)
    try:
        yield pool
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), 3)
        pool.terminate()


async def _forget(pool: Pool) -> None:
    """Drop remembered answers, hourly; PostgreSQL being away is no reason to stop."""
    while True:
        await asyncio.sleep(_FORGET_EVERY.total_seconds())
        with suppress(*TRANSIENT):
            await idempotency.forget(pool)
