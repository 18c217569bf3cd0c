#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the same language model with `recurve train` in several shares of its memory, and compares seconds per step,
planned and measured peaks, loss, and weights, which must be bit-identical under every plan for links of the same length.
Prints a line of JSON for each run, and for each precision one with the results, `found`. Exits with 1 if a run failed, a
peak differs from the plan, or weights differ.

Without --link all runs use the link that the planner chooses for the first share. If it chooses another one for the last
share, that is measured too, so that the first share is compared with the best configuration of the last."""
import argparse
import json
import statistics
import subprocess

KEPT = ["planned_peak_bytes", "measured_peak_bytes", "store_all_bytes", "activation_bytes",
        "store_all_activation_bytes", "ledger", "link", "links", "strategy", "recompute_ratio", "seconds_per_batch",
        "predicted_seconds_per_batch", "parameters", "device", "weights_sha256"]
WARM_STEPS = 3  # not counted, because graphs are captured


class Failed(Exception):
    pass


def recurve(args, precision, memory, link, *more):
    """The JSON objects printed by one run."""
    command = [args.recurve, "train", "--json", "--data", args.data, "--device", args.device, "--precision", precision,
               "--memory", memory, "--link", link, "--hidden", args.hidden, "--layers", args.layers, "--batch",
               args.batch, "--length", args.length, "--steps", args.steps, "--holdout", "0.01", *more]
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        raise Failed(f"{memory}: exit status {done.returncode}: {done.stderr.strip()[-1000:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def train(args, precision, memory, link):
    *steps, result = recurve(args, precision, memory, link)
    steps = [one for one in steps if one["type"] == "step"]
    row = {"memory": memory, "precision": precision, "hidden": args.hidden, "batch": args.batch,
           "length": args.length, "steps": len(steps),
           "seconds_a_step": statistics.median(one["seconds"] for one in steps[min(WARM_STEPS, len(steps) - 1):]),
           "loss_first": steps[0]["loss"], "loss_last": steps[-1]["loss"], **{key: result[key] for key in KEPT}}
    print(json.dumps(row), flush=True)
    return row


def compare(args, precision):
    """The results for one precision."""
    link = args.link or recurve(args, precision, args.memory[0], 0, "--dry-run")[-1]["link"]
    runs = {memory: train(args, precision, memory, link) for memory in args.memory}
    first, last = runs[args.memory[0]], runs[args.memory[-1]]
    found = {key: {memory: one[key] for memory, one in runs.items()} for key in (
        "seconds_a_step", "predicted_seconds_per_batch", "planned_peak_bytes", "measured_peak_bytes",
        "activation_bytes", "loss_first", "loss_last")}
    found.update(device=first["device"], link=link, seconds_ratio=first["seconds_a_step"] / last["seconds_a_step"],
                 peaks_as_planned=all(one["planned_peak_bytes"] == one["measured_peak_bytes"] for one in runs.values()),
                 weights_equal=len({one["weights_sha256"] for one in runs.values()}) == 1,
                 weights_sha256=first["weights_sha256"])
    if args.link == 0:
        own = recurve(args, precision, args.memory[-1], 0, "--dry-run")[-1]["link"]
        best = last if own == link else train(args, precision, args.memory[-1], own)
        found.update(own_link=own, seconds_ratio_of_own_links=first["seconds_a_step"] / best["seconds_a_step"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recurve", required=True, metavar="PROGRAM")
    parser.add_argument("--data", required=True, metavar="FILE")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", type=lambda words: words.split(","), default=["bf16"], metavar="LIST")
    parser.add_argument("--memory", type=lambda words: words.split(","), default=["5%", "100%"], metavar="LIST")
    for name, value in (("hidden", 512), ("layers", 1), ("batch", 32), ("length", 1000), ("steps", 40), ("link", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    good = True
    for precision in args.precision:
        try:
            found = compare(args, precision)
            good &= found["peaks_as_planned"] and found["weights_equal"]
        except Failed as reason:
            good, found = False, {"error": str(reason)}
        print(json.dumps({"found": {precision: found}}), flush=True)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
