"""What a step works with: the exchange, the markets it was given, and prices and sizes that fit them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import ccxt

from steps import FUTURES, Wrong

# What an order is worth, roughly: far above every minimum, far below every balance.
VALUE = 400.0


@dataclass
class Desk:
    venue: str
    exchange: Any
    rest: str
    connect: Callable[[str, str], Any]
    key: str
    secret: str
    rng: random.Random
    pace: float
    markets_wanted: int
    patience_s: float
    named: list[str] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)

    @property
    def is_futures(self) -> bool:
        return self.venue == FUTURES

    @property
    def symbol(self) -> str:
        """The market most steps trade on."""
        if not self.symbols:
            raise Wrong("no market was chosen: `load markets` did not pass")
        return self.symbols[0]

    def market(self, symbol: str | None = None) -> Any:
        return self.exchange.market(symbol or self.symbol)

    def choose(self) -> None:
        """The markets that were named, else some by the seed: active ones, in dollars, none of them an index."""
        if self.named:
            self.symbols = [self.exchange.market(symbol)["symbol"] for symbol in self.named]
            return
        fitting = sorted(
            symbol
            for symbol, market in self.exchange.markets.items()
            if market["active"] and market["quote"] == "USD" and (market["spot"] or market["swap"])
        )
        if not fitting:
            raise Wrong("no active market in dollars is listed")
        self.symbols = self.rng.sample(fitting, min(self.markets_wanted, len(fitting)))

    async def bid_ask(self, symbol: str | None = None) -> tuple[float, float]:
        ticker = await self.exchange.fetch_ticker(symbol or self.symbol)
        if not ticker["bid"] or not ticker["ask"]:
            raise Wrong(f"no bid or no ask: {ticker['bid']} {ticker['ask']}")
        return ticker["bid"], ticker["ask"]

    async def reach(self) -> None:
        """A request that costs nothing, there and back."""
        with contextlib.suppress(ccxt.NetworkError):
            await self.exchange.fetch_order_book(self.symbol)

    async def truth(self) -> Any:
        """Orders, positions and fills as the exchange itself has them, behind the venue's protocol."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.rest}/testnet/state") as answer:
            return await answer.json()

    async def prices(self, symbol: str | None = None) -> Prices:
        bid, ask = await self.bid_ask(symbol)
        return Prices(self, symbol or self.symbol, bid, ask)

    def price(self, price: float, symbol: str | None = None) -> float:
        return float(self.exchange.price_to_precision(symbol or self.symbol, price))

    def amount(self, price: float, times: float = 1.0, symbol: str | None = None) -> float:
        """An amount worth `times` times `VALUE`, on the venue's step and above its minimum."""
        name = symbol or self.symbol
        minimum = self.market(name)["limits"]["amount"]["min"] or 0.0
        step = self.market(name)["precision"]["amount"] or 0.0
        wanted = max(VALUE * times / price, minimum * 2.0 * times, step * 4.0 * times)
        return float(self.exchange.amount_to_precision(name, wanted))

    def step_share(self, amount: float, symbol: str | None = None) -> float:
        """Which part of an amount one step is: what rounding may take of it."""
        return (self.market(symbol or self.symbol)["precision"]["amount"] or 0.0) / amount

    def client_id(self) -> str:
        """Free text of at most 18 characters, which both venues take."""
        return f"p-{self.rng.getrandbits(48):012x}"

    async def until(self, read: Callable[[], Awaitable[Any]], is_right: Callable[[Any], object], what: str) -> Any:
        """Reads until it is right: what an order does may be told a moment after it was taken."""
        deadline = time.monotonic() + self.patience_s
        while True:
            value = await read()
            if is_right(value):
                return value
            if time.monotonic() > deadline:
                raise Wrong(f"{what}: still {value!r} after {self.patience_s} s")
            await asyncio.sleep(0.1)

    async def open_ids(self, symbol: str | None = None) -> set[str]:
        orders = await self.exchange.fetch_open_orders(symbol or self.symbol)
        return {order["id"] for order in orders}

    async def open_order(self, order_id: str) -> Any:
        """The row of an open order, or `None`."""
        orders = await self.exchange.fetch_open_orders(self.symbol)
        return next((order for order in orders if order["id"] == order_id), None)

    async def tidy_up(self) -> None:
        """After a step that failed: the next one finds no order, no position and nothing bought of it."""
        with contextlib.suppress(ccxt.BaseError):
            await self.exchange.cancel_all_orders()
        if not self.is_futures:
            await self.sell_out()
            return
        with contextlib.suppress(ccxt.BaseError):
            for held in await self.exchange.fetch_positions():
                side = "sell" if held["side"] == "long" else "buy"
                params = {"reduceOnly": True}
                await self.exchange.create_order(
                    held["symbol"], "market", side, held["contracts"], None, params
                )


    async def sell_out(self) -> None:
        """Sells what is held of each market, as far as a minimum allows."""
        for symbol in self.symbols:
            market = self.market(symbol)
            with contextlib.suppress(ccxt.BaseError):
                free = ((await self.exchange.fetch_balance()).get(market["base"]) or {}).get("free") or 0.0
                if free >= (market["limits"]["amount"]["min"] or 0.0) and free > 0.0:
                    amount = float(self.exchange.amount_to_precision(symbol, free))
                    await self.exchange.create_order(symbol, "market", "sell", amount)


@dataclass(frozen=True)
class Prices:
    """Prices around the market."""

    desk: Desk
    symbol: str
    bid: float
    ask: float

    def under(self, percent: float) -> float:
        return self.desk.price(self.bid * (1.0 - percent / 100.0), self.symbol)

    def over(self, percent: float) -> float:
        return self.desk.price(self.ask * (1.0 + percent / 100.0), self.symbol)

    def amount(self, times: float = 1.0) -> float:
        return self.desk.amount(self.bid, times, self.symbol)
