# SPDX-License-Identifier: Apache-2.0
"""Line charts side by side, on two logarithmic axes, as SVG text."""
import html
import math

# Okabe and Ito 2008, "Color Universal Design", but for yellow, which is faint on white.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999",
           "#7f3b08", "#542788", "#44aa99", "#882255", "#ddaa33", "#117733"]
WIDTH, HEIGHT, GAP = 380, 300, 70
TOP, LEFT, LEGEND = 40, 70, 190


def number(value):
    """A number for people: 1K and 1M for powers of two, 3 digits else."""
    for unit, name in ((2 ** 20, "M"), (2 ** 10, "K")):
        if value >= unit and value % unit == 0:
            return f"{value // unit:.0f}{name}"
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def text(x, y, words, anchor="middle", colour="#222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
            f"{html.escape(words)}</text>")


def line(x1, y1, x2, y2, style):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def ticks(low, high):
    """1, 2 and 5 times powers of ten, in the range."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = [step * 10.0 ** n for n in powers for step in (1, 2, 5)]
    return [value for value in every if low <= value <= high]


def panel(left, title, series, names):
    """`series` has (name, dashed, points), a point being (length, value)."""
    xs = sorted({x for _, _, points in series for x, _ in points})
    ys = [y for _, _, points in series for _, y in points]
    low, high = min(ys) / 1.2, max(ys) * 1.2
    span = math.log(xs[-1] / xs[0]) or 1.0
    across = lambda x: left + math.log(x / xs[0]) / span * WIDTH
    up = lambda y: TOP + (1 - math.log(y / low) / math.log(high / low)) * HEIGHT
    out = [text(left + WIDTH / 2, TOP - 16, title)]
    for y in ticks(low, high):
        out += [line(left, up(y), left + WIDTH, up(y), 'stroke="#ddd"'),
                text(left - 6, up(y) + 4, number(y), "end")]
    out += [text(across(x), TOP + HEIGHT + 18, number(x)) for x in xs]
    out.append(text(left + WIDTH / 2, TOP + HEIGHT + 38, "tokens of the text"))
    for name, dashed, points in series:
        colour = COLOURS[names.index(name) % len(COLOURS)]
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in sorted(points))
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"'
                   f"{dash}/>")
        out += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="2.5" fill="{colour}"/>'
                for x, y in points]
    return out


def svg(panels, names, note):
    """`panels` are (title, series); a name has one colour, and its peer the same with dashes."""
    panels = [(title, series) for title, series in panels if any(points for *_, points in series)]
    width = LEFT + len(panels) * (WIDTH + GAP) + LEGEND
    height = TOP + HEIGHT + 80
    out = []
    for n, (title, series) in enumerate(panels):
        out += panel(LEFT + n * (WIDTH + GAP), title, series, names)
    x = LEFT + len(panels) * (WIDTH + GAP) - GAP + 20
    for n, name in enumerate(names):
        y = TOP + 10 + 20 * n
        style = f'stroke="{COLOURS[n % len(COLOURS)]}" stroke-width="3"'
        out += [line(x, y, x + 22, y, style), text(x + 30, y + 4, name.replace("_", " "), "start")]
    out.append(text(LEFT, height - 12, note, "start"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" '
            'fill="#fff"/>' + "\n".join(out) + "</svg>\n")
