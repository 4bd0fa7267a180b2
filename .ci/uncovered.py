#!/usr/bin/env python3
"""Lines that no test executes, from a report of LLVM; fails if less than a share of the lines is executed.

Usage: uncovered.py REPORT.lcov PERCENT
Unit tests in the files, and the values for property tests, are not counted.
"""

import os
import sys
from collections import defaultdict

report, goal = sys.argv[1], float(sys.argv[2])
counts = defaultdict(lambda: defaultdict(int))
name = None
with open(report, encoding="utf-8") as file:
    for line in file:
        if line.startswith("SF:"):
            name = os.path.relpath(line[3:].strip())
        elif line.startswith("DA:"):
            number, count = line[3:].split(",")[:2]
            counts[name][int(number)] = max(counts[name][int(number)], int(count))


def tests_begin(name):
    """The number of the line at which the unit tests of a file begin."""
    with open(name, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for number, line in enumerate(lines, 1):
        if line == "#[cfg(test)]" and lines[number].startswith("mod "):
            return number
    return len(lines) + 1


def ranges(numbers):
    for number in numbers:
        if number - 1 not in numbers:
            start = number
        if number + 1 not in numbers:
            yield str(start) if start == number else f"{start}-{number}"


lines = missed = 0
for name in sorted(counts):
    if name.startswith("core/src/testing/strategies"):
        continue
    end = tests_begin(name)
    own = {number: count for number, count in counts[name].items() if number < end}
    zero = [number for number in sorted(own) if own[number] == 0]
    lines, missed = lines + len(own), missed + len(zero)
    if zero:
        print(f"{name}: {', '.join(ranges(zero))}")
if not lines:
    sys.exit("the report contains no line of the core")
share = 100 * (lines - missed) / lines
print(f"{lines - missed} of {lines} lines executed: {share:.1f} %")
if share < goal:
    sys.exit(f"less than {goal:g} %")
