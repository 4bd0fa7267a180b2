#!/usr/bin/env python3
"""The order of the folders of a crate: each folder, and each file beside them, uses only those below it.

Usage: layers.py core/src NAME..     all names, from the top to the bottom; prints each use of a higher one
Reads text. Unit tests may use any folder, and the strategies for property tests are used by macros of any folder.
"""
import os, re, sys

root, names = sys.argv[1], sys.argv[2:]
found = {name.removesuffix(".rs") for name in os.listdir(root)} - {"lib", "bin"}
failed = found != set(names)
if failed:
    print(f"{root}: the order and the folders differ in {sorted(found ^ set(names))}")
for folder, _, files in os.walk(root):
    for file in (name for name in files if name.endswith(".rs")):
        path = os.path.join(folder, file)
        own = os.path.relpath(path, root).split(os.sep)[0].removesuffix(".rs")
        if own not in names:
            continue
        with open(path, encoding="utf-8") as text:
            code = text.read().split("#[cfg(test)]\nmod tests {")[0]
        code = re.sub(r"(?m)^\s*//.*$", "", code).replace("$crate::testing::strategies", "")
        for used in set(re.findall(r"\bcrate::(\w+)", code)) & set(names):
            if names.index(used) < names.index(own):
                failed = True
                print(f"{path}: uses {used}/, which is above {own}/")
print(f"{root}: {len(names)} layers")
sys.exit(failed)
