"""Figures within the page: SVG in the colours of the page, light or dark."""

import re
from xml.sax.saxutils import escape

from dropout_lab.report.draw.style import BASELINE, OKABE_ITO

COLORS = {
    "#ffffff": "paper",
    "#000000": "ink",
    "#222222": "ink",
    BASELINE.lower(): "soft",
    "#777777": "soft",
    "#e4e4e4": "line",
    "#d0d0d0": "pale",
    **{color.lower(): f"c{place}" for place, color in enumerate(OKABE_ITO)},
}
"""Colours of the figures, and the page's variables that replace them; all others stay, as those of heatmaps."""

DARK = ("#56a9e8", "#ff8b3d", "#2fc79a", "#e39ac6", "#f0b429", "#8ccbf2", "#c9b63b")
"""`OKABE_ITO` on dark paper."""

PLACE = re.compile(r"(opacity: )?(-?\d+\.\d\d+)")
"""The numbers in a tag of SVG; those of the text between tags are the figure's own."""


def variables() -> tuple[str, str]:
    """The colours of the lines as CSS variables, for light and for dark paper."""
    light = "".join(f" --c{place}: {color};" for place, color in enumerate(OKABE_ITO))
    dark = "".join(f" --c{place}: {color};" for place, color in enumerate(DARK))
    return f"{light} --pale: #d0d0d0;", f"{dark} --pale: #4a5058;"


def inline(svg: bytes, name: str, label: str, kind: str = "") -> str:
    """The SVG element, with ids that are unique to `name`, and `label` as its alternative text."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(xlink:href="|href="|url\()#', rf"\1#{name}-", text)
    text = re.sub(r"#[0-9a-fA-F]{6}\b", _variable, text)
    text = re.sub(r"<[^>]*>", lambda tag: PLACE.sub(_rounded, tag.group(0)), text)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)  # the page says it once
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    used = set(re.findall(r"#([\w.-]+)", text))
    text = re.sub(r' id="([^"]*)"', lambda found: found.group(0) if found.group(1) in used else "", text)
    text = re.sub(r"\s+", " ", text)
    head, _, rest = text.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    classes = f"drawing {kind}".strip()
    return (
        f'<svg class="{classes}" role="img" aria-label="{escape(label, {chr(34): "&quot;"})}" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg" '
        f"{box.group(0) if box else ''}>{rest}"
    )


def _rounded(found: "re.Match[str]") -> str:
    """A place or a length to a tenth of a point; an opacity as it is."""
    return found.group(0) if found.group(1) else f"{float(found.group(2)):.1f}".removesuffix(".0")


def _variable(found: "re.Match[str]") -> str:
    name = COLORS.get(found.group(0).lower())
    return found.group(0) if name is None else f"var(--{name})"
