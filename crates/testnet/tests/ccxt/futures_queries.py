"""Kraken Futures: everything else that ccxt says this venue has, with the options that a caller may give."""

from __future__ import annotations

from typing import Any

import ccxt

from desk import Desk
from futures_orders import cancel, check_filled, check_open, flatten, position, refused
from steps import FUTURES, Checks, step


@step("orders by their short names", FUTURES)
async def short_names(desk: Desk, checks: Checks) -> None:
    exchange, symbol = desk.exchange, desk.symbol
    prices = await desk.prices()
    amount, low, high = prices.amount(), prices.under(5), prices.over(5)
    order = await exchange.create_limit_order(symbol, "buy", amount, low)
    check_open(desk, checks, order, "buy", amount)
    await cancel(desk, checks, order["id"])
    order = await exchange.create_post_only_order(symbol, "limit", "buy", amount, low)
    checks.same((order["status"], order["postOnly"]), ("open", True), "a post-only order")
    await cancel(desk, checks, order["id"])
    order = await exchange.create_market_order(symbol, "buy", amount)
    check_filled(checks, order, amount, prices.over(1.5), "buy")
    order = await exchange.create_reduce_only_order(symbol, "limit", "sell", amount, high)
    checks.same((order["status"], order["reduceOnly"]), ("open", True), "a reduce-only order")
    await cancel(desk, checks, order["id"])
    for make, trigger in (
        (lambda: exchange.create_stop_market_order(symbol, "sell", amount, low), low),
        (lambda: exchange.create_stop_limit_order(symbol, "sell", amount, prices.under(6), low), low),
        (lambda: exchange.create_stop_order(symbol, "market", "sell", amount, None, low), low),
        (lambda: exchange.create_trigger_order(symbol, "market", "sell", amount, None, low), low),
    ):
        order = await make()
        checks.same((order["status"], order["triggerPrice"]), ("open", trigger), "a trigger")
        await cancel(desk, checks, order["id"])
    await flatten(desk, checks)


