# SPDX-License-Identifier: Apache-2.0
"""Times forward and backward of torch.nn.LSTM, the input without gradient, and prints one JSON object."""
import argparse
import json
import statistics
import time

import torch


def one_pass(lstm, x, gradient):
    lstm.zero_grad(set_to_none=True)
    begin = time.perf_counter()
    output, _ = lstm(x)
    output.backward(gradient)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("batch", "hidden", "input", "length", "threads", "passes"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--onednn", choices=("on", "off"), required=True)
    args = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.backends.mkldnn.enabled = args.onednn == "on"
    lstm = torch.nn.LSTM(args.input, args.hidden)
    x = torch.randn(args.length, args.batch, args.input)
    gradient = torch.randn(args.length, args.batch, args.hidden)
    for _ in range(2):
        one_pass(lstm, x, gradient)  # the first passes allocate and choose kernels
    seconds = [one_pass(lstm, x, gradient) for _ in range(args.passes)]
    print(json.dumps({"version": torch.__version__, "seconds": statistics.median(seconds)}))


if __name__ == "__main__":
    main()
