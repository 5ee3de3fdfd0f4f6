"""Proves an exchange with ccxt: every step by name, a line for each, and JSON with `--json`.

    python prove.py --venue krakenfutures --url http://127.0.0.1:8090 --key K --secret S --seed 7
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys

# Importing registers the steps, in this order.
import market_data  # noqa: F401  isort: skip
import refusals  # noqa: F401  isort: skip
import futures_orders  # noqa: F401  isort: skip
import futures_triggers  # noqa: F401  isort: skip
import futures_account  # noqa: F401  isort: skip
import futures_queries  # noqa: F401  isort: skip
import spot_orders  # noqa: F401  isort: skip
import spot_triggers  # noqa: F401  isort: skip
import spot_account  # noqa: F401  isort: skip
import spot_queries  # noqa: F401  isort: skip
import streams  # noqa: F401  isort: skip
import bad_days  # noqa: F401  isort: skip

from desk import Desk
from exchange import connect, stream_of
from steps import BOTH, Result, chosen, run_step

FAILED = 1
USAGE = 2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venue", required=True, choices=BOTH)
    parser.add_argument("--url", required=True, help="address of the REST interface, without a path")
    parser.add_argument("--ws", help="address of the WebSockets, without a path; else from --url")
    parser.add_argument("--key", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--seed", type=int, default=1, help="chooses markets, ids and amounts")
    parser.add_argument("--markets", type=int, default=2, help="how many markets are traded")
    parser.add_argument("--symbols", help="markets to trade, with commas, instead of the seed's choice")
    parser.add_argument("--pace", type=float, default=1.0, help="speed of the venue's clock")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds that a change may take")
    parser.add_argument("--faults", action="store_true", help="the steps for a venue that has faults")
    parser.add_argument("--only", action="append", default=[], help="name of a step, with * for anything")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end, no lines")
    parser.add_argument("--label", default="", help="what each line begins with")
    parser.add_argument("--list", action="store_true", help="names the steps")
    return parser.parse_args()


async def prove(options: argparse.Namespace) -> list[Result]:
    rest = options.url.rstrip("/")
    stream = (options.ws or stream_of(rest)).rstrip("/")

    def another(key: str, secret: str) -> object:
        return connect(options.venue, rest, stream, key, secret, options.pace)

    desk = Desk(
        venue=options.venue,
        exchange=another(options.key, options.secret),
        rest=rest,
        connect=another,
        key=options.key,
        secret=options.secret,
        rng=random.Random(options.seed),
        pace=options.pace,
        markets_wanted=options.markets,
        patience_s=options.patience,
        named=options.symbols.split(",") if options.symbols else [],
    )
    steps = chosen(options.venue, options.only, options.faults)
    if options.only and not options.faults and not any(found.name == "load markets" for found in steps):
        steps = [*chosen(options.venue, ["load markets"], False), *steps]
    results = []
    try:
        for found in steps:
            result = await run_step(found, desk)
            results.append(result)
            if not options.json:
                print(f"{options.label}{result.line()}", flush=True)
            if not result.ok and desk.symbols:
                await desk.tidy_up()
    finally:
        await desk.exchange.close()
    return results


def main() -> int:
    options = arguments()
    if options.list:
        for found in chosen(options.venue, options.only, options.faults):
            print(found.name)
        return 0
    results = asyncio.run(prove(options))
    failed = [result.step for result in results if not result.ok]
    if not results:
        print("error: no step has such a name", file=sys.stderr)
        return USAGE
    if options.json:
        report = {
            "venue": options.venue,
            "seed": options.seed,
            "passed": len(results) - len(failed),
            "failed": failed,
            "steps": [result.as_json() for result in results],
        }
        print(json.dumps(report, indent=2))
    else:
        checks = sum(result.checks for result in results)
        seconds = sum(result.seconds for result in results)
        passed = f"{len(results) - len(failed)} of {len(results)} steps passed"
        print(f"{options.label}{passed}, {checks} checks, {seconds:.0f} s", flush=True)
    return FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(main())
