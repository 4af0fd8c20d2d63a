"""A tiny ASGI application that stands where a service would, to try the fleet runner with."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


def app() -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """Make an application that is ready at once and tells who it is."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                event = await receive()
                await send({"type": f"{event['type']}.complete"})
                if event["type"] == "lifespan.shutdown":
                    print("stopped cleanly", flush=True)  # noqa: T201 - the test reads it in the log
                    return
        body = json.dumps({
            "pid": os.getpid(), "parent": os.getppid(), "user": os.environ["PATCHVIGIL_KAFKA_USER"],
        }).encode()  # fmt: skip
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return answer
