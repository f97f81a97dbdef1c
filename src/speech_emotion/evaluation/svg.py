"""Matplotlib figures as parts of a page: SVG elements that take their colours from it and say what they show.

A figure is drawn in the colours of the light page. In the SVG each of them becomes a variable of the style sheet, so
that the same figure is right in the dark. Text stays text, in the page's font.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1b1f24"
SOFT = "#5b6470"
LINE = "#d5dae1"
BAR = "#2f6fb3"
OTHER = "#b4481e"
GROUND = "#ffffff"
VARIABLES = {INK: "--ink", SOFT: "--soft", LINE: "--line", BAR: "--bar", OTHER: "--other", GROUND: "--ground"}
"""The colours of a figure, and the style sheet's names for them."""

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # what measures the text; the page's own draws it, and is no wider
    "font.size": 9,
    "text.parse_math": False,  # a name with dollar signs is a name
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}

WIDTH = 4.4
"""Inches: so wide that the text is neither small on a phone nor large on a desk."""


@contextmanager
def figure(height: float, width: float = WIDTH, salt: str = "speech-emotion") -> Iterator[Figure]:
    """An empty figure in this package's style, of so many inches.

    Raises:
        MissingExtraError: if matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("a picture", "train") from error
    settings: Any = {**STYLE, "svg.hashsalt": salt}  # the same ids each time
    with matplotlib.rc_context(settings):
        yield Figure(figsize=(width, height), layout="constrained")


def element(name: str, title: str, height: float, draw: Callable[[Figure], None], width: float = WIDTH) -> str:
    """A figure as an SVG element, to be put into a page.

    Args:
        name: of the figure, unlike that of any other on the page.
        title: all that it shows, in words, for those who do not see it.
        height: inches.
        draw: puts it onto a figure.
        width: inches.
    """
    picture = io.BytesIO()
    with figure(height, width, salt=name) as empty:
        draw(empty)
        empty.savefig(picture, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = picture.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{name}-", text)
    for colour, variable in VARIABLES.items():
        text = re.sub(colour, f"var({variable}, {colour})", text, flags=re.IGNORECASE)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", text)
    begin, rest = text.split(">", maxsplit=1)
    label = f'role="img" aria-labelledby="{name}-title"'
    return f'{begin} {label}>\n<title id="{name}-title">{escape(title)}</title>{rest}'
