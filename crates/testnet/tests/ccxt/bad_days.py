"""Bad days at both venues: what a careful client does when answers are lost, late, refused or told twice.

Reads are repeated. An order carries a name of the client; when its answer is lost, it is looked for by that
name before it is sent again. What is believed is compared with the exchange's own books.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt

from desk import Desk
from market_data import check_book, check_candles
from steps import Checks, Wrong, step
from watching import Watcher

TRIES = 40
HAPPENS = {"rate_limit", "error_json", "error_html", "delay", "drop_reply", "duplicate", "close_sockets"}


async def retried(read: Callable[[], Awaitable[Any]]) -> Any:
    """Reads until there is an answer. Only what the network or a busy venue did is tried again."""
    last: Exception | None = None
    for _ in range(TRIES):
        try:
            return await read()
        except ccxt.NetworkError as error:
            last = error
            await asyncio.sleep(0.02)
    raise Wrong(f"no answer in {TRIES} tries: {last}")


async def find(desk: Desk, client_id: str, symbol: str) -> Any:
    """The id of the order with that name, open or not; `None` if the venue never had it."""
    exchange = desk.exchange
    if desk.is_futures:
        for order in await retried(lambda: exchange.fetch_open_orders(symbol)):
            if order["clientOrderId"] == client_id:
                return order["id"]
        for trade in await retried(lambda: exchange.fetch_my_trades(symbol)):
            if trade["info"].get("cliOrdId") == client_id:
                return trade["order"]
        return None
    named = {"cl_ord_id": client_id}
    for fetch in (exchange.fetch_open_orders, exchange.fetch_closed_orders):
        orders = await retried(lambda fetch=fetch: fetch(symbol, None, None, named))
        if orders:
            return orders[0]["id"]
    return None


async def place_once(desk: Desk, terms: tuple[str, str, float, float | None], **params: Any) -> tuple[str, str]:
    """Places an order exactly once, whatever becomes of the answers; gives its id and its name."""
    kind, side, amount, price = terms
    client_id = desk.client_id()
    for _ in range(TRIES):
        try:
            order = await desk.exchange.create_order(
                desk.symbol, kind, side, amount, price, {"clientOrderId": client_id, **params}
            )
            return order["id"], client_id
        except ccxt.NetworkError:
            known = await find(desk, client_id, desk.symbol)
            if known is not None:
                return known, client_id
    raise Wrong(f"the order {client_id} was not placed in {TRIES} tries")


async def cancel_surely(desk: Desk, order_id: str) -> None:
    """Cancels until the venue does not have it any more."""
    for _ in range(TRIES):
        try:
            await desk.exchange.cancel_order(order_id, desk.symbol)
            return
        except ccxt.OrderNotFound:
            return
        except ccxt.NetworkError:
            if order_id not in {o["id"] for o in await retried(lambda: desk.exchange.fetch_open_orders())}:
                return
    raise Wrong(f"the order {order_id} was not cancelled in {TRIES} tries")


async def holding(desk: Desk) -> float:
    """What is held of the market, by the exchange's own books."""
    market = desk.market()
    for row in (await desk.truth())["positions"]:
        if row["symbol"] in (market["id"], desk.symbol):
            return float(row["qty"])
    return 0.0


async def fills_of(desk: Desk, names: list[str]) -> float:
    rows = (await desk.truth())["fills"]
    return sum(float(row["qty"]) for row in rows if row["client_id"] in names)


@step("bad day: markets are loaded", faults=True)
async def load(desk: Desk, checks: Checks) -> None:
    markets = await retried(lambda: desk.exchange.load_markets(True))
    desk.choose()
    checks.that(set(desk.symbols) <= set(markets), "the markets", desk.symbols)


@step("bad day: every read gets through", faults=True)
async def reads(desk: Desk, checks: Checks) -> None:
    exchange, symbol = desk.exchange, desk.symbol
    for _ in range(4):
        ticker = await retried(lambda: exchange.fetch_ticker(symbol))
        checks.that(0 < ticker["bid"] < ticker["ask"], "bid below ask", ticker["bid"], ticker["ask"])
        check_book(checks, await retried(lambda: exchange.fetch_order_book(symbol)), 1)
        check_candles(checks, await retried(lambda: exchange.fetch_ohlcv(symbol, "1m", None, 30)), 60_000)
        balance = await retried(exchange.fetch_balance)
        checks.that(balance["USD"]["total"] > 0, "dollars", balance["USD"])
        checks.same(await retried(lambda: exchange.fetch_open_orders(symbol)), [], "nothing is open")


