"""Frames of captures over a veth pair between two ends of a network namespace that was made for the test: what
arrives is what was captured, octet for octet, apart from what was asked to change.

    frames_test.py HANGLAB CHECKOUT
"""

import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HANGLAB, CHECKOUT = sys.argv[1:3]
CAPTURES = os.path.join(CHECKOUT, "tests", "captures", "groundtruth")
ETH_P_ALL = 3
SOL_PACKET, PACKET_OUTGOING = 263, 4


def in_a_namespace_of_its_own():
    """Begins this program again where `ip link` may be used without touching the machine's network."""
    if os.environ.get("HANGLAB_FRAMES_TEST") == "inside":
        return
    os.environ["HANGLAB_FRAMES_TEST"] = "inside"
    how = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    os.execvp("unshare", how + [sys.executable] + sys.argv)


def frames_of(path):
    """Of a pcap file in this machine's order: its link type, and (time in ns, octets) of each frame."""
    with open(path, "rb") as file:
        header = file.read(24)
        magic, _, _, _, _, _, link_type = struct.unpack("<IHHiIII", header)
        tick = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}[magic]
        frames = []
        while record := file.read(16):
            seconds, fraction, captured, _ = struct.unpack("<IIII", record)
            frames.append((seconds * 10**9 + fraction * tick, file.read(captured)))
    return link_type, frames


