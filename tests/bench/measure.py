"""Programs against each other: alternating runs, medians, peak memory; nothing is asserted.

A benchmark gives contenders and prints table(). Each contender is run in each round, in turn, so
that whatever else the machine does falls on all of them.
"""

import os
import statistics
import subprocess
import sys
import time


def server_seconds():
    """Processor time of the sessions of the private cluster that have ended; 0 without one."""
    try:
        with open(os.path.join(os.environ["PGHOST"], "data", "postmaster.pid"),
                  encoding="utf-8") as file:
            pid = int(file.readline())
        with open("/proc/%d/stat" % pid, encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except (KeyError, OSError):
        return 0.0
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


class Contender:
    """ARGV, run in DIRECTORY after BEFORE, which is not measured; AFTER gets what it printed."""

    def __init__(self, name, argv, directory=".", before=None, after=None):
        self.name, self.argv, self.directory = name, argv, directory
        self.before, self.after = before, after
        self.seconds, self.processor, self.server, self.kib = [], [], [], 0

    def run(self):
        if self.before:
            self.before()
        server = server_seconds()
        out, err = (os.path.join(os.environ["TMPDIR"], name) for name in ("bench.out", "bench.err"))
        with open(out if self.after else os.devnull, "w") as to, open(err, "w") as log:
            start = time.perf_counter()
            child = subprocess.Popen(self.argv, cwd=self.directory, stdin=subprocess.DEVNULL,
                                     stdout=to, stderr=log)
            _, status, usage = os.wait4(child.pid, 0)
        self.seconds.append(time.perf_counter() - start)
        self.processor.append(usage.ru_utime + usage.ru_stime)
        self.kib = max(self.kib, usage.ru_maxrss)
        time.sleep(0.05)  # its sessions end
        self.server.append(server_seconds() - server)
        if status != 0:
            with open(err, encoding="utf-8") as log:
                sys.exit("%s: status %d\n%s" % (self.argv, os.waitstatus_to_exitcode(status),
                                                log.read()[-2000:]))
        if self.after:
            with open(out, encoding="utf-8") as text:
                self.after(text.read())

    @property
    def median(self):
        return statistics.median(self.seconds)


def measure(contenders, rounds):
    for contender in contenders:  # once for the caches
        contender.run()
        contender.seconds.clear()
        contender.processor.clear()
        contender.server.clear()
    for _ in range(rounds):
        for contender in contenders:
            contender.run()


def table(title, contenders, peer, rounds):
    """Measure, and print; the ratio is PEER's median by the contender's. The
    processor's time is that of all threads and children, and of the server's sessions."""
    measure(contenders, rounds)
    print("%s: medians of %d alternating runs" % (title, rounds))
    print("%-32s %9s %9s %9s %9s %9s %9s" % ("", "ms", "best ms", "ratio", "cpu ms", "server",
                                             "peak MiB"))
    for contender in contenders:
        print("%-32s %9.1f %9.1f %8.2fx %9.1f %9.1f %9.1f" % (
            contender.name, 1000 * contender.median, 1000 * min(contender.seconds),
            peer.median / contender.median, 1000 * statistics.median(contender.processor),
            1000 * statistics.median(contender.server), contender.kib / 1024))
