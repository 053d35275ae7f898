#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures PyTorch forms of the systems, and prints JSON. Eager, float32, one text at a time.

    python3 bench/peers --systems ttt_linear mamba2 --lengths 1024 2048 --threads 2

Of each system: tokens a second of reading a text of each length, which scores every token, of
generating behind it, and of the gradient of a text's loss; and the bytes of a text's state. Of
"attention", one layer's heads without their projections: forward, and forward and backward.
"""
import argparse
import json
import platform
import sys
import time

import torch

from attention import attend
from model import state_bytes
from systems import SHAPE, SYSTEMS


def seconds(work):
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def row(measure, length, value, unit="tokens/s"):
    return {"measure": measure, "length": length, "unit": unit, "value": value}


def generate(model, logits, state, count):
    for _ in range(count):
        logits, state = model(logits[-1:].argmax(-1), state)


def measure_reading(model, text, decode):
    length = len(text)
    taken, (logits, state) = seconds(lambda: model(text))
    rows = [row("prefill", length, length / taken),
            row("state", length, state_bytes(state), "bytes")]
    if decode:
        generate(model, logits, state, 1)  # warms up
        taken, _ = seconds(lambda: generate(model, logits, state, decode))
        rows.append(row("decode", length, decode / taken))
    return rows


def measure(name, options):
    torch.manual_seed(1)
    model = SYSTEMS[name](options).requires_grad_(False)
    draw = lambda count: torch.randint(options.vocab, (count,))
    rows = []
    with torch.no_grad():
        model(draw(min(options.lengths)))  # warms up
        for length in options.lengths:
            rows += measure_reading(model, draw(length), options.decode)
    if options.train:
        model.requires_grad_(True)
        for _ in range(2):  # the first warms up
            text = draw(options.train + 1)
            model.zero_grad()
            taken, _ = seconds(lambda: model.loss(text).backward())
        rows.append(row("training", options.train, options.train / taken))
    return rows


def measure_attention(options):
    rows = []
    for length in options.lengths:
        q, k, v, back = (torch.randn(options.heads, length, options.width // options.heads)
                         for _ in range(4))
        both = [one.clone().requires_grad_() for one in (q, k, v)]
        for _ in range(2):  # the first warms up
            forward, _ = seconds(lambda: attend(q, k, v))
            backward, _ = seconds(lambda: attend(*both).backward(back))
        rows.append(row("forward", length, length / forward))
        rows.append(row("forward_and_backward", length, length / backward))
    return rows


def product_rate():
    """Floating-point operations a second of float32 matrix products: the best of several."""
    best = 0.0
    for size in (512, 1024):
        a, b, c = (torch.randn(size, size) for _ in range(3))
        for _ in range(8):
            best = max(best, 2.0 * size ** 3 / seconds(lambda: torch.matmul(a, b, out=c))[0])
    return best


def main():
    names = [*SYSTEMS, "attention"]
    parser = argparse.ArgumentParser(
        prog="peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", choices=names, default=names, metavar="NAME",
                        help=", ".join(names))
    parser.add_argument("--list", action="store_true",
                        help="prints the names of the systems and measures none")
    parser.add_argument("--lengths", nargs="+", type=int, default=[1024, 2048],
                        help="tokens of the texts")
    parser.add_argument("--decode", type=int, default=64, help="tokens to generate; 0 for none")
    parser.add_argument("--train", type=int, default=1024, help="tokens of a gradient; 0 for none")
    parser.add_argument("--threads", type=int, default=1)
    for name, (default, what) in SHAPE.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, help=what)
    options = parser.parse_args()
    if options.list:
        print(json.dumps({"systems": names}))
        return
    torch.set_num_threads(options.threads)
    systems = []
    for name in options.systems:
        systems.append({"system": name,
                        "rows": measure_attention(options) if name == "attention"
                        else measure(name, options)})
    json.dump({"program": "peers", "torch": torch.__version__,
               "python": platform.python_version(), "threads": options.threads,
               "product_rate": product_rate(), "systems": systems}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
