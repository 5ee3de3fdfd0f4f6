"""Times the eight indicators of smartmoneyconcepts on one CSV and writes what they found.

Usage: package.py CSV OUT RUNS WINDOW BARS [MORE_CSV…]

OUT/<indicator>.<column> gets a column as little-endian 64-bit floats (32-bit floats and integers widened,
which is exact). Standard output gets one line a measurement: what, milliseconds.
"""

import csv
import os
import statistics
import sys
import time

os.environ["SMC_CREDIT"] = "0"  # no greeting on standard output

import pandas as pd  # noqa: E402
from smartmoneyconcepts import smc  # noqa: E402

SWING_LENGTH = 5
RANGE_PERCENT = 0.01


def read(path):
    # Python reads each price as the nearest float; the fast parser of pandas may be off by the last bit.
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [float(row[name]) for row in rows] for name in ("Open", "High", "Low", "Close", "Volume")}
    return pd.DataFrame(columns, index=pd.to_datetime([row["Date"] for row in rows]))


def indicators(ohlc, swings):
    """The calls, in the order in which a user makes them: those after the first two need the swings."""
    return {
        "fvg": lambda: smc.fvg(ohlc, join_consecutive=False),
        "swing_highs_lows": lambda: smc.swing_highs_lows(ohlc, swing_length=SWING_LENGTH),
        "bos_choch": lambda: smc.bos_choch(ohlc, swings, close_break=True),
        "ob": lambda: smc.ob(ohlc, swings, close_mitigation=False),
        "liquidity": lambda: smc.liquidity(ohlc, swings, range_percent=RANGE_PERCENT),
        "previous_high_low": lambda: smc.previous_high_low(ohlc, time_frame="1D"),
        "sessions": lambda: smc.sessions(ohlc, session="London"),
        "retracements": lambda: smc.retracements(ohlc, swings),
    }


def milliseconds(call):
    start = time.perf_counter_ns()
    result = call()
    return (time.perf_counter_ns() - start) / 1e6, result


def run_all(ohlc):
    swings = smc.swing_highs_lows(ohlc, swing_length=SWING_LENGTH)
    for call in indicators(ohlc, swings).values():
        call()


def main():
    path, out, runs, window, bars = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    ohlc = read(path)
    swings = smc.swing_highs_lows(ohlc, swing_length=SWING_LENGTH)
    for name, call in indicators(ohlc, swings).items():
        took = []
        for _ in range(runs):
            elapsed, table = milliseconds(call)
            took.append(elapsed)
        for column in table.columns:
            table[column].to_numpy().astype("<f8").tofile(os.path.join(out, f"{name}.{column}"))
        print(f"indicator {name}\t{statistics.median(took)}", flush=True)
    # Live use: on each new bar everything again on the last `window` bars.
    ends = [window + step * ((len(ohlc) - window) // bars) for step in range(bars)]
    live = [milliseconds(lambda end=end: run_all(ohlc.iloc[end - window : end]))[0] for end in ends]
    print(f"live\t{statistics.median(live)}", flush=True)
    for more in map(read, sys.argv[6:]):
        print(f"total {len(more)}\t{milliseconds(lambda: run_all(more))[0]}", flush=True)


main()
