# SPDX-License-Identifier: Apache-2.0
"""Runs steps, each with a time limit. Output streams, and results are on disk as soon as they are known, so that an
interrupted run keeps what it has measured."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

LEAST_SECONDS = 3  # less is not worth a step's start


def kill(process):
    """Ends the step with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def stream(command, seconds, on_line, environment=None):
    """Runs a command and hands on its lines, standard error among them, as they come. Returns its exit status; None
    where the time ran out and it was killed."""
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", env=environment,
                               start_new_session=True)

    def read():
        for line in process.stdout:
            on_line(line.rstrip("\n"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        status = None
    finally:
        kill(process)
        process.wait()
    reader.join(timeout=5)  # what left the group of processes may still hold the other end
    if not reader.is_alive():
        process.stdout.close()
    return status


class GoogleTest:
    """What a test program says of itself."""

    def __init__(self):
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    def __call__(self, line):
        found = re.match(r"\[  (PASSED|FAILED|SKIPPED) +\] (\d+) tests?", line)
        if found:
            self.counts[found.group(1).lower()] = int(found.group(2))


class Output:
    """Takes the lines of a step: says them, keeps the rows, counts tests. What a row has under `found` is for the
    summary."""

    def __init__(self, steps, step, brief):
        self.steps, self.step, self.brief = steps, step, brief
        self.tests, self.rows, self.found, self.said = GoogleTest(), 0, {}, set()

    def __call__(self, line):
        self.tests(line)
        try:
            row = json.loads(line) if line.startswith("{") else None
        except ValueError:
            row = None  # a line that only looks like a row
        if row is not None:
            self.steps.row(self.step, row)
            self.rows += 1
            self.found.update(row.get("found", {}))
            line = json.dumps({key: value for key, value in row.items() if not key.endswith("_of_rounds")})
        if not (self.brief and line in self.said):  # many tests are skipped for one reason
            self.steps.say(line)
        self.said.add(line)

    def facts(self):
        counts = {"rows": self.rows, **self.tests.counts, "found": self.found}
        return {name: count for name, count in counts.items() if count}


class Steps:
    """Runs steps into a folder: log.txt, rows.jsonl (what the steps measured) and summary.json (how they ended)."""

    def __init__(self, folder, facts, only=()):
        self.only = only
        self.folder = pathlib.Path(folder).absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = (self.folder / "log.txt").open("a", encoding="utf-8")
        self.rows = (self.folder / "rows.jsonl").open("a", encoding="utf-8")
        self.summary = {**facts, "steps": []}
        self.lock = threading.Lock()
        self.end = None

    def close(self):
        self.log.close()
        self.rows.close()

    def limit(self, seconds):
        """Of all the steps that follow together."""
        self.end = time.monotonic() + seconds

    def wanted(self, step):
        return not self.only or any(word in step for word in self.only)

    def say(self, line):
        with self.lock:
            print(line, flush=True)
            self.log.write(line + "\n")
            self.log.flush()

    def row(self, step, values):
        self.rows.write(json.dumps({"step": step, **values}) + "\n")
        self.rows.flush()

    def record(self, step, status, begin, **more):
        seconds = round(time.monotonic() - begin, 2)
        self.summary["steps"].append({"step": step, "status": status, "seconds": seconds, **more})
        self.say(f"=== {step}: {status}, {seconds:.1f} s" + "".join(
            f", {k} {v}" for k, v in more.items() if k != "found"))  # that was said as a row
        self.write_summary()

    def write_summary(self):
        (self.folder / "summary.json").write_text(json.dumps(self.summary, indent=1) + "\n", encoding="utf-8")

    def run(self, step, seconds, command, environment=None, may_skip=False):
        """Runs a command as a step. Lines that are JSON objects are rows. A test program fails where it skips a test,
        unless it may."""
        if not self.wanted(step):
            return None
        begin = time.monotonic()
        left = seconds if self.end is None else min(seconds, self.end - begin)
        if left < LEAST_SECONDS:
            self.record(step, "no time left", begin)
            return False
        self.say(f"=== {step} (at most {left:.0f} s): {' '.join(str(word) for word in command)}")
        output = Output(self, step, may_skip)
        try:
            status = stream(command, left, output, environment)
        except OSError as error:
            self.record(step, "failed", begin, error=str(error))
            return False
        more = output.facts()
        if status is None:
            word = "timed out"
        elif status != 0:
            word, more["exit_status"] = "failed", status
        else:
            word = "failed" if more.get("skipped") and not may_skip else "passed"
        self.record(step, word, begin, **more)
        return word == "passed"

    def call(self, step, function):
        """Runs a function as a step; its result is a row."""
        if not self.wanted(step):
            return None
        begin = time.monotonic()
        try:
            values = function()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.record(step, "failed", begin, error=str(error))
            return False
        self.say(json.dumps(values, indent=1))
        self.row(step, values)
        self.record(step, "passed", begin)
        return True

    def finish(self):
        """The exit status."""
        bad = [one["step"] for one in self.summary["steps"] if one["status"] != "passed"]
        self.summary["failed"] = bad
        self.write_summary()
        self.say(f"{len(self.summary['steps'])} steps, {len(bad)} not passed" + (": " + ", ".join(bad) if bad else ""))
        self.say(f"results are in {self.folder}")
        return 1 if bad else 0


def stop(message):
    sys.exit(f"run.sh: {message}")
