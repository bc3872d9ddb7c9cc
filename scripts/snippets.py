#!/usr/bin/env python3
"""Whether the C++ snippets of a page stand in programs: snippets.py PAGE PROGRAM...

Each snippet is in one of them. Each paragraph of it is there line by line; between its paragraphs, which come in order, the
program may have more.
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


page, *programs = sys.argv[1:]


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


snippets = re.findall(r"^```cpp\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)
if not snippets:
    sys.exit(f"{page} has no snippet: this test has looked at nothing")
texts = [joined_lines(text_of(path)) for path in programs]
missing = [snippet for snippet in snippets if not any(stands_in(text, snippet) for text in texts)]
for snippet in missing:
    print(f"of {page}, in none of {len(programs)} programs:\n{snippet}")
sys.exit(1 if missing else 0)
