"""ccxt as it comes, with other addresses: nothing but `urls` is changed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import ccxt.pro

from steps import FUTURES


def urls(venue: str, rest: str, stream: str) -> dict[str, Any]:
    """The addresses of a venue whose REST is at `rest` and whose WebSockets are at `stream`."""
    if venue == FUTURES:
        return {
            "charts": f"{rest}/api/charts/",
            "history": f"{rest}/api/history/",
            "feeschedules": f"{rest}/api/feeschedules/",
            "public": f"{rest}/derivatives/api/",
            "private": f"{rest}/derivatives/api/",
            "ws": f"{stream}/ws/v1",
        }
    return {
        "public": rest,
        "private": rest,
        "ws": {
            "public": stream,
            "private": stream,
            "publicV2": f"{stream}/v2",
            "privateV2": f"{stream}/v2",
        },
    }


def stream_of(rest: str) -> str:
    """`ws://host:port` for `http://host:port`, `wss` for `https`."""
    parts = urlsplit(rest)
    return f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}"


def connect(venue: str, rest: str, stream: str, key: str, secret: str, pace: float) -> Any:
    """An exchange. `pace` divides ccxt's own pause between requests: the speed of the venue's clock."""
    make = getattr(ccxt.pro, venue)
    pause_ms = make().describe()["rateLimit"] / pace
    exchange = make({"apiKey": key, "secret": secret, "enableRateLimit": True, "rateLimit": pause_ms})
    exchange.urls["api"] = urls(venue, rest, stream)
    return exchange
