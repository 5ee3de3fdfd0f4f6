"""Kraken spot: every order that ccxt can send, changed, cancelled and asked for."""

from __future__ import annotations

from typing import Any

import ccxt

from desk import Desk, Prices
from futures_orders import refused
from steps import SPOT, Checks, step


async def place(desk: Desk, checks: Checks, kind: str, side: str, terms: tuple[float, float | None], **params: Any) -> Any:
    """Places an order of which the answer says what it is."""
    amount, price = terms
    order = await desk.exchange.create_order(desk.symbol, kind, side, amount, price, params)
    checks.that(order["id"] and order["id"].startswith("O"), "the order has an id", order["id"])
    checks.same((order["symbol"], order["side"]), (desk.symbol, side), "market and side of the answer")
    return order


async def listed(desk: Desk, checks: Checks, order_id: str, **expected: Any) -> Any:
    """The order is open; the venue's own description says `expected`."""
    row = await desk.open_order(order_id)
    checks.that(row, "the order is open", order_id)
    checks.same(row["status"], "open", "status")
    checks.same(row["symbol"], desk.symbol, "symbol")
    descr = row["info"]["descr"]
    for name, value in expected.items():
        if isinstance(value, float):
            checks.near(float(descr[name]), value, f"{name} of the open order")
        else:
            checks.same(descr[name], value, f"{name} of the open order")
    return row


async def cancel(desk: Desk, checks: Checks, order_id: str) -> None:
    answer = await desk.exchange.cancel_order(order_id, desk.symbol)
    checks.same(str(answer["info"]["result"]["count"]), "1", "one order is cancelled")
    order = await desk.exchange.fetch_order(order_id, desk.symbol)
    checks.same(order["status"], "canceled", "status of the cancelled order")


async def dollars(desk: Desk) -> tuple[float, float]:
    """Totals of base and quote currency."""
    balance = await desk.exchange.fetch_balance()
    market = desk.market()
    return (balance.get(market["base"]) or {}).get("total") or 0.0, balance[market["quote"]]["total"]


async def stock(desk: Desk, times: float = 1.0) -> tuple[Prices, float]:
    """Buys something that can be sold."""
    prices = await desk.prices()
    await desk.exchange.create_order(desk.symbol, "market", "buy", prices.amount(times))
    return prices, prices.amount(times)


