#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays a schedule that Recurve has written, or writes one for Recurve to verify, with checkpoint_schedules
(pip install checkpoint_schedules).

    recurve schedule export --length 100 --state-bytes 1 --tape-bytes 2 --memory 20 --save plan.jsonl
    python3 docs/replay_schedule.py plan.jsonl

    python3 docs/replay_schedule.py --dump Revolve 100 5 > revolve.jsonl
    recurve schedule verify revolve.jsonl --state-bytes 1 --tape-bytes 2

The replay differentiates a small model, x[n + 1] = x[n]^2 + n, and compares its gradient with that of a run that keeps
everything.
"""
import contextlib
import json
import sys

if {"-h", "--help"} & set(sys.argv[1:]):
    print(__doc__)
    sys.exit(0)
try:
    import checkpoint_schedules as cs
    from checkpoint_schedules import StorageType
except ImportError:
    sys.exit("replay_schedule.py needs the Python package checkpoint_schedules: python3 -m pip install checkpoint_schedules")

MODULUS = 2**61 - 1  # the model computes in whole numbers, so that equal means equal


def step(x, n):
    return (x * x + n) % MODULUS


def step_adjoint(gradient, x):
    return gradient * 2 * x % MODULUS


def load(file):
    """The header of a schedule file, and its actions as objects of checkpoint_schedules, one by one."""
    header = json.loads(file.readline())

    def actions():
        for line in file:
            name, *arguments = json.loads(line)
            arguments = [StorageType[a] if isinstance(a, str) else a for a in arguments]
            yield getattr(cs, name)(*arguments)

    return header, actions()


def dump(schedule, length, file):
    """Writes the actions of a checkpoint_schedules schedule for `length` steps."""
    json.dump({"format": "recurve-schedule", "version": 1, "length": length}, file)
    for action in schedule:
        arguments = [a.name if isinstance(a, StorageType) else a for a in action.args]
        if isinstance(action, cs.Forward):
            arguments[1] = min(arguments[1], length)  # schedules that do not know their length say sys.maxsize
            if arguments[1] == length and schedule.max_n is None:
                schedule.finalize(length)
        file.write("\n" + json.dumps([type(action).__name__, *arguments]))
        if isinstance(action, cs.EndReverse):
            break
    file.write("\n")


def replay(actions, length, x0):
    """The gradient of the model's last state by its first, computed as the actions say; how many steps were run."""
    stores = {StorageType.RAM: {}, StorageType.DISK: {}}
    n, x = 0, x0  # the forward
    remaining, gradient = length, 1  # the adjoint
    work = {}  # adjoint data in working memory: what each step needs
    steps = 0
    for action in actions:
        if isinstance(action, cs.Forward):
            assert n == action.n0, f"{action}: the forward is at {n}"
            saved = (x if action.write_ics else None, {})
            data = work if action.storage == StorageType.WORK else saved[1]
            for n in action:
                if action.write_adj_deps:
                    data[n] = x
                x = step(x, n)
                steps += 1
            n = action.n1
            if action.storage in stores:
                stores[action.storage][action.n0] = saved
        elif isinstance(action, cs.Reverse):
            assert remaining == action.n1, f"{action}: the adjoint is at {remaining}"
            for r in action:
                gradient = step_adjoint(gradient, work.pop(r))
            remaining = action.n0
        elif isinstance(action, (cs.Copy, cs.Move)):
            saved = stores[action.from_storage][action.n]
            if isinstance(action, cs.Move):
                del stores[action.from_storage][action.n]
            if action.to_storage == StorageType.WORK:
                work.update(saved[1])
                if saved[0] is not None:
                    n, x = action.n, saved[0]
            elif action.to_storage in stores:
                stores[action.to_storage][action.n] = saved
    assert remaining == 0, f"steps 0 to {remaining} were not reversed"
    return gradient, steps


def main(arguments):
    if arguments[:1] == ["--dump"] and len(arguments) >= 3:
        name, length, *numbers = arguments[1:]
        length, numbers = int(length), [int(a) for a in numbers]
        online = name in ("SingleMemoryStorageSchedule", "SingleDiskStorageSchedule", "TwoLevelCheckpointSchedule")
        with contextlib.redirect_stdout(sys.stderr):  # some say things while they are made
            schedule = getattr(cs, name)(*(numbers if online else [length, *numbers]))
        dump(schedule, length, sys.stdout)
        return 0
    if len(arguments) != 1:
        sys.exit(__doc__)
    with open(arguments[0], encoding="utf-8") as file:
        header, actions = load(file)
        length = header["length"]
        gradient, steps = replay(actions, length, 3)
    kept, x = [], 3
    for n in range(length):
        kept.append(x)
        x = step(x, n)
    exact = 1
    for x in reversed(kept):
        exact = step_adjoint(exact, x)
    print(f"{length} steps, {steps} run forward; gradient {'is exact' if gradient == exact else 'IS WRONG'}")
    return 0 if gradient == exact else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
