#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What daemons and clients do when packets between them are dropped or rejected, in two network namespaces of their
own: an executor plans by itself when its planner is unreachable, a watch goes on when the network is back, and a
rejected connection is an error at once. Needs root, ip and iptables.

Usage: dropped_packets_test.py FOLDER_OF_PROGRAMS"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
NEAR, FAR = f"recurve-near-{os.getpid()}", f"recurve-far-{os.getpid()}"  # of the executor; of planner and client
NEAR_ADDRESS, FAR_ADDRESS = "10.98.76.1", "10.98.76.2"
PLANNER_SECONDS = 2
PATIENCE_SECONDS = 60


def ip(*words):
    subprocess.run(["ip", *words], check=True, stderr=subprocess.PIPE)


def within(namespace, *command):
    return ["ip", "netns", "exec", namespace, *map(str, command)]


def make_namespaces():
    for namespace in (NEAR, FAR):
        ip("netns", "add", namespace)
    ip("-n", NEAR, "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", FAR)
    for namespace, device, address in ((NEAR, "near", NEAR_ADDRESS), (FAR, "far", FAR_ADDRESS)):
        ip("-n", namespace, "address", "add", f"{address}/24", "dev", device)
        ip("-n", namespace, "link", "set", device, "up")
        ip("-n", namespace, "link", "set", "lo", "up")


class Filter:
    """While it lasts, what arrives over the network in the far namespace meets this rule."""

    def __init__(self, *rule):
        self.rule = ["INPUT", "-i", "far", "-p", "tcp", *rule]

    def __enter__(self):
        subprocess.run(within(FAR, "iptables", "-A", *self.rule), check=True)

    def __exit__(self, *_):
        subprocess.run(within(FAR, "iptables", "-D", *self.rule), check=True)


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"FAILED: {what}: not within {PATIENCE_SECONDS} s")
        time.sleep(0.05)


class Network:
    """The daemons, and clients of the executor in the far namespace."""

    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder
        (folder / "text").write_text("in the beginning was the word, and the word was long enough.\n" * 300)
        self.processes = [self.start(FAR, "recurve-planner", "--listen", f"{FAR_ADDRESS}:7401", "--metrics-listen", "",
                                    "--allow-plaintext", "true")]
        self.processes.append(self.start(NEAR, "recurve-executor", "--listen", f"{NEAR_ADDRESS}:7402", "--metrics-listen",
                                         "", "--state-dir", folder / "state", "--planner", f"{FAR_ADDRESS}:7401",
                                         "--planner-timeout", f"{PLANNER_SECONDS}s", "--allow-plaintext", "true",
                                         "--data-root", folder, "--model-root", folder))
        wait_for("the executor", lambda: self.recurve(FAR, "jobs").returncode == 0)

    def start(self, namespace, program, *options):
        with (self.folder / f"{program}.log").open("w") as log:
            return subprocess.Popen(within(namespace, self.programs / program, *options), stdout=log, stderr=log)

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()

    def command(self, namespace, verb, *options):
        return within(namespace, self.programs / "recurve", verb, "--executor", f"{NEAR_ADDRESS}:7402", *options)

    def recurve(self, namespace, verb, *options):
        return subprocess.run(self.command(namespace, verb, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, timeout=PATIENCE_SECONDS)

    def submission(self, steps):
        return ["--data", self.folder / "text", "--hidden", "16", "--length", "40", "--batch", "2", "--steps", steps,
                "--memory", "80%"]


def check_embedded_plans(network):
    """A planner that cannot be reached costs its timeout, not the job."""
    with Filter("-j", "DROP"):
        start = time.monotonic()
        done = network.recurve(NEAR, "submit", *network.submission(2), "--watch")
        seconds = time.monotonic() - start
    assert done.returncode == 0, done.stdout
    log = (network.folder / "recurve-executor.log").read_text()
    assert "embedded planner" in log, log
    print(f"ok   the planner is unreachable: the job ends after {seconds:.1f} s, planned by the executor")


def check_watch_goes_on(network):
    """A watch outlives seconds without network."""
    watch = subprocess.Popen(network.command(FAR, "submit", *network.submission(6000), "--watch"),
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    first = [watch.stdout.readline() for _ in range(3)]
    with Filter("-j", "DROP"):
        time.sleep(4)
    rest, _ = watch.communicate(timeout=4 * PATIENCE_SECONDS)
    assert watch.returncode == 0, "".join(first) + rest
    print("ok   the network is away for 4 s: the watch goes on to the end of the job")


def check_rejection(network):
    """A connection that is rejected fails at once."""
    for rule in (["-j", "REJECT", "--reject-with", "tcp-reset"], ["-j", "REJECT"]):
        with Filter(*rule):
            start = time.monotonic()
            done = subprocess.run(within(NEAR, network.programs / "recurve", "plan", "--planner", f"{FAR_ADDRESS}:7401",
                                         "--length", "100", "--state-bytes", "1KiB", "--tape-bytes", "1KiB", "--memory",
                                         "50KiB", "--strategy", "auto"),
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            seconds = time.monotonic() - start
        assert done.returncode != 0 and FAR_ADDRESS in done.stdout, done.stdout
        assert seconds < 5, f"the error took {seconds:.1f} s"
    print("ok   connections are rejected: an error that names the address, at once")


def main():
    missing = [tool for tool in ("ip", "iptables") if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        print(f"skipped: needs root{''.join(f', {tool}' for tool in missing)}")
        return SKIPPED
    try:
        make_namespaces()
        subprocess.run(within(FAR, "iptables", "-L", "INPUT"), check=True, stdout=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        remove_namespaces()
        print(f"skipped: this machine allows no network namespaces with iptables: {error}")
        return SKIPPED
    network = None
    with tempfile.TemporaryDirectory() as folder:
        try:
            network = Network(pathlib.Path(sys.argv[1]), pathlib.Path(folder))
            for check in (check_embedded_plans, check_watch_goes_on, check_rejection):
                check(network)
        finally:
            if network is not None:
                network.stop()
            remove_namespaces()
    return 0


def remove_namespaces():
    for namespace in (NEAR, FAR):
        subprocess.run(["ip", "netns", "delete", namespace], check=False, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
