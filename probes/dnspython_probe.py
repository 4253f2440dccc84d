#!/usr/bin/python3
"""dns.resolver.resolve() of dnspython, as its users call it. The line it prints is described in probe.h."""
import sys
import time

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.version

TYPES = {"unspec": "A", "inet": "A", "inet6": "AAAA"}  # one call asks for one type


def mark(what):
    try:
        open(what)
    except OSError:
        pass  # it is not there; the trace has seen us ask


if sys.argv[1:] == ["--version"]:
    print(f"dnspython-{dns.version.MAJOR}.{dns.version.MINOR}")
    sys.exit()
name, rdtype = sys.argv[1], TYPES[sys.argv[2]]
error, addresses = "-", []
for met in (rdtype, "SOA", "CNAME", "OPT"):  # loads what it would import on meeting one, before the clock runs
    dns.rdata.get_rdata_class(dns.rdataclass.IN, dns.rdatatype.from_text(met))
mark("lookup begins")
began = time.monotonic_ns()
try:
    addresses = [record.address for record in dns.resolver.resolve(name, rdtype)]
except Exception as failed:  # dns.exception.DNSException, and what else comes out of it
    error = type(failed).__name__
ended = time.monotonic_ns()
mark("lookup ended")
print(began, ended, error, *addresses, sep="\t")
