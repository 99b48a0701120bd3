"""A few words of SVG: axes that read well, colours by class so that the page's theme applies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

Scale = Callable[[float], float]


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Map [low, high] to [start, end].

    >>> linear(0, 10, 100, 0)(2.5)
    75.0
    """
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """Map [low, high], both positive, to [start, end] by their logarithms.

    >>> round(logarithmic(1, 100, 0, 10)(10))
    5
    """
    inner = linear(math.log10(low), math.log10(high), start, end)
    return lambda value: inner(math.log10(max(value, low / 10)))


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers within [low, high].

    >>> nice_ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def document(width: float, height: float, body: Sequence[str], label: str) -> str:
    """An inline picture that scales with the page; ``label`` is read aloud."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}">'
        + "".join(body)
        + "</svg>"
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line of a class."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def rect(
    x: float, y: float, width: float, height: float, kind: str, hint: str = "", rounded: float = 0
) -> str:
    """A filled box with a tooltip."""
    title = f"<title>{escape(hint)}</title>" if hint else ""
    size = f'width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} rx="{rounded:g}" class="{kind}">{title}</rect>'


def text(x: float, y: float, content: str, kind: str = "label", anchor: str = "start") -> str:
    """Text of a class, anchored start, middle or end."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(content)}</text>'


def dot(x: float, y: float, kind: str, hint: str = "") -> str:
    """A small disc with a tooltip."""
    title = f"<title>{escape(hint)}</title>" if hint else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" class="{kind}">{title}</circle>'


def path(points: Sequence[tuple[float, float]], kind: str, close: bool = False) -> str:
    """A polyline, or a filled outline."""
    if not points:
        return ""
    steps = " ".join(f"{'M' if i == 0 else 'L'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(points))
    return f'<path d="{steps}{" Z" if close else ""}" class="{kind}"/>'
