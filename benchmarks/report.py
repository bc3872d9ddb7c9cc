"""Turns what compare.py measured into a table, and with --write into docs/performance.md and its picture.

usage: python3 report.py RESULTS.json [--write FILE.md]

In the page, only the part of the same processor and instruction set is replaced, or a new one added; the others, and
all that stands outside the two marks, stay as they are. The overview before the parts is put together from what each
part's own mark says.
"""

import argparse
import html
import json
import math
import os
import re
import signal
import sys

import families
import instruction_sets
from compare import readable

BEGIN = "<!-- figures: what follows is written by `sh benchmarks/run.sh --write` -->"
END = "<!-- figures: end -->"
PART = re.compile(r"<!-- measured: (\{[^\n]*\}) -->\n(.*?)\n<!-- measured: end -->", re.DOTALL)


def compared(row):
    return next((p for p in row["peers"] if p.get("compared")), None)


def ratio_text(spread):
    digits = 1 if spread["median"] >= 20 else 2
    return f"{spread['median']:.{digits}f} ({spread['q1']:.{digits}f} to {spread['q3']:.{digits}f})"


def time_text(spread, unit="ns"):
    return readable(spread["median"], unit)


def off(spread):
    """How far the quartiles are apart, in percent of the median."""
    return f"{100 * (spread['q3'] - spread['q1']) / spread['median']:.0f} %"


def reached_or_not(wanted, reached):
    return f"{wanted} {'reached' if reached else 'NOT reached'}"


def verdict(row, peer):
    if "target" not in peer:
        return ""
    reached = peer["ratio"]["median"] >= peer["target"]
    if "or_percent" not in row:
        return reached_or_not(f"{peer['target']:g}", reached)
    return reached_or_not(f"{peer['target']:g}, or {row['or_percent']} % of the limit",
                          reached or row["limit"]["percent"] >= row["or_percent"])


def at_most(row, unit):
    if "at_most" not in row:
        return ""
    return f"at most {readable(row['at_most'], unit)}" + " NOT kept" * (row["ours"]["median"] > row["at_most"])


def lines_of(row):
    """The row's cells, a line for each peer."""
    unit = row.get("unit", "ns")
    limit = row.get("limit")
    first = [row["title"], time_text(row["ours"], unit), off(row["ours"]),
             f"{limit['percent']:.0f} % of {'arithmetic' if limit['kind'] == 'flop' else 'memory'}" if limit else ""]
    peers = [[p["name"], time_text(p["time"], unit), ratio_text(p["ratio"]), verdict(row, p)] for p in row["peers"]] or [[""] * 3 + [at_most(row, unit)]]
    return [(first if i == 0 else [""] * 4) + cells for i, cells in enumerate(peers)]


HEAD = ["", "xgrad", "spread", "limit", "peer", "its figure", "ratio", "to reach"]


LIBRARIES = ["OpenBLAS", "BLIS", "oneDNN", "Eigen", "libxsmm"]


def product_lines(rows):
    names = [name for name in LIBRARIES if any(p["name"] == name for row in rows for p in row["peers"])]
    lines = [["product", "xgrad", "GFLOP/s", "of the peak"] + names + ["best by ours"]]
    for row in rows:
        ratios = {p["name"]: f"{p['ratio']['median']:.2f}" for p in row["peers"]}
        best = compared(row)
        lines.append([row["title"], time_text(row["ours"]), f"{row['speed']:.0f}" if "speed" in row else "",
                      f"{row['limit']['percent']:.0f} %" if "limit" in row else ""] + [ratios.get(n, "") for n in names] +
                     [f"{best['ratio']['median']:.2f}" + " NOT reached" * (best["ratio"]["median"] < best["target"]) if best else ""])
    return lines


def alignment_title(row):
    _, sizes, how, what = row["case"].split("/")
    what = re.sub(r"offset(.*)", r"\1 bytes into a cache line", re.sub(r"gap(.*)", r"\1 floats between the rows", what))
    return f"{sizes.replace('x', ' x ')}, {how}, {what}"


