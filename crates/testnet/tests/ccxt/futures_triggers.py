"""Kraken Futures: conditional orders. They wait apart from the book and keep their id when they fire."""

from __future__ import annotations

from desk import Desk, Prices
from futures_orders import cancel, check_listed, check_open, flatten, position
from steps import FUTURES, Checks, step


async def hold(desk: Desk, checks: Checks, side: str = "buy") -> tuple[Prices, float]:
    """A position that reduce-only orders can reduce."""
    prices = await desk.prices()
    amount = prices.amount()
    await desk.exchange.create_order(desk.symbol, "market", side, amount)
    held = await desk.until(lambda: position(desk), lambda found: found, "the position is there")
    checks.near(held["contracts"], amount, "size of the position")
    return prices, amount


@step("stop order: each trigger signal", FUTURES)
async def stop_signals(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    for signal, listed in (("mark", {"mark"}), ("last", {"last"}), ("index", {"index", "spot"})):
        trigger = prices.over(5)
        params = {"triggerPrice": trigger, "triggerSignal": signal}
        order = await desk.exchange.create_order(desk.symbol, "market", "buy", amount, None, params)
        checks.near(order["triggerPrice"], trigger, "trigger price")
        row = await check_listed(desk, checks, order["id"], amount, stopPrice=trigger)
        checks.that(row["info"]["triggerSignal"] in listed, "trigger signal", signal, row["info"])
        checks.same(row["info"]["orderType"], "stop", "type of the open order")
        asked = await desk.exchange.fetch_order(order["id"], desk.symbol)
        checks.near(asked["triggerPrice"], trigger, "trigger price by its id")
        await cancel(desk, checks, order["id"])


@step("stop-limit order", FUTURES)
async def stop_limit(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount, trigger, limit = prices.amount(), prices.over(5), prices.over(6)
    params = {"triggerPrice": trigger, "triggerSignal": "mark"}
    order = await desk.exchange.create_order(desk.symbol, "limit", "buy", amount, limit, params)
    await check_listed(desk, checks, order["id"], amount, stopPrice=trigger, limitPrice=limit)
    moved = prices.over(7)
    edited = await desk.exchange.edit_order(
        order["id"], desk.symbol, "limit", "buy", amount, prices.over(8), {"stopPrice": moved}
    )
    checks.same(edited["id"], order["id"], "id of the amended stop")
    await check_listed(desk, checks, order["id"], amount, stopPrice=moved, limitPrice=prices.over(8))
    await cancel(desk, checks, order["id"])


@step("stop-loss and take-profit: reduce-only", FUTURES)
async def protective(desk: Desk, checks: Checks) -> None:
    prices, amount = await hold(desk, checks)
    for name, kind, price in (
        ("stopLossPrice", "stop", prices.under(5)),
        ("takeProfitPrice", "take_profit", prices.over(5)),
    ):
        params = {name: price, "triggerSignal": "mark"}
        order = await desk.exchange.create_order(desk.symbol, "market", "sell", amount, None, params)
        check_open(desk, checks, order, "sell", amount)
        row = await check_listed(desk, checks, order["id"], amount, stopPrice=price)
        checks.same(row["info"]["orderType"], kind, "type of the open order")
        checks.same(row["reduceOnly"], True, "reduce-only flag")
        await cancel(desk, checks, order["id"])
    await flatten(desk, checks)


@step("stop-loss fires and closes", FUTURES)
async def stop_fires(desk: Desk, checks: Checks) -> None:
    prices, amount = await hold(desk, checks)
    # A sell stop above the market is on the wrong side: it fires at once.
    params = {"stopLossPrice": prices.over(2), "triggerSignal": "last"}
    order = await desk.exchange.create_order(desk.symbol, "market", "sell", amount, None, params)
    await desk.until(lambda: position(desk), lambda held: held is None, "the stop closes the position")
    trades = await desk.exchange.fetch_my_trades(desk.symbol)
    filled = sum(trade["amount"] for trade in trades if trade["order"] == order["id"])
    checks.near(filled, amount, "my trades under the stop's id")
    checks.that(order["id"] not in await desk.open_ids(), "the stop is not open")


@step("take-profit fires and closes", FUTURES)
async def take_profit_fires(desk: Desk, checks: Checks) -> None:
    prices, amount = await hold(desk, checks, "sell")
    params = {"takeProfitPrice": prices.over(2), "triggerSignal": "mark"}
    await desk.exchange.create_order(desk.symbol, "market", "buy", amount, None, params)
    held = await desk.until(lambda: position(desk), lambda held: held is None, "the take-profit closes")
    checks.same(held, None, "position")


@step("trailing stop", FUTURES)
async def trailing_stop(desk: Desk, checks: Checks) -> None:
    _, amount = await hold(desk, checks)
    params = {
        "orderType": "trailing_stop",
        "trailingStopMaxDeviation": 2,
        "trailingStopDeviationUnit": "PERCENT",
        "triggerSignal": "mark",
        "reduceOnly": True,
    }
    order = await desk.exchange.create_order(desk.symbol, "trailing_stop", "sell", amount, None, params)
    checks.that(order["id"], "the order has an id", order)
    row = await desk.open_order(order["id"])
    checks.that(row, "the trailing stop is open")
    checks.near(row["amount"], amount, "amount")
    await cancel(desk, checks, order["id"])
    await flatten(desk, checks)
