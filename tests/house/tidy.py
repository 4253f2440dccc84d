#!/usr/bin/env python3
"""clang-tidy over the product's sources, as many at once as there are processors.

    tidy.py CLANG_TIDY CHECKOUT BUILD

Nearly all of its time goes into the headers, so the sources of a folder are read several at once, as one file that
includes them; where their names clash, in two halves. The compiler's precompiled headers mean nothing to clang, so
they are taken out of the commands. A file that was found clean is not looked at again until it, a header that it
includes or .clang-tidy changes.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

CLANG_TIDY, ROOT, BUILD = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
ROOMS = ("core", "models", "scenario", "sim", "live", "faulty_dns", "replay", "records", "analysis", "sockets", "cli")
AT_ONCE = 12  # files: more would leave a processor idle at the end
SCRATCH = BUILD / "clang-tidy"
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
HEADERS_AND_SOURCES = f"/({'|'.join(ROOMS)})/.*\\.(hh|cc)$"


def flags_of(command):
    """The words of a compiler's command that mean something to clang, without its input and output."""
    words, kept, skip = shlex.split(command["command"]), [], False
    for i, word in enumerate(words):
        if skip:
            skip = False
        elif word in ("-o", "-c") or (word == "-include" and words[i + 1].endswith("cmake_pch.hxx")):
            skip = True
        elif word not in ("-fpch-preprocess", "-Winvalid-pch"):
            kept.append(word)
    return (*kept, "-Wno-shadow")  # of one another, where several are read as one


@functools.cache
def included_by(file):
    """The checkout's files that this one includes, by whatever way."""
    found = set()
    for name in INCLUDE.findall(file.read_text()):
        header = ROOT / name
        if header.exists():
            found |= {header} | included_by(header)
    return frozenset(found)


def stamp_of(file):
    key = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for one in [file, *sorted(included_by(file))]:
        key.update(str(one).encode() + one.read_bytes())
    return SCRATCH / "clean" / key.hexdigest()


def findings_in(files, flags):
    """What clang-tidy says of the files, read as one."""
    name = hashlib.sha256("".join(map(str, files)).encode()).hexdigest()
    unit = files[0]
    if len(files) > 1:
        unit = SCRATCH / "units" / f"{name}.cc"
        unit.write_text("".join(f'#include "{file}"\n' for file in files))
    done = subprocess.run([CLANG_TIDY, "--quiet", "--header-filter", HEADERS_AND_SOURCES,
                           "--checks=-bugprone-suspicious-include", str(unit), "--", *flags[1:]],
                          capture_output=True, text=True)
    if len(files) > 1 and "[clang-diagnostic-error]" in done.stdout:
        half = len(files) // 2
        return findings_in(files[:half], flags) + findings_in(files[half:], flags)
    if done.returncode != 0:
        return [done.stdout + done.stderr]
    for file in files:
        stamp_of(file).touch()
    return []


def main():
    for folder in "clean", "units":
        (SCRATCH / folder).mkdir(parents=True, exist_ok=True)
    (SCRATCH / "units" / ".clang-tidy").write_bytes((ROOT / ".clang-tidy").read_bytes())
    alike = {}  # the files of a folder that are compiled alike
    count = 0
    for command in json.loads((BUILD / "compile_commands.json").read_text()):
        file = pathlib.Path(command["file"])
        if file.suffix != ".cc" or file.relative_to(ROOT).parts[0] not in ROOMS:
            continue
        count += 1
        files = alike.setdefault((file.parent, flags_of(command)), [])
        if not stamp_of(file).exists():
            files.append(file)
    batches = [(sorted(files)[i:i + AT_ONCE], flags)
               for (_, flags), files in alike.items() for i in range(0, len(files), AT_ONCE)]
    batches.sort(key=lambda batch: -len(batch[0]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = sum(pool.map(lambda batch: findings_in(*batch), batches), [])
    print("\n".join(findings) if findings else f"{count} files are clean")
    sys.exit(1 if findings or not count else 0)


main()