def alignment_lines(rows):
    names = [name for name in LIBRARIES if any(name in row["peers"] for row in rows)]
    yield ["product", "xgrad", "aligned by this", "to reach"] + names
    for row in rows:
        reached = row["aligned"]["median"] >= row["target"]
        yield [alignment_title(row), time_text(row["ours"]), ratio_text(row["aligned"]),
               f"{row['target']:g} {'reached' if reached else 'NOT reached'}"] + [
                   f"{row['peers'][name]['median']:.2f}" if name in row["peers"] else "" for name in names]


def busy_lines(rows):
    yield ["", "one thread", "two threads", "two by one", "at most"]
    for row in rows:
        kept = row["ratio"]["median"] <= row["target"]
        yield [row["title"], time_text(row["one"]), time_text(row["two"]), ratio_text(row["ratio"]),
               f"{row['target']:g}" + " NOT kept" * (not kept)]


def cores_lines(rows):
    yield ["", "one core", "two cores", "one by two", "to reach"]
    for row in rows:
        title, _ = families.convolution(row["case"]) or (row["case"].replace("windows/", "").replace("/", ", "), None)
        yield [title, time_text(row["one"]), time_text(row["two"]), ratio_text(row["ratio"]),
               reached_or_not(f"{row['target']:g}", row["ratio"]["median"] >= row["target"])]


def compiling_lines(rows):
    yield ["", "it takes", "beside", "that takes", "ratio", "at most"]
    for row in rows:
        most = f"{row['at_most']:g}" + " NOT kept" * (row["ratio"]["median"] > row["at_most"])
        yield [row["title"], time_text(row["ours"]), row["base"], time_text(row["theirs"]), ratio_text(row["ratio"]), most]


def plain(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() for line in lines)


def markdown(lines):
    rule = ["---"] + ["---:"] * (len(lines[0]) - 1)
    return "\n".join("| " + " | ".join(line) + " |" for line in [lines[0], rule] + lines[1:])


def sections(results):
    """(title, lines) of every table."""
    groups = dict.fromkeys(r["group"] for r in results["rows"])
    for group in groups:
        rows = [r for r in results["rows"] if r["group"] == group]
        if group == "Matrix products":
            yield group, product_lines(rows)
        else:
            yield group, [HEAD] + [line for row in rows for line in lines_of(row)]
    if results["alignment"]:
        yield "Matrix products that are not aligned", list(alignment_lines(results["alignment"]))
    if results["cores_by_one"]:
        yield "Two cores by one", list(cores_lines(results["cores_by_one"]))
    if results["compiling"]:
        yield "Compiling, processor time", list(compiling_lines(results["compiling"]))
    if results["busy"]:
        yield "Two threads by one, an epoch of the MNIST network at batch 100", list(busy_lines(results["busy"]))


def processor_text(results):
    caches = results["processor"]["caches"]
    return results["processor"]["name"] + (", caches of " + ", ".join(caches) if caches else "")


def set_text(results):
    """"AVX2", or "native (avx512)": what `native` came to is in our own word."""
    if results["isa"] != "native":
        return instruction_sets.SETS[results["isa"]].title
    return f"native ({results['words']['xgrad'].split(', ')[1]})"


def fewer_rounds(results):
    fewest = min((row.get("rounds", results["rounds"]) for row in results["rows"]), default=results["rounds"])
    return f", fewer of long ones, at least {fewest}" if fewest < results["rounds"] else ""


