"""Watching without a pause.

`ccxt.pro` gives a change to whoever waits for it when it comes, and to nobody when nobody waits. A step that
watches, acts, and watches again can miss what it caused: it has to watch while it acts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt

from desk import Desk
from steps import Wrong

Watch = Callable[[], Awaitable[Any]]

# How many values are kept.
KEPT = 1_000


class Watcher:
    """Watches in the background and keeps everything that it saw.

    With `retries`, a broken connection is opened again, as a bot does it.
    """

    def __init__(self, desk: Desk, watch: Watch, topic: str, retries: bool = False) -> None:
        self.desk = desk
        self.watch = watch
        self.topic = topic
        self.retries = retries
        self.seen: list[Any] = []
        self.breaks = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Watcher:
        self._task = asyncio.create_task(self._run())
        await self._subscribed()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                self.seen.append(await self.watch())
            except ccxt.NetworkError:
                if not self.retries:
                    raise
                self.breaks += 1
                await asyncio.sleep(0.1)
            del self.seen[:-KEPT]
            self._news.set()

    async def _subscribed(self) -> None:
        """Until the request for `topic` is sent; a request over REST after it is served after it."""
        deadline = time.monotonic() + self.desk.patience_s
        while not self._is_subscribed():
            self._fail_if_ended()
            if time.monotonic() > deadline:
                raise Wrong(f"{self.topic}: no subscription within {self.desk.patience_s} s")
            await asyncio.sleep(0.02)
        await self.desk.reach()

    def _is_subscribed(self) -> bool:
        clients = self.desk.exchange.clients.values()
        return any(client.isConnected and self.topic in client.subscriptions for client in clients)

    def _fail_if_ended(self) -> None:
        assert self._task is not None
        if self._task.done():
            self._task.result()

    async def until(self, is_right: Callable[[Any], object], what: str) -> Any:
        """The first value that is right, seen already or not."""
        deadline = time.monotonic() + self.desk.patience_s
        checked = 0
        while True:
            for value in self.seen[checked:]:
                if is_right(value):
                    return value
            # What was seen may be a list that still grows.
            checked = max(0, len(self.seen) - 1)
            self._fail_if_ended()
            left = deadline - time.monotonic()
            if left <= 0:
                shown = repr(self.seen[-1:])[:200]
                raise Wrong(f"{what}: not seen within {self.desk.patience_s} s, last was {shown}")
            self._news.clear()
            try:
                async with asyncio.timeout(min(left, 0.5)):
                    await self._news.wait()
            except TimeoutError:
                continue
