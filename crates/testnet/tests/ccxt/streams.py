"""What `ccxt.pro` watches. Changes of the account are provoked by orders, changes of the market are waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt

from desk import Desk
from market_data import check_book, check_candles, check_trades
from steps import FUTURES, SPOT, Checks, Wrong, step

Watch = Callable[[], Awaitable[Any]]


async def seen(desk: Desk, watch: Watch, is_right: Callable[[Any], object], what: str) -> Any:
    """Watches until it is right; the last thing that was seen is named when it never is."""
    last = None
    try:
        async with asyncio.timeout(desk.patience_s):
            while True:
                last = await watch()
                if is_right(last):
                    return last
    except TimeoutError:
        shown = repr(last)[:200]
        raise Wrong(f"{what}: not seen within {desk.patience_s} s, last was {shown}") from None


async def while_watching(desk: Desk, watch: Watch, act: Awaitable[Any], is_right: Any, what: str) -> tuple[Any, Any]:
    """Subscribes, then acts, then watches until it is right; gives what was done and what was seen."""
    first = asyncio.ensure_future(watch())
    # The subscription is sent before this: it stands when the answer to another request has come.
    await asyncio.sleep(0.3)
    done = await act
    try:
        async with asyncio.timeout(desk.patience_s):
            value = await first
    except TimeoutError:
        raise Wrong(f"{what}: nothing came within {desk.patience_s} s") from None
    if is_right(done, value):
        return done, value
    return done, await seen(desk, watch, lambda value: is_right(done, value), what)


@step("watch ticker")
async def watch_ticker(desk: Desk, checks: Checks) -> None:
    ticker = await seen(desk, lambda: desk.exchange.watch_ticker(desk.symbol), lambda t: t["bid"], "ticker")
    checks.same(ticker["symbol"], desk.symbol, "symbol")
    checks.that(0 < ticker["bid"] < ticker["ask"], "bid below ask", ticker["bid"], ticker["ask"])
    first = (ticker["bid"], ticker["ask"], ticker["last"])
    await seen(
        desk,
        lambda: desk.exchange.watch_ticker(desk.symbol),
        lambda t: (t["bid"], t["ask"], t["last"]) != first,
        "the ticker moves",
    )


@step("watch tickers and bids and asks")
async def watch_tickers(desk: Desk, checks: Checks) -> None:
    symbols: set[str] = set()

    def all_seen(tickers: Any) -> bool:
        symbols.update(tickers)
        return symbols >= set(desk.symbols)

    await seen(desk, lambda: desk.exchange.watch_tickers(desk.symbols), all_seen, "a ticker of each market")
    checks.that(symbols >= set(desk.symbols), "every market was seen")
    if desk.is_futures:
        best = await seen(
            desk, lambda: desk.exchange.watch_bids_asks([desk.symbol]), lambda t: desk.symbol in t, "bids and asks"
        )
        row = best[desk.symbol]
        checks.that(0 < row["bid"] < row["ask"], "bid below ask", row["bid"], row["ask"])


@step("watch order book")
async def watch_order_book(desk: Desk, checks: Checks) -> None:
    desk.exchange.options["watchOrderBook"] = {"checksum": False}
    for count in range(5):
        book = await seen(desk, lambda: desk.exchange.watch_order_book(desk.symbol), lambda b: b["bids"], "book")
        checks.same(book["symbol"], desk.symbol, "symbol")
        check_book(checks, book, 5)
        checks.that(count >= 0, "a book")
    rest = await desk.exchange.fetch_order_book(desk.symbol)
    apart = abs(rest["bids"][0][0] / book["bids"][0][0] - 1)
    checks.that(apart < 0.02, "stream and REST have the same market", rest["bids"][0], book["bids"][0])


@step("watch trades")
async def watch_trades(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    await open_a_little(desk, prices)

    async def again() -> Any:
        return await desk.exchange.watch_trades(desk.symbol)

    trades = await seen(desk, again, lambda found: found, "trades")
    check_trades(checks, trades, desk.symbol)
    last = max(trade["timestamp"] for trade in trades)
    later = await seen(desk, again, lambda found: max(t["timestamp"] for t in found) >= last, "later trades")
    check_trades(checks, later, desk.symbol)
    await close_a_little(desk, prices)


async def open_a_little(desk: Desk, prices: Any) -> None:
    await desk.exchange.create_order(desk.symbol, "market", "buy", prices.amount())


async def close_a_little(desk: Desk, prices: Any) -> None:
    await desk.exchange.create_order(desk.symbol, "market", "sell", prices.amount())


@step("watch candles", SPOT)
async def watch_candles(desk: Desk, checks: Checks) -> None:
    candles = await seen(
        desk, lambda: desk.exchange.watch_ohlcv(desk.symbol, "1m"), lambda found: found, "candles"
    )
    checks.that(candles[-1][0] % 60_000 == 0, "the candle begins on its minute", candles[-1])
    stored = list(desk.exchange.ohlcvs[desk.symbol]["1m"])
    check_candles(checks, stored, 60_000, is_gapless=False)
    rest = {candle[0]: candle for candle in await desk.exchange.fetch_ohlcv(desk.symbol, "1m")}
    for candle in stored[:-2]:
        if candle[0] in rest:
            checks.same(candle[1:5], rest[candle[0]][1:5], "a closed candle is the same by REST")


@step("watch orders: placed, cancelled")
async def watch_orders(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount, price = prices.amount(), prices.under(5)

    def is_it(order: Any, wanted: Any) -> bool:
        # Later rows of an order may say little more than its id.
        return order["id"] == wanted["id"] and order["symbol"] == desk.symbol

    placed, _ = await while_watching(
        desk,
        desk.exchange.watch_orders,
        desk.exchange.create_order(desk.symbol, "limit", "buy", amount, price),
        lambda done, _: any(is_it(order, done) for order in desk.exchange.orders),
        "the placed order",
    )
    row = next(order for order in desk.exchange.orders if is_it(order, placed))
    checks.same((row["symbol"], row["side"]), (desk.symbol, "buy"), "market and side")
    checks.near(row["price"], price, "price")
    amount_seen = row["amount"] if row["amount"] is not None else row["remaining"]
    checks.near(amount_seen, amount, "amount")

    def ended(_: Any, __: Any) -> bool:
        ours = [order for order in desk.exchange.orders if order["id"] == placed["id"]]
        return any(order["status"] == "canceled" for order in ours)

    await while_watching(
        desk,
        desk.exchange.watch_orders,
        desk.exchange.cancel_order(placed["id"], desk.symbol),
        ended,
        "the cancelled order",
    )
    checks.that(ended(None, None), "the order has ended")


@step("watch my trades")
async def watch_my_trades(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    order, trades = await while_watching(
        desk,
        desk.exchange.watch_my_trades,
        desk.exchange.create_order(desk.symbol, "market", "buy", amount),
        lambda done, trades: any(trade["order"] == done["id"] for trade in trades),
        "the trade of the order",
    )
    mine = [trade for trade in trades if trade["order"] == order["id"]]
    checks.that(all((trade["side"], trade["symbol"]) == ("buy", desk.symbol) for trade in mine), "side, market")
    checks.that(all(trade["takerOrMaker"] == "taker" for trade in mine), "role", mine)
    checks.that(all(trade["fee"]["cost"] > 0 for trade in mine), "fee", [trade["fee"] for trade in mine])
    await close_a_little(desk, prices)


@step("watch balance")
async def watch_balance(desk: Desk, checks: Checks) -> None:
    def dollars(balance: Any) -> Any:
        return (balance.get("USD") or {}).get("total")

    params = {"account": "flex_futures"} if desk.is_futures else {}

    async def watch() -> Any:
        return await desk.exchange.watch_balance(params)

    before = (await desk.exchange.fetch_balance())["USD"]["total"]
    first = await seen(desk, watch, dollars, "the balance")
    checks.near(dollars(first), before, "stream and REST agree", 1e-6)
    prices = await desk.prices()
    _, after = await while_watching(
        desk,
        watch,
        desk.exchange.create_order(desk.symbol, "market", "buy", prices.amount()),
        lambda _, balance: dollars(balance) is not None and dollars(balance) < before,
        "the balance after a purchase",
    )
    rest = (await desk.exchange.fetch_balance())["USD"]["total"]
    checks.near(dollars(after), rest, "stream and REST agree after it", 1e-6)
    await close_a_little(desk, prices)


@step("watch positions", FUTURES)
async def watch_positions(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()

    def is_held(_: Any, positions: Any) -> bool:
        return any(row["symbol"] == desk.symbol and abs(row["contracts"] - amount) < 1e-9 for row in positions)

    _, positions = await while_watching(
        desk,
        desk.exchange.watch_positions,
        desk.exchange.create_order(desk.symbol, "market", "buy", amount),
        is_held,
        "the position",
    )
    row = next(row for row in positions if row["symbol"] == desk.symbol)
    checks.same(row["side"], "long", "side")
    checks.that(abs(row["entryPrice"] / prices.ask - 1) < 0.02, "entry price", row["entryPrice"], prices.ask)
    await close_a_little(desk, prices)


@step("orders over the socket", SPOT)
async def socket_orders(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    prices = await desk.prices()
    amount = prices.amount()
    order = await exchange.create_order_ws(desk.symbol, "limit", "buy", amount, prices.under(5))
    row = await desk.open_order(order["id"])
    checks.near(row["price"], prices.under(5), "price of the order")
    checks.near(row["amount"], amount, "amount of the order")
    await exchange.edit_order_ws(order["id"], desk.symbol, "limit", "buy", amount, prices.under(6))
    row = await desk.open_order(order["id"])
    checks.near(row["price"], prices.under(6), "price after the amendment")
    await exchange.cancel_order_ws(order["id"])
    checks.that(order["id"] not in await desk.open_ids(), "the order is cancelled")
    params = {"stopLossPrice": prices.under(6)}
    ids = [
        (await exchange.create_order_ws(desk.symbol, "limit", "buy", amount, prices.under(5), {"postOnly": True}))["id"],
        (await exchange.create_order_ws(desk.symbol, "market", "sell", amount, None, params))["id"],
    ]
    checks.that(set(ids) <= await desk.open_ids(), "both are open")
    await exchange.cancel_orders_ws(ids)
    await desk.until(desk.open_ids, lambda found: not found & set(ids), "both are cancelled")
    await exchange.create_order_ws(desk.symbol, "limit", "buy", amount, prices.under(5))
    await exchange.cancel_all_orders_ws()
    checks.same(await desk.open_ids(), set(), "nothing is open")


@step("streams refuse a wrong signature", FUTURES)
async def wrong_signature(desk: Desk, checks: Checks) -> None:
    stranger = desk.connect(desk.key, "A" * 86 + "==")
    try:
        await stranger.load_markets()
        async with asyncio.timeout(desk.patience_s):
            orders = await stranger.watch_orders()
        checks.that(False, "orders were shown to a stranger", orders)
    except TimeoutError:
        checks.that(False, "the subscription was neither taken nor refused")
    except ccxt.BaseError as error:
        checks.that(True, str(error))
    finally:
        await stranger.close()