def remarks(results):
    """What is said in sentences."""
    limits = {k.split("/")[1]: v["median"] for k, v in results["limits"].items()}
    yield (f"xgrad {results['version']}, {set_text(results)}, measured on {results['cores']} cores of {processor_text(results)}, "
           f"{results['rounds']} rounds of each case{fewer_rounds(results)}. One core does {limits.get('flop', 0):.0f} GFLOP/s in multiply-adds that touch no memory, and moves {limits.get('bytes', 0):.1f} GB/s "
           "to and from memory.")
    yield "What the sides say of their instructions: " + "; ".join(
        f"{k}: {v.split(';')[0].removeprefix('xgrad ' + results['version'] + ', ')}" for k, v in results["words"].items()) + "."
    for name, why in results["left_out"].items():
        yield f"LEFT OUT: {name}, {why}."
    if results["settings"]:
        yield "The settings that were the peers' fastest: " + "; ".join(f"{k}: {' and '.join(v)}" for k, v in results["settings"].items()) + "."
    for mean in results["means"]:
        yield (f"{mean['title']}, {mean['peer']} by ours: {mean['mean']:.2f} in the geometric mean (to reach: {mean['target']:g}), "
               f"{mean['least']:.2f} at the least (to reach: {mean['target_least']:g}), {mean['where']}.")
    if results["alignment"]:
        worst = min(results["alignment"], key=lambda row: row["aligned"]["median"])
        yield (f"Matrix products that are not aligned: those that are take {worst['aligned']['median']:.2f} of their time at the "
               f"least (to reach: {worst['target']:g}), {alignment_title(worst)}.")
    second = [(s["ratio"], s["case"]) for s in results["second_thread"]]
    if second:
        slower = [f"{case} ({ratio:.2f})" for ratio, case in sorted(second) if ratio < 0.95]
        yield ("A second thread, all cases above: it costs nothing in any." if not slower
               else "With a second thread slower than without: " + ", ".join(slower) + ".")
    differences = [p["difference"] for r in results["rows"] for p in r["peers"] if "difference" in p]
    if differences:
        yield (f"All outcomes were compared before they were timed; the largest difference was {max(differences):.1g} of an array's "
               "largest element.")
    for failure in results["failures"]:
        yield "NOT MEASURED: " + failure + "."


