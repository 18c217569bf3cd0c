# SPDX-License-Identifier: Apache-2.0
"""A planner and an executor with Prometheus and Alertmanager, on loopback, for the checks of deploy/prometheus and
deploy/grafana. They use the files of deploy/prometheus, with other addresses and shorter times."""
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "bin"
DEPLOY = ROOT / "deploy" / "prometheus"
SCRAPE_SECONDS = 1
INTERVALS = {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"}
START_SECONDS = 30


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def fetch(url, headers=None, tls=None):
    """The headers and the text that are at a URL."""
    request = urllib.request.Request(url, headers=headers or {})
    with urllib.request.urlopen(request, timeout=10, context=tls) as answer:
        return answer.headers, answer.read().decode()


def wait_for(what, condition, seconds=START_SECONDS):
    """Until `condition` returns something true, which is returned. A failing connection is false."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := condition():
                return found
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    raise SystemExit(f"FAILED: {what}: not within {seconds} s")


def alerts():
    """The rules, as they are deployed."""
    groups = yaml.safe_load((DEPLOY / "rules" / "recurve.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


class Authority:
    """A certification authority, and the certificates that it issues, as docs/operations.md makes them."""
    KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.openssl("req", "-x509", *self.KEY, "-days", 2, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out",
                     f"{name}.crt")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, cwd=self.folder, stderr=subprocess.DEVNULL)

    def issue(self, name, alternative="IP:127.0.0.1"):
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
        self.openssl("req", *self.KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt", "-CAkey", f"{self.name}.key",
                     "-CAcreateserial", "-days", 2, "-extfile", f"{name}.ext", "-out", f"{name}.crt")


class Stack:
    """Started by `with`, stopped at its end, whatever happens."""

    def __init__(self, folder, webhook_port=None):
        self.folder = pathlib.Path(folder)
        self.webhook_port = webhook_port
        self.ports = {name: free_port() for name in (
            "planner", "planner_metrics", "executor", "executor_metrics", "prometheus", "alertmanager")}
        self.processes = {}

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("FAILED: terminated"))
        try:
            self.start_daemons()
            self.start_prometheus()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"

    def url(self, name, path, **parameters):
        query = "?" + urllib.parse.urlencode(parameters, doseq=True) if parameters else ""
        return f"http://{self.address(name)}{path}{query}"

    def start(self, name, *command):
        log = (self.folder / f"{name}.log").open("wb")
        self.processes[name] = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log,
                                                stdin=subprocess.DEVNULL, cwd=self.folder)

    def stop(self, name):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)

    def start_daemons(self):
        self.start("planner", BIN / "recurve-planner", "--listen", self.address("planner"), "--metrics-listen",
                   self.address("planner_metrics"))
        self.start("executor", BIN / "recurve-executor", "--listen", self.address("executor"), "--metrics-listen",
                   self.address("executor_metrics"), "--planner", self.address("planner"), "--state-dir",
                   self.folder / "state")
        for name in ("planner_metrics", "executor_metrics"):
            wait_for(name, lambda name=name: fetch(self.url(name, "/metrics")))

    def start_prometheus(self):
        settings = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
        settings["global"] = INTERVALS
        settings["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [self.address("alertmanager")]
        for job in settings["scrape_configs"]:
            name = job["job_name"].removeprefix("recurve-")
            job["static_configs"][0]["targets"] = [self.address(f"{name}_metrics")]
        (self.folder / "rules").mkdir()
        rules = (DEPLOY / "rules" / "recurve.yaml").read_text()
        (self.folder / "rules" / "recurve.yaml").write_text(re.sub(r"\n +for: .*", "", rules))
        self.run_prometheus(settings)

    def run_prometheus(self, settings):
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
        self.start("prometheus", shutil.which("prometheus"), f"--config.file={self.folder}/prometheus.yml",
                   f"--storage.tsdb.path={self.folder}/tsdb", f"--web.listen-address={self.address('prometheus')}",
                   "--log.level=warn")
        wait_for("prometheus", lambda: fetch(self.url("prometheus", "/-/ready")))

    def start_alertmanager(self):
        settings = yaml.safe_load((DEPLOY / "alertmanager.yml").read_text())
        settings["route"]["group_wait"] = "0s"
        for receiver in settings["receivers"]:
            for webhook in receiver["webhook_configs"]:
                webhook["url"] = f"http://127.0.0.1:{self.webhook_port}/{receiver['name']}"
        (self.folder / "alertmanager.yml").write_text(yaml.safe_dump(settings))
        self.start("alertmanager", shutil.which("prometheus-alertmanager"),
                   f"--config.file={self.folder}/alertmanager.yml", f"--storage.path={self.folder}/alertmanager",
                   f"--web.listen-address={self.address('alertmanager')}", "--cluster.listen-address=",
                   "--log.level=warn")
        wait_for("alertmanager", lambda: fetch(self.url("alertmanager", "/-/ready")))

    def ask(self, path, **parameters):
        """The data that Prometheus' API answers."""
        try:
            answer = json.loads(fetch(self.url("prometheus", f"/api/v1/{path}", **parameters))[1])
        except urllib.error.HTTPError as error:
            raise SystemExit(f"FAILED: {parameters}: {error.read().decode()}") from error
        return answer["data"]

    def recurve(self, *arguments):
        """Runs the command line; returns its output."""
        return subprocess.run([BIN / "recurve", *map(str, arguments)], check=True, cwd=self.folder,
                              stdout=subprocess.PIPE, text=True).stdout

    def submit(self, *arguments):
        """Submits a small job; returns its id."""
        text = self.folder / "text"
        if not text.exists():
            text.write_text("".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))))
        return self.recurve("submit", "--executor", self.address("executor"), "--data", text, "--hidden", 16,
                            "--embedding", 8, "--batch", 4, "--length", 64, *arguments).strip()
