# SPDX-License-Identifier: Apache-2.0
"""The daemons under attack, with small limits, and an honest client of each."""
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

import http2

DESCRIPTORS = 400
DRAIN_SECONDS = 2
READY_SECONDS = 30
CALL_SECONDS = 10
RETRY_SECONDS = [0, 0.05, 0.1, 0.2]  # before each attempt, as in planner_service/client/channel.cc
MIB = 1 << 20

SMALL_PLAN = http2.field(1, 1000) + http2.field(3, http2.field(1, 1 << 10) + http2.field(2, 1 << 11) +
                                                http2.field(3, 100 << 10))
LONG_PLAN = http2.field(1, 10_000_000) + http2.field(3, http2.field(1, 1 << 10) + http2.field(2, 1 << 11) +
                                                     http2.field(3, 100 << 20))
HONEST_CALLS = {"planner": ("/recurve.planner.v1.PlannerService/MakePlan", SMALL_PLAN),
                "executor": ("/recurve.executor.v1.ExecutorService/GetDevices", b"")}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Target:
    """What an attack knows of its daemon."""

    def __init__(self, daemon):
        self.kind, self.port, self.metrics_port = daemon.kind, daemon.port, daemon.metrics_port
        self.job = daemon.job
        self.source = "127.0.0.2"
        self.tls = daemon.tls


class Daemon:
    """recurve-planner or recurve-executor, as a process."""

    def __init__(self, kind, programs, folder, tls=None):
        self.kind, self.programs, self.folder, self.tls = kind, pathlib.Path(programs), pathlib.Path(folder), tls
        self.port, self.metrics_port = free_port(), free_port()
        self.job = ""  # of the executor: one that has saved a model
        self.process = None

    def start(self):
        command = [str(self.programs / f"recurve-{self.kind}"), "--listen", f"127.0.0.1:{self.port}",
                   "--metrics-listen", f"127.0.0.1:{self.metrics_port}", "--drain-time", f"{DRAIN_SECONDS}s",
                   "--core-dumps", "true"]  # else nobody but root may count its descriptors
        if self.kind == "executor":
            command += ["--state-dir", str(self.folder / "state"), "--drain-timeout", f"{DRAIN_SECONDS}s", "--threads",
                        "1"]
        if self.tls:
            command += ["--tls-cert-file", str(self.tls[0]), "--tls-key-file", str(self.tls[1])]
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        with (self.folder / f"{self.kind}.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=limit)
        self.wait_until_ready()
        if self.kind == "executor" and not self.tls:
            self.job = self.train()

    def wait_until_ready(self):
        end = time.monotonic() + READY_SECONDS
        while True:
            try:
                http2.connect(self, source="127.0.0.1").close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"FAILED: recurve-{self.kind} does not start:\n{self.log_tail()}") from None
                time.sleep(0.02)

    def train(self):
        """Runs a small job; returns its id."""
        data, model = self.folder / "text", self.folder / "model.safetensors"
        data.write_text("in the beginning was the word, and the word was long enough to be learned.\n" * 200)
        done = subprocess.run(
            [str(self.programs / "recurve"), "submit", "--executor", f"127.0.0.1:{self.port}", "--data", str(data),
             "--hidden", "800", "--layers", "2", "--length", "8", "--batch", "2", "--steps", "2", "--memory", "100%",
             "--save", str(model), "--watch"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"FAILED: the job of the executor:\n{done.stdout}\n{self.log_tail()}")
        jobs = subprocess.run([str(self.programs / "recurve"), "jobs", "--executor", f"127.0.0.1:{self.port}", "--json"],
                              stdout=subprocess.PIPE, text=True, check=True).stdout
        return jobs.split('"id":"')[1].split('"')[0]

    def status(self, name):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)

    def resident_bytes(self):
        return self.status("VmRSS") * 1024

    def peak_bytes(self):
        return self.status("VmHWM") * 1024

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return self.status("Threads")

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        """Seconds from SIGTERM to the end, or None if it did not end."""
        if not self.alive():
            return None
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        return time.monotonic() - start

    def log_tail(self):
        return "\n".join((self.folder / f"{self.kind}.log").read_text(errors="replace").splitlines()[-12:])


class Refused(Exception):
    """A call that ended with a status in place of an answer, which clients do not repeat."""


class HonestClient(threading.Thread):
    """Makes one unary call after the other until it is stopped; every tenth is the first of a new connection. Repeats
    calls whose connection ends, up to three times, as the clients of Recurve do."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.target = Target(daemon)
        self.path, self.request = HONEST_CALLS[daemon.kind]
        self.seconds, self.failures = [], []
        self.stopped = threading.Event()
        self.connection = self.frames = None
        self.stream = 1

    def run(self):
        while not self.stopped.wait(0.01):
            start = time.monotonic()
            problem = self.call()
            if problem is None:
                self.seconds.append(time.monotonic() - start)
            else:
                self.failures.append(f"after {time.monotonic() - start:.1f} s: {problem!r}")
        self.close()

    def call(self):
        """Why the call failed, or None."""
        problem = None
        for pause in RETRY_SECONDS:
            time.sleep(pause)
            try:
                self.attempt()
                return None
            except (OSError, Refused) as error:
                self.close()
                problem = error
            if isinstance(problem, (Refused, TimeoutError)):
                break
        return problem

    def attempt(self):
        if self.connection is None:
            self.connection = self.connect()
            self.frames, self.stream = http2.Frames(self.connection), 1
        self.connection.sendall(http2.call(self.stream, self.path, self.request))
        self.receive(self.connection, self.frames, self.stream)
        self.stream += 2
        if self.stream > 20:
            self.close()

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def connect(self):
        connection = http2.open_http2(self.target, source="127.0.0.1")
        connection.settimeout(CALL_SECONDS)
        return connection

    @staticmethod
    def receive(connection, frames, stream):
        """Reads until the call has ended. An answer that is only a status is an error."""
        answered = False
        while one := frames.next():
            kind, flags, of, payload = one
            if kind == http2.SETTINGS and not flags & http2.ACK:
                connection.sendall(http2.frame(http2.SETTINGS, http2.ACK))
            if kind == http2.PING and not flags & http2.ACK:
                connection.sendall(http2.frame(http2.PING, http2.ACK, 0, payload))
            if kind == http2.GOAWAY:
                raise ConnectionError(f"GOAWAY {payload[8:]!r}")
            if of != stream:
                continue
            if kind == http2.RST_STREAM:
                raise Refused("the call was reset")
            answered = answered or kind == http2.DATA
            if flags & http2.END_STREAM and kind in (http2.DATA, http2.HEADERS):
                if not answered:
                    raise Refused(f"the call ended without an answer: {payload!r}")
                return
        raise ConnectionError("the connection ended")

    def stop(self):
        self.stopped.set()
        self.join(2 * CALL_SECONDS)
        if self.is_alive():
            self.failures.append("a call did not end")

    def p99(self):
        if not self.seconds:
            return float("inf")
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]
