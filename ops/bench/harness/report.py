"""What is printed: a detail line a measurement while they run, and the one table at the end."""

from dataclasses import dataclass
from statistics import median

from .machine import say


@dataclass
class Ratio:
    """Ours against a peer: the ratio of the medians, and the lowest and highest ratio of a single round's pair."""

    middle: float
    low: float
    high: float

    @staticmethod
    def of(ours, peers):
        pairs = [a / b for a, b in zip(ours, peers) if b]
        below = median(peers)
        return Ratio(median(ours) / below if below else float("inf"), min(pairs, default=0), max(pairs, default=0))

    def __str__(self):
        return f"{self.middle:.2f} [{self.low:.2f}–{self.high:.2f}]"


@dataclass
class Row:
    id: str
    workload: str
    ours: str
    peer: str
    ratio: str
    goal: str
    met: bool | None  # None where there is no goal

    @property
    def verdict(self):
        return "–" if self.met is None else "met" if self.met else "NOT MET"

    def cells(self):
        return [self.id, self.workload, self.ours, self.peer, self.ratio, self.goal, self.verdict]


HEADINGS = ["id", "workload", "ours", "peer", "ratio median [min–max]", "goal", "verdict"]


def table(rows):
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)


def detail(id, name, samples):
    """All rounds of one server, as medians."""
    middle = lambda field: median(getattr(sample, field) for sample in samples)
    text = f"  {id}  {name:<22}{middle('rate'):>10,.0f} requests/s"
    if middle("server_cpu"):
        text += f"{middle('server_cpu'):>9.1f} µs server"
    if middle("database_cpu"):
        text += f"{middle('database_cpu'):>8.1f} µs PostgreSQL"
    if middle("p50"):
        text += f"   p50 {middle('p50') / 1000:.2f} ms  p99 {middle('p99') / 1000:.2f} ms"
    say(text)
