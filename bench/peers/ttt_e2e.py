# SPDX-License-Identifier: Apache-2.0
"""TTT-E2E: a sliding-window transformer whose last blocks learn from each chunk that they read.

The inner gradient is autograd's; training differentiates it once more.

Source: Sun et al. 2025, "End-to-End Test-Time Training for Long Context", arXiv:2512.23675.
"""
from dataclasses import dataclass, field

import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from attention import Attention
from model import Block, LanguageModel, SwiGlu, read_blocks

FAST = 1  # the part of a suffix block that learns; its state is its weights


class FastSwiGlu(SwiGlu):
    """A SwiGLU of a text's own weights; those of the model are where it starts."""

    def forward(self, x, state=None):
        w1, w2, w3 = state or self.start()
        return F.linear(F.silu(F.linear(x, w1)) * F.linear(x, w3), w2), [w1, w2, w3]

    def start(self):
        return [self.w1.weight, self.w2.weight, self.w3.weight]


def weights_of(suffix):
    return [w for block in suffix for w in block[FAST]]


def with_weights(suffix, weights):
    """States of the suffix's blocks with other fast weights."""
    parts = zip(*[iter(weights)] * 3)
    return [[*block[:FAST], list(next(parts)), *block[FAST + 1:]] for block in suffix]


def frozen(suffix):
    """The same states, which later reads in place do not change."""
    return [[block[0].copy() if block[0] else None, *block[1:]] for block in suffix]


@dataclass
class Reading:
    """A text that is being read, and the chunk in progress, which is learned when it is known."""

    prefix: list
    suffix: list
    begin: list = None  # of the chunk: the suffix's states
    rows: list = field(default_factory=list)    # of the chunk: what entered the suffix
    tokens: list = field(default_factory=list)  # of the chunk


class TttE2e(LanguageModel):
    """`depth` blocks of which the last `learning` have fast weights."""

    def __init__(self, vocab, width, heads, hidden, window, chunk, depth, learning, rate=1.0,
                 clip=1.0):
        attention = lambda: Attention(width, heads, window)
        plain = [Block(width, [attention(), SwiGlu(width, hidden)], around=True)
                 for _ in range(depth - learning)]
        learns = [Block(width, [attention(), FastSwiGlu(width, hidden), SwiGlu(width, hidden)],
                        around=True) for _ in range(learning)]
        super().__init__(vocab, width, plain + learns)
        self.border, self.chunk, self.rate, self.clip = depth - learning, chunk, rate, clip

    def begin(self):
        """The suffix's states before a text."""
        return [[None, block.parts[FAST].start(), None] for block in self.blocks[self.border:]]

    def read_suffix(self, h, suffix):
        h, suffix = read_blocks(self.blocks[self.border:], h, suffix)
        return self.logits(h), suffix

    def step(self, loss, weights, differentiable=False):
        """The weights after a step down the loss, whose gradient is clipped by its norm."""
        gradient = torch.autograd.grad(loss, weights, create_graph=differentiable)
        norm = torch.sqrt(sum(g.square().sum() for g in gradient))
        scale = self.rate / torch.clamp_min(norm / self.clip, 1) if self.clip else self.rate
        return [w - scale * g for w, g in zip(weights, gradient)]

    def learn(self, rows, suffix, targets):
        """Reads a chunk and takes a step on its loss; returns its logits and the states behind."""
        weights = [w.detach().requires_grad_() for w in weights_of(suffix)]
        with torch.enable_grad():
            logits, after = self.read_suffix(rows, with_weights(suffix, weights))
            updated = self.step(F.cross_entropy(logits, targets), weights)
        after = with_weights(after, [w.detach() for w in updated])
        for block in after:
            block[0].detach()
        return logits.detach(), after

    def forward(self, tokens, state=None):
        """Reads, scores and learns; a chunk is learned when the token behind it is known."""
        text = state or Reading([None] * self.border, self.begin())
        h, text.prefix = read_blocks(self.blocks[:self.border], self.embedding(tokens), text.prefix)
        logits = []
        while len(tokens):
            if sum(map(len, text.tokens)) == self.chunk:
                targets = torch.cat([*text.tokens, tokens[:1]])[1:]
                _, learned = self.learn(torch.cat(text.rows), text.begin, targets)
                text.suffix = with_weights(text.suffix, weights_of(learned))
                text.rows, text.tokens = [], []
            count = min(len(tokens), self.chunk - sum(map(len, text.tokens)))
            if count == self.chunk < len(tokens):
                part, text.suffix = self.learn(h[:count], text.suffix, tokens[1:count + 1])
            else:
                if not text.tokens:
                    text.begin = frozen(text.suffix)
                part, text.suffix = self.read_suffix(h[:count], text.suffix)
                text.rows.append(h[:count])
                text.tokens.append(tokens[:count])
            logits.append(part)
            tokens, h = tokens[count:], h[count:]
        return torch.cat(logits), text

    def loss(self, tokens):
        """The mean over chunks of their losses, each before its step; differentiable."""
        h, _ = read_blocks(self.blocks[:self.border], self.embedding(tokens[:-1]))
        suffix, losses = self.begin(), []
        chunks = list(zip(h.split(self.chunk), tokens[1:].split(self.chunk)))
        with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivative
            for n, (rows, targets) in enumerate(chunks):
                weights = weights_of(suffix)
                logits, suffix = self.read_suffix(rows, suffix)
                losses.append(F.cross_entropy(logits, targets))
                if n + 1 < len(chunks):
                    suffix = with_weights(suffix, self.step(losses[-1], weights, True))
        return torch.stack(losses).mean()
