"""Captured lookups against real servers, in a network namespace of the test's own: dnsmasq, a server that notes who
asks, and nobody. The same faults are put to the simulation and to the real programs.

    closed_loop_test.py HANGLAB CHECKOUT PROBES [unittest arguments]
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HANGLAB, CHECKOUT, PROBES = (os.path.abspath(path) for path in sys.argv[1:4])
CAPTURES = pathlib.Path(CHECKOUT, "tests", "captures")
INCIDENT = CAPTURES / "glibc-2.36-seed-vm.pcap"
TCP53 = ["-p", "tcp", "--dport", "53"]
UDP53 = ["-p", "udp", "--dport", "53"]
# Go tells the error that came last: of A that its connection was reset, or of AAAA that there is none. The latter comes
# far sooner, but on a busy machine its goroutine waits for a processor.
GO_RESET = ("connection refused", 0), ("no such host", 0)


def in_namespaces_of_its_own():
    """Begins this program again where addresses, rules and /etc/resolv.conf are its own."""
    if os.environ.get("HANGLAB_CLOSED_LOOP_TEST") == "inside":
        return
    os.environ["HANGLAB_CLOSED_LOOP_TEST"] = "inside"
    how = ["unshare", "-nm"] if os.geteuid() == 0 else ["unshare", "-rnm"]
    os.execvp("unshare", how + [sys.executable] + sys.argv)


def write_capture(path, queries):
    """Queries for A records, (time in us, client, name) each, as Ethernet frames."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, (at, client, name) in enumerate(queries):
            labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
            dns = struct.pack(">6H", i & 0xFFFF, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"
            udp = struct.pack(">4H", 2000 + i % 60000, 53, 8 + len(dns), 0) + dns
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton(client),
                             socket.inet_aton("10.0.0.53")) + udp
            frame = bytes.fromhex("0200000000020200000000010800") + ip
            file.write(struct.pack("<4I", 1_700_000_000 + at // 10**6, at % 10**6, len(frame), len(frame)) + frame)
    return path


class AskedServer:
    """Answers A queries with 10.1.2.3 on a free port of a loopback address, and notes who asked for what, when."""

    def __init__(self, answers=True, address="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((address, 0))
        self.at = ("[%s]:%d" if ":" in address else "%s:%d") % self.socket.getsockname()[:2]
        self.answers = answers
        self.asked = []
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def serve(self):
        while True:
            query, client = self.socket.recvfrom(512)
            if not query:
                return
            self.asked.append((time.monotonic(), client[:2], query))
            if self.answers:
                self.socket.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:]
                                   + bytes.fromhex("c00c00010001000000000004") + bytes([10, 1, 2, 3]), client)


class ClosedLoop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="hanglab-closed-loop-"))
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for name, value in ("tcp_syn_retries", 2), ("tcp_syn_linear_timeouts", 0):
            setting = pathlib.Path("/proc/sys/net/ipv4", name)
            if setting.exists():
                setting.write_text(str(value))
        (cls.scratch / "nsswitch.conf").write_text("hosts: files dns\n")
        subprocess.run(["mount", "--bind", cls.scratch / "nsswitch.conf", "/etc/nsswitch.conf"], check=True)
        hosts = cls.scratch / "hosts"
        hosts.write_text("".join(f"10.0.0.{i} me.mydomain.net\n" for i in range(1, 256))
                         + "10.1.2.3 small.mydomain.net\n")
        hosts.chmod(0o644)
        cls.scratch.chmod(0o755)
        cls.dnsmasq = subprocess.Popen(
            ["dnsmasq", "-k", "--no-resolv", "--no-hosts", f"--addn-hosts={hosts}", "--local=/mydomain.net/",
             "--listen-address=127.0.0.1,::1", "--bind-interfaces", "--user=root", "--pid-file=", "--log-facility=-"],
            stderr=subprocess.DEVNULL)
        for _ in range(100):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                if probe.connect_ex(("127.0.0.1", 53)) == 0:
                    break
            time.sleep(0.05)

    @classmethod
    def tearDownClass(cls):
        cls.dnsmasq.terminate()
        cls.dnsmasq.wait()
        subprocess.run(["umount", "/etc/nsswitch.conf"], check=True)
        shutil.rmtree(cls.scratch)

    def tearDown(self):
        self.filter("-F")

    def filter(self, *words):
        for tables in "iptables", "ip6tables":
            subprocess.run([tables, *words], check=True)

    def rule(self, *words):
        self.filter("-A", *words)

    def hanglab(self, *words, status=0):
        done = subprocess.run([HANGLAB, *map(str, words)], cwd=CHECKOUT, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def records(self, *words):
        return [json.loads(line) for line in self.hanglab(*words, "--format", "json").stdout.splitlines()]

    def replayed(self, *options, capture=INCIDENT, server="127.0.0.1"):
        return self.records("replay", capture, "--server", server, *options)

    def file(self, name):
        return self.scratch / name

    def test_a_truncated_answer_is_asked_for_again_over_tcp(self):
        (lookup,) = self.replayed()
        self.assertEqual((lookup["outcome"], lookup["addresses"]), ("answered", 255))
        self.assertEqual(lookup["client"], "glibc-2.36")
        self.assertEqual(lookup["host"], "192.168.122.119")
        attempts = [(a["transport"], a["result"]) for a in lookup["attempts"]]
        self.assertEqual(attempts, [("udp", "truncated"), ("tcp", "answered")] * (len(attempts) // 2))
        self.assertEqual(attempts[0][1], "truncated")
        told = self.hanglab("replay", INCIDENT, "--server", "127.0.0.1", "--strace").stdout
        self.assertRegex(told, r"captured +> 312 µs  no end seen in the 129.16 s that follow")
        self.assertIn("answered, 255 addresses: UDP answer truncated (497 bytes)", told)
        self.assertIn("1 lookup issued", told)
        self.assertRegex(told, r"connect\(\d+, \{sa_family=AF_INET, sin_port=htons\(53\)")

    def test_dropped_tcp_hangs_as_long_as_it_does_in_the_simulation(self):
        self.rule("OUTPUT", *TCP53, "-j", "DROP")
        (real,) = self.replayed()
        (simulated,) = self.records("run", "topologies/debian-tcp53-drop.yaml", "--set",
                                    "hosts.vm.sysctls.net.ipv4.tcp_syn_retries=2")
        for key in "outcome", "error", "addresses", "censored":
            self.assertEqual(real[key], simulated[key])
        self.assertEqual(real["error"], "EAI_AGAIN")
        self.assertAlmostEqual(float(real["duration_s"]), float(simulated["duration_s"]), delta=0.2)
        self.assertGreater(float(real["duration_s"]), 6.9)
        steps = [[(a["transport"], a["result"], a["syns"]) for a in lookup["attempts"]] for lookup in (real, simulated)]
        self.assertEqual(steps[0], steps[1])
        self.assertEqual(steps[0], [("udp", "truncated", 0), ("tcp", "connect ETIMEDOUT", 3)])
        syns = [float(at) for at in real["attempts"][1]["sends_s"]]
        for at, due in zip(syns, (0, 1, 3)):
            self.assertAlmostEqual(at - syns[0], due, delta=0.2)
        (myhostname,) = self.replayed("--nsswitch", "files dns myhostname")
        self.assertEqual(myhostname["error"], "EAI_NONAME")

    def test_real_programs_hang_as_long_and_end_alike(self):
        faults = {
            "clean": ([], ("glibc", "musl", "go", "cares", "dig")),
            "TCP dropped": (["OUTPUT", *TCP53, "-j", "DROP"], ("glibc", "musl", "go", "cares")),
            "TCP reset": (["OUTPUT", *TCP53, "-j", "REJECT", "--reject-with", "tcp-reset"], ("glibc", "go", "cares")),
            "UDP dropped": (["INPUT", *UDP53, "-j", "DROP"], ("glibc", "musl", "go")),
            "UDP not let out": (["OUTPUT", *UDP53, "-j", "DROP"], ("glibc", "musl")),
        }
        compared = set()
        for fault, (rule, clients) in faults.items():
            if rule:
                self.rule(*rule)
            cases = [(client, server) for client in clients for server in ("127.0.0.1", "::1")]
            with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
                pairs = list(pool.map(self.both, *zip(*cases)))
            self.filter("-F")
            for (client, server), (real, played) in zip(cases, pairs):
                if real is None:
                    continue
                compared.add((fault, server))
                with self.subTest(fault=fault, client=client, server=server, real=real, played=played):
                    if (fault, client) == ("TCP reset", "go"):
                        for outcome in real, played:
                            self.assertIn(outcome[1:], GO_RESET)
                    else:
                        self.assertEqual(real[1:], played[1:])
                    self.assertAlmostEqual(real[0], played[0], delta=0.5)  # two draws of the timer wheel
        self.assertEqual(len(compared), 2 * len(faults))  # by glibc at least: its probe is always there

    def both(self, client, server):
        """(seconds, error, addresses) of the real program and of the model that plays it, asking at the same time."""
        probe = pathlib.Path(PROBES, f"{client}_probe")
        if not probe.exists():
            return None, None
        version = subprocess.run([probe, "--version"], capture_output=True, text=True, timeout=60).stdout.strip()
        known = subprocess.run([HANGLAB, "replay", INCIDENT, "--server", server, "--client", "none"],
                               capture_output=True, text=True, timeout=60).stderr
        if not version or version not in known:
            return None, None
        conf = self.file(f"resolv.conf of {client} at {server}")
        conf.write_text(f"nameserver {server}\n")
        asked = subprocess.Popen(["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', conf,
                                  probe, "me.mydomain.net", "unspec"], stdout=subprocess.PIPE, text=True,
                                 cwd=self.scratch)
        replay = subprocess.run([HANGLAB, "replay", INCIDENT, "--server", server, "--client", version, "--format",
                                 "json"], capture_output=True, text=True, timeout=120)
        played = json.loads(replay.stdout)
        self.assertEqual({a["server"] for a in played["attempts"]}, {"[::1]:53" if ":" in server else server + ":53"})
        began, ended, error, *addresses = asked.communicate(timeout=120)[0].rstrip("\n").split("\t")
        return ((int(ended) - int(began)) / 1e9, "" if error == "-" else error, len(addresses)), \
            (float(played["duration_s"]), played["error"], played["addresses"])

    def test_a_dead_server_costs_each_resolver_its_own_timeouts(self):
        conf = self.file("short")
        conf.write_text("nameserver 192.0.2.1\noptions timeout:1 attempts:2\n")
        with AskedServer(answers=False) as server:
            (lookup,) = self.replayed("--resolv-conf", conf, server=server.at)
            self.assertEqual(len(server.asked), 4)  # A and AAAA, twice; and nobody asked 192.0.2.1
        self.assertEqual((lookup["outcome"], lookup["error"]), ("failed", "EAI_AGAIN"))
        self.assertAlmostEqual(float(lookup["duration_s"]), 2.0, delta=0.1)
        self.assertEqual([a["result"] for a in lookup["attempts"]], ["timeout", "timeout"])
        self.assertEqual({a["server"] for a in lookup["attempts"]}, {server.at})
        (hung,) = self.replayed("--give-up", "500ms", server=server.at.replace("127.0.0.1", "127.0.0.2"), capture=INCIDENT)
        self.assertIn(hung["outcome"], ("hung", "failed"))

    def test_thousands_of_clients_each_with_an_address_of_its_own(self):
        queries = [(i * 500, f"10.{i // 250}.{i % 250}.7", f"h{i}.example") for i in range(3000)]
        capture = write_capture(self.file("many.pcap"), queries)
        with AskedServer() as server:
            done = self.hanglab("replay", capture, "--server", server.at, "--source", "127.5.0.0/16", "--out",
                                self.file("many"))
        self.assertIn("3000 names  3000 hosts     3000      3000", done.stdout)
        self.assertEqual(len({address for _, (address, _), _ in server.asked}), 3000)
        self.assertEqual(server.asked[0][1][0], "127.5.0.1")
        took = server.asked[-1][0] - server.asked[0][0]
        self.assertAlmostEqual(took, 2999 * 500e-6, delta=0.1)
        with sqlite3.connect(self.file("many") / "results.sqlite") as results:
            self.assertEqual(results.execute("SELECT count(*), count(DISTINCT host) FROM lookups").fetchone(), (3000, 3000))
        with AskedServer() as server:
            done = self.hanglab("replay", capture, "--server", server.at, "--topspeed", "--loop", "2")
        self.assertIn("6000 lookups issued", done.stdout)
        self.assertNotIn("late by", done.stdout)

    def test_hung_lookups_are_named_and_an_interrupt_keeps_them(self):
        capture = write_capture(self.file("two.pcap"), [(0, "10.0.0.7", "a.example"), (3600_000_000, "10.0.0.7", "b.example")])
        with AskedServer(answers=False) as server:
            program = subprocess.Popen([HANGLAB, "replay", capture, "--server", server.at, "--out", self.file("hung")],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(200):
                if server.asked:
                    break
                time.sleep(0.05)
            program.send_signal(signal.SIGINT)
            told, errors = program.communicate(timeout=20)
        self.assertEqual(program.returncode, 130, told + errors)
        self.assertIn("hung: 10.0.0.7 asks for a.example at ", told)
        self.assertIn("interrupted after 1 of 2 lookups", errors)
        with sqlite3.connect(self.file("hung") / "results.sqlite") as results:
            self.assertEqual(results.execute("SELECT outcome, censored FROM lookups").fetchall(), [("hung", 1)])

    def test_where_nothing_was_sent_the_status_is_not_0(self):
        self.rule("OUTPUT", *UDP53, "-j", "DROP")
        told = self.hanglab("replay", INCIDENT, "--server", "127.0.0.1", status=1).stderr
        self.assertIn("nothing was sent to 127.0.0.1:53", told)
        empty = write_capture(self.file("empty.pcap"), [])
        self.assertIn("holds no lookup", self.hanglab("replay", empty, "--server", "127.0.0.1", status=1).stderr)

    def test_what_is_refused(self):
        for options, words in (
                (["--server", "192.0.2.53"], "--i-own-this-network"),
                (["--server", "2001:db8::53"], "--i-own-this-network"),
                (["--server", "localhost"], "reads 127.0.0.1, 127.0.0.1:5353, ::1 or [::1]:5353"),
                (["--server", "127.0.0.1:0"], "--server"),
                (["--server", "[::1]:0"], "--server"),
                (["--server", "[::1"], "--server"),
                (["--server", "fe80::1"], "link-local"),
                (["--server", "::1", "--source", "127.1.0.0/16"], "is asked from addresses of IPv6"),
                (["--server", "127.0.0.1", "--source", "fd00::/64"], "is asked from addresses of IPv4"),
                (["--server", "::1", "--source", "fd00:8::/64"], "ip -6 route add local fd00:8::/64 dev lo"),
                (["--server", "::1", "--source", "fd00::/129"], "reads 10.9.0.0/16 or fd00:9::/64"),
                (["--server", "127.0.0.1", "--client", "bind"], "glibc-2.36"),
                (["--server", "127.0.0.1", "--source", "10.8.0.0/16"], "ip route add local 10.8.0.0/16 dev lo"),
                (["--server", "127.0.0.1", "--mbps", "3"], "--mbps"),
                (["--server", "127.0.0.1", "--clients", "1000000000"], "ulimit -n"),
                (["--server", "127.0.0.1", "--interface", "lo"], "one of them"),
                (["--server", "127.0.0.1", "--pcap", "--out", self.file("no")], "--pcap"),
                (["--server", "127.0.0.1", "--nsswitch", "[files"], "--nsswitch"),
                (["--server", "127.0.0.1", "--give-up", "0s"], "--give-up"),
                (["--server", "127.0.0.1", "--loop", "0"], "--loop 0")):
            with self.subTest(options=options):
                self.assertIn(words, self.hanglab("replay", INCIDENT, *options, status=2).stderr)

    def test_addresses_of_a_local_route_are_clients_too(self):
        subprocess.run("ip route add local 10.9.0.0/16 dev lo".split(), check=True)
        with AskedServer() as server:
            capture = write_capture(self.file("route.pcap"), [(0, f"10.0.0.{i}", f"h{i}.example") for i in range(1, 9)])
            self.hanglab("replay", capture, "--server", server.at, "--source", "10.9.0.0/16", "--client", "musl")
        self.assertEqual({address for _, (address, _), _ in server.asked}, {f"10.9.0.{i}" for i in range(1, 9)})

    def test_addresses_of_a_local_route_of_ipv6_are_clients_too(self):
        subprocess.run("ip -6 route add local fd00:9::/64 dev lo".split(), check=True)
        queries = [(0, f"10.0.{i // 250}.{i % 250 + 1}", f"h{i}.example") for i in range(600)]
        capture = write_capture(self.file("route6.pcap"), queries)
        for more in [], ["--topspeed", "--loop", "2"], ["--topspeed", "--keep-ports"]:
            with self.subTest(more=more), AskedServer(address="::1") as server:
                done = self.hanglab("replay", capture, "--server", server.at, "--source", "fd00:9::5/64", *more)
                self.assertIn("600 names  600 hosts", done.stdout)
                self.assertEqual({address for _, (address, _), _ in server.asked},
                                 {f"fd00:9::{i:x}" for i in range(1, 601)})
        one = write_capture(self.file("one.pcap"), queries[:1])
        with AskedServer(address="::1") as server:
            self.hanglab("replay", one, "--server", server.at, "--source", "fd00:9::7:7", "--client", "go")
        self.assertEqual({address for _, (address, _), _ in server.asked}, {"fd00:9::7:7"})
        (large,) = self.replayed("--source", "fd00:9::/127", server="[::1]:53")
        self.assertEqual((large["outcome"], large["addresses"]), ("answered", 255))
        two = write_capture(self.file("two6.pcap"), queries[:3])
        told = self.hanglab("replay", two, "--server", "::1", "--source", "fd00:9::/127", status=2).stderr
        self.assertIn("has addresses for 2 clients, and there are 3", told)

    def test_kept_ports_come_again_after_2000_others_and_real_ones_do_not(self):
        capture = write_capture(self.file("ports.pcap"), [(i, "10.0.0.7", f"h{i}.example") for i in range(3000)])
        ports = {}
        for options in ["--keep-ports"], []:
            with AskedServer() as server:
                self.hanglab("replay", capture, "--server", server.at, "--topspeed", "--clients", "20", *options)
            ports[bool(options)] = [port for _, (_, port), _ in server.asked]
        self.assertEqual(len(ports[True]), 3000)
        last = {}
        for i, port in enumerate(ports[True]):
            self.assertGreater(i - last.get(port, -3000), 2000 - 2 * 20)  # in the order of their arrival
            last[port] = i
        self.assertLess(len(set(ports[True])), 2000 + 5 * 20)
        self.assertGreater(len(set(ports[False])), 2500)  # of 28,232 at random


in_namespaces_of_its_own()
unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
