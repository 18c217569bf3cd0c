#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TensorBoard reads the events of `recurve train --tensorboard`: the numbers that --json prints, also where a second
command repeats steps after a checkpoint. Skipped (exit status 77) where the package is not installed.

usage: read_back_test.py RECURVE
"""
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

RECURVE = sys.argv[1]
TAGS = ["loss", "metric", "gradient_norm", "learning_rate"]


def train(*options):
    result = subprocess.run([RECURVE, "train", "--json", *options], capture_output=True, text=True, check=False,
                            env={**os.environ, "RECURVE_CACHE": ""})
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def check(events, expected, unit):
    assert len(events) == len(expected), (len(events), len(expected))
    for event, (step, value) in zip(events, expected):
        assert event.step == step and math.isclose(event.value, value, rel_tol=1e-6), (event, step, value, unit)
        assert abs(event.wall_time - time.time()) < 3600, event


def main():
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ImportError as error:
        print(f"skipped: {error}; pip install tensorboard")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "text").write_text("In the beginning was the word, and the word was counted. " * 60)
        runs = ["--tensorboard", str(folder / "runs")]
        lines = train("--data", str(folder / "text"), "--hidden", "8", "--batch", "2", "--length", "20", "--link", "2",
                      "--threads", "1", "--steps", "10", "--evaluate-every", "5", "--checkpoint-dir",
                      str(folder / "checkpoints"), "--checkpoint-every", "4", *runs)
        shutil.rmtree(folder / "checkpoints" / "step-0000000010")
        lines += train("--resume", str(folder / "checkpoints"), "--steps", "15", *runs)

        steps = {line["step"]: line for line in lines if line["type"] == "step"}
        assert sorted(steps) == list(range(1, 16)), sorted(steps)
        evaluations = {line["step"]: line["metric"]["value"] for line in lines if line["type"] == "evaluation"}
        evaluations[15] = lines[-1]["evaluation"]["value"]
        read = EventAccumulator(str(folder / "runs"))
        read.Reload()
        assert sorted(read.Tags()["scalars"]) == sorted([*TAGS, "evaluation"]), read.Tags()
        for tag in TAGS:
            value = {step: line[tag]["value"] if tag == "metric" else line[tag] for step, line in steps.items()}
            check(read.Scalars(tag), sorted(value.items()), tag)
        check(read.Scalars("evaluation"), sorted(evaluations.items()), "evaluation")
    print("15 steps read back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
