#!/usr/bin/env python3
"""Whether the C++ snippets of a page stand in a test, line by line and in order: snippets.py PAGE TEST."""
import re
import sys


def lines_of(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


page, test = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
snippets = re.findall(r"^```cpp\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
program = "\n".join(lines_of(test))
missing = [snippet for snippet in snippets if "\n".join(lines_of(snippet)) not in program]
# A snippet may have other lines of the test between its paragraphs.
missing = [snippet for snippet in missing
           if any("\n".join(lines_of(part)) not in program for part in snippet.split("\n\n"))]
if not snippets:
    sys.exit(f"{sys.argv[1]} has no snippet: this test has looked at nothing")
for snippet in missing:
    print(f"not in {sys.argv[2]}:\n{snippet}")
sys.exit(1 if missing else 0)
