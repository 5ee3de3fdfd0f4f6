"""Kraken Futures: wallets, leverage, history of orders, the account's log."""

from __future__ import annotations

from desk import Desk
from futures_orders import flatten, position
from steps import FUTURES, Checks, step


@step("fetch balance", FUTURES)
async def fetch_balance(desk: Desk, checks: Checks) -> None:
    balance = await desk.exchange.fetch_balance()
    usd = balance["USD"]
    checks.that(usd["total"] > 0 and usd["free"] > 0, "dollars", usd)
    flex = balance["info"]["accounts"]["flex"]
    checks.near(float(flex["portfolioValue"]), usd["total"], "worth of the account", 0.5)
    checks.that(float(flex["availableMargin"]) <= float(flex["marginEquity"]) + 1e-9, "available margin", flex)
    cash = await desk.exchange.fetch_balance({"type": "cash"})
    checks.that("info" in cash, "the cash wallet is there")


@step("margin follows the position", FUTURES)
async def margin(desk: Desk, checks: Checks) -> None:
    async def used() -> float:
        balance = await desk.exchange.fetch_balance()
        return float(balance["info"]["accounts"]["flex"]["initialMargin"])

    checks.near(await used(), 0.0, "initial margin while flat")
    prices = await desk.prices()
    amount = prices.amount()
    await desk.exchange.create_order(desk.symbol, "market", "buy", amount)
    await desk.until(lambda: position(desk), lambda found: found, "the position is there")
    tiers = await desk.exchange.fetch_leverage_tiers([desk.symbol])
    least = amount * prices.bid / tiers[desk.symbol][0]["maxLeverage"]
    checks.near(await used(), least, "initial margin of the position", 0.02)
    await flatten(desk, checks)
    checks.near(await used(), 0.0, "initial margin after it")


@step("leverage: set, fetch, back to cross", FUTURES)
async def leverage(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    await exchange.set_leverage(3, desk.symbol)
    found = await exchange.fetch_leverage(desk.symbol)
    checks.same((found["longLeverage"], found["symbol"]), (3, desk.symbol), "leverage of the market")
    everything = await exchange.fetch_leverages()
    checks.same(everything[desk.symbol]["longLeverage"], 3, "leverage in the list")
    await exchange.privatePutLeveragepreferences({"symbol": desk.market()["id"]})
    everything = await exchange.fetch_leverages()
    checks.that(desk.symbol not in everything, "a cross market is not listed", list(everything))


@step("closed and cancelled orders", FUTURES)
async def ended_orders(desk: Desk, checks: Checks) -> None:
    exchange = desk.exchange
    prices = await desk.prices()
    amount = prices.amount()
    resting = await exchange.create_order(desk.symbol, "limit", "buy", amount, prices.under(5))
    await exchange.cancel_order(resting["id"], desk.symbol)
    params = {"triggerPrice": prices.over(5), "triggerSignal": "mark"}
    stop = await exchange.create_order(desk.symbol, "market", "buy", amount, None, params)
    await exchange.cancel_order(stop["id"], desk.symbol)
    filled = await exchange.create_order(desk.symbol, "limit", "buy", amount, prices.over(0.5))
    await flatten(desk, checks)

    async def ids(fetch: object, **options: object) -> set[str]:
        return {order["id"] for order in await fetch(desk.symbol, None, None, options)}

    found = await desk.until(
        lambda: ids(exchange.fetch_canceled_orders), lambda ids: resting["id"] in ids, "the cancelled order"
    )
    checks.that(filled["id"] not in found, "a filled order is not cancelled")
    await desk.until(
        lambda: ids(exchange.fetch_canceled_orders, trigger=True), lambda ids: stop["id"] in ids, "the stop"
    )
    found = await desk.until(
        lambda: ids(exchange.fetch_closed_orders), lambda ids: filled["id"] in ids, "the filled order"
    )
    checks.that(resting["id"] not in found, "a cancelled order is not filled")


@step("ledger adds up to the balance", FUTURES)
async def ledger(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    before = (await desk.exchange.fetch_balance())["USD"]["total"]
    known = {entry["id"] for entry in await desk.exchange.fetch_ledger("USD")}
    await desk.exchange.create_order(desk.symbol, "market", "buy", amount)
    await flatten(desk, checks)
    entries = await desk.exchange.fetch_ledger("USD")
    fresh = [entry for entry in entries if entry["id"] not in known]
    checks.that(len(fresh) >= 2, "an entry for each fill", len(fresh))
    change = 0.0
    for entry in fresh:
        checks.that(entry["type"] in ("trade", "fee"), "type", entry["type"])
        change += entry["amount"] if entry["direction"] == "in" else -entry["amount"]
        change -= entry["fee"]["cost"] or 0.0
    after = (await desk.exchange.fetch_balance())["USD"]["total"]
    checks.that(abs((after - before) - change) < 1e-6, "the entries are the change", after - before, change)


@step("positions history", FUTURES)
async def positions_history(desk: Desk, checks: Checks) -> None:
    prices = await desk.prices()
    amount = prices.amount()
    await desk.exchange.create_order(desk.symbol, "market", "buy", amount)
    await flatten(desk, checks)
    closed = await desk.exchange.fetch_positions_history([desk.symbol])
    checks.that(closed, "a closed position is told")
    last = max(closed, key=lambda row: row["timestamp"])
    checks.same((last["symbol"], last["side"]), (desk.symbol, "long"), "market and side")
    checks.near(last["contracts"], amount, "size")


@step("several positions at once", FUTURES)
async def several_positions(desk: Desk, checks: Checks) -> None:
    sizes = {}
    for number, symbol in enumerate(desk.symbols):
        prices = await desk.prices(symbol)
        side = "buy" if number % 2 == 0 else "sell"
        sizes[symbol] = (side, prices.amount())
        await desk.exchange.create_order(symbol, "market", side, sizes[symbol][1])
    for symbol, (side, amount) in sizes.items():
        held = await desk.until(lambda name=symbol: position(desk, name), lambda found: found, symbol)
        checks.same(held["side"], "long" if side == "buy" else "short", f"side of {symbol}")
        checks.near(held["contracts"], amount, f"size of {symbol}")
    for symbol, (side, amount) in sizes.items():
        back = "sell" if side == "buy" else "buy"
        await desk.exchange.create_order(symbol, "market", back, amount, None, {"reduceOnly": True})
    checks.same(await desk.exchange.fetch_positions(), [], "no position is left")
