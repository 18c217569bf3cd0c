#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts recurve-executor on free loopback ports, submits a job, scrapes /metrics while it runs and after it ends, and
stops the daemon with SIGTERM. Prints a line of JSON for the job and one with the results, `found`. Exits with 1 if the
job failed, its peak differs from the plan, or the daemon did not exit with status 0."""
import argparse
import contextlib
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

import machine

START_SECONDS, END_SECONDS = 15, 15
SCRAPE_SECONDS = 0.2
RUNNING = "recurve_executor_measured_batch_seconds{"  # present from the first step until the job ends
TELLING = re.compile(r"recurve_executor_((planned|measured)_peak_bytes|budget_bytes|store_all_bytes|link_graphs|"
                     r"link_runs|(planned|measured)_recompute_ratio|(predicted|measured)_batch_seconds|"
                     r"prediction_ratio|arena_bytes|step|loss_nats|evaluation)\{")
TELLING_AFTER = re.compile(r"recurve_executor_(jobs_ended|forwards|steps|tokens|plans|budget_refusals)_total")


def answer(command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        raise SystemExit(f"daemon.py: {command[1]} exited with status {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[0])


def telling(text, pattern):
    """The matching metrics, without the job's id."""
    values = {}
    for line in text.splitlines():
        if pattern.match(line):
            name, value = line.rsplit(" ", 1)
            name = re.sub(r'job_id="[^"]*",?', "", name).replace(",}", "}").replace("{}", "")
            values[name] = float(value)
    return values


def memory_used(gpu):
    """Used MiB of the GPU; None without a GPU."""
    used = gpu is not None and machine.gpu(gpu, "memory.used")
    return int(used.split()[0]) if used else None


class Daemon:
    def __init__(self, program):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen([program, "--state-dir", "none", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"],
                                        stdout=self.log, stderr=subprocess.STDOUT)

    def __enter__(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(r"serves gRPC on (\S+), metrics (\S+);", self.said())
            if found:
                self.address, self.metrics = found.groups()
                return self
            time.sleep(0.05)
        self.__exit__()
        raise SystemExit(f"daemon.py: recurve-executor did not start: {self.said()}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def said(self):
        self.log.seek(0)
        return self.log.read().strip()

    def scrape(self):
        with urllib.request.urlopen(self.metrics, timeout=5) as reply:
            return reply.read().decode()

    def end(self):
        """Exit status, and the seconds until the exit."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        return self.process.poll(), round(time.monotonic() - begin, 2)


def watch(daemon, recurve, job, gpu):
    """Waits for the end of the job. Returns the last metrics while it ran, and the peak memory of the GPU."""
    metrics, used = "", memory_used(gpu)
    watcher = subprocess.Popen([recurve, "watch", job, "--executor", daemon.address], stdout=subprocess.DEVNULL)
    while watcher.poll() is None:
        text = daemon.scrape()
        if RUNNING in text:
            metrics = text
            used = max((one for one in (used, memory_used(gpu)) if one is not None), default=None)
        time.sleep(SCRAPE_SECONDS)
    return metrics, used


def submit(args, daemon, recurve):
    return answer([recurve, "submit", "--executor", daemon.address, "--json", "--data", args.data, "--device",
                   args.device, "--precision", args.precision, "--memory", args.memory, "--hidden", args.hidden,
                   "--batch", args.batch, "--length", args.length, "--steps", args.steps, "--holdout", "0.01",
                   *(["--save", args.save, "--checkpoint-every", 20] if args.save else [])])["id"]


def run(args, daemon):
    recurve = args.programs / "recurve"
    before = memory_used(args.gpu)
    job = submit(args, daemon, recurve)
    during, most = watch(daemon, recurve, job, args.gpu)
    ended = answer([recurve, "jobs", "--executor", daemon.address, "--json"])
    print(json.dumps({"job": ended}), flush=True)
    after = daemon.scrape()
    args.metrics.write_text(f"# while the job ran\n{during}\n# after its end\n{after}", encoding="utf-8")
    held = memory_used(args.gpu)
    status, seconds = daemon.end()
    result = ended.get("result", {})
    found = {"state": ended["state"], "reason": ended["reason"], "result": result,
             "peak_as_planned": result.get("measured_peak_bytes") == result.get("planned_peak_bytes"),
             "gpu_mib": {"before": before, "most during the job": most, "after the job": held,
                         "after the daemon": memory_used(args.gpu)},
             "while it ran": telling(during, TELLING), "afterwards": telling(after, TELLING_AFTER),
             "daemon": {"exit_status": status, "seconds_to_end": seconds, "said": daemon.said().splitlines()[-8:]}}
    print(json.dumps({"found": found}), flush=True)
    return ended["state"] == "succeeded" and found["peak_as_planned"] and status == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("--data", required=True, metavar="FILE")
    parser.add_argument("--metrics", type=pathlib.Path, required=True, metavar="FILE", help="file to write the metrics to")
    parser.add_argument("--save", metavar="FILE", help="file for the model")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--gpu", type=int, metavar="N", help="GPU whose memory use is reported")
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--memory", default="5%")
    for name, value in (("hidden", 512), ("batch", 32), ("length", 1000), ("steps", 100)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    with Daemon(args.programs / "recurve-executor") as daemon:
        try:
            good = run(args, daemon)
        except OSError as error:
            raise SystemExit(f"daemon.py: {error}; the daemon said: {daemon.said()}") from None
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
