"""Public data, checked for what any market must be: bids below asks, candles whole and in order."""

from __future__ import annotations

from typing import Any

from desk import Desk
from steps import FUTURES, SPOT, Checks, step


@step("load markets")
async def load_markets(desk: Desk, checks: Checks) -> None:
    markets = await desk.exchange.load_markets(True)
    checks.that(len(markets) > 0, "no markets")
    for symbol, market in markets.items():
        checks.that(market["base"] and market["quote"], "base and quote", symbol)
        checks.that(market["precision"]["price"] > 0 and market["precision"]["amount"] > 0, "steps", symbol)
    desk.choose()
    for symbol in desk.symbols:
        checks.same(markets[symbol]["swap"], desk.is_futures, f"kind of {symbol}")


@step("fetch time", SPOT)
async def fetch_time(desk: Desk, checks: Checks) -> None:
    first = await desk.exchange.fetch_time()
    second = await desk.exchange.fetch_time()
    checks.that(second >= first > 1_600_000_000_000, "the clock goes forward", first, second)


@step("fetch status", SPOT)
async def fetch_status(desk: Desk, checks: Checks) -> None:
    checks.same((await desk.exchange.fetch_status())["status"], "ok", "status")


@step("fetch currencies", SPOT)
async def fetch_currencies(desk: Desk, checks: Checks) -> None:
    currencies = await desk.exchange.fetch_currencies()
    for symbol in desk.symbols:
        market = desk.market(symbol)
        for code in (market["base"], market["quote"]):
            checks.that(code in currencies, "is listed", code)
            checks.that(currencies[code]["precision"] > 0, "has decimals", code)


def check_ticker(desk: Desk, checks: Checks, symbol: str, ticker: Any) -> None:
    checks.same(ticker["symbol"], symbol, "symbol")
    checks.that(0 < ticker["bid"] < ticker["ask"], "bid below ask", symbol, ticker["bid"], ticker["ask"])
    checks.that(ticker["last"] > 0, "last", ticker["last"])
    middle = (ticker["bid"] + ticker["ask"]) / 2
    checks.that(abs(ticker["last"] / middle - 1) < 0.05, "last is near the market", ticker["last"], middle)
    if desk.is_futures:
        checks.that(abs(ticker["markPrice"] / middle - 1) < 0.05, "mark is near the market", ticker["markPrice"])
    else:
        checks.that(ticker["low"] <= ticker["last"] <= ticker["high"], "last is inside the day", ticker)


@step("fetch ticker")
async def fetch_ticker(desk: Desk, checks: Checks) -> None:
    for symbol in desk.symbols:
        check_ticker(desk, checks, symbol, await desk.exchange.fetch_ticker(symbol))


@step("fetch tickers")
async def fetch_tickers(desk: Desk, checks: Checks) -> None:
    tickers = await desk.exchange.fetch_tickers(desk.symbols)
    checks.same(sorted(tickers), sorted(desk.symbols), "symbols")
    for symbol, ticker in tickers.items():
        check_ticker(desk, checks, symbol, ticker)
    everything = await desk.exchange.fetch_tickers()
    checks.that(set(desk.symbols) <= set(everything), "all tickers hold the chosen ones")


def check_book(checks: Checks, book: Any, depth: int) -> None:
    bids, asks = book["bids"], book["asks"]
    checks.that(bids and asks, "both sides have levels")
    checks.that(len(bids) >= depth and len(asks) >= depth, "levels", len(bids), len(asks), depth)
    checks.that(bids[0][0] < asks[0][0], "best bid below best ask", bids[0], asks[0])
    checks.that(all(a[0] > b[0] for a, b in zip(bids, bids[1:])), "bids fall", bids[:3])
    checks.that(all(a[0] < b[0] for a, b in zip(asks, asks[1:])), "asks rise", asks[:3])
    checks.that(all(level[1] > 0 for level in [*bids, *asks]), "amounts are above zero")


@step("fetch order book")
async def fetch_order_book(desk: Desk, checks: Checks) -> None:
    for symbol in desk.symbols:
        check_book(checks, await desk.exchange.fetch_order_book(symbol), 1)
    if not desk.is_futures:
        book = await desk.exchange.fetch_order_book(desk.symbol, 5)
        check_book(checks, book, 1)
        checks.that(len(book["bids"]) <= 5 and len(book["asks"]) <= 5, "no more levels than asked for")


def check_trades(checks: Checks, trades: list[Any], symbol: str) -> None:
    checks.that(trades, "there are trades")
    for trade in trades:
        checks.that(trade["price"] > 0 and trade["amount"] > 0, "price and amount", trade)
        checks.that(trade["side"] in ("buy", "sell"), "side", trade["side"])
        checks.same(trade["symbol"], symbol, "symbol")
    times = [trade["timestamp"] for trade in trades]
    checks.that(times == sorted(times), "trades are in order of time", times[:3], times[-3:])
    ids = [trade["id"] for trade in trades if trade["id"] is not None]
    checks.same(len(set(ids)), len(ids), "ids are different")


