"""What `ccxt.pro` watches. Changes of the account are provoked by orders, changes of the market are waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ccxt

from desk import Desk
from market_data import check_book, check_candles, check_trades
from spot_orders import stock
from steps import FUTURES, SPOT, Checks, Wrong, step
from watching import Watch, Watcher

async def seen(desk: Desk, watch: Watch, is_right: Callable[[Any], object], what: str) -> Any:
    """Watches until it is right: for what goes on by itself."""
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
    best = await seen(
        desk, lambda: desk.exchange.watch_bids_asks([desk.symbol]), lambda t: desk.symbol in t, "bids and asks"
    )
    row = best[desk.symbol]
    checks.that(0 < row["bid"] < row["ask"], "bid below ask", row["bid"], row["ask"])


@step("watch order book")
async def watch_order_book(desk: Desk, checks: Checks) -> None:
    # The venue's checksums are not looked at: ccxt has that switched off, and switched on it fails by itself.
    for _ in range(5):
        book = await seen(desk, lambda: desk.exchange.watch_order_book(desk.symbol), lambda b: b["bids"], "book")
        checks.same(book["symbol"], desk.symbol, "symbol")
        check_book(checks, book, 5)
    rest = await desk.exchange.fetch_order_book(desk.symbol)
    apart = abs(rest["bids"][0][0] / book["bids"][0][0] - 1)
    checks.that(apart < 0.02, "stream and REST have the same market", rest["bids"][0], book["bids"][0])


@step("watch trades")
async def watch_trades(desk: Desk, checks: Checks) -> None:
    async def again() -> Any:
        return await desk.exchange.watch_trades(desk.symbol)

    trades = await seen(desk, again, lambda found: found, "trades")
    check_trades(checks, trades, desk.symbol)
    last = max(trade["timestamp"] for trade in trades)
    later = await seen(desk, again, lambda found: max(t["timestamp"] for t in found) > last, "later trades")
    check_trades(checks, later, desk.symbol)


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


def topic_of(desk: Desk, futures: str, spot: str) -> str:
    return futures if desk.is_futures else spot


@step("watch orders: placed, cancelled")
async def watch_orders(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount, price = prices.amount(), prices.under(5)
    exchange = desk.exchange

    def rows(order_id: str) -> list[Any]:
        return [order for order in exchange.orders or [] if order["id"] == order_id]

    async with Watcher(desk, exchange.watch_orders, topic_of(desk, "orders", "executions")) as watcher:
        placed = await exchange.create_order(desk.symbol, "limit", "buy", amount, price)
        # Later rows of an order may say little more than its id.
        await watcher.until(
            lambda _: any(row["symbol"] == desk.symbol for row in rows(placed["id"])), "the placed order"
        )
        row = next(row for row in rows(placed["id"]) if row["symbol"] == desk.symbol)
        checks.same((row["symbol"], row["side"]), (desk.symbol, "buy"), "market and side")
        checks.near(row["price"], price, "price")
        amount_seen = row["amount"] if row["amount"] is not None else row["remaining"]
        checks.near(amount_seen, amount, "amount")
        await exchange.cancel_order(placed["id"], desk.symbol)
        await watcher.until(
            lambda _: any(row["status"] == "canceled" for row in rows(placed["id"])), "the cancelled order"
        )
    checks.that(rows(placed["id"]), "the order is known")


@step("watch my trades")
async def watch_my_trades(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    exchange = desk.exchange
    async with Watcher(desk, exchange.watch_my_trades, topic_of(desk, "myTrades", "executions")) as watcher:
        for side in ("buy", "sell"):
            order = await exchange.create_order(desk.symbol, "market", side, prices.amount())

            def mine(trades: Any, order_id: str = order["id"]) -> list[Any]:
                return [trade for trade in trades if trade["order"] == order_id]

            trades = mine(await watcher.until(mine, "the trade of the order"))
            told = {(trade["side"], trade["symbol"], trade["takerOrMaker"]) for trade in trades}
            checks.same(told, {(side, desk.symbol, "taker")}, "side, market and role")
            checks.that(all(trade["fee"]["cost"] > 0 for trade in trades), "fee", [t["fee"] for t in trades])
            checks.near(sum(trade["amount"] for trade in trades), prices.amount(), "amount")
            ids = {trade["id"] for trade in await exchange.fetch_my_trades(desk.symbol)}
            checks.that({trade["id"] for trade in trades} <= ids, "REST has the same trades", trades)


@step("watch balance")
async def watch_balance(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange

    def dollars(balance: Any) -> Any:
        return (balance.get("USD") or {}).get("total")

    params = {"account": "flex_futures"} if desk.is_futures else {}
    before = (await exchange.fetch_balance())["USD"]["total"]
    topic = topic_of(desk, "balances:flex_futures", "balances")
    async with Watcher(desk, lambda: exchange.watch_balance(params), topic) as watcher:
        first = await watcher.until(dollars, "the balance")
        checks.near(dollars(first), before, "stream and REST agree", 1e-6)
        prices = await desk.prices()
        await exchange.create_order(desk.symbol, "market", "buy", prices.amount())
        rest = (await exchange.fetch_balance())["USD"]["total"]
        checks.that(rest < before, "a purchase costs something", before, rest)

        def is_after(balance: Any) -> bool:
            return dollars(balance) is not None and abs(dollars(balance) - rest) < 1e-6 * rest

        after = await watcher.until(is_after, "the balance after a purchase")
        checks.near(dollars(after), rest, "stream and REST agree after it", 1e-6)
        if not desk.is_futures:
            base = desk.market()["base"]
            held = (await exchange.fetch_balance())[base]["total"]
            checks.near(after[base]["total"], held, "what was bought is there in the same message", 1e-9)
    await close_a_little(desk, prices)


@step("watch positions", FUTURES)
async def watch_positions(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()

    def held(positions: Any) -> Any:
        same = [row for row in positions if row["symbol"] == desk.symbol]
        return next((row for row in same if abs(row["contracts"] - amount) < 1e-9), None)

    async with Watcher(desk, desk.exchange.watch_positions, "positions") as watcher:
        await desk.exchange.create_order(desk.symbol, "market", "buy", amount)
        row = held(await watcher.until(held, "the position"))
        checks.same(row["side"], "long", "side")
        apart = abs(row["entryPrice"] / prices.ask - 1)
        checks.that(apart < 0.02, "entry price", row["entryPrice"], prices.ask)
    await close_a_little(desk, prices)


@step("watch several books and tapes at once")
async def watch_several(desk: Desk, checks: Checks) -> None:
    exchange, symbols = desk.exchange, set(desk.symbols)
    books: set[str] = set()
    tapes: set[str] = set()

    def all_books(book: Any) -> bool:
        check_book(checks, book, 5)
        books.add(book["symbol"])
        return books >= symbols

    def all_tapes(trades: Any) -> bool:
        tapes.update(trade["symbol"] for trade in trades)
        return tapes >= symbols

    await seen(desk, lambda: exchange.watch_order_book_for_symbols(desk.symbols), all_books, "each book")
    await seen(desk, lambda: exchange.watch_trades_for_symbols(desk.symbols), all_tapes, "each tape")
    checks.that(books >= symbols and tapes >= symbols, "every market was seen", books, tapes)


@step("orders over the socket", SPOT)
async def socket_orders(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    # A stop that sells needs something that it can sell.
    prices, amount = await stock(desk)
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
    await close_a_little(desk, prices)


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
    except ccxt.NetworkError as error:
        checks.that(False, "the connection broke instead of a refusal", str(error)[:200])
    except ccxt.ExchangeError as error:
        checks.that(True, str(error))
    finally:
        await stranger.close()
