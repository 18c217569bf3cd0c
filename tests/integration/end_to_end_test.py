#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole of Recurve as its users run it: a planner, an executor that asks it, the command line that submits to the
executor, and a real Prometheus that scrapes both. Everything on loopback and free ports.

usage: end_to_end_test.py FOLDER-OF-BINARIES
"""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

BIN = pathlib.Path()
PORTS = re.compile(r"gRPC on \S+:(\d+), metrics http://\S+:(\d+)/")
TRAIN = ["--layers", "1", "--hidden", "16", "--batch", "4", "--length", "60", "--link", "5", "--steps", "8",
         "--threads", "1", "--seed", "3"]


class Daemon:
    """A server of ours, started on free ports, its log kept."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.log = []
        self.ports = None
        started = threading.Event()

        def read():
            for line in self.process.stderr:
                self.log.append(line)
                if self.ports is None and (match := PORTS.search(line)):
                    self.ports = (int(match[1]), int(match[2]))
                    started.set()
            started.set()

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        started.wait(30)
        if self.ports is None:
            raise AssertionError(f"{command[0]} did not say its ports: {self.log}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.reader.join(30)
        self.process.stderr.close()
        return code


def recurve(*arguments, code=0):
    result = subprocess.run([BIN / "recurve", *map(str, arguments)], capture_output=True, text=True,
                            errors="replace", timeout=120, check=False)
    assert result.returncode == code, f"{arguments}: exit {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line and line[0] != "#"}


def total(samples, prefix):
    return sum(value for name, value in samples.items() if name.startswith(prefix))


class EndToEnd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.text = self.folder / "text.txt"
        self.text.write_text("In the beginning was the word, and the word was long. " * 40)

    def start(self, name, *options):
        daemon = Daemon(BIN / name, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", *options)
        self.addCleanup(lambda: daemon.process.poll() is None and daemon.stop())
        return daemon

    def submit(self, executor, model, *options):
        out = recurve("submit", "--executor", f"127.0.0.1:{executor.ports[0]}", "--data", self.text, "--save", model,
                      "--watch", "--json", *TRAIN, *options)
        return [json.loads(line) for line in out.splitlines()]

    def jobs(self, executor):
        out = recurve("jobs", "--executor", f"127.0.0.1:{executor.ports[0]}", "--json")
        return [json.loads(line) for line in out.splitlines()]

    def test_a_job_through_all_parts(self):
        planner = self.start("recurve-planner")
        executor = self.start("recurve-executor", "--state-dir", "none", "--planner", f"127.0.0.1:{planner.ports[0]}")
        model = self.folder / "remote.safetensors"
        self.submit(executor, model, "--memory", "40%")

        job = self.jobs(executor)[0]
        self.assertEqual(job["state"], "succeeded", job)
        self.assertEqual(job["plan"]["source"], "remote")
        self.assertEqual(job["result"]["planned_peak_bytes"], job["result"]["measured_peak_bytes"])

        asked = metrics(planner.ports[1])
        self.assertGreaterEqual(total(asked, 'recurve_planner_requests_total{code="OK"'), 1)
        ran = metrics(executor.ports[1])
        self.assertEqual(total(ran, "recurve_executor_steps_total"), 8)

        # The same job inside one process, and without any budget: the same weights, bit for bit.
        for memory in ("40%", "100%"):
            out = recurve("train", "--data", self.text, "--memory", memory, "--json", *TRAIN)
            self.assertEqual(json.loads(out.splitlines()[-1])["weights_sha256"], job["result"]["weights_sha256"])

        sampled = recurve("sample", "--model", model, "--prompt", "In the", "--bytes", 20)
        self.assertGreaterEqual(len(sampled), 20)
        self.assertEqual(executor.stop(), 0)
        self.assertEqual(planner.stop(), 0)

    def test_without_a_planner_the_executor_plans_alike(self):
        planner = self.start("recurve-planner")
        with_planner = self.start("recurve-executor", "--state-dir", "none", "--planner", f"127.0.0.1:{planner.ports[0]}")
        self.submit(with_planner, self.folder / "a.safetensors", "--memory", "40%")
        self.assertEqual(planner.stop(), 0)
        self.submit(with_planner, self.folder / "b.safetensors", "--memory", "40%")  # its planner is gone
        jobs = self.jobs(with_planner)
        self.assertEqual([job["plan"]["source"] for job in jobs], ["remote", "embedded"])
        self.assertEqual(jobs[0]["plan"]["forward_count_per_batch"], jobs[1]["plan"]["forward_count_per_batch"])
        self.assertEqual(jobs[0]["result"]["weights_sha256"], jobs[1]["result"]["weights_sha256"])
        self.assertEqual((self.folder / "a.safetensors").read_bytes(), (self.folder / "b.safetensors").read_bytes())

    def test_output_that_is_lost_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([BIN / "recurve", "--version"], stdout=full, stderr=subprocess.PIPE, text=True,
                                    timeout=60, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot write to standard output", result.stderr)

    @unittest.skipUnless(shutil.which("prometheus"), "Debian's package prometheus is not installed")
    def test_prometheus_scrapes_both(self):
        planner = self.start("recurve-planner")
        executor = self.start("recurve-executor", "--state-dir", "none", "--planner", f"127.0.0.1:{planner.ports[0]}")
        self.submit(executor, self.folder / "m.safetensors", "--memory", "40%")
        (self.folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "recurve", "static_configs": [
                {"targets": [f"127.0.0.1:{planner.ports[1]}", f"127.0.0.1:{executor.ports[1]}"]}]}]}))
        log = (self.folder / "prometheus.log").open("w+")
        self.addCleanup(log.close)
        server = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/tsdb",
             "--web.listen-address=127.0.0.1:0"], stdout=log, stderr=subprocess.STDOUT)
        self.addCleanup(lambda: (server.terminate(), server.wait(30)))
        port = None
        for _ in range(600):
            log.seek(0)
            if match := re.search(r"msg=\"Listening on\" address=127.0.0.1:(\d+)", log.read()):
                port = match[1]
                break
            time.sleep(0.1)
        self.assertIsNotNone(port, "Prometheus did not start")

        def query(expression):
            url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    return json.load(answer)["data"]["result"]
            except urllib.error.HTTPError as error:
                if error.code != 503:  # it listens a little before it is ready
                    raise
                return []

        expression = "sum(up) == 2 and sum(recurve_executor_steps_total) == 8"
        for _ in range(600):
            if query(expression):
                break
            time.sleep(0.1)
        self.assertTrue(query(expression))
        self.assertTrue(query('sum(recurve_planner_requests_total{code="OK"}) >= 1'))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BIN = pathlib.Path(sys.argv.pop(1))
    unittest.main(verbosity=2)