@step("time in force: GTC, PO, IOC in any case", FUTURES)
async def time_in_force(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    send = desk.exchange.create_order
    for word in ("GTC", "PO"):
        order = await send(desk.symbol, "limit", "buy", amount, prices.under(5), {"timeInForce": word})
        check_open(desk, checks, order, "buy", amount)
        await cancel(desk, checks, order["id"])
    order = await send(desk.symbol, "limit", "sell", amount, prices.under(0.5), {"timeInForce": "IOC"})
    check_filled(checks, order, amount, prices.under(0.5), "sell")
    await flatten(desk, checks)


@step("my trades: since, limit, all markets", FUTURES)
async def my_trades(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    placed = []
    for symbol in desk.symbols:
        prices = await desk.prices(symbol)
        order = await exchange.create_order(symbol, "market", "buy", prices.amount())
        back = await exchange.create_order(
            symbol, "market", "sell", order["filled"], None, {"reduceOnly": True}
        )
        placed += [order["id"], back["id"]]
    everything = await exchange.fetch_my_trades()
    checks.that(set(placed) <= {trade["order"] for trade in everything}, "all markets", placed)
    times = [trade["timestamp"] for trade in everything]
    checks.that(times == sorted(times), "in order of time", times[-4:])
    mine = await exchange.fetch_my_trades(desk.symbol)
    checks.same({trade["symbol"] for trade in mine}, {desk.symbol}, "one market")
    since = mine[-1]["timestamp"]
    later = await exchange.fetch_my_trades(desk.symbol, since, 1)
    checks.that(len(later) == 1 and later[0]["timestamp"] >= since, "since and limit", later)
    checks.that(all(trade["cost"] > 0 and trade["fee"]["cost"] >= 0 for trade in mine), "cost and fee")


@step("past orders: since, limit", FUTURES)
async def past_orders(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    prices = await desk.prices()
    amount = prices.amount()
    first = await exchange.create_order(desk.symbol, "market", "buy", amount)
    resting = await exchange.create_order(desk.symbol, "limit", "buy", amount, prices.under(5))
    await exchange.cancel_order(resting["id"], desk.symbol)
    last = await exchange.create_order(desk.symbol, "market", "sell", amount, None, {"reduceOnly": True})

    async def closed() -> set[str]:
        return {row["id"] for row in await exchange.fetch_closed_orders(desk.symbol)}

    await desk.until(closed, lambda ids: {first["id"], last["id"]} <= ids, "both are closed")
    rows = await exchange.fetch_closed_orders(desk.symbol, first["timestamp"], 1)
    checks.that(len(rows) <= 1, "limit", len(rows))
    checks.that(all(row["timestamp"] >= first["timestamp"] for row in rows), "since", rows)
    rows = [row for row in await exchange.fetch_closed_orders() if row["id"] == first["id"]]
    checks.same((rows[0]["status"], rows[0]["side"]), ("closed", "buy"), "status and side")
    checks.near(rows[0]["filled"], amount, "filled")
    cancelled = await exchange.fetch_canceled_orders(desk.symbol, first["timestamp"])
    checks.that(resting["id"] in {row["id"] for row in cancelled}, "the cancelled one since then")


@step("several orders by their ids", FUTURES)
async def orders_by_ids(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    prices = await desk.prices()
    amount = prices.amount()
    ids = [
        (await exchange.create_order(desk.symbol, "limit", "buy", amount, prices.under(percent)))["id"]
        for percent in (4, 5)
    ]
    found = await exchange.fetch_orders(desk.symbol, None, None, {"orderIds": ids})
    checks.same({order["id"] for order in found}, set(ids), "orders by ids")
    checks.same({order["status"] for order in found}, {"open"}, "status")
    few = await exchange.fetch_open_orders(desk.symbol, None, 1)
    checks.same(len(few), 1, "limit of open orders")
    unknown = "11111111-2222-4333-8444-555555555555"
    await refused(checks, ccxt.OrderNotFound, exchange.fetch_order(unknown, desk.symbol))
    await refused(checks, ccxt.OrderNotFound, exchange.cancel_order(unknown, desk.symbol))
    await exchange.cancel_orders(ids)
    checks.that(not set(ids) & await desk.open_ids(), "none is open")


@step("batch: sends and cancels, one refused", FUTURES)
async def mixed_batch(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    resting = {"type": "limit", "side": "buy", "amount": amount, "price": prices.under(5)}
    trigger = {"type": "market", "side": "buy", "amount": amount, "params": {"triggerPrice": prices.over(5)}}
    orders = [{"symbol": desk.symbol, **row} for row in (resting, trigger)]
    placed = await desk.exchange.create_orders(orders)
    checks.same([order["status"] for order in placed], ["open", "open"], "both are open")
    rows = [
        {"order": "cancel", "order_id": placed[0]["id"]},
        {"order": "cancel", "order_id": "11111111-2222-4333-8444-555555555555"},
        {"order": "edit", "order_id": placed[1]["id"], "stopPrice": prices.over(6)},
    ]
    answer = await desk.exchange.privatePostBatchorder({"batchOrder": rows})
    words = [row["status"] for row in answer["batchStatus"]]
    checks.same(words, ["cancelled", "notFound", "edited"], "each row has its own status")
    await cancel(desk, checks, placed[1]["id"])


@step("ledger: since, limit, type", FUTURES)
async def ledger(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    prices = await desk.prices()
    order = await exchange.create_order(desk.symbol, "market", "buy", prices.amount())
    await flatten(desk, checks)
    everything = await exchange.fetch_ledger()
    checks.that(everything, "there are entries")
    since = order["timestamp"]
    some = await exchange.fetch_ledger("USD", since, 2)
    checks.that(0 < len(some) <= 2, "limit", len(some))
    checks.that(all(entry["timestamp"] >= since for entry in some), "since", some)
    for entry in some:
        change = entry["amount"] if entry["direction"] == "in" else -entry["amount"]
        change -= (entry["fee"] or {}).get("cost") or 0.0
        checks.that(abs(entry["after"] - entry["before"] - change) < 1e-6, "before and after", entry)
    checks.same(await exchange.fetch_funding_history(desk.symbol, since, 5), [], "no funding was due since then")


@step("funding rates of all and of one", FUTURES)
async def funding_rates(desk: Desk, checks: Checks) -> None:
    everything = await desk.exchange.fetch_funding_rates()
    checks.that(set(desk.symbols) <= set(everything), "all markets", sorted(everything)[:3])
    single = await desk.exchange.fetch_funding_rate(desk.symbol)
    checks.same((single["symbol"], single["interval"]), (desk.symbol, "1h"), "market and interval")
    history = await desk.exchange.fetch_funding_rate_history(desk.symbol)
    since = history[-3]["timestamp"]
    later = await desk.exchange.fetch_funding_rate_history(desk.symbol, since, 2)
    checks.same([row["timestamp"] for row in later], [row["timestamp"] for row in history[-3:-1]], "since, limit")


@step("candles by pages", FUTURES)
async def candle_pages(desk: Desk, checks: Checks) -> None:
    exchange, hour = desk.exchange, 3_600_000
    latest = await exchange.fetch_ohlcv(desk.symbol, "1h", None, 30)
    since = latest[-1][0] - 24 * hour
    paged = await exchange.fetch_ohlcv(desk.symbol, "1h", since, 24, {"paginate": True})
    checks.same([later[0] - one[0] for one, later in zip(paged, paged[1:])], [hour] * (len(paged) - 1), "no gap")
    for kind in (exchange.fetch_mark_ohlcv, exchange.fetch_index_ohlcv):
        rows = await kind(desk.symbol, "5m", None, 10)
        checks.that(0 < len(rows) <= 10, "candles of mark and index", len(rows))


@step("tiers and fee of one market", FUTURES)
async def one_market(desk: Desk, checks: Checks) -> None:
    tiers = await desk.exchange.fetch_market_leverage_tiers(desk.symbol)
    checks.that(tiers and tiers[0]["maxLeverage"] > 1, "tiers", tiers)
    fee = await desk.exchange.fetch_trading_fee(desk.symbol)
    checks.that(0 <= fee["maker"] <= fee["taker"], "maker below taker", fee)


@step("leverage changes what a position needs", FUTURES)
async def leverage_margin(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange

    async def flex() -> Any:
        return (await exchange.fetch_balance())["info"]["accounts"]["flex"]

    tiers = await exchange.fetch_leverage_tiers([desk.symbol])
    await exchange.set_leverage(2, desk.symbol)
    try:
        prices = await desk.prices()
        amount = prices.amount()
        await exchange.create_order(desk.symbol, "market", "buy", amount)
        held = await desk.until(lambda: position(desk), lambda found: found, "the position is there")
        checks.same((held["leverage"], held["marginMode"]), (2.0, "isolated"), "leverage and mode")
        checks.near(float((await flex())["initialMargin"]), amount * prices.bid / 2, "half of its worth", 0.02)
        free = float((await flex())["availableMargin"])
        much = desk.amount(prices.bid, free * 2.5 / 400.0)
        lavish = exchange.create_order(desk.symbol, "limit", "buy", much, prices.bid)
        await refused(checks, ccxt.InsufficientFunds, lavish)
    finally:
        await exchange.privatePutLeveragepreferences({"symbol": desk.market()["id"]})
    least = amount * prices.bid / tiers[desk.symbol][0]["maxLeverage"]
    checks.near(float((await flex())["initialMargin"]), least, "as a cross position", 0.02)
    await flatten(desk, checks)
    too_high = exchange.set_leverage(1_000, desk.symbol)
    await refused(checks, ccxt.BadRequest, too_high)


@step("transfer between wallets", FUTURES)
async def transfers(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange

    async def totals() -> tuple[float, float]:
        cash = (await exchange.fetch_balance({"type": "cash"})).get("USD") or {}
        return (await exchange.fetch_balance())["USD"]["total"], cash.get("total") or 0.0

    flex, cash = await totals()
    await exchange.transfer("USD", 10, "flex", "cash")
    less, more = await totals()
    checks.that(abs(flex - less - 10) < 1e-6 and abs(more - cash - 10) < 1e-6, "to cash", (flex, less, more))
    await exchange.transfer("USD", 10, "cash", "flex")
    checks.that(abs((await totals())[0] - flex) < 1e-6, "and back", flex)
    await refused(checks, ccxt.InsufficientFunds, exchange.transfer("USD", 1e9, "flex", "cash"))
