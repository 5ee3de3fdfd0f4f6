"""Kraken Futures: every order that ccxt can send, changed, cancelled and asked for."""

from __future__ import annotations

from typing import Any

import ccxt

from desk import Desk
from steps import FUTURES, Checks, step


def check_open(desk: Desk, checks: Checks, order: Any, side: str, amount: float) -> None:
    checks.that(order["id"], "the order has an id", order)
    checks.same(order["status"], "open", "status")
    checks.same(order["symbol"], desk.symbol, "symbol")
    checks.same(order["side"], side, "side")
    checks.near(order["amount"], amount, "amount")
    checks.near(order["filled"], 0.0, "filled")


async def check_listed(desk: Desk, checks: Checks, order_id: str, amount: float, **fields: float) -> Any:
    """The order is among the open ones, with these numbers in the venue's own row."""
    row = await desk.open_order(order_id)
    checks.that(row, "the order is open", order_id)
    checks.near(row["amount"], amount, "amount of the open order")
    checks.same(row["status"], "open", "status of the open order")
    for name, value in fields.items():
        checks.near(float(row["info"][name]), value, name, 1e-8)
    return row


async def cancel(desk: Desk, checks: Checks, order_id: str) -> None:
    cancelled = await desk.exchange.cancel_order(order_id, desk.symbol)
    checks.same(cancelled["id"], order_id, "id of the cancelled order")
    checks.same(cancelled["status"], "canceled", "status of the cancelled order")
    checks.that(order_id not in await desk.open_ids(), "the cancelled order is not open")


@step("limit order: place, query, cancel", FUTURES)
async def limit_order(desk: Desk, checks: Checks) -> None:
    for symbol in desk.symbols[:1]:
        for side in ("buy", "sell"):
            prices = await desk.prices(symbol)
            price = prices.under(5) if side == "buy" else prices.over(5)
            amount, client_id = prices.amount(), desk.client_id()
            order = await desk.exchange.create_order(
                symbol, "limit", side, amount, price, {"clientOrderId": client_id}
            )
            check_open(desk, checks, order, side, amount)
            checks.same(order["clientOrderId"], client_id, "client order id")
            checks.same(order["type"], "limit", "type")
            row = await check_listed(desk, checks, order["id"], amount, limitPrice=price)
            checks.same(row["clientOrderId"], client_id, "client order id of the open order")
            asked = await desk.exchange.fetch_order(order["id"], symbol)
            checks.same((asked["id"], asked["status"]), (order["id"], "open"), "the order by its id")
            checks.near(asked["amount"], amount, "amount by its id")
            await cancel(desk, checks, order["id"])


