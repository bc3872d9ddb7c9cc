#!/usr/bin/env python3
"""Writes the pages that are made of the headers' comments, docs/operations.md, layers.md, losses.md and the end of
optimizers.md: python3 scripts/operations.py [--check | --rows FILE]

Name, formula and family of an operation come from its header's comment; what NumPy and PyTorch call it, and where the
meaning differs, from docs/operations.txt. Of layers, losses and optimizers there is the whole comment, how they are made,
and their options. --check writes nothing, and fails where a page is not what it would be, where an operation is in no row
of docs/operations.txt, and where no test names an operation, a layer, a loss or an optimizer. --rows fails where an operation
with a derivative is in no row of the table of operation tests; FILE has the names of those that are, as test_ops writes them.
"""
import itertools
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "xgrad"
DOCS = ROOT / "docs"
NAMES = DOCS / "operations.txt"

OBJECT = re.compile(r"^inline constexpr (?:detail::)?([a-z_0-9]+)(?:<.*>)? ([a-z_0-9]+)\{")
FUNCTION = re.compile(r"^(?:tensor<.*>|auto) ([a-z_0-9]+)\(")
NO_OPERATIONS = {"keep_dims", "same"}          # objects that are arguments
NO_DERIVATIVE = re.compile(
    r"^(arg|bitwise_|logical_|less|greater|equal|not_equal|is(close|nan|inf|finite)|any$|all$|count_nonzero|nonzero|"
    r"searchsorted|multinomial|bernoulli|left_shift|right_shift|one_hot|floor_divide)")
OF_WEIGHTS = re.compile(r"^(bincount|histogram)$")
STEPS = re.compile(r"^(floor|ceil|round|trunc|sign|heaviside)$")   # derivative 0


def comment_above(lines, at):
    """The /// lines above line `at`, below which only template heads and requirements may stand."""
    while at > 0 and not lines[at - 1].startswith("///"):
        if lines[at - 1].strip() == "" or lines[at - 1].startswith("}"):
            return []
        at -= 1
    text = []
    while at > 0 and lines[at - 1].startswith("///"):
        at -= 1
        text.insert(0, lines[at][3:].removeprefix(" ").rstrip())
    return text


def public_lines(header):
    """(number, line) of what is no part of a namespace `detail` or `standard_names`, and the lines."""
    lines = header.read_text(encoding="utf-8").splitlines()
    inner, found = False, []
    for at, line in enumerate(lines):
        if re.match(r"^namespace (.*::)?(detail|standard_names) \{", line):
            inner = True
        if not inner:
            found.append((at, line))
        if re.match(r"^\}  // namespace (.*::)?(detail|standard_names)$", line):
            inner = False
    return found, lines


def comment_of_object(lines, at, kind):
    """The comment of an object, or else of its struct, `kind`."""
    if comment := comment_above(lines, at):
        return comment
    head = re.compile(rf"^(struct|class) {kind}\b.*\{{")
    struct = next((i for i, line in enumerate(lines) if head.match(line)), None)
    return comment_above(lines, struct) if struct is not None else []


def operations():
    """(family, name, what its comment says) of each operation, in the order of families and headers."""
    found = []
    for header in sorted((INCLUDE / "ops").rglob("*.hpp")):
        family = header.relative_to(INCLUDE).as_posix()
        visible, lines = public_lines(header)
        for at, line in visible:
            if match := OBJECT.match(line):
                kind, name = match.groups()
            elif (match := FUNCTION.match(line)) and not match.group(1).startswith("operator"):
                kind, name = None, match.group(1)
            else:
                continue
            if name in NO_OPERATIONS or any(each[1] == name for each in found):
                continue
            comment = comment_of_object(lines, at, kind) if kind else comment_above(lines, at)
            if not comment and found and found[-1][0] == family:
                comment = found[-1][2]   # two under one comment
            found.append((family, name, comment))
    return found


def summary(comment):
    """The first sentence: the formula, as far as it goes, on one line."""
    text = " ".join(line.strip() for line in comment)
    text = re.split(r"(?<=[a-z0-9)\]])\. |  +|\s+d[a-z]+ = |\s+Throws", text)[0]
    return text.strip().rstrip(".:").replace("|", "\\|")


def order(name, comment):
    if NO_DERIVATIVE.match(name):
        return "none"
    if OF_WEIGHTS.match(name):
        return "any, of the weights"
    return "any (it is 0)" if STEPS.match(name) else "any"


def known_names():
    rows = {}
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, numpy, torch, difference = line.split("|")
            rows[name] = (numpy, torch, difference)
    return rows