@step("limit order: place, query, cancel", SPOT)
async def limit_order(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount, price, client_id = prices.amount(), prices.under(5), desk.client_id()
    order = await place(desk, checks, "limit", "buy", (amount, price), clientOrderId=client_id)
    checks.near(order["amount"], amount, "amount of the answer")
    checks.near(order["price"], price, "price of the answer")
    row = await listed(desk, checks, order["id"], ordertype="limit", price=price, type="buy")
    checks.near(row["amount"], amount, "amount")
    checks.near(row["filled"], 0.0, "filled")
    checks.same(row["clientOrderId"], client_id, "client order id")
    asked = await desk.exchange.fetch_order(order["id"], desk.symbol)
    checks.same((asked["id"], asked["status"], asked["type"]), (order["id"], "open", "limit"), "by its id")
    mine = await desk.exchange.fetch_open_orders(desk.symbol, params={"clientOrderId": client_id})
    checks.same([found["id"] for found in mine], [order["id"]], "by its client order id")
    await cancel(desk, checks, order["id"])
    closed = await desk.exchange.fetch_closed_orders(desk.symbol)
    checks.that(order["id"] in {found["id"] for found in closed}, "among the closed orders")
    await refused(checks, ccxt.OrderNotFound, desk.exchange.cancel_order(order["id"], desk.symbol))


@step("limit order: funds are held", SPOT)
async def held_funds(desk: Desk, checks: Checks) -> None:
    quote = desk.market()["quote"]
    free = (await desk.exchange.fetch_balance())[quote]["free"]
    prices = await desk.prices()
    amount, price = prices.amount(), prices.under(5)
    order = await place(desk, checks, "limit", "buy", (amount, price))
    balance = (await desk.exchange.fetch_balance())[quote]
    checks.that(balance["used"] >= amount * price * 0.9999, "the price is held", balance["used"], amount * price)
    checks.near(balance["total"] - balance["used"], balance["free"], "free is what is not held", 1e-6)
    await cancel(desk, checks, order["id"])
    checks.near((await desk.exchange.fetch_balance())[quote]["free"], free, "free again", 1e-9)


@step("client order id: once among open orders", SPOT)
async def client_ids(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    terms, params = (prices.amount(), prices.under(6)), {"clientOrderId": desk.client_id()}
    first = await place(desk, checks, "limit", "buy", terms, **params)
    twice = desk.exchange.create_order(desk.symbol, "limit", "buy", *terms, params)
    await refused(checks, ccxt.ExchangeError, twice)
    answer = await desk.exchange.cancel_order("", desk.symbol, params)
    checks.same(str(answer["info"]["result"]["count"]), "1", "cancelled by its client order id")
    second = await place(desk, checks, "limit", "buy", terms, **params)
    checks.that(second["id"] != first["id"], "the id is free again once its order has ended")
    await cancel(desk, checks, second["id"])


@step("limit order: amend price and amount", SPOT)
async def amend_order(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    order = await place(desk, checks, "limit", "buy", (prices.amount(), prices.under(5)))
    more, lower = prices.amount(2), prices.under(7)
    edited = await desk.exchange.edit_order(order["id"], desk.symbol, "limit", "buy", more, lower)
    checks.that(edited["info"]["amend_id"], "the amendment has an id")
    row = await listed(desk, checks, order["id"], price=lower)
    checks.near(row["amount"], more, "amount after the amendment")
    await cancel(desk, checks, order["id"])
    gone = desk.exchange.edit_order(order["id"], desk.symbol, "limit", "buy", more, lower)
    await refused(checks, ccxt.InvalidOrder, gone)


@step("edit by the older request: a new id", SPOT)
async def older_edit(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    order = await place(desk, checks, "limit", "buy", (amount, prices.under(5)))
    request = {"txid": order["id"], "pair": desk.market()["id"], "volume": str(amount), "price": str(prices.under(6))}
    result = (await desk.exchange.privatePostEditOrder(request))["result"]
    checks.same(result["originaltxid"], order["id"], "the old id")
    checks.that(result["txid"] != order["id"], "a new id")
    await listed(desk, checks, result["txid"], price=prices.under(6))
    old = await desk.exchange.fetch_order(order["id"], desk.symbol)
    checks.same(old["status"], "canceled", "status of the old order")
    await cancel(desk, checks, result["txid"])


@step("post-only order: rests or is refused", SPOT)
async def post_only(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    order = await place(desk, checks, "limit", "buy", (amount, prices.under(4)), postOnly=True)
    row = await listed(desk, checks, order["id"], ordertype="limit")
    checks.same(row["postOnly"], True, "post-only flag")
    await cancel(desk, checks, order["id"])
    base, _ = await dollars(desk)
    try:
        crossing = await desk.exchange.create_order(
            desk.symbol, "limit", "buy", amount, prices.over(0.5), {"postOnly": True}
        )
    except ccxt.ExchangeError as error:
        checks.that("Post only" in str(error), "the reason", str(error))
    else:
        ended = await desk.exchange.fetch_order(crossing["id"], desk.symbol)
        checks.same(ended["status"], "canceled", "status of the crossing order")
    checks.near((await dollars(desk))[0], base, "nothing was bought")


@step("time in force: IOC, FOK, GTD", SPOT)
async def time_in_force(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    for word in ("IOC", "FOK"):
        far = await place(desk, checks, "limit", "buy", (amount, prices.under(5)), timeInForce=word)
        ended = await desk.exchange.fetch_order(far["id"], desk.symbol)
        checks.that(ended["status"] in ("canceled", "expired"), f"a far {word} order ends", ended["status"])
        near = await place(desk, checks, "limit", "buy", (amount, prices.over(0.5)), timeInForce=word)
        filled = await desk.exchange.fetch_order(near["id"], desk.symbol)
        checks.same(filled["status"], "closed", f"a near {word} order fills")
        checks.near(filled["filled"], amount, "filled")
    order = await place(
        desk, checks, "limit", "buy", (amount, prices.under(5)), timeInForce="GTD", expiretm="+3"
    )

    async def read() -> Any:
        return await desk.exchange.fetch_order(order["id"], desk.symbol)

    await desk.until(read, lambda found: found["status"] == "expired", "the order expires")
    # Twice the amount, not the amount of twice the value: that may be a step more.
    await place(desk, checks, "market", "sell", (float(desk.exchange.amount_to_precision(desk.symbol, 2 * amount)), None))


@step("market order: trade, balances, fee", SPOT)
async def market_order(desk: Desk, checks: Checks) -> None:
    market = desk.market()
    taker = (await desk.exchange.fetch_trading_fee(desk.symbol))["taker"]
    prices = await desk.prices()
    amount = prices.amount()
    base, quote = await dollars(desk)
    placed = await place(desk, checks, "market", "buy", (amount, None))
    order = await desk.exchange.fetch_order(placed["id"], desk.symbol)
    checks.same((order["status"], order["type"]), ("closed", "market"), "status and type")
    checks.near(order["filled"], amount, "filled")
    checks.that(abs(order["average"] / prices.ask - 1) < 0.02, "price", order["average"], prices.ask)
    cost, fee = amount * order["average"], float(order["fee"]["cost"])
    checks.near(order["cost"], cost, "cost", 1e-6)
    checks.near(fee, cost * taker, "fee", 1e-3)
    checks.same(order["fee"]["currency"], market["quote"], "currency of the fee")
    more, less = await dollars(desk)
    checks.near(more - base, amount, "base currency has come", 1e-6)
    checks.near(quote - less, cost + fee, "quote currency has gone", 1e-6)
    trades = [row for row in await desk.exchange.fetch_my_trades(desk.symbol) if row["order"] == placed["id"]]
    checks.near(sum(row["amount"] for row in trades), amount, "amount of my trades")
    checks.near(sum(float(row["fee"]["cost"]) for row in trades), fee, "fee of my trades", 1e-6)
    checks.that(all(row["takerOrMaker"] == "taker" for row in trades), "role")
    told = await desk.exchange.fetch_order_trades(placed["id"], desk.symbol, params={"trades": order["trades"]})
    checks.same({row["id"] for row in told}, {row["id"] for row in trades}, "trades of the order")
    await place(desk, checks, "market", "sell", (amount, None))
    checks.near((await dollars(desk))[0], base, "base currency is sold", 1e-6)


@step("market order by cost", SPOT)
async def by_cost(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    base, _ = await dollars(desk)
    cost = prices.amount() * prices.ask
    placed = await desk.exchange.create_market_buy_order_with_cost(desk.symbol, round(cost, 2))
    order = await desk.exchange.fetch_order(placed["id"], desk.symbol)
    checks.same(order["status"], "closed", "status")
    # Whole steps are bought, as many as the money buys at the price of that moment.
    bought = (await dollars(desk))[0] - base
    part = desk.step_share(bought) + 1e-6
    checks.near(order["cost"], cost, "cost", part)
    checks.that(order["cost"] <= cost * (1 + 1e-9), "no more is spent than was said", order["cost"], cost)
    checks.near(bought * order["average"], order["cost"], "worth of what was bought", 1e-6)
    await place(desk, checks, "market", "sell", (float(desk.exchange.amount_to_precision(desk.symbol, bought)), None))


@step("limit order that crosses fills", SPOT)
async def crossing(desk: Desk, checks: Checks) -> None:
    prices, amount = await stock(desk)
    placed = await place(desk, checks, "limit", "sell", (amount, prices.under(1)))
    order = await desk.exchange.fetch_order(placed["id"], desk.symbol)
    checks.same(order["status"], "closed", "status")
    checks.that(order["average"] >= prices.under(1), "at its limit or better", order["average"])
    checks.that(order["average"] > prices.under(0.5), "at the market, not at its limit", order["average"])


@step("batch: place three, cancel by ids", SPOT)
async def batch(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    orders = [
        {"symbol": desk.symbol, "type": "limit", "side": "buy", "amount": prices.amount(), "price": prices.under(p)}
        for p in (4, 5, 6)
    ]
    placed = await desk.exchange.create_orders(orders)
    ids = [order["id"] for order in placed]
    checks.same(len(set(ids)), 3, "three ids")
    checks.that(set(ids) <= await desk.open_ids(), "all are open")
    answer = await desk.exchange.cancel_orders(ids, desk.symbol)
    checks.same(str(answer[0]["info"]["result"]["count"]), "3", "three are cancelled")
    checks.same(await desk.open_ids(), set(), "none is open")


@step("cancel all", SPOT)
async def cancel_all(desk: Desk, checks: Checks) -> None:
    for symbol in desk.symbols:
        prices = await desk.prices(symbol)
        await desk.exchange.create_order(symbol, "limit", "buy", prices.amount(), prices.under(5))
    checks.same(len(await desk.exchange.fetch_open_orders()), len(desk.symbols), "open orders")
    answer = await desk.exchange.cancel_all_orders()
    checks.same(str(answer[0]["info"]["result"]["count"]), str(len(desk.symbols)), "all are cancelled")
    checks.same(await desk.exchange.fetch_open_orders(), [], "nothing is open")


@step("cancel all after a time", SPOT)
async def cancel_all_after(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    order = await place(desk, checks, "limit", "buy", (prices.amount(), prices.under(5)))
    armed = (await desk.exchange.cancel_all_orders_after(60_000))["result"]
    checks.that(armed["triggerTime"] > armed["currentTime"], "it is armed", armed)
    off = (await desk.exchange.cancel_all_orders_after(0))["result"]
    checks.same(str(off["triggerTime"]), "0", "it is off")
    checks.that(order["id"] in await desk.open_ids(), "the order is still open")
    await desk.exchange.cancel_all_orders_after(1_000)
    await desk.until(desk.open_ids, lambda ids: order["id"] not in ids, "the switch cancels the order")
    await desk.exchange.cancel_all_orders_after(0)


@step("refused: minimum, funds, pair, tick, arguments", SPOT)
async def refused_orders(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    raw, pair = desk.exchange.privatePostAddOrder, desk.market()["id"]
    terms = {"pair": pair, "type": "buy", "ordertype": "limit", "price": str(prices.under(5))}
    terms["volume"] = str(prices.amount())
    small = desk.market()["limits"]["amount"]["min"] / 10
    for change, kind in (
        ({"volume": f"{small:.10f}"}, ccxt.InvalidOrder),
        ({"pair": "NOSUCHPAIR"}, ccxt.ExchangeError),
        ({"price": f"{prices.under(5)}123456789"}, ccxt.ExchangeError),
        ({"ordertype": "wish"}, ccxt.ExchangeError),
        ({"type": "up"}, ccxt.ExchangeError),
        ({"deadline": "2020-01-01T00:00:00Z"}, ccxt.ExchangeError),
    ):
        try:
            answer = await raw({**terms, **change})
            checks.that(False, f"{change} must be refused", answer)
        except kind as error:
            checks.that(True, str(error))
    much = desk.amount(prices.bid, 1_000_000.0)
    lavish = desk.exchange.create_order(desk.symbol, "limit", "buy", much, prices.bid)
    await refused(checks, ccxt.InsufficientFunds, lavish)
    checked = await raw({**terms, "validate": "true"})
    checks.that("txid" not in checked["result"], "a validated order has no id", checked)
    checks.same(await desk.open_ids(), set(), "nothing is open")
