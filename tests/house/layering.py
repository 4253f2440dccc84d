#!/usr/bin/env python3
"""Holds the #includes against the table of docs/architecture.md: which room may know which."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
DOCUMENT = ROOT / "docs/architecture.md"
EXTERNAL = {  # headers of other people's libraries, and the rooms that may include them
    "ns3/": {"sim"},
    "tins/": {"replay"},
    "pcap": {"replay"},
    "sqlite3.h": {"records"},
    "yaml-cpp/": {"scenario"},
    "boost/program_options": {"cli"},
    "libnetfilter_log/": {"live"},
    "nlohmann/": {"records", "cli"},
}


def allowed_by_table():
    """Rows such as `| sim/ | core, models, scenario | … |`."""
    allowed = {}
    for line in DOCUMENT.read_text().splitlines():
        row = re.match(r"\|\s*`([a-z/]+)/`\s*\|\s*([^|]*)\|", line)
        if row:
            allowed[row[1]] = {name for name in re.findall(r"`([a-z/]+)`", row[2])}
    return allowed


def room_of(path, rooms):
    """The most particular room that a path lies in."""
    fitting = [room for room in rooms if path == room or path.startswith(room + "/")]
    return max(fitting, key=len, default=None)


def main():
    allowed = allowed_by_table()
    if len(allowed) < 8:
        sys.exit(f"{DOCUMENT}: no table of rooms found")
    problems = []
    files = 0
    for room in sorted({r.split("/")[0] for r in allowed}):
        for source in sorted((ROOT / room).rglob("*")):
            if source.suffix not in {".hh", ".cc"}:
                continue
            files += 1
            name = str(source.relative_to(ROOT))
            here = room_of(name, allowed)
            if here is None:
                problems.append(f"{name}: lies in no room of the table")
                continue
            for number, line in enumerate(source.read_text().splitlines(), 1):
                own = re.match(r'\s*#include "([^"]+)"', line)
                if own:
                    there = room_of(own[1], allowed)
                    if there is None:
                        problems.append(f"{name}:{number}: {own[1]} is in no room")
                    elif there != here and not any(there == r or there.startswith(r + "/") for r in allowed[here]):
                        problems.append(f"{name}:{number}: {here} must not know {there} ({own[1]})")
                other = re.match(r"\s*#include <([^>]+)>", line)
                if other:
                    for prefix, rooms in EXTERNAL.items():
                        if other[1].startswith(prefix) and here.split("/")[0] not in rooms:
                            problems.append(f"{name}:{number}: {here} must not use <{other[1]}>")
    print("\n".join(problems) if problems else f"{files} files keep to the table of {DOCUMENT.name}")
    sys.exit(1 if problems or not files else 0)


main()
