# SPDX-License-Identifier: Apache-2.0
"""Runs steps, each with a time limit. Streams output and writes results to disk immediately, so that an interrupted run
keeps its measurements."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

LEAST_SECONDS = 3  # the minimum time for starting a step


def kill(process):
    """Ends the step and all processes that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def stream(command, seconds, on_line, environment=None):
    """Runs a command and passes on its lines of output and errors immediately. Returns its exit status; None if it timed
    out and was killed."""
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
    reader.join(timeout=5)  # a process that left the group may still hold the pipe
    if not reader.is_alive():
        process.stdout.close()
    return status


class GoogleTest:
    """The summary of a test program."""

    def __init__(self):
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}

    def __call__(self, line):
        found = re.match(r"\[  (PASSED|FAILED|SKIPPED) +\] (\d+) tests?", line)
        if found:
            self.counts[found.group(1).lower()] = int(found.group(2))


class Output:
    """Processes the lines of a step: prints them, collects rows, counts tests. The `found` of a row goes to the
    summary."""

    def __init__(self, steps, step, brief):
        self.steps, self.step, self.brief = steps, step, brief
        self.tests, self.rows, self.found, self.said = GoogleTest(), 0, {}, set()

    def __call__(self, line):
        self.tests(line)
        try:
            row = json.loads(line) if line.startswith("{") else None
        except ValueError:
            row = None  # not a row after all
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
        """Sets a limit for all following steps together."""
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
            f", {k} {v}" for k, v in more.items() if k != "found"))  # already printed as a row
        self.write_summary()

    def write_summary(self):
        (self.folder / "summary.json").write_text(json.dumps(self.summary, indent=1) + "\n", encoding="utf-8")

    def run(self, step, seconds, command, environment=None, may_skip=False):
        """Runs a command as a step. Lines that are JSON objects are rows. A test program that skips a test fails, unless
        skipping is allowed."""
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