# ---- the picture ---------------------------------------------------------------------------------------

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .quiet { fill: #57606a; font-size: 12px }
  .bar { fill: #2f81b7 } .short { fill: #c4622d }
  .rule { stroke: #8c959f } .grid { stroke: #8c959f; stroke-opacity: .35 } .mark { stroke: #24292f; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .bar { fill: #4aa3df } .short { fill: #e0854f } .mark { stroke: #e6edf3 }
  }
"""


def title_of(results):
    return f"xgrad {results['version']}, {set_text(results)}, on {processor_text(results)}"


def picture(results):
    """Bars: how many times our time the peer takes, on a logarithmic scale; of many cases of one kind, their mean."""
    in_means = {case for mean in results["means"] for case in mean["cases"]}
    bars = [(r["title"], p["name"], p["ratio"]["median"], p.get("target")) for r in results["rows"]
            if r["group"] != "What it takes" and r.get("case") not in in_means for p in r["peers"]]
    bars += [(f"{m['title']}, geometric mean", m["peer"], m["mean"], m["target"]) for m in results["means"]]
    for_titles, for_peers = (size * max(len(b[i]) for b in bars) + 12 for i, size in ((0, 6.6), (1, 6)))   # about what a letter takes
    left, width, height, top = round(for_titles + for_peers + 20), 380, 22, 66
    most = max([b[2] for b in bars] + [b[3] or 1 for b in bars] + [10])
    least = min([b[2] for b in bars] + [0.8])
    x = lambda ratio: left + width * math.log(ratio / least) / math.log(most / least)
    bottom = top + height * len(bars)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {bottom + 16}" role="img" '
           'aria-label="Ratios of the peers\' times to ours">', f"<style>{STYLE}</style>",
           f'<text x="6" y="16">{html.escape(title_of(results))}</text>',
           f'<text class="quiet" x="{left}" y="{top - 28}">the peer\'s time by ours; a mark is the figure to reach</text>']
    for tick in (1, 2, 5, 10, 20, 50, 100, 200):
        if least <= tick <= most:
            out.append(f'<line class="{"rule" if tick == 1 else "grid"}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top - 6}" y2="{bottom}"/>')
            out.append(f'<text class="quiet" x="{x(tick):.1f}" y="{top - 11}" text-anchor="middle">{tick}</text>')
    for i, (title, peer, ratio, target) in enumerate(bars):
        y = top + i * height
        from_x, to_x = sorted((x(1), x(ratio)))
        reached = target is None or ratio >= target
        out.append(f'<text x="{left - for_peers - 10:.0f}" y="{y + 15}" text-anchor="end">{html.escape(title)}</text>')
        out.append(f'<text class="quiet" x="{left - for_peers:.0f}" y="{y + 15}">{html.escape(peer)}</text>')
        out.append(f'<rect class="{"bar" if reached else "short"}" x="{from_x:.1f}" y="{y + 3}" width="{max(1, to_x - from_x):.1f}" height="{height - 7}"/>')
        if target:
            out.append(f'<line class="mark" x1="{x(target):.1f}" x2="{x(target):.1f}" y1="{y + 1}" y2="{y + height - 2}"/>')
        out.append(f'<text class="quiet" x="{max(to_x, x(target) if target else 0) + 6:.1f}" y="{y + 15}">{ratio:.3g}</text>')
    return "\n".join(out + ["</svg>", ""])


def slug(results):
    """A name for files and links: "intel-xeon-6-207-48k-2m-260m-avx2"."""
    name = re.sub(r"\(R\)|\(TM\)|\bProcessor\b|\bfamily\b|\bmodel\b|\bCPU\b", " ", results["processor"]["name"])
    caches = [cache.replace(" KiB", "k").replace(" MiB", "m") for cache in results["processor"]["caches"]]
    return re.sub(r"[^a-z0-9]+", "-", " ".join([name] + caches + [results["isa"]]).lower()).strip("-")


def overview_cells(results):
    """A part's row in the overview: the ratios to LibTorch of a training step, and those of the products."""
    of_case = {r["case"]: compared(r) for r in results["rows"] if r["cores"] == 1 and "case" in r}
    steps = [f"{p['ratio']['median']:.2f}" if (p := of_case.get(f"training/{batch}")) else "" for batch in (200, 32, 1)]
    products = next((mean for mean in results["means"] if mean["title"] == "Matrix products"), None)
    return [results["version"], *steps, *([f"{products['mean']:.2f}", f"{products['least']:.2f}"] if products else ["", ""])]


OVERVIEW = ["processor, instruction set", "xgrad", "training step by LibTorch's, batch 200", "batch 32", "batch 1",
            "products by the best library's, mean", "least"]


def part(results):
    """What the page has of these results: (mark, text)."""
    title = f"{processor_text(results)}: {set_text(results)}"
    mark = {"slug": slug(results), "title": title, "overview": overview_cells(results)}
    tables = "\n\n".join(f"#### {name}\n\n{markdown(lines)}" for name, lines in sections(results))
    text = [f'<a id="{mark["slug"]}"></a>', f"### {title}",
            f"![How many times our time the peers take; the marks are the figures to reach](performance/{mark['slug']}.svg)",
            *remarks(results), "<details>\n<summary>All figures</summary>", tables, "</details>"]
    return mark, "\n\n".join(text)


def page(results, path):
    """The page with the part of the same processor and instruction set replaced, or a new one at the end."""
    with open(path) as file:
        text = file.read()
    if BEGIN not in text or END not in text:
        sys.exit(f"{path} has lost the marks between which the figures stand: {BEGIN} and {END}")
    before, figures = text[:text.index(BEGIN)], text[text.index(BEGIN):text.index(END)]
    parts = {mark["slug"]: (mark, body) for mark, body in ((json.loads(m), body) for m, body in PART.findall(figures))}
    mark, body = part(results)
    parts[mark["slug"]] = mark, body
    overview = markdown([OVERVIEW] + [[f"[{m['title']}](#{m['slug']})", *m["overview"]] for m, _ in parts.values()])
    written = [f"<!-- measured: {json.dumps(m)} -->\n{body}\n<!-- measured: end -->" for m, body in parts.values()]
    return before + "\n\n".join([BEGIN, overview, *written, text[text.index(END):]])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("--write")
    options = parser.parse_args()
    with open(options.results) as file:
        results = json.load(file)
    for title, lines in sections(results):
        print(f"\n{title}\n{plain(lines)}")
    print("\n" + "\n".join(remarks(results)))
    if options.write:
        text = page(results, options.write)
        with open(options.write, "w") as file:
            file.write(text)
        folder = os.path.splitext(options.write)[0]
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, slug(results) + ".svg"), "w") as file:
            file.write(picture(results))
        print(f"written: {options.write} and its picture")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)   # who reads the tables may have had enough
    main()