@step("bad day: every order is placed once, and cancelled", faults=True)
async def placed_once(desk: Desk, checks: Checks) -> None:
    prices = await retried(desk.prices)
    names: dict[str, str] = {}
    for number in range(10):
        terms = ("limit", "buy", prices.amount(), prices.under(4 + number))
        order_id, name = await place_once(desk, terms)
        names[name] = order_id
    rows = Counter(row["client_id"] for row in (await desk.truth())["open_orders"])
    checks.same(rows, Counter(list(names)), "each of them is there, and once")
    listed = await retried(lambda: desk.exchange.fetch_open_orders(desk.symbol))
    checks.same({order["id"] for order in listed}, set(names.values()), "their ids")
    for order_id in names.values():
        await cancel_surely(desk, order_id)
    checks.same((await desk.truth())["open_orders"], [], "none is left")


@step("bad day: what is held is what was bought", faults=True)
async def bought_once(desk: Desk, checks: Checks) -> None:
    prices = await retried(desk.prices)
    amount = prices.amount()
    before = await holding(desk)
    names = []
    for _ in range(6):
        _, name = await place_once(desk, ("market", "buy", amount, None))
        names.append(name)
    checks.near(await fills_of(desk, names), 6 * amount, "filled", 1e-9)
    held = await holding(desk)
    checks.near(held - before, 6 * amount, "held", 1e-9)
    params = {"reduceOnly": True} if desk.is_futures else {}
    for _ in range(6):
        await place_once(desk, ("market", "sell", amount, None), **params)
    checks.that(abs(await holding(desk) - before) < 1e-9, "all of it is sold", await holding(desk), before)


@step("bad day: a stop protects exactly once", faults=True)
async def stops(desk: Desk, checks: Checks) -> None:
    prices = await retried(desk.prices)
    amount = prices.amount()
    await place_once(desk, ("market", "buy", amount, None))
    ids = []
    for percent in (5, 6, 7):
        order_id, name = await place_once(
            desk, ("market", "sell", amount, None), stopLossPrice=prices.under(percent)
        )
        ids.append(order_id)
        same = [row for row in (await desk.truth())["open_orders"] if row["client_id"] == name]
        checks.same(len(same), 1, "one stop of that name")
        checks.near(float(same[0]["stop_price"]), prices.under(percent), "its trigger")
    for order_id in ids:
        await cancel_surely(desk, order_id)
    params = {"reduceOnly": True} if desk.is_futures else {}
    await place_once(desk, ("market", "sell", amount, None), **params)
    checks.same((await desk.truth())["open_orders"], [], "no stop is left")


@step("bad day: streams go on after every break", faults=True)
async def streams(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    prices = await retried(desk.prices)
    amount = prices.amount()
    topic = "myTrades" if desk.is_futures else "executions"
    params = {} if desk.is_futures else {"snap_trades": True}
    names = []
    seen: dict[str, float] = {}

    async def watch() -> Any:
        return await exchange.watch_my_trades(None, None, None, dict(params))

    async with Watcher(desk, watch, topic, retries=True) as watcher:
        for side in ("buy", "sell") * 4:
            _, name = await place_once(desk, ("market", side, amount, None))
            names.append(name)
            await asyncio.sleep(0.25)
        orders = {row["order_id"] for row in (await desk.truth())["fills"] if row["client_id"] in names}

        def is_complete(_: Any) -> bool:
            for trades in watcher.seen:
                for trade in trades:
                    if trade["order"] in orders and trade["id"]:
                        seen[trade["id"]] = trade["amount"]
            return abs(sum(seen.values()) - 8 * amount) < 1e-9

        # A new connection tells the last executions again: by their ids each of them counts once.
        await watcher.until(is_complete, "every execution")
        checks.that(watcher.breaks >= 1, "connections broke while it watched", watcher.breaks)
    checks.near(sum(seen.values()), await fills_of(desk, names), "the stream's executions are the venue's", 1e-9)


@step("bad day: it was one", faults=True)
async def it_happened(desk: Desk, checks: Checks) -> None:
    happened = {row["fault"] for row in (await desk.truth())["faults"]["happened"]}
    checks.same(HAPPENS - happened, set(), "faults that did not happen")
