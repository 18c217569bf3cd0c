#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures PyTorch's nn.LSTM, nn.GRU or nn.RNN (cuDNN on a GPU) like step_benchmark measures our layer. Prints a line of
JSON for each shape and precision as soon as it is measured; `us_per_step` is the median over rounds of microseconds per
step.

  forward            without gradients
  forward_tape       in training mode, which keeps the activations
  forward_backward   forward and backward, gradients of weights included, for an input that needs no gradient

Unlike those of step_benchmark, these times include the product of the input with its weights. With tf32, products round
their operands; with bf16 and fp16, weights and activations have that type."""
import argparse
import json
import pathlib
import statistics
import sys
import time

try:
    import torch
except ImportError as missing:
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        raise SystemExit(0) from None
    raise SystemExit(f"torch_steps.py: {missing}; run it with a Python that has PyTorch") from None

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rnn"))
from torch_rnn import MODULES, TYPES, flatten  # noqa: E402

ROUNDS, LEAST_ROUNDS = 7, 3
ROUND_SECONDS = 0.02


class Layer:
    def __init__(self, cell, batch, hidden, length, precision, device):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        kind = {"device": device, "dtype": TYPES[precision]}
        self.device = torch.device(device)
        self.layer = flatten(MODULES[cell](hidden, hidden).to(**kind))
        self.x = torch.randn(length, batch, hidden, **kind)
        self.gradient = torch.randn(length, batch, hidden, **kind)

    def forward(self):
        with torch.no_grad():
            self.layer(self.x)

    def forward_tape(self):
        return self.layer(self.x)[0]

    def forward_backward(self):
        self.layer.zero_grad(set_to_none=True)
        self.forward_tape().backward(self.gradient)

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds_of(self, calls, call):
        self.synchronize()
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        self.synchronize()
        return (time.perf_counter() - begin) / calls

    def measure(self, call, limit):
        self.seconds_of(2, call)  # the first passes allocate and select kernels
        end = time.perf_counter() + limit
        calls = max(1, int(min(ROUND_SECONDS, limit / (2 * ROUNDS)) / self.seconds_of(1, call)))
        rounds = []
        while len(rounds) < LEAST_ROUNDS or (len(rounds) < ROUNDS and time.perf_counter() < end):
            rounds.append(self.seconds_of(calls, call))
        return rounds


def versions(device):
    report = {"torch": torch.__version__, "torch_cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    if torch.cuda.is_available() and device.startswith("cuda"):
        properties = torch.cuda.get_device_properties(device)
        free, total = torch.cuda.mem_get_info(device)
        report.update(gpu=properties.name, capability=f"{properties.major}.{properties.minor}",
                      processors=properties.multi_processor_count, free_bytes=free, total_bytes=total)
    return report


def report_of(args, batch, hidden, precision):
    report = {"side": "torch", "version": torch.__version__, "cudnn": torch.backends.cudnn.version(), "cell": args.cell,
              "batch": batch, "hidden": hidden, "input": hidden, "length": args.length, "precision": precision}
    try:
        layer = Layer(args.cell, batch, hidden, args.length, precision, args.device)
        report["us_per_step"], report["us_per_step_of_rounds"] = {}, {}
        for name in ("forward", "forward_tape", "forward_backward"):
            rounds = [seconds / args.length * 1e6 for seconds in layer.measure(getattr(layer, name), args.seconds)]
            report["us_per_step"][name] = statistics.median(rounds)
            report["us_per_step_of_rounds"][name] = rounds
    except RuntimeError as error:  # insufficient memory or a missing kernel: try the next combination
        report["error"] = str(error).splitlines()[0]
    return report


def shapes(words):
    try:
        pairs = [tuple(int(side) for side in word.split("x")) for word in words.split(",")]
    except ValueError:
        pairs = []
    if not pairs or any(len(pair) != 2 or min(pair) < 1 for pair in pairs):
        raise argparse.ArgumentTypeError(f"{words}: give batch and hidden size as in 32x512, separated by commas")
    return pairs


def precisions(words):
    for word in words.split(","):
        if word not in TYPES:
            raise argparse.ArgumentTypeError(f"{word}: give one or more of {','.join(TYPES)}")
    return words.split(",")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", choices=MODULES, default="lstm")
    parser.add_argument("--batch-hidden", type=shapes, default=[(32, 512)], metavar="BxH,...")
    parser.add_argument("--precision", type=precisions, default=list(TYPES), metavar="LIST")
    parser.add_argument("--length", type=int, default=1000)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=1, help="limit per measurement, after the warm-up")
    parser.add_argument("--versions", action="store_true", help="only print a line of versions")
    args = parser.parse_args()
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit(f"torch_steps.py: PyTorch {torch.__version__} sees no GPU; --device cpu uses the CPU")
    if args.versions:
        print(json.dumps(versions(args.device)), flush=True)
        return
    failed = False
    for batch, hidden in args.batch_hidden:
        for precision in args.precision:
            report = report_of(args, batch, hidden, precision)
            failed |= "error" in report
            print(json.dumps(report), flush=True)
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
