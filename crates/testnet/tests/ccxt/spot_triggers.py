"""Kraken spot: orders that wait for a price, hide a part, or bring another one along."""

from __future__ import annotations

from typing import Any

from desk import Desk
from spot_orders import cancel, listed, place, stock
from steps import SPOT, Checks, step


@step("stop-loss and take-profit", SPOT)
async def conditional(desk: Desk, checks: Checks) -> None:
    prices, amount = await stock(desk)
    for name, kind, trigger in (
        ("stopLossPrice", "stop-loss", prices.under(5)),
        ("takeProfitPrice", "take-profit", prices.over(5)),
    ):
        for signal in ("last", "index"):
            params = {name: trigger, "trigger": signal}
            order = await place(desk, checks, "market", "sell", (amount, None), **params)
            row = await listed(desk, checks, order["id"], ordertype=kind, price=trigger)
            checks.near(row[name], trigger, "trigger price as ccxt reads it")
            checks.same(row["info"]["trigger"], signal, "trigger signal")
            await cancel(desk, checks, order["id"])
    await place(desk, checks, "market", "sell", (amount, None))


@step("stop-loss-limit and take-profit-limit", SPOT)
async def conditional_limit(desk: Desk, checks: Checks) -> None:
    prices, amount = await stock(desk)
    for name, kind, trigger, limit in (
        ("stopLossPrice", "stop-loss-limit", prices.under(5), prices.under(6)),
        ("takeProfitPrice", "take-profit-limit", prices.over(5), prices.over(4)),
    ):
        order = await place(desk, checks, "limit", "sell", (amount, limit), **{name: trigger})
        row = await listed(desk, checks, order["id"], ordertype=kind, price=trigger, price2=limit)
        checks.near(row["price"], limit, "limit price as ccxt reads it")
        await cancel(desk, checks, order["id"])
    await place(desk, checks, "market", "sell", (amount, None))


@step("stop-loss: amend its trigger", SPOT)
async def amend_trigger(desk: Desk, checks: Checks) -> None:
    prices, amount = await stock(desk)
    order = await place(desk, checks, "market", "sell", (amount, None), stopLossPrice=prices.under(5))
    params = {"stopLossPrice": prices.under(7)}
    await desk.exchange.edit_order(order["id"], desk.symbol, "market", "sell", amount, None, params)
    await listed(desk, checks, order["id"], ordertype="stop-loss", price=prices.under(7))
    await cancel(desk, checks, order["id"])
    await place(desk, checks, "market", "sell", (amount, None))


@step("stop-loss and take-profit fire", SPOT)
async def fire(desk: Desk, checks: Checks) -> None:
    for name, is_over in (("stopLossPrice", True), ("takeProfitPrice", False)):
        prices, amount = await stock(desk)
        # On the wrong side of the market: it fires at once.
        trigger = prices.over(2) if is_over else prices.under(2)
        order = await place(desk, checks, "market", "sell", (amount, None), **{name: trigger})

        async def read(order_id: str = order["id"]) -> Any:
            return await desk.exchange.fetch_order(order_id, desk.symbol)

        ended = await desk.until(read, lambda found: found["status"] == "closed", "the order fires and fills")
        checks.near(ended["filled"], amount, "filled")
        checks.that(abs(ended["average"] / prices.bid - 1) < 0.03, "price", ended["average"], prices.bid)


@step("trailing stops: amount, percent, limit", SPOT)
async def trailing(desk: Desk, checks: Checks) -> None:
    prices, amount = await stock(desk)
    offset = desk.price(prices.bid * 0.05)
    for params, kind in (
        ({"trailingAmount": str(offset)}, "trailing-stop"),
        ({"trailingPercent": "5"}, "trailing-stop"),
        ({"trailingAmount": str(offset), "trailingLimitAmount": str(offset)}, "trailing-stop-limit"),
        ({"trailingPercent": "5", "trailingLimitPercent": "1"}, "trailing-stop-limit"),
    ):
        order = await place(desk, checks, "market", "sell", (amount, None), **params)
        row = await listed(desk, checks, order["id"], ordertype=kind)
        offset_seen = row["info"]["descr"]["price"]
        checks.that(offset_seen.startswith("+"), "the offset is shown", offset_seen)
        checks.same(offset_seen.endswith("%"), "trailingPercent" in params, "percent or amount")
        stop = float(row["info"]["stopprice"])
        checks.that(abs(stop / (prices.bid * 0.95) - 1) < 0.02, "the stop trails the market", stop, prices.bid)
        await cancel(desk, checks, order["id"])
    await place(desk, checks, "market", "sell", (amount, None))


@step("iceberg order", SPOT)
async def iceberg(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    # Of a coin with large steps even this is much money.
    amount, shown = prices.amount(3), prices.amount()
    raw = {
        "pair": desk.market()["id"],
        "type": "buy",
        "ordertype": "iceberg",
        "volume": str(amount),
        "displayvol": str(shown),
        "price": str(prices.under(5)),
    }
    answer = (await desk.exchange.privatePostAddOrder(raw))["result"]
    order_id = answer["txid"][0]
    row = await listed(desk, checks, order_id, ordertype="iceberg", price=prices.under(5))
    checks.near(row["amount"], amount, "amount")
    await cancel(desk, checks, order_id)


@step("conditional close: an order behind the order", SPOT)
async def conditional_close(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    close = {"ordertype": "stop-loss", "price": prices.under(6)}
    await place(desk, checks, "limit", "buy", (amount, prices.over(0.5)), close=close)

    async def behind() -> Any:
        orders = await desk.exchange.fetch_open_orders(desk.symbol)
        return next((order for order in orders if order["side"] == "sell"), None)

    row = await desk.until(behind, lambda found: found, "the closing order is placed")
    checks.near(row["stopLossPrice"], prices.under(6), "trigger of the closing order")
    checks.near(row["amount"], amount, "amount of the closing order")
    await cancel(desk, checks, row["id"])
    await place(desk, checks, "market", "sell", (amount, None))
