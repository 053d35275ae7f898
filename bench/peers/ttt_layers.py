# SPDX-License-Identifier: Apache-2.0
"""TTT-Linear and TTT-MLP, with either backbone: dual form by mini-batches, primal form by tokens.

A bias is one more row of its matrix, and its input a one, so that each inner layer is one product.
What does not depend on the fast weights is computed for all mini-batches at once.

Source: Sun et al. 2024, "Learning to (Learn at Test Time)", arXiv:2407.04620.
"""
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from attention import Rotary
from model import CausalConv, Linear

EPSILON = 1e-6


def with_one(x):
    """x [..., features], and a one behind each row."""
    return F.pad(x, (0, 1), value=1.0)


def inner_error(z, target, weight, bias):
    """The gradient of |LN(z) - target|^2 / 2 for z."""
    features = z.shape[-1:]
    normed, mean, scale = torch.native_layer_norm(z, features, None, None, EPSILON)
    back = (torch.addcmul(bias, normed, weight) - target) * weight
    return torch.ops.aten.native_layer_norm_backward(
        back, z, features, mean, scale, None, None, [True, False, False])[0]


def gelu(x):
    return F.gelu(x, approximate="tanh")


def gelu_back(back, x):
    return torch.ops.aten.gelu_backward(back, x, approximate="tanh")


class Batch(NamedTuple):
    """What of a mini-batch does not depend on the fast weights, head by head."""

    both: torch.Tensor   # keys, then queries, each with a one
    reach: torch.Tensor  # of query i and key j <= i: c_i rate_j (q_i k_j + 1)
    step: torch.Tensor   # keys, transposed, times the last query's c rate_j
    rates: torch.Tensor  # c_i rate_j
    last: torch.Tensor   # its last row, as a column


class Linear1:
    """f(x) = x W."""

    @staticmethod
    def initial(heads, head):
        return [torch.randn(heads, head, head) * 0.02]

    @staticmethod
    def dual(weights, m, error):
        """One mini-batch: what its queries read, and the weights behind it."""
        (w,) = weights
        z, z_read = m.both.matmul(w).chunk(2, dim=-2)
        g = error(z)
        return (torch.baddbmm(z_read, m.reach, g, alpha=-1),
                [torch.baddbmm(w, m.step, g, alpha=-1)])

    @staticmethod
    def gradients(weights, k, error):
        return [k.transpose(-1, -2) @ error(k @ weights[0])]

    @staticmethod
    def read(weights, q):
        return q @ weights[0]


class Mlp:
    """f(x) = gelu(x W1) W2, four times as wide inside."""

    @staticmethod
    def initial(heads, head):
        return [torch.randn(heads, head, 4 * head) * 0.02,
                torch.randn(heads, 4 * head, head) * 0.02]

    @staticmethod
    def dual(weights, m, error):
        w1, w2 = weights
        z1, z1_read = m.both.matmul(w1).chunk(2, dim=-2)
        x2 = with_one(gelu(z1))
        g2 = error(x2 @ w2)
        g1 = gelu_back(g2 @ w2[:, :-1].transpose(-1, -2), z1)
        x2_read = with_one(gelu(torch.baddbmm(z1_read, m.reach, g1, alpha=-1)))
        reach2 = m.rates * (x2_read @ x2.transpose(-1, -2))
        z2_read = torch.baddbmm(x2_read @ w2, reach2, g2, alpha=-1)
        step2 = (m.last * x2).transpose(-1, -2)
        return z2_read, [torch.baddbmm(w1, m.step, g1, alpha=-1),
                         torch.baddbmm(w2, step2, g2, alpha=-1)]

    @staticmethod
    def gradients(weights, k, error):
        w1, w2 = weights
        z1 = k @ w1
        x2 = with_one(gelu(z1))
        g2 = error(x2 @ w2)
        g1 = gelu_back(g2 @ w2[:, :-1].transpose(-1, -2), z1)
        return [k.transpose(-1, -2) @ g1, x2.transpose(-1, -2) @ g2]

    @staticmethod
    def read(weights, q):
        return with_one(gelu(q @ weights[0])) @ weights[1]