def page(found, rows):
    lines = ["# Operations", "",
             "Each is a function object or a function in the namespace `xgrad`, in the header of its family. Shapes broadcast as NumPy's do",
             "where two operands meet; derivatives exist to the order that is named, and what has none gives integers or truth values, or",
             "does not depend on its operands smoothly. The comment in the header has the shapes and what is thrown. This page is made by",
             "`python3 scripts/operations.py`.", ""]
    family = None
    for header, name, comment in found:
        if header != family:
            family = header
            lines += ["", f"## `xgrad/{header}`", "", "| operation | what it is | derivatives | NumPy | PyTorch | where the meaning differs |",
                      "| --- | --- | --- | --- | --- | --- |"]
        numpy, torch, difference = rows[name]
        cell = lambda text: f"`{text}`" if text else "-"
        lines.append(f"| `{name}` | {summary(comment)} | {order(name, comment)} | {cell(numpy)} | {cell(torch)} | {difference} |")
    return "\n".join(lines) + "\n"


# ---- layers, losses, optimizers ------------------------------------------------------------------------

CLASS = re.compile(r"^(?:struct|class) ([a-z_0-9]+)(?: final)?(?: : [^{]*)?\s*\{")
ALIAS = re.compile(r"^using ([a-z_0-9]+) =")
FREE = re.compile(r"^(?!using|return|struct|class|inline constexpr|namespace)(?:inline )?[A-Za-z_][\w:<>,&*. ]* ([a-z_0-9]+)\(")
FIELDS = re.compile(r"^    (?!using|static|return|friend|explicit|template)([\w:<>, ]+?) ([a-z_0-9]+(?:(?:\{[^}]*\}| = [^;,]+)?, [a-z_0-9]+)*"
                    r"(?:\{[^;]*\}| = [^;]+)?);(?:\s*///< (.*))?$")
INSIDE = {"walk", "rule", "elementwise"}   # what others stand on
MADE = "<!-- from here on by `python3 scripts/operations.py`, of the headers -->"


def body_of(lines, at):
    end = next((i for i in range(at, len(lines)) if lines[i] in ("};", "}")), len(lines))
    return lines[at + 1:end]


def constructors(name, body):
    """How an object is made, without what is done then."""
    found = []
    body = list(itertools.takewhile(lambda line: line not in ("private:", "protected:"), body))
    for at, line in enumerate(body):
        if re.match(rf"^    (explicit )?{name}\(", line):
            text = line.strip()
            while text.count("(") != text.count(")") and at + 1 < len(body):
                at += 1
                text += " " + body[at].strip()
            depth = 0
            for end, letter in enumerate(text):
                depth += (letter == "(") - (letter == ")")
                if letter == ")" and depth == 0:
                    break
            text = text[:end + 1].replace("explicit ", "")
            if not re.search(r"const Given&|\w+&&\)|\(\)$", text):
                found.append(text)
    return found


def fields(body):
    """(name and default, type, meaning) of the data members of a struct of options."""
    found, depth = [], 0
    for line in body:
        if depth == 0 and (match := FIELDS.match(line)) and not re.match(r"m_|tag\b", match.group(2)):
            found.append((match.group(2), match.group(1).strip(), match.group(3) or ""))
        depth += line.count("{") - line.count("}")
    return found


def made_of(header):
    """The parts of a family: (names, comment, constructors, fields)."""
    found = []
    visible, lines = public_lines(header)
    for at, line in visible:
        comment = comment_above(lines, at)
        if match := CLASS.match(line):
            name, body = match.group(1), body_of(lines, at)
            if name.endswith("_fn") or name == "differentiable_parts":
                continue   # the object that is one of it has the name
            options = fields(body) if re.search(r"_(options|input|result|cache)$|_lr$|restarts$", name) else []
            found.append(([name], comment, constructors(name, body), options))
        elif match := ALIAS.match(line):
            if comment and not (found and found[-1][1] == comment):
                found.append(([match.group(1)], comment, [], []))
            elif found:
                found[-1][0].append(match.group(1))   # several under one comment, or instances of the class above
        elif match := OBJECT.match(line):
            found.append(([match.group(2)], comment_of_object(lines, at, match.group(1)), [], []))
        elif (match := FREE.match(line)) and not match.group(1).startswith("say_"):
            if found and match.group(1) in found[-1][0]:
                continue   # another of the same name
            found.append(([match.group(1)], comment, [], []))
    return found


def family_text(header):
    parts = made_of(header)
    if not parts:
        return []
    head = itertools.takewhile(lambda line: line.startswith("//"), header.read_text(encoding="utf-8").splitlines())
    title = re.split(r"(?<=\.) ", " ".join(line.removeprefix("//").strip() for line in head))[0]
    out = ["", f"## `xgrad/{header.relative_to(INCLUDE).as_posix()}`", "", title]
    for names, comment, made, options in parts:
        out += ["", "### " + ", ".join(f"`{name}`" for name in names), ""]
        if made:
            out += ["```cpp", *made, "```"]
        if comment:
            out += ["```text", *comment, "```"]
        if options:
            out += ["| member | type | meaning |", "| --- | --- | --- |"]
            out += [f"| `{name}` | `{kind}` | {meaning.replace('|', chr(92) + '|')} |" for name, kind, meaning in options]
    return out


