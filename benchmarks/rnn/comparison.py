# SPDX-License-Identifier: Apache-2.0
"""Shared by benchmarks/cpu/run and benchmarks/gpu/run: alternating contestants, PyTorch, and the report.

A contestant is a process that prints a JSON object once it is warm, then answers each line of input with a JSON object
that has the `seconds` of one pass. All contestants of a comparison are alive at once and take turns pass by pass, while
the others are stopped, so that other load on the machine affects all of them alike."""
import argparse
import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
TORCH_RNN = pathlib.Path(__file__).resolve().parent / "torch_rnn.py"
ANSWER_SECONDS = 300  # time limit per answer
TORCH_NAMES = {"lstm": "nn.LSTM", "gru": "nn.GRU", "tanh": "nn.RNN"}


def fail(message):
    sys.exit(f"{pathlib.Path(sys.argv[0]).parent.name}/{pathlib.Path(sys.argv[0]).name}: {message}")


def say(message):
    print(message, file=sys.stderr, flush=True)


def output_of(command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **options)
    if done.returncode != 0:
        fail(f"{' '.join(str(word) for word in command)} failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")
    return done.stdout


def numbers(words):
    """Parses batch, hidden, input, length."""
    try:
        values = tuple(int(word) for word in words.split(","))
    except ValueError:
        values = ()
    if len(values) != 4 or min(values) < 1:
        raise argparse.ArgumentTypeError(f"{words}: give batch,hidden,input,length, for example 32,512,512,1000")
    return values


def some_of(known):
    """Returns a parser for lists of known words."""
    def parse(words):
        for word in words.split(","):
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word}: give one or more of {','.join(known)}")
        return words.split(",")
    return parse


def shape_of(values):
    return dict(zip("BHIT", values), L=1)


def shape_options(shape):
    return [word for name, letter in (("batch", "B"), ("hidden", "H"), ("input", "I"), ("length", "T"), ("layers", "L"))
            for word in ("--" + name, shape[letter])]


class Measured:
    """The report of a contestant, and its rounds so far."""

    def __init__(self, report, rounds):
        self.report, self.rounds = report, rounds

    def seconds(self):
        return [one["seconds"] for one in self.rounds]

    def median(self):
        return statistics.median(self.seconds())


class Ended(SystemExit):
    """A contestant ended without an answer; the code is its message. Ends the run unless caught."""


