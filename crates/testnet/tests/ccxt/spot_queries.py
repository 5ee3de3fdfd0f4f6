"""Kraken spot: everything else that ccxt says this venue has, with the options that a caller may give."""

from __future__ import annotations

import ccxt

from desk import Desk
from futures_orders import refused
from spot_orders import cancel, listed, place, stock
from steps import SPOT, Checks, step


@step("orders by their short names", SPOT)
async def short_names(desk: Desk, checks: Checks) -> None:
    exchange, symbol = desk.exchange, desk.symbol
    prices, amount = await stock(desk, 2)
    half = prices.amount()
    order = await exchange.create_limit_order(symbol, "buy", half, prices.under(5))
    await listed(desk, checks, order["id"], ordertype="limit", price=prices.under(5))
    await cancel(desk, checks, order["id"])
    offset = desk.price(prices.bid * 0.05)
    order = await exchange.create_trailing_amount_order(symbol, "market", "sell", half, None, offset)
    await listed(desk, checks, order["id"], ordertype="trailing-stop")
    await cancel(desk, checks, order["id"])
    order = await exchange.create_trailing_percent_order(symbol, "market", "sell", half, None, 5)
    await listed(desk, checks, order["id"], ordertype="trailing-stop")
    await cancel(desk, checks, order["id"])
    order = await exchange.create_market_order(symbol, "sell", amount)
    row = await exchange.fetch_order(order["id"], symbol)
    checks.same((row["status"], row["side"]), ("closed", "sell"), "status and side")
    cost = round(half * prices.ask, 2)
    order = await exchange.create_market_order_with_cost(symbol, "buy", cost)
    row = await exchange.fetch_order(order["id"], symbol)
    checks.that(0 < row["cost"] <= cost, "a purchase by cost", row["cost"], cost)
    await exchange.create_market_order(symbol, "sell", row["filled"])


@step("trailing stop: amend its distance", SPOT)
async def amend_trail(desk: Desk, checks: Checks) -> None:
    prices, amount = await stock(desk)
    order = await place(desk, checks, "market", "sell", (amount, None), trailingPercent="5")
    params = {"trailingPercent": "8%", "offset": "+"}
    await desk.exchange.edit_order(order["id"], desk.symbol, "market", "sell", amount, None, params)
    row = await listed(desk, checks, order["id"], ordertype="trailing-stop")
    stop = float(row["info"]["stopprice"])
    checks.that(abs(stop / (prices.bid * 0.92) - 1) < 0.02, "the stop is further away", stop, prices.bid)
    checks.that(row["info"]["descr"]["price"].startswith("+8"), "the distance is shown", row["info"]["descr"])
    await cancel(desk, checks, order["id"])
    await place(desk, checks, "market", "sell", (amount, None))


@step("past orders and trades: since, limit", SPOT)
async def past(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    prices = await desk.prices()
    amount = prices.amount()
    bought = await place(desk, checks, "market", "buy", (amount, None))
    sold = await place(desk, checks, "market", "sell", (amount, None))
    closed = await exchange.fetch_closed_orders(desk.symbol)
    ids = [order["id"] for order in closed]
    checks.that({bought["id"], sold["id"]} <= set(ids), "both are closed", ids[-3:])
    start = next(order["timestamp"] for order in closed if order["id"] == bought["id"])
    later = await exchange.fetch_closed_orders(desk.symbol, start, 1)
    checks.that(len(later) == 1 and later[0]["timestamp"] >= start, "since and limit", later)
    trades = await exchange.fetch_my_trades(None, start)
    checks.that({bought["id"], sold["id"]} <= {trade["order"] for trade in trades}, "trades of all markets")
    few = await exchange.fetch_my_trades(desk.symbol, start, 1)
    checks.same(len(few), 1, "limit of my trades")
    single = (await exchange.privatePostQueryTrades({"txid": few[0]["id"]}))["result"]
    checks.same(list(single), [few[0]["id"]], "a trade by its id")
    unknown = exchange.fetch_order("OAAAAA-BBBBB-CCCCCC", desk.symbol)
    await refused(checks, ccxt.InvalidOrder, unknown)


@step("ledger: since, limit, all assets", SPOT)
async def ledger(desk: Desk, checks: Checks) -> None:
    exchange, market = desk.exchange, desk.market()
    _, amount = await stock(desk)
    await place(desk, checks, "market", "sell", (amount, None))
    everything = await exchange.fetch_ledger()
    codes = {entry["currency"] for entry in everything}
    checks.that({market["base"], market["quote"]} <= codes, "both sides of a trade", codes)
    since = everything[-1]["timestamp"]
    some = await exchange.fetch_ledger(market["quote"], since, 1)
    checks.same(len(some), 1, "limit")
    checks.that(all(entry["timestamp"] >= since for entry in some), "since", some)


@step("deposits and withdrawals are listed", SPOT)
async def transfers(desk: Desk, checks: Checks) -> None:
    exchange, code = desk.exchange, desk.market()["base"]
    checks.same(await exchange.fetch_deposits(code), [], "deposits")
    checks.same(await exchange.fetch_withdrawals(code), [], "withdrawals")
    methods = await exchange.fetch_deposit_methods(code)
    checks.that(methods and methods[0]["method"], "a way to deposit", methods)
    address = await exchange.fetch_deposit_address(code)
    checks.same(address["currency"], code, "currency of the address")
    checks.that(address["address"], "an address", address)
    # The key may trade and nothing else. Some currencies would need a tag beside the address.
    params = {"key": "somewhere", "tag": "1"}
    withdrawal = exchange.withdraw(code, 1.0, "somewhere", params)
    await refused(checks, ccxt.PermissionDenied, withdrawal)
    await refused(checks, ccxt.PermissionDenied, exchange.transfer(code, 1.0, "spot", "future"))


@step("candles of fifteen days", SPOT)
async def fortnights(desk: Desk, checks: Checks) -> None:
    rows = await desk.exchange.fetch_ohlcv(desk.symbol, "2w")
    step_ms = 15 * 86_400_000
    checks.that(len(rows) >= 2, "there are candles", len(rows))
    checks.same({later[0] - row[0] for row, later in zip(rows, rows[1:])}, {step_ms}, "no gap")
    days = await desk.exchange.fetch_ohlcv(desk.symbol, "1d")
    inside = [day for day in days if rows[-1][0] <= day[0]]
    checks.same(rows[-1][2], max(day[2] for day in inside), "the highest price of its days")


@step("margin: refused on a pair without it", SPOT)
async def margin(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    checks.same(desk.market()["margin"], False, "the pair has no margin")
    order = desk.exchange.create_order(
        desk.symbol, "limit", "buy", prices.amount(), prices.under(5), {"leverage": 2}
    )
    await refused(checks, ccxt.ExchangeError, order)
    reduce = desk.exchange.create_order(
        desk.symbol, "limit", "sell", prices.amount(), prices.over(5), {"reduceOnly": True}
    )
    await refused(checks, ccxt.ExchangeError, reduce)
