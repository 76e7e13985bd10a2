#!/usr/bin/env python3
"""Checks every #include of src/ against src/layers.txt.

    tools/layers.py src src/layers.txt

A room may include itself and the rooms of its row. Rooms stand above their users, so a cycle cannot be written. Two laws of
the architecture are checked on the closure: what `server` reaches, and that `monitor` does not reach `serve`.
"""
import pathlib
import re
import sys

FORBIDDEN = {  # room: rooms its closure must not reach (ARCHITECTURE.md, laws 1 and 3)
    "server": {"graph", "graph/onnx", "import", "importer", "jobs"},
    "monitor": {"serve/model", "serve/predict", "serve/batch", "serve/control", "serve/protocol", "serve/http"},
}


def read_rows(path):
    rows = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        room, _, uses = line.partition(":")
        for use in uses.split():
            if use not in rows:
                sys.exit(f"{path}:{number}: {room} uses {use}, which has no row above it")
        rows[room] = uses.split()
    return rows


def room_of(relative, rows):
    """The longest room that is a folder of this path."""
    folder = relative.parent
    while str(folder) != ".":
        if str(folder) in rows:
            return str(folder)
        folder = folder.parent
    return None


def closure(room, rows):
    reached, waiting = set(), [room]
    while waiting:
        for use in rows[waiting.pop()]:
            if use not in reached:
                reached.add(use)
                waiting.append(use)
    return reached


def main():
    root, table = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows = read_rows(table)
    problems = []
    for room, forbidden in FORBIDDEN.items():
        for reached in sorted(closure(room, rows) & forbidden) if room in rows else []:
            problems.append(f"{table}: the closure of {room} reaches {reached}")
    files = 0
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".h", ".cc")):
        relative = path.relative_to(root)
        room = room_of(relative, rows)
        if room is None:
            problems.append(f"{path}: in no room of {table}")
            continue
        files += 1
        # Tests and benchmarks may use what they test with; the program itself may not.
        if re.search(r"_(test|bench|fuzz)\.cc$", path.name):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'#include "([^"]+)"', line)
            if not match:
                continue
            used = room_of(pathlib.PurePosixPath(match.group(1)), rows)
            if used is not None and used != room and used not in rows[room]:
                problems.append(f"{path}:{number}: {room} may not include {used}")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{files} files, {len(rows)} rooms, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
