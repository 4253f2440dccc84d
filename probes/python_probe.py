#!/usr/bin/python3
"""socket.getaddrinfo() of Python: the C library's. The line it prints is described in probe.h."""
import socket
import sys
import time

FAMILIES = {"unspec": socket.AF_UNSPEC, "inet": socket.AF_INET, "inet6": socket.AF_INET6}


def mark(what):
    try:
        open(what)
    except OSError:
        pass  # it is not there; the trace has seen us ask


def error_name(code):
    names = (name for name in dir(socket) if name.startswith("EAI_") and getattr(socket, name) == code)
    return next(names, f"EAI {code}")


if sys.argv[1:] == ["--version"]:
    print("python-{}.{}".format(*sys.version_info))
    sys.exit()
name, family = sys.argv[1], FAMILIES[sys.argv[2]]
error, addresses = "-", []
"x".encode("idna")  # loads the codec that getaddrinfo() needs, before the clock runs
mark("lookup begins")
began = time.monotonic_ns()
try:
    addresses = [found[4][0] for found in socket.getaddrinfo(name, 3268, family, socket.SOCK_STREAM)]
except socket.gaierror as failed:
    error = error_name(failed.errno)
ended = time.monotonic_ns()
mark("lookup ended")
print(began, ended, error, *addresses, sep="\t")
