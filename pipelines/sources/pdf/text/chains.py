"""Joins runs that MuPDF cut because each glyph of them has its own place or direction."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pipelines.lines.direction import is_wide
from pipelines.sources.pdf.text.characters import Character, Run

# Glyphs that belong to one run although MuPDF reports each as a line: limits in font sizes and degrees.
MAX_GAP, MAX_SHIFT, MAX_BEND_DEG = 0.6, 0.3, 30.0
STACK_PITCH = 0.8, 1.35  # distance of the glyphs of a column that was set glyph by glyph, in font sizes
MIN_STACK = 3  # glyphs of at least one column on the page; two cells of a table can be as close


def joined(runs: list[Run]) -> Iterator[Run]:
    """Joins runs that MuPDF cut because each glyph of them has its own place or direction."""
    chains: list[list[Run]] = []
    for run in runs:
        if chains and continues(chains[-1][-1], run):
            chains[-1].append(run)
        else:
            chains.append([run])
    has_stacks = any(_is_stack(chain) and len(chain) >= MIN_STACK for chain in chains)
    for chain in chains:
        if _is_stack(chain):
            yield from [merged(chain, angle_deg=90.0, is_column=True)] if has_stacks else chain
        else:
            yield merged(chain, _mean_angle(chain), chain[0].is_column) if len(chain) > 1 else chain[0]


def _is_stack(chain: list[Run]) -> bool:
    """Returns whether runs are Chinese or Japanese glyphs, set one by one, that can be a column."""
    return chain[0].is_level and _is_single_wide(chain[0])


def merged(chain: list[Run], angle_deg: float, is_column: bool) -> Run:
    """Returns the characters of several runs as one run."""
    return Run(angle_deg, is_column, tuple(character for run in chain for character in run.characters))


def continues(before: Run, run: Run) -> bool:
    """Returns whether a run continues the one before it."""
    last, first = before.characters[-1], run.characters[0]
    size = max(last.size, first.size)
    if min(last.size, first.size) < 0.7 * size or before.is_column != run.is_column:
        return False
    across, down = first.centre[0] - last.centre[0], first.centre[1] - last.centre[1]
    if run.is_column:
        return abs(across) <= MAX_SHIFT * size and down > 0 and first.box[1] - last.box[3] <= MAX_GAP * size
    if before.is_level and run.is_level:
        is_stack = _is_single_wide(before) and _is_single_wide(run)
        return is_stack and abs(across) <= MAX_SHIFT * size and STACK_PITCH[0] * size <= down <= STACK_PITCH[1] * size
    bend = abs((run.angle_deg - before.angle_deg + 180) % 360 - 180)
    if before.is_level or run.is_level or bend > MAX_BEND_DEG:
        return False
    cos, sin = math.cos(math.radians(before.angle_deg)), math.sin(math.radians(before.angle_deg))
    along, aside = across * cos + down * sin, down * cos - across * sin
    reach = (_length(last, cos, sin) + _length(first, cos, sin)) / 2
    return 0 < along <= reach + MAX_GAP * size and abs(aside) <= MAX_SHIFT * size + reach * math.radians(bend)


def _length(character: Character, cos: float, sin: float) -> float:
    x0, y0, x1, y1 = character.box
    return min((x1 - x0) / max(abs(cos), 1e-6), (y1 - y0) / max(abs(sin), 1e-6))


def _is_single_wide(run: Run) -> bool:
    texts = [character.text for character in run.characters if not character.text.isspace()]
    return len(texts) == 1 and is_wide(texts[0][0])


def _mean_angle(runs: list[Run]) -> float:
    x = sum(math.cos(math.radians(run.angle_deg)) for run in runs)
    y = sum(math.sin(math.radians(run.angle_deg)) for run in runs)
    return math.degrees(math.atan2(y, x)) % 360
