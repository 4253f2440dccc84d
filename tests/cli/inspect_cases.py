#!/usr/bin/env python3
"""Holds `hanglab inspect` against measured cases: what a capture shows of a lookup has to be what the program met.

    inspect_cases.py HANGLAB FOLDER...     folders of cases, each with case.json, hv.pcap and perhaps vm.pcap

Of each capture: the name, whether the UDP answer was truncated, what came of asking over TCP, how the lookup ended, how
many records it got, and how long it took; where the capture does not show the end, that it took at least as long as
told. One line a capture, then the total; exit status 1 if one differs.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

HANGLAB = sys.argv[1]
CLOCKS_APART = 0.01  # seconds: a capture's first packet may be stamped before the program looks at its clock
# What a program does before its first packet and after its last. strace stops it twice a call, and sorting 256
# addresses takes it 768 calls.
OWN_WORK, OWN_WORK_TRACED = 0.06, 0.16
PROCESS = 0.25  # where the whole process was timed, not the call

# What packets do not tell, by case.
KNOWN = {
    "musl-1.2.4--clean": "musl 1.2.4 fails on an answer of 4,113 octets",
    "musl-1.2.4--mid": "musl 1.2.4 keeps what fits in its buffer, 45 addresses",
    "musl-1.2.5--clean": "musl keeps 48 addresses at most",
    "node-20-cares-1.34--tcpicmp": "c-ares 1.34 sits out its timeouts after a refusal, without a packet",
}

TRUNCATING = {"me.mydomain.net", "mid.mydomain.net"}  # their records do not fit in 512 octets


def rules_of(case, transport):
    """Those of the hypervisor, and of the VM, for a transport."""
    return [[rule for rule in case[f"{host}_rules"] if f"-p {transport}" in rule or "-p " not in rule]
            for host in ("hypervisor", "vm")]


def is_for_first_server_only(rule):
    return "-d 192.168.122.1 " in rule


def expected_truncation(case):
    name, options = case["host_looked_up"], case["resolv_conf_options"]
    hypervisor, vm = rules_of(case, "udp")
    reachable = not vm and (len(case["nameservers"]) > 1 or not any("DROP" in r or "REJECT" in r for r in hypervisor)
                            or any("statistic" in r or "hashlimit" in r for r in hypervisor))
    if "use-vc" in options or not reachable or name not in TRUNCATING:
        return False
    return name == "me.mydomain.net" or "edns0" not in options  # 60 addresses fit in 1200 octets


def expected_tcp(case, seen_at):
    """What the best of the lookup's connections reached, as seen at one of both hosts."""
    if case["client"] == "musl-1.2.3" or not expected_truncation(case):
        return "none"
    hypervisor, vm = rules_of(case, "tcp")
    if any("--length" in rule for rule in hypervisor + vm):
        return "silent"
    if vm:
        # Of what OUTPUT drops or rejects nothing leaves the VM, but its own refusal passes its loopback.
        return "refused" if "REJECT" in vm[0] and seen_at == "vm" else "none"
    if len(case["nameservers"]) > 1 and hypervisor and all(is_for_first_server_only(rule) for rule in hypervisor):
        return "answered"
    if any("DROP" in rule for rule in hypervisor):
        return "unanswered"
    return "refused" if hypervisor else "answered"


def measured_seconds(case):
    """How long the program took; whether it was ended before it returned; how exact that is."""
    observed = case["observed"]
    text = str(observed.get("text") or "")
    if text.startswith("TIMEOUT>"):
        return float(text.removeprefix("TIMEOUT>")), True, 0
    own_work = OWN_WORK_TRACED if case.get("traced", True) else OWN_WORK
    if "seconds" in observed:
        return float(observed["seconds"]), False, own_work
    return float(case["observed_wall_seconds"]), False, own_work + PROCESS


def inspect(capture):
    done = subprocess.run([HANGLAB, "inspect", capture, "--format", "json"], capture_output=True, text=True, timeout=60)
    lookups = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != (0 if lookups else 1):
        raise RuntimeError(f"{capture}: exit status {done.returncode}: {done.stderr}")
    return sorted(lookups, key=lambda lookup: lookup["start_s"])


def differences(case, seen_at, lookups):
    name = case["host_looked_up"].lower().rstrip(".")
    searched = "search" in case["resolv_conf_options"]
    for lookup in lookups:
        asked = lookup["name"].lower()
        if asked != name and not (searched and asked.startswith(name + ".")):
            yield f"asks for {asked}"
        if lookup["client"] != "192.168.122.119":
            yield f"is asked by {lookup['client']}"
    if len(lookups) > 1 and not searched:
        yield f"is {len(lookups)} lookups"

    truncated = any(lookup["truncated"] for lookup in lookups)
    if truncated != expected_truncation(case):
        yield f"truncated: {truncated}"
    tcp = lookups[-1]["tcp"]
    if truncated and tcp != expected_tcp(case, seen_at):
        yield f"TCP {tcp}, expected {expected_tcp(case, seen_at)}"

    last = lookups[-1]
    if last["outcome"] == "answered" and not case["observed"].get("ok", True):
        yield "answered, but the program failed"
    if last["outcome"] == "failed" and case["observed"].get("ok"):
        yield f"failed ({last['reason']}), but the program was answered"
    if last["outcome"] == "answered" and case["observed"].get("n", last["answers"]) != last["answers"]:
        yield f"{last['answers']} records, the program got {case['observed']['n']}"

    seconds, ended_early, exact_to = measured_seconds(case)
    told = last["start_s"] + last["duration_s"] - lookups[0]["start_s"]
    if told > seconds + CLOCKS_APART and not (ended_early and last["censored"]):
        yield f"takes {told:.3f} s, the program {seconds:.3f} s"
    elif not last["censored"] and (ended_early or seconds - told > exact_to):
        yield f"ends after {told:.3f} s, the program after {'>' if ended_early else ''}{seconds:.3f} s"


def compare(capture):
    case = json.loads((capture.parent / "case.json").read_text())
    lookups = inspect(capture)
    label = f"{capture.parent.name} {capture.stem}"
    if not lookups:
        return label, None, "the capture shows nothing of the lookup"
    found = list(differences(case, capture.stem, lookups))
    last = lookups[-1]
    told = last["start_s"] + last["duration_s"] - lookups[0]["start_s"]
    seconds, ended_early, _ = measured_seconds(case)
    cut = f"truncated at {last['truncated']['bytes']}, " if last["truncated"] else ""
    facts = (f"{cut}TCP {last['tcp']}, {last['outcome']} {last['reason']}".rstrip() +
             f", {'at least ' if last['censored'] else ''}{told:.3f} s, "
             f"the program {'more than ' if ended_early else ''}{seconds:.3f} s")
    return label, not found, f"{facts}: {'; '.join(found)}" if found else facts


def main():
    captures = sorted(path for folder in sys.argv[2:] for path in pathlib.Path(folder).glob("**/*.pcap")
                      if (path.parent / "case.json").exists())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compare, captures))
    counts = collections.Counter()
    for label, agrees, facts in results:
        known = KNOWN.get(label.split()[0])
        word = "silent" if agrees is None else "agrees" if agrees else "known" if known else "DIFFERS"
        counts[word] += 1
        print(f"{word:7}  {label}: {facts}{f'; {known}' if word == 'known' else ''}")
    print(f"{len(results)} captures: {counts['agrees']} agree, {counts['silent']} show nothing of their lookup, "
          f"{counts['known']} differ for a known cause, {counts['DIFFERS']} differ")
    sys.exit(1 if counts["DIFFERS"] or not counts["agrees"] else 0)


main()
