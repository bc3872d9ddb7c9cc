#!/usr/bin/env python3
"""Whether the C++ snippets of a page stand in a test: snippets.py PAGE TEST

Each paragraph of a snippet is there line by line; between its paragraphs, which come in order, the test may have more.
"""
import re
import sys


def joined_lines(text):
    return "\n" + "".join(line.strip() + "\n" for line in text.splitlines() if line.strip())


def stands_in(program, snippet):
    at = 0
    for paragraph in map(joined_lines, snippet.split("\n\n")):
        at = program.find(paragraph, at)
        if at < 0:
            return False
        at += len(paragraph) - 1
    return True


page, test = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
snippets = re.findall(r"^```cpp\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
if not snippets:
    sys.exit(f"{sys.argv[1]} has no snippet: this test has looked at nothing")
missing = [snippet for snippet in snippets if not stands_in(joined_lines(test), snippet)]
for snippet in missing:
    print(f"not in {sys.argv[2]}:\n{snippet}")
sys.exit(1 if missing else 0)
