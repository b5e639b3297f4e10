"""Hold pictures against a browser: every text in its box, nothing over text, lines through no box, in two fonts.

    python tools/pictures.py                    # every network that ships, at every level
    python tools/pictures.py resnet50 --level paper
    python tools/pictures.py --page column
    python tools/pictures.py --latex            # instead, every network as TikZ in one document of pdflatex

Needs Chromium (`apt-get install chromium`), the fonts Liberation and DejaVu, and `pip install playwright`; LaTeX needs
`apt-get install texlive-latex-extra texlive-pictures`, and its pages are in build/pictures.pdf. Without them it says so
and ends with exit code 2; where a picture is wrong, with 1.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from netspec import catalogue
from netspec.api import read
from netspec.diagram.drawing import Drawing
from netspec.diagram.layout.paper import PAPERS, Page
from netspec.diagram.scene import LEVELS, Level
from netspec.diagram.writers.svg import svg
from netspec.diagram.writers.tikz import tex

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "build" / "pictures.pdf"
"""Where the pages of pdflatex are to be looked at."""
Drawings = Iterator[tuple[str, Drawing]]
"""What is drawn, each with its name."""
LATEX = r"""\documentclass[tikz,multi=tikzpicture]{standalone}
\usetikzlibrary{arrows.meta}
\begin{document}
%s\end{document}
"""

FONTS = ("Liberation Sans", "DejaVu Sans")
MEASURE = """
(font) => {
  const svg = document.querySelector('svg'), found = [];
  svg.setAttribute('font-family', font);
  const area = e => { const b = e.getBBox(); return {l: b.x, t: b.y, r: b.x + b.width, b: b.y + b.height}; };
  const texts = [...svg.querySelectorAll('text')].map(e => {
    const a = area(e), size = +e.getAttribute('font-size'), base = +e.getAttribute('y');
    return {e, words: e.textContent, l: a.l, r: a.r, t: base - 0.72 * size, b: base + 0.2 * size};
  });
  const lined = /^(edge|skip|skip-changed|side|control|rail)$/;
  const around = /frame|head|^(rule|added|removed|changed)$/;
  const boxes = [];
  for (const g of svg.querySelectorAll('g')) {
    const shapes = [...g.children].filter(e => e.matches('rect, path') && !around.test(e.className.baseVal)
      && !lined.test(e.className.baseVal));
    if (shapes.length !== 1) continue;
    const box = area(shapes[0]);
    boxes.push(box);
    for (const text of texts.filter(t => t.e.parentNode === g))
      if (text.l < box.l - 0.5 || text.r > box.r + 0.5 || text.t < box.t - 0.5 || text.b > box.b + 1)
        found.push('text outside of its box: ' + text.words);
  }
  for (const text of texts)
    if (text.e.getAttribute('text-anchor') === 'middle'
        && Math.abs((text.l + text.r) / 2 - text.e.getAttribute('x')) > 1)
      found.push('text off its middle: ' + text.words);
  for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length; j++) {
    const a = texts[i], b = texts[j];
    if (a.l < b.r - 0.5 && b.l < a.r - 0.5 && a.t < b.b - 0.5 && b.t < a.b - 0.5)
      found.push('text over text: ' + a.words + ' | ' + b.words);
  }
  for (const line of [...svg.querySelectorAll('path')].filter(e => lined.test(e.className.baseVal))) {
    const length = line.getTotalLength(), points = [];
    for (let at = 0; at <= length; at += 2) points.push(line.getPointAtLength(at));
    const inside = (p, a, by) => p.x > a.l + by && p.x < a.r - by && p.y > a.t + by && p.y < a.b - by;
    for (const text of texts) if (points.some(p => inside(p, text, 0.5))) found.push('line over text: ' + text.words);
    for (const box of boxes) if (points.some(p => inside(p, box, 1.2))) found.push('line through a box');
  }
  return found;
}
"""


def main() -> int:
    """Measure the pictures; the exit code says whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*", help="networks; all that ship if none is named")
    parser.add_argument("--level", choices=LEVELS, action="append", help="all three if none is named; repeatable")
    parser.add_argument("--page", choices=PAPERS, default="text")
    parser.add_argument("--latex", action="store_true", help="compile all with pdflatex, in place of a browser")
    given = parser.parse_args()
    found = _pictures(given.specs or list(_shipped()), given.level or LEVELS, given.page)
    return latex(found) if given.latex else measured(found)


def measured(drawings: Drawings) -> int:
    """Measure pictures in Chromium."""
    browser = which("chromium") or which("chromium-browser") or which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - few machines have it
    except ImportError:
        print("pictures are not measured: pip install playwright", file=sys.stderr)
        return 2
    if browser is None:
        print("pictures are not measured: apt-get install chromium", file=sys.stderr)
        return 2
    wrong: Counter[str] = Counter()
    drawn = 0
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()
        for name, drawing in drawings:
            drawn += 1
            page.set_content(svg(drawing).decode())
            for font in FONTS:
                for problem in page.evaluate(MEASURE, font):
                    wrong[problem.partition(":")[0]] += 1
                    print(f"{name} in {font}: {problem}")
    print(f"{drawn} pictures in {len(FONTS)} fonts: " + (str(dict(wrong)) if wrong else "nothing wrong"))
    return 1 if wrong else 0


def latex(drawings: Drawings) -> int:
    """Compile all pictures as pages of one document, each as large as its picture."""
    if which("pdflatex") is None:
        print("pictures are not compiled: apt-get install texlive-latex-extra texlive-pictures", file=sys.stderr)
        return 2
    with TemporaryDirectory() as folder:
        names: list[str] = []
        for name, drawing in drawings:
            (Path(folder) / f"{len(names)}.tex").write_bytes(tex(drawing))
            names.append(name)
        body = "".join([f"\\typeout{{picture {place}}}\\input{{{place}}}\n" for place in range(len(names))])
        (Path(folder) / "all.tex").write_text(LATEX % body, encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        said = done.stdout
        if done.returncode:
            place = int(said.rpartition("picture ")[2].split(maxsplit=1)[0])
            print(f"{names[place]}: {said[-1000:]}")
            return 1
        pages = said.partition("Output written on all.pdf (")[2].split(maxsplit=1)[0]
        PAGES.parent.mkdir(exist_ok=True)
        shutil.copy(Path(folder) / "all.pdf", PAGES)
    print(f"{len(names)} pictures are {pages} pages of {PAGES.relative_to(ROOT)}")
    return 0 if pages == str(len(names)) else 1


def _shipped() -> Iterator[str]:
    """The words of all networks that ship."""
    for name, path in catalogue.shipped().items():
        for variant in catalogue.spec(path)[0].family():
            yield f"{name}@{variant}" if variant else name


def _pictures(words: Iterable[str], levels: Iterable[Level], page: Page) -> Drawings:
    for word in words:
        graph = read(word).graph
        for level in levels:
            yield f"{word} {level}", Drawing(graph, level, page=page, theme="light")


if __name__ == "__main__":
    sys.exit(main())
