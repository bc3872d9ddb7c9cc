#!/usr/bin/env python3
"""Writes docs/operations.md, the page of all operations, from the headers: python3 scripts/operations.py [--check]

Name, formula and family of an operation come from its header's comment; what NumPy and PyTorch call it, and where the
meaning differs, from docs/operations.txt. --check writes nothing, and fails where the page is not what it would be, where
an operation is in no row of docs/operations.txt, and where no test of an operation's values names it.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations.md"
NAMES = ROOT / "docs" / "operations.txt"

OBJECT = re.compile(r"^inline constexpr (?:detail::)?([a-z_0-9]+)(?:<.*>)? ([a-z_0-9]+)\{")
FUNCTION = re.compile(r"^(?:tensor<.*>|auto) ([a-z_0-9]+)\(")
NO_OPERATIONS = {"keep_dims", "same"}          # objects that are arguments
NO_DERIVATIVE = re.compile(
    r"^(arg|bitwise_|logical_|less|greater|equal|not_equal|is(nan|inf|finite)|any$|all$|count_nonzero|nonzero|"
    r"unique|bincount|histogram|searchsorted|multinomial|bernoulli|left_shift|right_shift|one_hot|floor_divide)")
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
        text.insert(0, lines[at][3:].strip())
    return text


def operations():
    """(family, name, what its comment says) of each operation, in the order of families and headers."""
    found = []
    headers = sorted((ROOT / "include/xgrad/ops").rglob("*.hpp"))
    for header in headers:
        lines = header.read_text(encoding="utf-8").splitlines()
        depth = 0
        for at, line in enumerate(lines):
            if re.match(r"^namespace (detail|.*::detail|standard_names) \{", line):
                depth = 1
            if re.match(r"^\}  // namespace (detail|standard_names)", line):
                depth = 0
            if depth:
                continue
            match = OBJECT.match(line)
            name = match.group(2) if match else None
            if match is None:
                match = FUNCTION.match(line)
                name = match.group(1) if match and not match.group(1).startswith("operator") else None
            if name is None or name in NO_OPERATIONS or any(each[1] == name for each in found):
                continue
            comment = comment_above(lines, at)
            if not comment and OBJECT.match(line):
                head = re.compile(r"^(struct|class) " + OBJECT.match(line).group(1) + r"\b.*\{")
                struct = next((i for i, other in enumerate(lines) if head.match(other)), None)
                comment = comment_above(lines, struct) if struct is not None else []
            if not comment and found and found[-1][0] == header.relative_to(ROOT / "include/xgrad").as_posix():
                comment = found[-1][2]   # two under one comment
            family = header.relative_to(ROOT / "include/xgrad").as_posix()
            found.append((family, name, comment))
    return found


def summary(comment):
    """The first sentence: the formula, as far as it goes, on one line."""
    text = " ".join(comment)
    text = re.split(r"(?<=[a-z0-9)\]])\. |  +|\s+d[a-z]+ = |\s+Throws", text)[0]
    return text.strip().rstrip(".:").replace("|", "\\|")


def order(name, comment):
    if NO_DERIVATIVE.match(name):
        return "none"
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


def untested(found):
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("*.cpp")))
    return [name for _, name, _ in found if not re.search(rf"\bxg(rad)?::{name}\b", tests)]


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    found, rows = operations(), known_names()
    complaints = [f"{name} ({header}) is in no row of docs/operations.txt" for header, name, _ in found if name not in rows]
    complaints += [f"{name} of docs/operations.txt is no operation" for name in rows if name not in {each[1] for each in found}]
    complaints += [f"{name} ({header}) has no comment" for header, name, comment in found if not comment]
    if complaints:
        sys.exit("\n".join(complaints))
    text = page(found, rows)
    if not arguments:
        PAGE.write_text(text, encoding="utf-8")
        return
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        sys.exit("docs/operations.md is not what the headers say: run python3 scripts/operations.py")
    if missing := untested(found):
        sys.exit("no test names these operations: " + ", ".join(missing))


if __name__ == "__main__":
    main(sys.argv[1:])