class TttLayer(nn.Module):
    """Fast weights of each head, which learn v - k from k and are read by q.

    With `gated`, the Mamba backbone: q and k share a projection and have a convolution each, and
    the output has a gate. The state: position, weights where the mini-batch began, the sum of its
    gradients times their rates, and the tails of the convolutions.
    """

    def __init__(self, width, heads, inner, base_rate, batch=16, gated=False):
        super().__init__()
        head = width // heads
        self.heads, self.batch, self.inner, self.gated = heads, batch, inner, gated
        self.base_rate = base_rate
        self.q, self.v, self.o = (Linear(width, width) for _ in range(3))
        self.k, self.gate = (None, Linear(width, width)) if gated else (Linear(width, width), None)
        self.conv_q, self.conv_k = (CausalConv(width) if gated else None for _ in range(2))
        self.rate = nn.Linear(width, heads)
        nn.init.normal_(self.rate.weight, std=0.02)
        nn.init.zeros_(self.rate.bias)
        self.share = nn.Parameter(torch.zeros(batch))  # added to 1/i
        self.weights = nn.ParameterList(F.pad(w, (0, 0, 0, 1))
                                        for w in inner.initial(heads, head))
        self.norm_weight = nn.Parameter(torch.ones(heads, 1, head))
        self.norm_bias = nn.Parameter(torch.zeros(heads, 1, head))
        self.post_norm = nn.LayerNorm(width, eps=EPSILON)
        self.rotary = Rotary(head)

    def project(self, x, position, tails):
        """q, k, v [heads, time, head] and rates [heads, time]."""
        split = lambda rows: rows.unflatten(-1, (self.heads, -1))
        if self.gated:
            both = self.q(x)
            (q, tail_q), (k, tail_k) = self.conv_q(both, tails[0]), self.conv_k(both, tails[1])
            tails = [tail_q, tail_k]
        else:
            q, k = self.q(x), self.k(x)
        q, k = (self.rotary(split(rows), position % self.batch, self.batch).transpose(0, 1)
                for rows in (q, k))
        rates = self.base_rate / q.shape[-1] * torch.sigmoid(self.rate(x)).T
        return q, k, split(self.v(x)).transpose(0, 1), rates, tails

    def shares(self):
        count = torch.arange(1, self.batch + 1, dtype=self.share.dtype)
        return torch.clamp_min(1 / count + self.share, 0)

    def out(self, x, q, read):
        """What the rows read, normed and joined by the heads; all [heads, time, head]."""
        normed = F.layer_norm(read, read.shape[-1:], eps=EPSILON)
        joined = (q + torch.addcmul(self.norm_bias, normed, self.norm_weight)).transpose(0, 1)
        y = self.post_norm(joined.flatten(1))
        return self.o(y * gelu(self.gate(x)) if self.gated else y)

    def read_batches(self, weights, q, k, v, rates):
        """Whole mini-batches, in dual form."""
        cut = lambda rows: rows.unflatten(1, (-1, self.batch)).transpose(0, 1)
        qs, ks, targets = with_one(cut(q)), with_one(cut(k)), cut(v - k)
        rate = (self.shares()[:, None] * cut(rates)[..., None, :]).tril()
        last = rate[..., -1:, :].transpose(-1, -2)
        batches = map(Batch, torch.cat([ks, qs], dim=-2), rate * (qs @ ks.transpose(-1, -2)),
                      (last * ks).transpose(-1, -2), rate, last)
        rows = []
        for batch, target in zip(batches, targets):
            error = lambda z, t=target: inner_error(z, t, self.norm_weight, self.norm_bias)
            read, weights = self.inner.dual(weights, batch, error)
            rows.append(read)
        return torch.cat(rows, dim=1), weights

    def read_token(self, weights, sums, place, q, k, v, rates):
        """One token, in primal form; `place` is its place in the mini-batch."""
        error = lambda z: inner_error(z, v - k, self.norm_weight, self.norm_bias)
        gradients = self.inner.gradients(weights, with_one(k), error)
        rate = rates[:, :, None]
        sums = [rate * g if s is None else torch.addcmul(s, rate, g)
                for s, g in zip(sums, gradients)]
        share = self.shares()[place]
        updated = [w - share * s for w, s in zip(weights, sums)]
        read = self.inner.read(updated, with_one(q))
        if place + 1 == self.batch:
            return read, updated, [None] * len(sums)
        return read, weights, sums

    def forward(self, x, state=None):
        position, weights, sums, tails = state or (
            0, list(self.weights), [None] * len(self.weights), [None, None])
        q, k, v, rates, tails = self.project(x, position, tails)
        rows, done = [], 0
        while done < len(x):
            place = (position + done) % self.batch
            whole = (len(x) - done) // self.batch * self.batch
            count = whole if place == 0 and whole else 1
            part = [one[:, done:done + count] for one in (q, k, v, rates)]
            if count > 1:
                read, weights = self.read_batches(weights, *part)
            else:
                read, weights, sums = self.read_token(weights, sums, place, *part)
            rows.append(read)
            done += count
        y = self.out(x, q, torch.cat(rows, dim=1))
        return y, (position + len(x), weights, sums, tails)
