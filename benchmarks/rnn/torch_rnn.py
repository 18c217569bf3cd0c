# SPDX-License-Identifier: Apache-2.0
"""PyTorch's side: forward and backward of nn.LSTM, nn.GRU or nn.RNN for an input that needs no gradient.

A contestant of comparison.py. Reports the version, and `peak_bytes`, the most bytes that a pass holds at once,
parameters, input and output gradient apart: gradients, output and whatever is kept in between. On the CPU that is the
lesser of what PyTorch's allocator counted and of what became resident: the first counts what is never touched, the
second what the C library does not give back.

--precision, of CUDA devices but for fp32: tf32 lets products round their factors; bf16 and fp16 hold everything, weights
and activations, in that type.

With --checkpoint-bytes, torch.utils.checkpoint recomputes segments of the sequence but for the last, which is kept. All
have the longest length whose measured peak keeps to those bytes, or, where none does, about that of the least peak.
With --primitive, calls oneDNN's LSTM primitive, as PyTorch contains it, without autograd; `tape_bytes` are those of its
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
KEEP_OF_MODE_LSTM = 2  # the number that ATen has for nn.LSTM


def flatten(layer):
    """Puts a layer's weights into one piece of memory, as cuDNN wants them. PyTorch does so itself, except in bf16,
    which is not among the types that it knows cuDNN to take, so that it would copy the weights at every call."""
    layer.flatten_parameters()
    if layer.weight_ih_l0.dtype == torch.bfloat16:
        torch.backends.cudnn.CUDNN_TENSOR_DTYPES.add(torch.bfloat16)
        with contextlib.suppress(RuntimeError):  # a cuDNN that does not take it
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
        pathlib.Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the high-water mark begins anew
        before = resident("VmRSS")
        self.run()
        return resident("VmHWM") - before


class Checkpointed(Peer):
    """The loss of each segment, the product of its output and the output's gradient, is taken inside the segment, so
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
        """The longest whose peak keeps to the limit, else one of about the least peak; returns its peak."""
        fitting, too_long = 0, self.args.length + 1
        peaks = {}
        segment = max(1, self.args.length // 16)
        while too_long - fitting > max(1, fitting // 50):  # to two in a hundred
            self.segment = segment
            peaks[segment] = self.peak_bytes()
            if peaks[segment] <= limit:
                fitting = segment
            else:
                too_long = segment
            if fitting == 0 and peaks[segment] > min(peaks.values()):
                break  # shorter ones hold more states than they save
            guess = int(segment * limit / peaks[segment])  # the tape of a segment is nearly all of the peak
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
        peer.seconds()  # the first passes allocate and choose kernels
    if args.primitive:
        report["tape_bytes"] = peer.tape_bytes
    elif not args.checkpoint_bytes:
        report["peak_bytes"] = peer.peak_bytes()
    print(json.dumps(report), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"seconds": peer.seconds()}), flush=True)


if __name__ == "__main__":
    main()