@step("fetch trades")
async def fetch_trades(desk: Desk, checks: Checks) -> None:
    for symbol in desk.symbols:
        trades = await desk.exchange.fetch_trades(symbol)
        check_trades(checks, trades, symbol)
    some = await desk.exchange.fetch_trades(desk.symbol, limit=3)
    checks.that(0 < len(some) <= 3, "no more trades than asked for", len(some))
    since = trades[len(trades) // 2]["timestamp"]
    later = await desk.exchange.fetch_trades(symbol, since=since)
    checks.that(later and all(trade["timestamp"] >= since for trade in later), "trades from a time on")


@step("fetch trades, recent", FUTURES)
async def fetch_recent_trades(desk: Desk, checks: Checks) -> None:
    trades = await desk.exchange.fetch_trades(desk.symbol, params={"method": "publicGetHistory"})
    check_trades(checks, trades, desk.symbol)


def check_candles(checks: Checks, candles: list[Any], frame_ms: int, is_gapless: bool = True) -> None:
    checks.that(len(candles) >= 2, "there are candles", len(candles))
    for open_time, opened, high, low, close, volume in candles:
        checks.that(low <= min(opened, close) <= max(opened, close) <= high, "the body is inside", open_time)
        checks.that(low > 0 and (volume is None or volume >= 0), "prices and volume", low, volume)
        checks.same(open_time % frame_ms, 0, "the candle begins on its frame")
    steps = {later[0] - earlier[0] for earlier, later in zip(candles, candles[1:])}
    checks.that(all(gap > 0 and gap % frame_ms == 0 for gap in steps), "candles are in order", sorted(steps))
    if is_gapless:
        checks.same(steps, {frame_ms}, "no candle is missing")


@step("fetch candles of each length")
async def fetch_candles(desk: Desk, checks: Checks) -> None:
    for timeframe in ("1m", "5m", "15m", "30m", "1h", "4h", "1d"):
        frame_ms = desk.exchange.parse_timeframe(timeframe) * 1000
        candles = await desk.exchange.fetch_ohlcv(desk.symbol, timeframe)
        check_candles(checks, candles, frame_ms)
        checks.that(len(candles) <= (2000 if desk.is_futures else 720), "the venue's limit", len(candles))


@step("fetch candles from a time on")
async def fetch_candles_since(desk: Desk, checks: Checks) -> None:
    candles = await desk.exchange.fetch_ohlcv(desk.symbol, "1m")
    closed = candles[:-1]
    since = closed[-min(20, len(closed))][0]
    again = await desk.exchange.fetch_ohlcv(desk.symbol, "1m", since, 10)
    checks.that(0 < len(again) <= 10, "no more candles than asked for", len(again))
    checks.same(again[0][0], since, "the first one is the one asked for")
    known = {candle[0]: candle for candle in closed}
    for candle in again:
        if candle[0] in known:
            checks.same(candle, known[candle[0]], "a closed candle never changes")


@step("fetch mark and index candles", FUTURES)
async def fetch_mark_candles(desk: Desk, checks: Checks) -> None:
    for price in ("mark", "index"):
        candles = await desk.exchange.fetch_ohlcv(desk.symbol, "1m", None, 20, {"price": price})
        check_candles(checks, candles, 60_000)


@step("fetch funding rates", FUTURES)
async def fetch_funding_rates(desk: Desk, checks: Checks) -> None:
    rates = await desk.exchange.fetch_funding_rates(desk.symbols)
    checks.same(sorted(rates), sorted(desk.symbols), "symbols")
    for rate in rates.values():
        checks.that(abs(rate["fundingRate"]) < 0.01, "a rate is a small fraction of the price", rate["fundingRate"])
        checks.that(rate["markPrice"] > 0 and rate["indexPrice"] > 0, "mark and index", rate)


@step("fetch funding rate history", FUTURES)
async def fetch_funding_history(desk: Desk, checks: Checks) -> None:
    history = await desk.exchange.fetch_funding_rate_history(desk.symbol)
    checks.that(history, "there is history")
    times = [row["timestamp"] for row in history]
    checks.that(times == sorted(times), "in order of time")
    checks.that(all(at % 3_600_000 == 0 for at in times), "each hour on the hour", times[:3])
    checks.that(all(abs(row["fundingRate"]) < 0.01 for row in history), "rates are small fractions")


@step("fetch leverage tiers", FUTURES)
async def fetch_leverage_tiers(desk: Desk, checks: Checks) -> None:
    tiers = await desk.exchange.fetch_leverage_tiers(desk.symbols)
    for symbol in desk.symbols:
        rows = tiers[symbol]
        checks.that(rows, "there are tiers", symbol)
        leverages = [row["maxLeverage"] for row in rows]
        checks.that(leverages == sorted(leverages, reverse=True), "larger positions have less leverage", leverages)


@step("fetch trading fees")
async def fetch_trading_fees(desk: Desk, checks: Checks) -> None:
    if desk.is_futures:
        fees = await desk.exchange.fetch_trading_fees()
        checks.that(set(desk.symbols) <= set(fees), "every market has fees", sorted(fees)[:3])
    else:
        fees = {symbol: await desk.exchange.fetch_trading_fee(symbol) for symbol in desk.symbols}
    for symbol in desk.symbols:
        checks.that(0 <= fees[symbol]["maker"] <= fees[symbol]["taker"] < 0.01, "maker below taker", fees[symbol])
