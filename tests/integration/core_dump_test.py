#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What crashes of the daemons leave: no core dump, and with --core-dumps one without the weights of the models.

usage: core_dump_test.py FOLDER-OF-BINARIES
"""
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path()
# One layer of 512 units has 8 MB of weights, in a block of memory of their own. They do not change with this rate.
MODEL = ["--layers", "1", "--hidden", "512", "--batch", "1", "--length", "20", "--threads", "1", "--seed", "3",
         "--learning-rate", "1e-30"]


def allow_core_dumps():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def why_no_core_file():
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8").strip()
    if "/" in pattern or pattern.startswith("|") or not pattern.startswith("core"):
        return f"the kernel does not write core dumps into the working directory: core_pattern is {pattern}"
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        return "core dumps are limited (ulimit -H -c)"
    return ""


def memory_of(process):
    """All that the process has in memory and can write."""
    parts = []
    with open(f"/proc/{process}/maps", encoding="utf-8") as maps, open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for line in maps:
            begin, end = (int(word, 16) for word in line.split()[0].split("-"))
            if line.split()[1].startswith("rw"):
                memory.seek(begin)
                parts.append(memory.read(end - begin))
    return b"".join(parts)


class CoreDumps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, program, *options):
        log = self.folder / f"{program}.log"
        with log.open("wb") as file:
            daemon = subprocess.Popen(
                [BIN / program, "--listen", "127.0.0.1:0", "--metrics-listen", "", *options], cwd=self.folder,
                stderr=file, preexec_fn=allow_core_dumps)
        self.addCleanup(lambda: (daemon.kill(), daemon.wait()))
        deadline = time.monotonic() + 120
        while not (match := re.search(r"gRPC on (\S+:\d+)", log.read_text(encoding="utf-8"))):
            self.assertLess(time.monotonic(), deadline, log.read_text(encoding="utf-8"))
            time.sleep(0.05)
        return daemon.pid, match[1]

    def crash(self, process):
        """Whether the kernel made a core dump, and its file if it is in the folder."""
        os.kill(process, signal.SIGSEGV)
        status = os.waitpid(process, 0)[1]
        self.assertEqual(os.WTERMSIG(status), signal.SIGSEGV)
        return os.WCOREDUMP(status), next(self.folder.glob("core*"), None)

    def recurve(self, *arguments):
        return subprocess.run([BIN / "recurve", *map(str, arguments)], check=True, capture_output=True, text=True,
                              timeout=240).stdout

    def submit(self, executor, *options):
        text = self.folder / "text"
        text.write_text("In the beginning was the word, and the word was long. " * 40, encoding="utf-8")
        return self.recurve("submit", "--executor", executor, "--data", text, "--memory", "100%", *MODEL, *options)

    def steps(self, executor):
        jobs = self.recurve("jobs", "--executor", executor, "--newest-first", "--json")
        return json.loads(jobs.splitlines()[0]).get("progress", {}).get("step", 0)

    def test_a_crash_leaves_no_core_dump(self):
        for program, *options in (("recurve-planner",), ("recurve-executor", "--state-dir", "none")):
            with self.subTest(program):
                process, _ = self.start(program, *options)
                dumped, file = self.crash(process)
                self.assertFalse(dumped)
                self.assertIsNone(file)

    def test_a_core_dump_has_no_weights(self):
        if reason := why_no_core_file():
            self.skipTest(reason)
        process, executor = self.start("recurve-executor", "--state-dir", "none", "--core-dumps", "true")
        model = self.folder / "model"
        self.submit(executor, "--steps", "1", "--save", model, "--watch")
        self.submit(executor, "--steps", "1000000")
        deadline = time.monotonic() + 120
        while self.steps(executor) < 1:
            self.assertLess(time.monotonic(), deadline)
        saved = model.read_bytes()
        weights = [saved[at:at + 32] for at in range(len(saved) // 8, len(saved) - 32, len(saved) // 60)]
        weights = [each for each in weights if len(set(each)) > 8]  # not the zeros of biases
        in_memory = memory_of(process)
        self.assertGreater(sum(each in in_memory for each in weights), len(weights) // 2)
        dumped, file = self.crash(process)
        self.assertTrue(dumped)
        core = file.read_bytes()
        print(f"core dump: {len(core)} bytes; memory: {len(in_memory)} bytes; {len(weights)} samples of weights")
        self.assertEqual(sum(each in core for each in weights), 0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BIN = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
