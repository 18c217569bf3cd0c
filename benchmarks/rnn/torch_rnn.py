# SPDX-License-Identifier: Apache-2.0
"""PyTorch's contestant of comparison.py: forward and backward of nn.LSTM, nn.GRU or nn.RNN for an input that needs no
gradient.

Reports the version, and `peak_bytes`, the peak memory of a pass without parameters, input and output gradient. On the
CPU that is the lesser of the bytes counted by PyTorch's allocator, which include untouched memory, and the resident
bytes, which include memory retained by the C library.

--precision, CUDA devices only except fp32: with tf32, products round their operands; with bf16 and fp16, weights and
activations have that type.

With --checkpoint-bytes, torch.utils.checkpoint recomputes all segments of the sequence except the last. The segment
length is the longest whose measured peak is within those bytes, or, if there is none, about that with the lowest peak.
With --primitive, calls the oneDNN LSTM primitive in PyTorch without autograd; `tape_bytes` is the size of its
workspace."""
import argparse
import contextlib
import ctypes
import json
import pathlib
import sys
import time

try:
    import torch
    from torch.utils.checkpoint import checkpoint
except ImportError as missing:
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        raise SystemExit(0) from None
    raise SystemExit(f"torch_rnn.py: {missing}; run it with a Python that has PyTorch") from None

MODULES = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "tanh": torch.nn.RNN}
TYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
KEEP_OF_MODE_LSTM = 2  # ATen's constant for nn.LSTM


def flatten(layer):
    """Moves a layer's weights into one block, as cuDNN requires. PyTorch does so itself, except for bf16, where it would
    otherwise copy the weights in every call."""
    layer.flatten_parameters()
    if layer.weight_ih_l0.dtype == torch.bfloat16:
        torch.backends.cudnn.CUDNN_TENSOR_DTYPES.add(torch.bfloat16)
        with contextlib.suppress(RuntimeError):  # unsupported by this cuDNN
            layer.flatten_parameters()
    return layer


def resident(name):
    lines = pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


class Peer:
    def __init__(self, args):
        self.device = torch.device(args.device)
        kind = {"device": self.device, "dtype": TYPES[args.precision]}
        self.layer = flatten(MODULES[args.cell](args.input, args.hidden, args.layers).to(**kind))
        self.x = torch.randn(args.length, args.batch, args.input, **kind)
        self.gradient = torch.randn(args.length, args.batch, args.hidden, **kind)
        self.args = args

    def run(self):
        output, _ = self.layer(self.x)
        output.backward(self.gradient)

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds(self):
        self.layer.zero_grad(set_to_none=True)
        self.synchronize()
        begin = time.perf_counter()
        self.run()
        self.synchronize()
        return time.perf_counter() - begin

    def peak_bytes(self):
        self.layer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            before = torch.cuda.memory_allocated(self.device)
            self.run()
            return torch.cuda.max_memory_allocated(self.device) - before
        allocated = self.allocated_peak()
        self.layer.zero_grad(set_to_none=True)
        return min(allocated, self.resident_peak())

    def allocated_peak(self):
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
            self.run()
        events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
        live = peak = 0
        for event in sorted(events, key=lambda event: event.start_ns()):
            live += event.nbytes()
            peak = max(peak, live)
        return peak

    def resident_peak(self):
        ctypes.CDLL(None).malloc_trim(0)
        pathlib.Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # resets the high-water mark
        before = resident("VmRSS")
        self.run()
        return resident("VmHWM") - before


class Checkpointed(Peer):
    """Computes the loss of each segment, the product of its output and the output's gradient, inside the segment, so
    that no output outlives it."""

    def __init__(self, args):
        super().__init__(args)
        self.segment = 0

    def run_segment(self, first, *state):
        last = min(first + self.segment, self.args.length)
        output, state = self.layer(self.x[first:last], state if self.args.cell == "lstm" else state[0])
        return (output * self.gradient[first:last]).sum(), *(state if self.args.cell == "lstm" else (state,))

    def run(self):
        zero = torch.zeros(self.args.layers, self.args.batch, self.args.hidden, device=self.device, dtype=self.x.dtype)
        state = (zero,) * (2 if self.args.cell == "lstm" else 1)
        losses = []
        for first in range(0, self.args.length, self.segment):
            if first + self.segment < self.args.length:
                loss, *state = checkpoint(self.run_segment, first, *state, use_reentrant=False,
                                          preserve_rng_state=False)
            else:
                loss, *state = self.run_segment(first, *state)
            losses.append(loss)
        torch.stack(losses).sum().backward()

    def choose_segment(self, limit):
        """Finds the longest segment within the limit, or else one with about the lowest peak; returns its peak."""
        fitting, too_long = 0, self.args.length + 1
        peaks = {}
        segment = max(1, self.args.length // 16)
        while too_long - fitting > max(1, fitting // 50):  # within 2 %
            self.segment = segment
            peaks[segment] = self.peak_bytes()
            if peaks[segment] <= limit:
                fitting = segment
            else:
                too_long = segment
            if fitting == 0 and peaks[segment] > min(peaks.values()):
                break  # shorter ones need more for states than they save
            guess = int(segment * limit / peaks[segment])  # the peak is mostly the tape of a segment
            if fitting == 0:
                guess = min(guess, segment * 3 // 4)
            segment = min(max(guess, fitting + 1), too_long - 1)
        self.segment = fitting or min(peaks, key=peaks.get)
        return peaks[self.segment]


class Primitive(Peer):
    def run(self):
        args, weights = self.args, [parameter.detach() for parameter in self.layer.parameters()]
        zero = torch.zeros(args.batch, args.hidden)
        layer = (False, KEEP_OF_MODE_LSTM, args.hidden, 1, True)  # reverse, mode, size, layers, biases
        output, last, cell, workspace = torch.ops.aten.mkldnn_rnn_layer(
            self.x, *weights, zero, zero, False, [], *layer[1:], False, False, True)
        torch.ops.aten.mkldnn_rnn_layer_backward(
            self.x, *weights, zero, zero, output, last, cell, self.gradient, None, None, *layer, True, False, [], False,
            workspace)
        self.tape_bytes = workspace.numel() * workspace.element_size()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", choices=MODULES, required=True)
    for name in ("batch", "hidden", "input", "length", "layers"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=TYPES, default="fp32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--onednn", choices=("on", "off"), default="on")
    parser.add_argument("--checkpoint-bytes", type=int)
    parser.add_argument("--primitive", action="store_true")
    args = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.backends.mkldnn.enabled = args.onednn == "on"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.precision == "tf32"
    report = {"version": torch.__version__}
    if args.primitive:
        peer = Primitive(args)
    elif args.checkpoint_bytes:
        peer = Checkpointed(args)
        report["peak_bytes"] = peer.choose_segment(args.checkpoint_bytes)
        report["segment"] = peer.segment
    else:
        peer = Peer(args)
    for _ in range(2):
        peer.seconds()  # the first passes allocate and select kernels
    if args.primitive:
        report["tape_bytes"] = peer.tape_bytes
    elif not args.checkpoint_bytes:
        report["peak_bytes"] = peer.peak_bytes()
    print(json.dumps(report), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"seconds": peer.seconds()}), flush=True)


if __name__ == "__main__":
    main()