class Contestant(Measured):
    """Runs only inside `turn`. Ends with the context, or if an answer takes too long."""

    def __init__(self, command, environment=(), limit=ANSWER_SECONDS):
        self.command, self.limit = [str(word) for word in command], limit
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(self.command, env={**os.environ, **dict(environment)}, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors, text=True)
        super().__init__(self.read(), [])
        self.process.send_signal(signal.SIGSTOP)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.close()

    def close(self):
        status = self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):  # unread output has lost its reader
                stream.close()
        self.errors.close()
        return status

    def read(self):
        timer = threading.Timer(self.limit, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        late = not timer.is_alive()
        timer.cancel()
        if not line:
            self.errors.seek(0)
            said = self.errors.read().strip()[-1000:]
            status = self.close()
            reason = f"took more than {self.limit} s" if late else f"ended with exit code {status}"
            raise Ended(f"{' '.join(self.command)} {reason}" + (f": {said}" if said else ""))
        return json.loads(line)

    def turn(self):
        self.process.send_signal(signal.SIGCONT)
        with contextlib.suppress(BrokenPipeError):  # `read` reports the reason
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        self.rounds.append(self.read())
        self.process.send_signal(signal.SIGSTOP)
        return self.rounds[-1]["seconds"]


def take_turns(contestants, rounds):
    for i in range(rounds):
        for contestant in contestants:
            contestant.turn()
        say(f"  round {i + 1} of {rounds}: " + ", ".join(f"{c.seconds()[-1] * 1e3:.1f}" for c in contestants) + " ms")


def benchmark_python(packages, check):
    """A Python that can run `check`: that of the environment at RECURVE_BENCHMARK_VENV if set, this one, or that of
    build/benchmark-venv. Creates the environment and installs the packages if necessary."""
    place = pathlib.Path(os.environ.get("RECURVE_BENCHMARK_VENV", ROOT / "build" / "benchmark-venv")).absolute()
    python = place / "bin" / "python"

    def complete(python):
        return python.exists() and subprocess.run([python, "-c", check], stdout=subprocess.DEVNULL,
                                                  stderr=subprocess.DEVNULL, check=False).returncode == 0

    if complete(python):
        return python
    if "RECURVE_BENCHMARK_VENV" not in os.environ and complete(pathlib.Path(sys.executable)):
        return pathlib.Path(sys.executable)
    say(f"installing {' '.join(packages)} into {place}")
    if not python.exists():
        try:
            venv.create(place, with_pip=True)
        except subprocess.CalledProcessError:
            fail(f"cannot make a virtual environment at {place}: install python3-venv")
    output_of([python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", *packages])
    if not complete(python):
        fail(f"{' '.join(packages)} could not be installed into {place}; set RECURVE_BENCHMARK_VENV to an environment "
             "that has them")
    return python


class Recurve:
    """Our side: rnn_benchmark on one device."""

    def __init__(self, program, *options):
        self.program, self.options = program, options
        if not pathlib.Path(program).exists():
            fail(f"{program} does not exist: build the target rnn_benchmark, or give its folder with --programs")

    def command(self, cell, shape, budget, rounds):
        return [self.program, "--cell", cell, *shape_options(shape), "--budget", budget, *self.options, "--rounds",
                rounds]

    def contestant(self, cell, shape, budget):
        return Contestant(self.command(cell, shape, budget, 0))

    def with_and_without_interpreter(self, cell, shape, budget, rounds):
        report = json.loads(output_of(self.command(cell, shape, budget, rounds)))
        peak = {"peak_flops_per_second": report["peak_flops_per_second"]}
        return tuple(Measured(report, [{"seconds": seconds, **peak} for seconds in report[name + "_of_rounds"]])
                     for name in ("seconds", "bare_seconds"))


def row(comparison, ours, budget, peer, peer_name, peer_bytes, **more):
    """One row of the report. `ours` and `peer` are contestants that took turns."""
    peak = statistics.median(one["peak_flops_per_second"] for one in ours.rounds)
    return {
        "comparison": comparison,
        "shape": ours.report["shape"],
        "cell": ours.report["cell"],
        "precision": ours.report["precision"],
        "backend": ours.report["backend"],
        "budget": budget,
        "peer": peer_name,
        "rounds": len(ours.rounds),
        "ours_seconds": ours.median(),
        "peer_seconds": peer.median(),
        "ratio": peer.median() / ours.median(),
        "ours_peak_bytes": ours.report["peak_bytes"],
        "peer_peak_bytes": peer_bytes,
        "peak_flops_per_second": peak,
        "of_peak": ours.report["flops"] / ours.median() / peak,
        "link": ours.report["link"],
        "links": ours.report["links"],
        "link_forwards": ours.report["link_forwards"],
        "ours_seconds_of_rounds": ours.seconds(),
        "peer_seconds_of_rounds": peer.seconds(),
        **more,
    }


def refused_row(comparison, cell, shape, precision, budget, peer, reason):
    """The row of a comparison that could not be measured."""
    return {"comparison": comparison, "shape": shape, "cell": cell, "precision": precision, "budget": budget,
            "peer": peer, "refused": str(reason)}


def mebibytes(size):
    return "" if size is None else f"{size / 2**20:,.1f}"


def cells_of(one):
    shape = ",".join(str(one["shape"][letter]) for letter in "BHIT")
    if "refused" in one:
        return [one["comparison"], one["cell"], shape, one["budget"], "refused", "", one["peer"], "", "", "", ""]
    ratio = one["ratio"]
    verdict = f"{ratio:.2f}x" if ratio >= 1 or one["comparison"] in ITSELF else f"{ratio:.2f}x: peer wins"
    return [one["comparison"], one["cell"], shape, one["budget"], f"{one['ours_seconds'] * 1e3:,.1f}",
            mebibytes(one["ours_peak_bytes"]), one["peer"], f"{one['peer_seconds'] * 1e3:,.1f}",
            mebibytes(one["peer_peak_bytes"]), verdict, f"{one['of_peak']:.2f}"]


COMPARISONS = ["store-all", "third of tape", "equal bytes", "budget's price", "interpreter", "busy"]
ITSELF = COMPARISONS[3:]  # Recurve against itself: a ratio under 1 is a cost, not a loss
COLUMNS = ["comparison", "cell", "B,H,I,T", "budget", "Recurve ms", "MiB", "peer", "peer ms", "MiB",
           "peer / Recurve", "of peak"]


def table(rows, markdown=False):
    lines = [COLUMNS] + [cells_of(one) for one in rows]
    if markdown:
        lines.insert(1, ["---"] * len(COLUMNS))
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def processor():
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown"
