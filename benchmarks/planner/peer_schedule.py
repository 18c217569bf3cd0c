# SPDX-License-Identifier: Apache-2.0
"""usage: peer_schedule.py PEER LENGTH SLOTS PASSES

Walks all actions of a schedule from a Python package and prints one JSON object like schedule_benchmark. PEER is the name
of a class of checkpoint_schedules, or CRevolve, pyrevolve's binding of the C++ revolve."""
import json
import statistics
import sys
import time


def checkpoint_schedules_walk(name):
    import checkpoint_schedules
    from checkpoint_schedules import EndReverse, Forward

    kind = getattr(checkpoint_schedules, name)
    options = {"MultistageCheckpointSchedule": lambda length, slots: (length, 0, slots),
               "Revolve": lambda length, slots: (length, slots),
               "HRevolve": lambda length, slots: (length, slots, 0)}[name]

    def walk(length, slots):
        forwards = actions = 0
        for action in kind(*options(length, slots)):
            actions += 1
            if isinstance(action, Forward):
                forwards += action.n1 - action.n0
            elif isinstance(action, EndReverse):
                break
        return forwards, actions

    return walk


def pyrevolve_walk():
    from pyrevolve.crevolve import Action, CRevolve

    def walk(length, slots):
        schedule = CRevolve(slots, length)
        forwards = actions = 0
        while True:
            action = schedule.revolve()
            actions += 1
            if action == Action.advance:
                forwards += schedule.capo - schedule.oldcapo
            elif action in (Action.firstrun, Action.youturn):
                forwards += 1  # with tape
            elif action == Action.terminate:
                return forwards, actions

    return walk


def main():
    if len(sys.argv) != 5:
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    peer, (length, slots, passes) = sys.argv[1], (int(word) for word in sys.argv[2:])
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * length))
    walk = pyrevolve_walk() if peer == "CRevolve" else checkpoint_schedules_walk(peer)
    seconds = []
    for _ in range(passes):
        start = time.perf_counter()
        forwards, actions = walk(length, slots)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds), "forwards": forwards, "actions": actions}))


if __name__ == "__main__":
    main()
