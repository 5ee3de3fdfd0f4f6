"""Keys, signatures and nonces that are not right are refused, each with its own error."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import ccxt

from desk import Desk
from futures_orders import refused
from steps import FUTURES, SPOT, Checks, step


async def refused_for(desk: Desk, checks: Checks, key: str, secret: str, kind: type[Exception]) -> None:
    stranger = desk.connect(key, secret)
    try:
        stranger.set_markets_from_exchange(desk.exchange)
        await refused(checks, kind, stranger.fetch_balance())
        await refused(checks, kind, stranger.fetch_open_orders())
    finally:
        await stranger.close()


@step("wrong key is refused")
async def wrong_key(desk: Desk, checks: Checks) -> None:
    await refused_for(desk, checks, "unknown-key", desk.secret, ccxt.AuthenticationError)


@step("wrong signature is refused")
async def wrong_signature(desk: Desk, checks: Checks) -> None:
    # For spot ccxt has no class of its own for `EAPI:Invalid signature`.
    kind = ccxt.AuthenticationError if desk.is_futures else ccxt.ExchangeError
    await refused_for(desk, checks, desk.key, "A" * 86 + "==", kind)


@step("old nonce is refused", SPOT)
async def old_nonce(desk: Desk, checks: Checks) -> None:
    await desk.exchange.fetch_balance()
    stale = desk.connect(desk.key, desk.secret)
    stale.set_markets_from_exchange(desk.exchange)
    stale.nonce = lambda: 1
    try:
        await refused(checks, ccxt.InvalidNonce, stale.fetch_balance())
    finally:
        await stale.close()


@step("old nonce is refused", FUTURES)
async def old_nonce_header(desk: Desk, checks: Checks) -> None:
    """ccxt sends no nonce here; a client that does must not send one twice, nor one far below."""
    path = "/derivatives/api/v3/accounts"

    def call(nonce: int) -> Any:
        text = f"{nonce}{path.removeprefix('/derivatives')}"
        digest = hashlib.sha256(text.encode()).digest()
        signed = hmac.new(base64.b64decode(desk.secret), digest, hashlib.sha512).digest()
        headers = {"APIKey": desk.key, "Authent": base64.b64encode(signed).decode(), "Nonce": str(nonce)}
        url = desk.exchange.urls["api"]["private"].removesuffix("/derivatives/api/") + path
        return desk.exchange.fetch(url, "GET", headers)

    now = desk.exchange.milliseconds()
    answer = await call(now)
    checks.same(answer["result"], "success", "a new nonce")
    await refused(checks, ccxt.InvalidNonce, call(now))
    await refused(checks, ccxt.InvalidNonce, call(now - 3_600_000))