@step("client order id: only once", FUTURES)
async def duplicate_client_id(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    params = {"clientOrderId": desk.client_id()}
    send = (desk.symbol, "limit", "buy", prices.amount(), prices.under(6), params)
    order = await desk.exchange.create_order(*send)
    await refused(checks, ccxt.DuplicateOrderId, desk.exchange.create_order(*send))
    await cancel(desk, checks, order["id"])


async def refused(checks: Checks, kind: type[Exception], call: Any) -> None:
    """The call is answered with exactly this error of ccxt."""
    try:
        answer = await call
    except kind as error:
        checks.that(True, str(error))
    except Exception as error:
        checks.that(False, f"{kind.__name__} was due, not {type(error).__name__}", str(error)[:200])
    else:
        checks.that(False, f"{kind.__name__} was due", answer)


@step("limit order: amend price and amount", FUTURES)
async def amend_order(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount, more, price = prices.amount(), prices.amount(2), prices.under(7)
    order = await desk.exchange.create_order(desk.symbol, "limit", "buy", amount, prices.under(5))
    edited = await desk.exchange.edit_order(order["id"], desk.symbol, "limit", "buy", more, price)
    checks.same((edited["id"], edited["status"]), (order["id"], "open"), "id and status of the amended order")
    checks.near(edited["amount"], more, "amount of the amended order")
    await check_listed(desk, checks, order["id"], more, limitPrice=price)
    await cancel(desk, checks, order["id"])
    missing = desk.exchange.edit_order(order["id"], desk.symbol, "limit", "buy", more, price)
    await refused(checks, ccxt.OrderNotFound, missing)
    await refused(checks, ccxt.OrderNotFound, desk.exchange.cancel_order(order["id"], desk.symbol))


@step("post-only order: rests or is refused", FUTURES)
async def post_only(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    order = await desk.exchange.create_order(
        desk.symbol, "limit", "buy", amount, prices.under(3), {"postOnly": True}
    )
    check_open(desk, checks, order, "buy", amount)
    await cancel(desk, checks, order["id"])
    crossing = desk.exchange.create_order(
        desk.symbol, "limit", "buy", amount, prices.over(0.5), {"postOnly": True}
    )
    await refused(checks, ccxt.OrderImmediatelyFillable, crossing)


@step("immediate-or-cancel order", FUTURES)
async def immediate_or_cancel(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount, params = prices.amount(), {"timeInForce": "ioc"}
    far = desk.exchange.create_order(desk.symbol, "limit", "buy", amount, prices.under(5), params)
    await refused(checks, ccxt.OrderNotFillable, far)
    order = await desk.exchange.create_order(desk.symbol, "limit", "buy", amount, prices.over(0.5), params)
    check_filled(checks, order, amount, prices.over(0.5), "buy")
    await flatten(desk, checks)


@step("fill-or-kill order", FUTURES)
async def fill_or_kill(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    params = {"orderType": "fok", "limitPrice": prices.over(0.5)}
    order = await desk.exchange.create_order(desk.symbol, "fok", "buy", amount, prices.over(0.5), params)
    check_filled(checks, order, amount, prices.over(0.5), "buy")
    await flatten(desk, checks)


def check_filled(checks: Checks, order: Any, amount: float, limit: float, side: str) -> None:
    checks.that(order["id"], "the order has an id")
    checks.near(order["filled"], amount, "filled")
    is_within = order["average"] <= limit if side == "buy" else order["average"] >= limit
    checks.that(is_within, "the price is within the limit", order["average"], limit)
    checks.same(order["status"], "closed", "status")
    checks.near(sum(trade["amount"] for trade in order["trades"]), amount, "trades of the order")


async def position(desk: Desk, symbol: str | None = None) -> Any:
    positions = await desk.exchange.fetch_positions([symbol or desk.symbol])
    return positions[0] if positions else None


async def flatten(desk: Desk, checks: Checks) -> None:
    held = await position(desk)
    if held is None:
        return
    side = "sell" if held["side"] == "long" else "buy"
    params = {"reduceOnly": True}
    order = await desk.exchange.create_order(desk.symbol, "market", side, held["contracts"], None, params)
    checks.near(order["filled"], held["contracts"], "filled of the closing order")
    await desk.until(lambda: position(desk), lambda found: found is None, "the position is closed")


@step("market order: position, trades, balance", FUTURES)
async def market_order(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    before = (await desk.exchange.fetch_balance())["USD"]["total"]
    order = await desk.exchange.create_order(desk.symbol, "market", "buy", amount)
    check_filled(checks, order, amount, prices.over(1.5), "buy")
    held = await desk.until(lambda: position(desk), lambda found: found, "the position is there")
    checks.same((held["symbol"], held["side"]), (desk.symbol, "long"), "market and side of the position")
    checks.near(held["contracts"], amount, "size of the position")
    checks.near(held["entryPrice"], order["average"], "entry price", 1e-6)
    trades = [t for t in await desk.exchange.fetch_my_trades(desk.symbol) if t["order"] == order["id"]]
    checks.near(sum(trade["amount"] for trade in trades), amount, "amount of my trades")
    checks.that(all((t["side"], t["takerOrMaker"]) == ("buy", "taker") for t in trades), "side and role")
    opened = (await desk.exchange.fetch_balance())["USD"]["total"]
    fee = amount * order["average"] * 0.0005
    checks.near(before - opened, fee, "the fee has left the balance", 0.02)
    await flatten(desk, checks)
    trades = await desk.exchange.fetch_my_trades(desk.symbol)
    closing = [trade for trade in trades if trade["side"] == "sell" and trade["timestamp"] >= order["timestamp"]]
    sold = closing[-1]["price"]
    after = (await desk.exchange.fetch_balance())["USD"]["total"]
    profit = amount * (sold - order["average"]) - amount * sold * 0.0005
    checks.that(abs((after - opened) - profit) <= 0.02 + abs(profit) * 0.01, "profit less fee", after - opened, profit)


@step("reduce-only order", FUTURES)
async def reduce_only(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount, params = prices.amount(), {"reduceOnly": True}
    nothing = desk.exchange.create_order(desk.symbol, "market", "sell", amount, None, params)
    await refused(checks, ccxt.ExchangeError, nothing)
    await desk.exchange.create_order(desk.symbol, "market", "sell", amount)
    held = await desk.until(lambda: position(desk), lambda found: found, "the position is there")
    checks.same(held["side"], "short", "side")
    order = await desk.exchange.create_order(desk.symbol, "limit", "buy", amount, prices.under(5), params)
    row = await check_listed(desk, checks, order["id"], amount, limitPrice=prices.under(5))
    checks.same(row["reduceOnly"], True, "reduce-only flag of the open order")
    await cancel(desk, checks, order["id"])
    await flatten(desk, checks)


@step("batch: place three, cancel by ids", FUTURES)
async def batch(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    wanted = [(side, price) for side, price in zip(("buy", "buy", "sell"), (4, 5, 4))]
    orders = [
        {
            "symbol": desk.symbol,
            "type": "limit",
            "side": side,
            "amount": amount,
            "price": prices.under(percent) if side == "buy" else prices.over(percent),
            "params": {"clientOrderId": desk.client_id()},
        }
        for side, percent in wanted
    ]
    placed = await desk.exchange.create_orders(orders)
    checks.same([order["status"] for order in placed], ["open"] * 3, "status of each")
    ids = [order["id"] for order in placed]
    checks.same(len(set(ids)), 3, "three ids")
    checks.that(set(ids) <= await desk.open_ids(), "all are open")
    cancelled = await desk.exchange.cancel_orders(ids, desk.symbol)
    checks.same(sorted(order["id"] for order in cancelled), sorted(ids), "ids of the cancelled orders")
    checks.same({order["status"] for order in cancelled}, {"canceled"}, "status of the cancelled orders")
    checks.that(not set(ids) & await desk.open_ids(), "none is open")


@step("cancel all", FUTURES)
async def cancel_all(desk: Desk, checks: Checks) -> None:
    placed = []
    for symbol in desk.symbols:
        prices = await desk.prices(symbol)
        order = await desk.exchange.create_order(symbol, "limit", "buy", prices.amount(), prices.under(5))
        placed.append((symbol, order["id"]))
    await desk.exchange.cancel_all_orders(desk.symbol)
    for symbol, order_id in placed:
        is_open = order_id in await desk.open_ids(symbol)
        checks.same(is_open, symbol != desk.symbol, f"only orders of {desk.symbol} are cancelled")
    await desk.exchange.cancel_all_orders()
    checks.same(await desk.exchange.fetch_open_orders(), [], "nothing is open")


@step("cancel all after a time", FUTURES)
async def cancel_all_after(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    order = await desk.exchange.create_order(desk.symbol, "limit", "buy", prices.amount(), prices.under(5))
    armed = await desk.exchange.cancel_all_orders_after(60_000)
    checks.that(armed["status"]["triggerTime"] > armed["status"]["currentTime"], "it is armed", armed["status"])
    off = await desk.exchange.cancel_all_orders_after(0)
    checks.that(str(off["status"].get("triggerTime", "0")) == "0", "it is off", off["status"])
    checks.that(order["id"] in await desk.open_ids(), "the order is still open")
    await desk.exchange.cancel_all_orders_after(1_000)
    left = await desk.until(desk.open_ids, lambda ids: order["id"] not in ids, "the switch cancels the order")
    checks.same(left, set(), "orders after the switch has acted")
    await desk.exchange.cancel_all_orders_after(0)


@step("refused: size, price, funds", FUTURES)
async def refused_orders(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    raw = desk.exchange.privatePostSendorder
    terms = {"symbol": desk.market()["id"], "side": "buy", "orderType": "lmt"}
    statuses = []
    for change in ({"size": "0"}, {"limitPrice": "-1"}, {"side": "up"}, {"orderType": "wish"}):
        fields = {**terms, "size": str(amount), "limitPrice": str(prices.under(5)), **change}
        try:
            answer = await raw(fields)
            statuses.append(answer["sendStatus"]["status"])
        except ccxt.BaseError:
            statuses.append("error")
    checks.that("placed" not in statuses, "none of them is placed", statuses)
    much = desk.amount(prices.bid, 1_000_000.0)
    await refused(checks, ccxt.ExchangeError, desk.exchange.create_order(desk.symbol, "limit", "buy", much, prices.bid))
    checks.same(await desk.open_ids(), set(), "nothing is open")