def families(folder):
    return [header for header in sorted((INCLUDE / folder).glob("*.hpp")) if header.stem not in INSIDE]


def page_of(title, text, folder):
    lines = [f"# {title}", "", *text]
    for header in families(folder):
        lines += family_text(header)
    return "\n".join(lines) + "\n"


def pages(found, rows):
    """The text of each page by its name."""
    optimizers = (DOCS / "optimizers.md").read_text(encoding="utf-8").split(MADE)[0]
    made = "\n".join(line for header in families("optim") for line in family_text(header))
    return {
        "operations.md": page(found, rows),
        "layers.md": page_of("Layers", [
            "In the namespace `xgrad::nn`, each in the header of its family: how it is made, what it computes, and what it throws. A module",
            "of one's own: docs/add_a_layer.md. This page is made by `python3 scripts/operations.py`."], "nn"),
        "losses.md": page_of("Losses", [
            "In the namespace `xgrad`: `loss(output, target)` is the mean, `loss(output, target, reduction::sum)` and further options in",
            "braces. Output and target have equal shapes, where no other is named: nothing broadcasts, and another shape is a `shape_error`.",
            "This page is made by `python3 scripts/operations.py`."], "ops/loss"),
        "optimizers.md": optimizers.rstrip("\n") + "\n\n" + MADE + "\n" + made + "\n",
    }


def named_in_tests(prefix, name, tests):
    return re.search(rf"\b{prefix}::{name}\b", tests)


def untested_parts(tests):
    """What a page names and no test does: of layers and optimizers what can be made, of losses the objects."""
    missing = []
    for folder, prefix in (("nn", "nn"), ("optim", "optim"), ("ops/loss", "xg(?:rad)?")):
        for header in families(folder):
            for names, comment, made, _ in made_of(header):
                if (made or folder == "ops/loss") and not names[0].endswith("_options") and names[0] != "optimizer":
                    given_by = re.match(r"What `([a-z_0-9]+)` gives", " ".join(comment))
                    if not any(named_in_tests(prefix, name, tests) for name in names + ([given_by.group(1)] if given_by else [])):
                        missing.append(names[0])
    return missing


def all_tests():
    return "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("*.cpp")))


def untested(found, tests):
    return [name for _, name, _ in found if not named_in_tests("xg(?:rad)?", name, tests)]


# Which operation has the derivative of these; names for one, two and three axes are one operation besides.
CALLS = {
    "atleast_1d": "reshape", "atleast_2d": "reshape", "atleast_3d": "reshape", "diag": "diagonal", "expand": "broadcast_to",
    "expand_dims": "reshape", "flatten": "reshape", "index_select": "take", "inv": "inverse", "squeeze": "reshape", "stack": "concat",
    "std_mean": "std", "swapaxes": "permute", "take_along_dim": "take_along_axis", "transpose": "permute", "unsqueeze": "reshape",
    "var_mean": "var",
}
AXES = re.compile(r"[123]d(_with_indices)?$")
# Without an operand that has a gradient, or differentiable by what is drawn alone.
NO_ROW = {"sinusoidal_positions", "uniform", "normal", "unique"}


def without_row(found, names):
    missing, names = [], names | {AXES.sub("", name) for name in names}
    for _, name, comment in found:
        plain = AXES.sub("", name)
        if order(name, comment) != "none" and name not in NO_ROW and not {name, plain, CALLS.get(name)} & names:
            missing.append(name)
    return missing


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--rows":
        names = set(pathlib.Path(arguments[1]).read_text(encoding="utf-8").split())
        if missing := without_row(operations(), names):
            sys.exit("in no row of the table of operation tests: " + ", ".join(missing))
        return
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    found, rows = operations(), known_names()
    complaints = [f"{name} ({header}) is in no row of docs/operations.txt" for header, name, _ in found if name not in rows]
    complaints += [f"{name} of docs/operations.txt is no operation" for name in rows if name not in {each[1] for each in found}]
    complaints += [f"{name} ({header}) has no comment" for header, name, comment in found if not comment]
    complaints += [f"{names[0]} ({header.relative_to(INCLUDE).as_posix()}) has no comment" for folder in ("nn", "optim", "ops/loss")
                   for header in families(folder) for names, comment, _, options in made_of(header) if not comment and not options]
    if complaints:
        sys.exit("\n".join(complaints))
    for name, text in pages(found, rows).items():
        if not arguments:
            (DOCS / name).write_text(text, encoding="utf-8")
        elif not (DOCS / name).exists() or (DOCS / name).read_text(encoding="utf-8") != text:
            sys.exit(f"docs/{name} is not what the headers say: run python3 scripts/operations.py")
    if not arguments:
        return
    tests = all_tests()
    if missing := untested(found, tests) + untested_parts(tests):
        sys.exit("no test names these: " + ", ".join(missing))


if __name__ == "__main__":
    main(sys.argv[1:])
