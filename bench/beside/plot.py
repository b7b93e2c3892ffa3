"""The bench's figures as a picture and a table.

`python bench/beside/plot.py docs/performance.json docs/performance.svg`
One panel for each gap: seconds over candidates, both on scales of tens, a line for each solver; a hollow point is one
that did not meet the gap in every run. The table of the same figures is printed.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

COLOURS = {"roadmap": "#0b6e4f", "PuLP+CBC": "#c8553d", "highspy": "#3d5a98", "CP-SAT": "#8a7090"}
WIDTH, HEIGHT, LEFT, TOP, BETWEEN = 260, 240, 60, 40, 50


def _panel(number: int, gap: float, found: list[dict[str, Any]]) -> list[str]:
    sizes = sorted({one["size"] for one in found})
    left = LEFT + number * (WIDTH + BETWEEN)
    widest = max(1e-9, math.log10(sizes[-1] / sizes[0]))
    seconds = [one["medians"][name]["total_s"] for one in found for name in one["medians"]]
    lowest, highest = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))

    def at(size: float, taken: float) -> tuple[float, float]:
        x = left + WIDTH * math.log10(size / sizes[0]) / widest
        return x, TOP + HEIGHT * (highest - math.log10(taken)) / max(1, highest - lowest)

    out = [f'<text x="{left + WIDTH / 2}" y="{TOP - 14}" text-anchor="middle">gap {gap:g}</text>']
    for power in range(lowest, highest + 1):
        y = at(sizes[0], 10.0**power)[1]
        out.append(f'<line x1="{left}" x2="{left + WIDTH}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g} s</text>')
    for size in sizes:
        x = at(size, 10.0**lowest)[0]
        out.append(f'<text x="{x}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{size:,}</text>')
    for name, colour in COLOURS.items():
        points = [(at(one["size"], one["medians"][name]["total_s"]), one["medians"][name]["met"]) for one in found]
        path = " ".join(f"{x:.1f},{y:.1f}" for (x, y), _ in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), met in points:
            fill = colour if met == 1 else "#fff"
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{colour}" stroke-width="2"/>')
    return out


def picture(results: list[dict[str, Any]]) -> str:
    """The whole SVG."""
    gaps = sorted({one["gap"] for one in results}, reverse=True)
    width, height = LEFT + len(gaps) * (WIDTH + BETWEEN), TOP + HEIGHT + 70
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, gap in enumerate(gaps):
        found = sorted((one for one in results if one["gap"] == gap), key=lambda one: one["size"])
        out.extend(_panel(number, gap, found))
    for number, (name, colour) in enumerate(COLOURS.items()):
        x, y = LEFT + number * 130, height - 18
        out.append(f'<circle cx="{x}" cy="{y - 4}" r="5" fill="{colour}"/><text x="{x + 10}" y="{y}">{name}</text>')
    return "\n".join([*out, "</svg>", ""])


def table(results: list[dict[str, Any]]) -> str:
    """The figures as a Markdown table."""
    names = list(COLOURS)
    lines = [
        "| candidates | gap | " + " | ".join(names) + " | ours / best peer | building |",
        "|---:|---:|" + "---:|" * (len(names) + 2),
    ]
    for one in results:
        found = one["medians"]
        peers = {name: found[name] for name in names[1:]}
        met = {name: peer for name, peer in peers.items() if peer["met"] == 1} or peers
        best = min(met, key=lambda name: met[name]["total_s"])
        cells = [_cell(found[name]) for name in names]
        ratio = found["roadmap"]["total_s"] / met[best]["total_s"]
        share = 100 * found["roadmap"]["build_share"]
        lines.append(
            f"| {one['size']:,} | {one['gap']:g} | {' | '.join(cells)} | {ratio:.2f} × {best} | {share:.0f} % |"
        )
    return "\n".join(lines)


def _cell(found: dict[str, Any]) -> str:
    taken = f"{found['total_s']:.2f} s"
    reached = "no plan in some" if found["gap"] is None else f"{found['gap']:.1e}"
    return f"{taken} ({reached})" if found["met"] == 1 else f"*{taken} ({reached})*"


if __name__ == "__main__":
    held = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(picture(held["results"]))
    print(table(held["results"]))
