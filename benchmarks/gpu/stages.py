#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs checks and measurements of the CUDA backend from a folder made by benchmarks/gpu/pack, the most important first.
Each step has a time limit; failures and timeouts are recorded, and the next step runs.

  stage 1   the machine; tests; the cost of a step at 32x512, ours and cuDNN's; memcheck
  stage 2   the comparison with PyTorch; the cost of a language model in 5 % of its memory, with bit-identical weights;
            the daemon; the cost of a step at other shapes; racecheck

Results are in $OUT, or else in ./results: log.txt, rows.jsonl (a line per measurement, written immediately),
summary.json (the outcomes of the steps and their results), comparison.json and metrics.txt (the daemon's). Exits with 1
if a step did not pass. Nothing runs without a GPU; --dry-run uses the CPU instead, with small shapes."""
import argparse
import os
import pathlib
import sys
import tarfile
import tempfile

import machine
from steps import Steps, stop

PACK = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
TESTS = ["cuda_backend_test", "cuda_trainer_test"]
STAGE_SECONDS = {1: 200, 2: 330}
SANITIZED_TESTS = "*CudaLinkTest*:-*LongLinks*"
RACE_TESTS = "*CudaLinkTest.EveryRun*:Cuda/CudaLinkTest.WideLayers/bf16"


class Stages:
    def __init__(self, args, steps):
        self.args, self.steps, self.dry = args, steps, args.dry_run
        self.device = "cpu" if args.dry_run else str(args.device)

    def program(self, name):
        kind = "tests" if name.endswith("_test") else "bin"
        return PACK / "build" / "cuda" / kind / name

    def test(self, name, seconds, pattern=None, step=None):
        command = [self.program(name), "--gtest_brief=1"] + ([f"--gtest_filter={pattern}"] if pattern else [])
        self.steps.run(step or name, seconds, command, may_skip=self.dry)

    def step_benchmark(self, shapes, seconds, each, precisions="bf16,tf32,fp32", links="32,128", persistent="yes"):
        name = f"step_benchmark {shapes} {precisions}" + (" step by step" if persistent == "no" else "")
        options = ["--batch-hidden", shapes, "--link", links, "--seconds", each]
        if self.dry:
            options = ["--batch-hidden", "4x64", "--link", 8, "--seconds", 0.05]
        self.steps.run(name, seconds, [self.program("step_benchmark"), "--device", self.device, "--precision",
                                       precisions, "--persistent", persistent, *options])

    def torch_steps(self, shapes, seconds, each, length=1000):
        options = ["--batch-hidden", shapes, "--device", f"cuda:{self.device}", "--seconds", each, "--length", length]
        if self.dry:
            options = ["--batch-hidden", "4x64", "--device", "cpu", "--length", 20, "--seconds", "0.05"]
        self.steps.run(f"torch_steps {shapes}", seconds,
                       [sys.executable, HERE / "torch_steps.py", "--precision", "fp16,bf16,tf32,fp32", *options])

    def sanitize(self, tool, name, pattern, seconds):
        if not self.steps.wanted(tool):
            return
        if self.dry:
            self.steps.say(f"=== {tool}: skipped in a dry run")
        elif machine.sanitizer() is None:
            self.steps.say(f"=== {tool}: skipped: this machine has no compute-sanitizer")
        else:
            self.steps.run(f"{tool} {name}", seconds, [*machine.sanitize(tool, PACK / "programs" / name),
                                                       "--gtest_brief=1", f"--gtest_filter={pattern}"],
                           {**os.environ, "LD_LIBRARY_PATH": self.args.search_path})

    def facts(self):
        return {"gpu": machine.gpu(self.args.device, machine.GPU_FIELDS), "gpu_fields": machine.GPU_FIELDS,
                "cublas": self.args.cublas and machine.cublas_version(self.args.cublas),
                "cublas_folder": str(self.args.cublas), "python": sys.version.split()[0],
                "nvcc": (machine.answer(["nvcc", "--version"]) or "none").splitlines()[-1],
                "sanitizer": machine.sanitizer(), "processors": os.cpu_count()}

    def first(self):
        self.steps.call("machine", self.facts)
        self.steps.run("versions of PyTorch", 20, [sys.executable, HERE / "torch_steps.py", "--versions", "--device",
                                                   "cpu" if self.dry else f"cuda:{self.device}"])
        self.test("cuda_backend_test", 120)
        self.step_benchmark("32x512", 40, 0.5)
        self.torch_steps("32x512", 40, 0.7)
        self.torch_steps("64x1024", 40, 0.7)
        self.test("cuda_trainer_test", 60)
        self.sanitize("memcheck", "cuda_backend_test", SANITIZED_TESTS, 60)

    def second(self):
        self.steps.call("device memory before", self.memory)
        self.comparison(160)
        self.language_model("language model in 5 % and 100 %", 40, "bf16", steps=40)
        self.language_model("equal weights", 30, "bf16,tf32,fp32", hidden=256, batch=16, length=2000,
                            steps=5, link=16)
        self.daemon(25)
        self.step_benchmark("32x512,64x1024,128x512,16x768,16x2048,128x2048", 30, 0.1, "bf16,tf32", "128")
        self.step_benchmark("32x512,64x1024", 15, 0.1, "bf16,tf32", "128", persistent="no")
        self.torch_steps("16x768,16x2048", 25, 0.4)
        self.torch_steps("128x2048", 20, 0.4, length=300)
        self.step_benchmark("64x1024,16x2048,128x2048", 15, 0.1, "fp32", "128")
        self.steps.call("device memory after", self.memory)
        self.sanitize("racecheck", "cuda_backend_test", RACE_TESTS, 40)

    def memory(self):
        return {"gpu_memory": machine.gpu(self.args.device, "memory.total,memory.used,memory.free"),
                "processes": machine.answer(["nvidia-smi", "--query-compute-apps=pid,name,used_memory",
                                             "--format=csv,noheader"])}

    def on_device(self, precision):
        device = "cpu" if self.dry else f"cuda:{self.device}"
        return ["--data", PACK / "text.txt", "--device", device, "--precision", "fp32" if self.dry else precision]

    def language_model(self, step, seconds, precisions, **sizes):
        if self.dry:
            sizes = {**sizes, "hidden": 64, "batch": 4, "steps": 5}
        self.steps.run(step, seconds, [sys.executable, HERE / "language_model.py", "--recurve", self.program("recurve"),
                                       *self.on_device(precisions),
                                       *(word for name, size in sizes.items() for word in (f"--{name}", size))])

    def daemon(self, seconds):
        more = ["--hidden", 64, "--steps", 20] if self.dry else ["--gpu", self.args.device]
        self.steps.run("daemon", seconds, [sys.executable, HERE / "daemon.py", "--programs",
                                           self.program("recurve").parent, "--metrics",
                                           self.steps.folder / "metrics.txt", "--save",
                                           pathlib.Path(os.environ["RECURVE_CACHE"]) / "model.safetensors",
                                           *self.on_device("bf16"), *more])

    def comparison(self, seconds):
        command = [sys.executable, HERE / "run", "--json", self.steps.folder / "comparison.json"]
        options = ["--rounds", 2, "--dry-run"] if self.dry else [
            "--device", self.device, "--shape", "32,512,512,1000", "--shape", "64,1024,1024,1000", "--rounds", 3,
            "--precisions", "bf16,tf32,fp32"]
        self.steps.run("comparison", seconds, [*command, "--compare-only", "--cells", "lstm", *options])

    def run(self):
        for number, stage in ((1, self.first), (2, self.second)):
            if self.args.stage in ("all", str(number)):
                self.steps.limit(STAGE_SECONDS[number])
                stage()


def unpack():
    """Unpacks the archive and then removes it."""
    archive = PACK / "programs.tar.gz"
    if archive.exists():
        with tarfile.open(archive) as opened:
            opened.extraction_filter = lambda member, _: member  # newer Pythons warn if none is set
            opened.extractall(PACK)
        archive.unlink()
    if not (PACK / "programs").exists():
        stop(f"{PACK} is not a folder made by benchmarks/gpu/pack")


def prepare(args):
    """Finds the libraries; exits if one is missing."""
    args.cublas = machine.folder_with(machine.CUBLAS)
    folders = [] if args.cublas is None else [args.cublas]
    if machine.folder_with(machine.SSL) is None and (PACK / "lib-ssl").exists():
        folders.append(PACK / "lib-ssl")
    os.environ["RECURVE_LIBRARIES"] = ":".join(str(folder) for folder in folders)
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")  # the order of nvidia-smi
    paths = [str(PACK / "lib"), os.environ["RECURVE_LIBRARIES"], os.environ.get("LD_LIBRARY_PATH", "")]
    args.search_path = ":".join(path for path in paths if path)
    missing = machine.missing_libraries(sorted((PACK / "programs").iterdir()),
                                        {**os.environ, "LD_LIBRARY_PATH": args.search_path})
    if missing:
        stop("libraries are missing on this machine:\n  " + "\n  ".join(missing[:20]))


def main():
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", nargs="?", choices=["1", "2", "all"], default="all")
    parser.add_argument("--device", type=int, default=0, metavar="N", help="index of the GPU")
    parser.add_argument("--only", type=lambda words: words.split(","), default=[], metavar="WORDS",
                        help="run only the steps whose names contain one of these words, for example daemon,weights")
    parser.add_argument("--dry-run", action="store_true", help="use the CPU instead of the GPU")
    args = parser.parse_args()
    if not args.dry_run and machine.gpu(args.device) is None:
        stop(f"nvidia-smi shows no GPU {args.device} on this machine; --dry-run runs without one")
    unpack()
    prepare(args)
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["RECURVE_CACHE"] = scratch
        sys.exit(run(args))


def run(args):
    """The exit status."""
    steps = Steps(os.environ.get("OUT") or "results", {"stage": args.stage, "dry_run": args.dry_run},
                  args.only)
    stages = Stages(args, steps)
    try:
        stages.run()
    except KeyboardInterrupt:
        steps.say("interrupted")
    return steps.finish()


if __name__ == "__main__":
    main()
