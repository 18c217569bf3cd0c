#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loss and gradients of each cell against PyTorch's own modules and automatic differentiation, in double precision. Skipped
(exit status 77) where PyTorch is not installed.

usage: compare_with_torch_test.py DUMP_GRADIENTS
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

CELLS = ("lstm", "gru", "gru-reset-before", "tanh", "relu", "slstm")


def read_safetensors(torch, path):
    data = pathlib.Path(path).read_bytes()
    (header_bytes,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + header_bytes])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + header_bytes + offset for offset in entry["data_offsets"])
        values = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
        tensors[name] = torch.tensor(values, dtype=torch.float64).reshape(entry["shape"])
    return tensors


def torch_layer(torch, cell, x, weights):
    """A layer by the function behind torch.nn's module, its weights in that module's order of gates."""
    width = weights["recurrent_weight"].shape[0]
    run = {"lstm": torch.lstm, "gru": torch.gru, "tanh": torch.rnn_tanh, "relu": torch.rnn_relu}[cell]
    # PyTorch's GRU: reset, update, candidate. Ours: inputs candidate, reset, update; products reset, update, candidate.
    order = {"gru": (1, 2, 0)}.get(cell)

    def gates(tensor, blocks):
        parts = tensor.split(width, dim=-1)
        return torch.cat([parts[i] for i in blocks], dim=-1) if blocks else tensor

    bias = gates(weights["bias"], order)
    parameters = [gates(weights["input_weight"], order).T, weights["recurrent_weight"].T, bias,
                  weights["recurrent_bias"] if cell == "gru" else torch.zeros_like(bias)]
    start = torch.zeros(1, x.shape[1], width, dtype=torch.float64)
    return run(x, (start, start) if cell == "lstm" else start, parameters, has_biases=True, num_layers=1, dropout=0.0,
               train=True, bidirectional=False, batch_first=False)[0]


def gru_reset_before_step(torch, x, h, weight):
    width = h.shape[1]
    gates = torch.sigmoid(x[:, : 2 * width] + h @ weight[:, : 2 * width])
    r, z = gates.split(width, dim=1)
    n = torch.tanh(x[:, 2 * width :] + (r * h) @ weight[:, 2 * width :])
    return (1 - z) * n + z * h


def slstm_step(torch, x, state, weight):
    """Without a stabiliser: c and n as they are, which are small enough here."""
    h, c, n = state
    i, f, z, o = (x + h @ weight).split(h.shape[1], dim=1)
    c = torch.sigmoid(f) * c + torch.exp(i) * torch.tanh(z)
    n = torch.sigmoid(f) * n + torch.exp(i)
    return torch.sigmoid(o) * c / n, c, n


def layer(torch, cell, x, weights):
    if cell not in ("gru-reset-before", "slstm"):
        return torch_layer(torch, cell, x, weights)
    zero = torch.zeros(x.shape[1], weights["recurrent_weight"].shape[0], dtype=torch.float64)
    state = (zero, zero, zero)
    outputs = []
    for projected in x @ weights["input_weight"] + weights["bias"]:
        if cell == "slstm":
            state = slstm_step(torch, projected, state, weights["recurrent_weight"])
        else:
            state = (gru_reset_before_step(torch, projected, state[0], weights["recurrent_weight"]),)
        outputs.append(state[0])
    return torch.stack(outputs)


def loss_of(torch, cell, residual, layer_norm, parameters, inputs, targets):
    x = parameters["embedding.weight"][inputs]
    y = None
    for index in range(2):
        prefix = f"layers.{index}."
        weights = {name[len(prefix) :]: value for name, value in parameters.items() if name.startswith(prefix)}
        h = layer(torch, cell, x, weights)
        y = h + y if residual and index > 0 else h
        x = y
        if layer_norm:
            x = torch.nn.functional.layer_norm(y, y.shape[-1:], weights["norm_gain"], weights["norm_bias"], 1e-5)
    logits = x @ parameters["output.weight"] + parameters["output.bias"]
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def compare(torch, cell, residual, layer_norm, file):
    subprocess.run([sys.argv[1], cell, str(int(residual)), str(int(layer_norm)), file], check=True)
    tensors = read_safetensors(torch, file)
    inputs, targets = (tensors.pop(name).long() for name in ("inputs", "targets"))
    loss = tensors.pop("loss").item()
    gradients = {name[len("gradient.") :]: tensors.pop(name) for name in list(tensors) if name.startswith("gradient.")}
    parameters = {name: value.requires_grad_() for name, value in tensors.items()}
    expected = loss_of(torch, cell, residual, layer_norm, parameters, inputs, targets)
    expected.backward()
    assert abs(loss - expected.item()) < 1e-6 * expected.item(), (cell, loss, expected.item())
    worst = 0
    for name, gradient in gradients.items():
        exact = parameters[name].grad
        error = ((gradient - exact).norm() / exact.norm()).item()
        assert error < 1e-5, (cell, residual, layer_norm, name, error)
        worst = max(worst, error)
    return worst


def main():
    try:
        import torch
    except ImportError as error:
        print(f"skipped: {error}; pip install torch")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        file = str(pathlib.Path(folder) / "gradients.safetensors")
        for cell in CELLS:
            for residual, layer_norm in ((False, False), (True, True)):
                worst = compare(torch, cell, residual, layer_norm, file)
                print(f"{cell:17} {'residual, layer norm' if residual else 'plain':21} largest relative error {worst:.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
