"""Kraken spot: balances, orders and trades of the past, the ledger, what a key may do."""

from __future__ import annotations

from desk import Desk
from spot_orders import dollars, place
from steps import SPOT, Checks, step


@step("fetch balance", SPOT)
async def fetch_balance(desk: Desk, checks: Checks) -> None:
    balance = await desk.exchange.fetch_balance()
    usd = balance["USD"]
    checks.that(usd["total"] > 0, "dollars", usd)
    checks.near(usd["free"] + usd["used"], usd["total"], "free and used", 1e-9)
    plain = (await desk.exchange.privatePostBalance())["result"]
    checks.near(float(plain["ZUSD"]), usd["total"], "the plain balance says the same")
    trade = (await desk.exchange.privatePostTradeBalance({"asset": "ZUSD"}))["result"]
    checks.that(float(trade["eb"]) >= usd["total"] * 0.999, "worth of everything", trade["eb"], usd["total"])


@step("closed orders and my trades", SPOT)
async def history(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    placed = await place(desk, checks, "market", "buy", (prices.amount(), None))
    closed = await desk.exchange.fetch_closed_orders(desk.symbol)
    row = next((order for order in closed if order["id"] == placed["id"]), None)
    checks.that(row, "the order is among the closed ones")
    checks.same(row["status"], "closed", "status")
    checks.near(row["filled"], prices.amount(), "filled")
    several = await desk.exchange.fetch_orders_by_ids([placed["id"]])
    checks.same([order["id"] for order in several], [placed["id"]], "orders by their ids")
    since = row["timestamp"] - 1_000
    trades = await desk.exchange.fetch_my_trades(desk.symbol, since)
    checks.that(any(trade["order"] == placed["id"] for trade in trades), "my trades since then")
    checks.that(all(trade["timestamp"] >= since for trade in trades), "none is older")
    await place(desk, checks, "market", "sell", (prices.amount(), None))


@step("ledger adds up to the balance", SPOT)
async def ledger(desk: Desk, checks: Checks) -> None:
    quote = desk.market()["quote"]
    known = {entry["id"] for entry in await desk.exchange.fetch_ledger(quote)}
    _, before = await dollars(desk)
    prices = await desk.prices()
    await place(desk, checks, "market", "buy", (prices.amount(), None))
    await place(desk, checks, "market", "sell", (prices.amount(), None))
    fresh = [entry for entry in await desk.exchange.fetch_ledger(quote) if entry["id"] not in known]
    checks.that(len(fresh) >= 2, "an entry for each trade", len(fresh))
    change = 0.0
    for entry in fresh:
        checks.same((entry["type"], entry["currency"]), ("trade", quote), "type and currency")
        change += entry["amount"] if entry["direction"] == "in" else -entry["amount"]
        change -= entry["fee"]["cost"]
    _, after = await dollars(desk)
    checks.that(abs((after - before) - change) < 1e-4, "the entries are the change", after - before, change)
    latest = max(fresh, key=lambda entry: entry["timestamp"])
    checks.near(latest["after"], after, "balance of the last entry", 1e-6)
    single = await desk.exchange.fetch_ledger_entry(latest["id"])
    checks.same(single["id"], latest["id"], "an entry by its id")


@step("positions: none without margin", SPOT)
async def positions(desk: Desk, checks: Checks) -> None:
    checks.same(await desk.exchange.fetch_positions(), [], "positions")


@step("what the key may do", SPOT)
async def key_info(desk: Desk, checks: Checks) -> None:
    info = (await desk.exchange.privatePostGetApiKeyInfo())["result"]
    checks.that("modify-trades" in info["permissions"], "it may trade", info)
    checks.that("withdraw-funds" not in info["permissions"], "it may not withdraw", info)
