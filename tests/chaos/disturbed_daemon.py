# SPDX-License-Identifier: Apache-2.0
"""A recurve-executor that a test starts, disturbs and stops, and the text that its jobs train on."""
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_SECONDS = 20  # after which a daemon that does not answer is given up
CALL_SECONDS = 10  # for a call of a daemon that may be dead
# For the end after SIGTERM. gRPC waits 10 s for sockets that it lost track of when memory ran out.
STOP_SECONDS = 30


class Failure(Exception):
    """What ends the run before its end."""


def write_text(path, seed):
    letters = random.Random(seed)
    words = ["".join(letters.choice("etaoinshrdlu") for _ in range(letters.randint(1, 8))) for _ in range(300)]
    lines = (" ".join(letters.choices(words, k=letters.randint(2, 9))) for _ in range(900))
    path.write_text("\n".join(lines) + "\n")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """recurve-executor on one port and one state directory, started again and again. `command` precedes its program."""

    def __init__(self, programs, folder, environment, command=()):
        self.programs, self.folder, self.environment, self.command = programs, folder, environment, list(command)
        self.state = folder / "state"
        self.address = f"127.0.0.1:{free_port()}"
        self.metrics = f"127.0.0.1:{free_port()}"
        self.process = None
        self.started = 0.0
        self.restart_seconds_max = 0.0

    def start(self):
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, str(self.programs / "recurve-executor"), "--state-dir", str(self.state), "--listen",
                 self.address, "--metrics-listen", self.metrics], stdout=log, stderr=log, env=self.environment)
        self.started = time.monotonic()

    def call(self, *words, seconds=CALL_SECONDS):
        """Runs a command of recurve in an undisturbed environment."""
        command = [str(self.programs / "recurve"), words[0], "--executor", self.address, *words[1:]]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds,
                              check=False)

    def recurve(self, *words, seconds=CALL_SECONDS):
        """The lines that a command of recurve prints, or None if it failed."""
        try:
            done = self.call(*words, seconds=seconds)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.splitlines() if done.returncode == 0 else None

    def wait_until_ready(self):
        while self.recurve("jobs", "--json") is None:
            if self.process.poll() is not None:
                raise Failure(f"the daemon ended by itself with status {self.process.returncode}:\n{self.log_tail()}")
            if time.monotonic() - self.started > READY_SECONDS:
                raise Failure(f"the daemon did not answer for {READY_SECONDS} s:\n{self.log_tail()}")
            time.sleep(0.005)
        self.restart_seconds_max = max(self.restart_seconds_max, time.monotonic() - self.started)

    def kill(self):
        if self.process.poll() is not None:
            raise Failure(f"the daemon ended by itself with status {self.process.returncode}:\n{self.log_tail()}")
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log_tail(self):
        return "\n".join((self.folder / "daemon.log").read_text(errors="replace").splitlines()[-12:])
