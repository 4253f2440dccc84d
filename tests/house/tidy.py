#!/usr/bin/env python3
"""clang-tidy over the product's sources, as many at once as there are processors.

    tidy.py CLANG_TIDY CHECKOUT BUILD

The compiler's precompiled headers mean nothing to clang, so they are taken out of the commands. A file that was
found clean is not looked at again until it, a header or .clang-tidy changes.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

CLANG_TIDY, ROOT, BUILD = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
ROOMS = ("core", "models", "scenario", "sim", "live", "faulty_dns", "replay", "records", "analysis", "sockets", "cli")


def without_precompiled_headers(command):
    words, kept = shlex.split(command), []
    skip = False
    for i, word in enumerate(words):
        if skip:
            skip = False
        elif word == "-include" and words[i + 1].endswith("cmake_pch.hxx"):
            skip = True
        elif word not in ("-fpch-preprocess", "-Winvalid-pch"):
            kept.append(word)
    return shlex.join(kept)


def main():
    commands = [c for c in json.loads((BUILD / "compile_commands.json").read_text())
                if pathlib.Path(c["file"]).relative_to(ROOT).parts[0] in ROOMS and c["file"].endswith(".cc")]
    for command in commands:
        command["command"] = without_precompiled_headers(command["command"])
    scratch = BUILD / "clang-tidy"
    (scratch / "clean").mkdir(parents=True, exist_ok=True)
    (scratch / "compile_commands.json").write_text(json.dumps(commands))

    shared = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for room in ROOMS:
        for header in sorted((ROOT / room).rglob("*.hh")):
            shared.update(header.read_bytes())

    def check(file):
        key = shared.copy()
        key.update(file.encode() + pathlib.Path(file).read_bytes())
        stamp = scratch / "clean" / key.hexdigest()
        if stamp.exists():
            return ""
        done = subprocess.run([CLANG_TIDY, "--quiet", "-p", str(scratch), file], capture_output=True, text=True)
        if done.returncode == 0:
            stamp.touch()
            return ""
        return done.stdout + done.stderr

    files = sorted({c["file"] for c in commands})
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [found for found in pool.map(check, files) if found]
    print("\n".join(findings) if findings else f"{len(files)} files are clean")
    sys.exit(1 if findings or not files else 0)


main()