def write_pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for at, octets in frames:
            file.write(struct.pack("<IIII", at // 10**9, at % 10**9, len(octets), len(octets)) + octets)


def ipv4_frames(capture):
    """Those of an Ethernet capture that hold IPv4, which is what a replay sends."""
    link_type, frames = frames_of(capture)
    assert link_type == 1, capture
    return [(at, octets) for at, octets in frames if octets[12:14] == b"\x08\x00"]


class Frames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w") as setting:  # no neighbour discovery between
            setting.write("1")
        for command in ("link add left type veth peer name right", "link set lo up", "link set left up",
                        "link set right up", "addr add 192.168.122.254/24 dev left"):
            subprocess.run(["ip", *command.split()], check=True)
        cls.scratch = tempfile.TemporaryDirectory(prefix="hanglab-frames-")
        # As its host captured it, with checksums left to the interface and segments longer than any frame.
        cls.offloaded = os.path.join(CAPTURES, "glibc-2.36--clean", "hv.pcap")
        cls.capture = os.path.join(cls.scratch.name, "captured.pcap")
        cls.made = subprocess.run([HANGLAB, "replay", cls.offloaded, "--write", cls.capture], capture_output=True,
                                  text=True, check=True).stdout
        cls.frames = ipv4_frames(cls.capture)
        write_pcap(cls.capture, cls.frames)  # without IPv6, whose networks `left` has no part in

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def file(self, name):
        return os.path.join(self.scratch.name, name)

    def replay(self, capture, *options, status=0):
        done = subprocess.run([HANGLAB, "replay", capture, *options], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def wrong_checksums(self, capture):
        layers = ("ip", "tcp", "udp")
        options = [word for layer in layers for word in ("-o", f"{layer}.check_checksum:TRUE")]
        wrong = " || ".join(f"{layer}.checksum.status==0" for layer in layers)
        wrong = f"({wrong}) && !icmp"  # what an error quotes is as it was sent
        return subprocess.run(["tshark", "-r", capture, *options, "-Y", wrong], capture_output=True, text=True,
                              check=True).stdout

    def received(self, capture, *options):
        """What arrives at the other end: (time in ns, octets) of each frame."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as tap:
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            tap.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
            tap.bind(("right", ETH_P_ALL))
            told = self.replay(capture, "--interface", "left", "--i-own-this-network", *options)
            tap.settimeout(0.2)
            arrived = []
            try:
                while True:
                    octets, about, _, address = tap.recvmsg(65536, 64)
                    if address[2] == PACKET_OUTGOING:
                        continue
                    seconds, nanoseconds = struct.unpack("qq", about[0][2])
                    arrived.append((seconds * 10**9 + nanoseconds, octets))
            except TimeoutError:
                return arrived, told

    def test_checksums_alone_are_put_right(self):
        whole = [frame for frame in ipv4_frames(self.offloaded) if len(frame[1]) <= 1514]
        self.assertEqual([at for at, _ in self.frames], [at for at, _ in whole])
        changed = set()
        for (_, right), (_, captured) in zip(self.frames, whole):
            transport = "udp" if captured[23] == 17 else "tcp"
            self.assertEqual(len(right), len(captured))
            changed |= {(transport, i) for i, octet in enumerate(captured) if right[i] != octet}
        self.assertEqual(changed, {("udp", 40), ("udp", 41), ("tcp", 50), ("tcp", 51)})
        long = len(ipv4_frames(self.offloaded)) - len(whole)
        self.assertGreater(long, 0)
        self.assertIn(f"  {long} left out: longer than the MTU\n", self.made)
        self.assertEqual(self.wrong_checksums(self.capture), "")
        self.assertNotEqual(self.wrong_checksums(self.offloaded), "")

    def test_a_capture_arrives_as_it_was_captured(self):
        self.assertGreater(len(self.frames), 50)
        arrived, told = self.received(self.capture)
        self.assertEqual([octets for _, octets in arrived], [octets for _, octets in self.frames])
        self.assertIn(f"{len(self.frames)} frames sent in ", told)
        self.assertNotIn("wrong checksum", told)
        self.assertNotIn("left out", told)

    def test_at_ten_times_the_speed_the_distances_are_a_tenth(self):
        spread = [(i * 20_000_000, octets) for i, (_, octets) in enumerate(self.frames[:40])]
        capture = self.file("spread.pcap")
        write_pcap(capture, spread)
        arrived, _ = self.received(capture, "--speed", "10")
        self.assertEqual(len(arrived), 40)
        took = arrived[-1][0] - arrived[0][0]
        self.assertGreater(took, 39 * 2_000_000 * 0.9)
        self.assertLess(took, 39 * 2_000_000 + 500_000_000)  # however busy the machine

    def test_what_was_mapped_maps_back(self):
        mapped = self.file("mapped.pcap")
        there = ["--map", "192.168.122.0/24=10.7.0.0/24", "--map-port", "53=5353", "--source-mac", "02:00:00:00:00:77"]
        self.replay(self.capture, "--write", mapped, *there)
        changed = ipv4_frames(mapped)
        self.assertEqual(len(changed), len(self.frames))
        for _, octets in changed:
            self.assertEqual(octets[6:12], bytes.fromhex("020000000077"))
            self.assertEqual(octets[26:29], bytes([10, 7, 0]))
            self.assertEqual(octets[30:33], bytes([10, 7, 0]))
        self.assertEqual([at - changed[0][0] for at, _ in changed], [at - self.frames[0][0] for at, _ in self.frames])
        self.assertEqual(self.wrong_checksums(mapped), "")

        arrived, _ = self.received(mapped, "--map", "10.7.0.0/24=192.168.122.0/24", "--map-port", "5353=53")
        back = [octets[:6] + self.frames[i][1][6:12] + octets[12:] for i, (_, octets) in enumerate(arrived)]
        self.assertEqual(back, [octets for _, octets in self.frames])

    def test_a_tag_and_a_neighbour(self):
        subprocess.run(["ip", "neigh", "replace", "192.168.122.1", "lladdr", "02:00:00:00:00:01", "dev", "left"],
                       check=True)
        arrived, told = self.received(self.capture, "--only-clients", "--destination-mac", "auto")
        self.assertGreater(len(arrived), 20)
        self.assertEqual({octets[:6] for _, octets in arrived}, {bytes.fromhex("020000000001")})
        self.assertIn("left out: not to port 53", told)
        tagged = self.file("tagged.pcap")
        self.replay(self.capture, "--write", tagged, "--vlan", "7")
        self.assertEqual({octets[12:16] for _, octets in frames_of(tagged)[1]}, {bytes.fromhex("81000007")})
        stripped = self.file("stripped.pcap")
        self.replay(tagged, "--write", stripped, "--strip-vlan")
        self.assertEqual([o for _, o in frames_of(stripped)[1]], [o for _, o in self.frames])

    def test_the_rules_of_a_scenario_hold_for_frames(self):
        rule = "iptables -A OUTPUT -p tcp --dport 53 -j DROP"
        kept = self.file("kept.pcap")
        told = self.replay(self.capture, "--write", kept, "--rule", rule)
        self.assertIn("left out: dropped by a rule", told)
        to_server = [o for _, o in frames_of(kept)[1] if o[23] == 6 and o[36:38] == bytes([0, 53])]
        self.assertEqual(to_server, [])
        lossy = [self.file("lossy1.pcap"), self.file("lossy2.pcap")]
        for path in lossy:
            self.replay(self.capture, "--write", path, "--loss", "30%", "--delay", "5ms", "--jitter", "5ms")
        contents = [pathlib.Path(path).read_bytes() for path in lossy]
        self.assertEqual(contents[0], contents[1])  # from the seed
        times = [at for at, _ in frames_of(lossy[0])[1]]
        self.assertEqual(times, sorted(times))
        self.assertLess(len(times), 0.9 * len(self.frames))

    def test_a_filter_and_a_span_of_time(self):
        chosen = self.file("chosen.pcap")
        told = self.replay(self.capture, "--write", chosen, "--filter", "tcp dst port 53")
        wanted = [o for _, o in self.frames if o[23] == 6 and o[36:38] == bytes([0, 53])]
        self.assertEqual([o for _, o in frames_of(chosen)[1]], wanted)
        self.assertIn(f"  {len(self.frames) - len(wanted)} left out: not matched by the filter\n", told)
        middle = (self.frames[0][0] + self.frames[-1][0]) // 2
        self.replay(self.capture, "--write", chosen, "--to", f"{middle - self.frames[0][0]}ns")
        self.assertEqual(len(frames_of(chosen)[1]), sum(at < middle for at, _ in self.frames))
        self.replay(self.capture, "--write", chosen, "--limit", "3", "--loop", "2")
        self.assertEqual([o for _, o in frames_of(chosen)[1]], 2 * [o for _, o in self.frames[:3]])
        self.assertIn("--from noon: reads 2s", self.replay(self.capture, "--write", chosen, "--from", "noon", status=2))
        self.assertIn("tcp port", self.replay(self.capture, "--write", chosen, "--filter", "tcp port", status=2))

    def test_what_must_not_be_sent_is_refused(self):
        told = self.replay(self.capture, "--interface", "left", status=2)
        self.assertIn("say that it is yours with --i-own-this-network", told)
        told = self.replay(self.capture, "--interface", "left", "--i-own-this-network", "--allow", "192.0.2.0/24",
                           status=1)
        self.assertIn("left out: to addresses that are not allowed", told)
        self.assertIn("no frame of it was sent", told)
        self.assertIn("interface nowhere: No such device",
                      self.replay(self.capture, "--interface", "nowhere", "--i-own-this-network", status=2))
        self.assertIn("--speed, --pps, --mbps and --topspeed: one of them",
                      self.replay(self.capture, "--write", self.file("x"), "--speed", "2", "--topspeed", status=2))
        self.assertIn("say where to", self.replay(self.capture, status=2))

    def test_a_damaged_capture_is_sent_up_to_its_damage(self):
        cut = self.file("cut.pcap")
        with open(self.capture, "rb") as whole, open(cut, "wb") as file:
            file.write(whole.read()[:-5])
        told = self.replay(cut, "--interface", "left", "--i-own-this-network", "--topspeed", status=1)
        self.assertIn(f"{len(self.frames) - 1} frames sent", told)
        self.assertIn("it ends within a packet; what stands before the damage was replayed", told)


if __name__ == "__main__":
    in_a_namespace_of_its_own()
    unittest.main(argv=sys.argv[:1])
