#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schedules go to checkpoint_schedules and come from it: docs/replay_schedule.py replays what recurve exports, and recurve
verifies what it dumps. Skipped (exit status 77) where the package is not installed.

usage: replay_schedule_test.py RECURVE REPLAY_SCRIPT
"""
import pathlib
import subprocess
import sys
import tempfile

RECURVE, SCRIPT = sys.argv[1:]
SIZES = ["--state-bytes", "1", "--tape-bytes", "2"]
EXPORTS = [["--strategy", s, "--memory", b] for s in ("auto", "hsm", "chen", "store-all") for b in ("150", "9")]
DUMPS = ["Revolve 40 5", "Revolve 1 1", "HRevolve 40 3 5", "DiskRevolve 40 3", "PeriodicDiskRevolve 40 3",
         "MultistageCheckpointSchedule 40 3 3", "TwoLevelCheckpointSchedule 40 7 2", "MixedCheckpointSchedule 40 5",
         "SingleMemoryStorageSchedule 40", "SingleDiskStorageSchedule 40", "SingleDiskStorageSchedule 40 1"]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def replay(file):
    result = run(sys.executable, "-W", "ignore", SCRIPT, file)
    assert result.returncode == 0 and "gradient is exact" in result.stdout, result.stdout + result.stderr
    return result.stdout.split(",")[1].split()[0]


def main():
    try:
        import checkpoint_schedules  # noqa: F401
    except ImportError as error:
        print(f"skipped: {error}; pip install checkpoint_schedules")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        file = str(pathlib.Path(folder) / "schedule.jsonl")
        replayed = 0
        for options in EXPORTS:
            result = run(RECURVE, "schedule", "export", "--length", "60", *SIZES, *options, "--save", file)
            if result.returncode == 3:  # the budget is too small for it
                continue
            assert result.returncode == 0, result.stderr
            steps = replay(file)
            assert f'"claimed_forward_count":{steps}' in pathlib.Path(file).read_text(), (options, steps)
            replayed += 1
        assert replayed >= 5, replayed
        for dump in DUMPS:
            result = run(sys.executable, "-W", "ignore", SCRIPT, "--dump", *dump.split())
            assert result.returncode == 0, result.stderr
            pathlib.Path(file).write_text(result.stdout)
            steps = replay(file)
            result = run(RECURVE, "schedule", "verify", file, *SIZES)
            assert result.returncode == 0, dump + ": " + result.stderr
            assert f"forwards  {steps}," in result.stdout, (dump, steps, result.stdout)
        print(f"{replayed} exports and {len(DUMPS)} dumps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
