# SPDX-License-Identifier: Apache-2.0
"""Gated DeltaNet: chunks in WY form, and one token at a time.

Source: Yang et al. 2024, "Gated Delta Networks", arXiv:2412.06464.
"""
import torch
from torch import nn
from torch.nn import functional as F

from model import CausalConv, Linear


def delta_chunks(q, k, v, g, beta, s, chunk=64):
    """What the queries read, and the state behind them.

    q, k [heads, time, key], v [heads, time, value], g, beta [heads, time], s [heads, key, value].
    What does not depend on the state is computed for all chunks at once; rows that fill the last
    chunk up have k = 0 and g = 0, which write nothing.
    """
    heads, time, _ = q.shape
    fill = -time % chunk
    cut = lambda rows: F.pad(rows, (0, 0, 0, fill)).unflatten(1, (-1, chunk)).transpose(0, 1)
    q, k, v = cut(q), cut(k), cut(v)
    beta = cut(beta[..., None])
    reach = cut(g[..., None]).cumsum(-2)
    hidden = torch.ones(chunk, chunk, dtype=torch.bool).triu(1)
    decay = torch.exp((reach - reach.transpose(-1, -2)).masked_fill(hidden, -torch.inf))
    keys = k.transpose(-1, -2)
    lower = (beta * (k @ keys) * decay).tril(-1)
    u, w = torch.linalg.solve_triangular(
        lower, torch.cat([beta * v, beta * torch.exp(reach) * k], dim=-1),
        upper=False, unitriangular=True).split([v.shape[-1], k.shape[-1]], dim=-1)
    pairs = (q @ keys) * decay
    read = torch.exp(reach) * q
    last = reach[..., -1:, :]
    write = (torch.exp(last - reach) * k).transpose(-1, -2)
    keep = torch.exp(last)
    rows = []
    for n in range(len(q)):
        new = torch.baddbmm(u[n], w[n], s, alpha=-1)
        rows.append(torch.baddbmm(read[n] @ s, pairs[n], new))
        s = torch.baddbmm(keep[n] * s, write[n], new)
    return torch.cat(rows, dim=1)[:, :time], s


def delta_token(q, k, v, g, beta, s):
    """The same of one token."""
    s = torch.exp(g)[..., None] * s
    error = beta[..., None] * (v - k @ s)
    s = torch.baddbmm(s, k.transpose(-1, -2), error)
    return q @ s, s


class GatedDeltaNet(nn.Module):
    """A memory [key, value] of each head, which forgets, and corrects what it has under a key.

    The state: the last inputs of the three convolutions, and the memories.
    """

    def __init__(self, width, heads, key, value, epsilon=1e-5, chunk=64):
        super().__init__()
        self.heads, self.chunk = heads, chunk
        self.q, self.k = (Linear(width, heads * key) for _ in range(2))
        self.v, self.gate = (Linear(width, heads * value) for _ in range(2))
        self.a, self.b = (Linear(width, heads) for _ in range(2))
        self.o = Linear(heads * value, width)
        self.conv_q, self.conv_k = (CausalConv(heads * key, bias=False) for _ in range(2))
        self.conv_v = CausalConv(heads * value, bias=False)
        self.A_log = nn.Parameter(torch.empty(heads).uniform_(1e-2, 16).log())
        self.dt_bias = nn.Parameter(torch.ones(heads))
        self.norm = nn.RMSNorm(value, eps=epsilon)

    def forward(self, x, state=None):
        tails, s = state or ([None] * 3, None)
        convs = zip((self.q, self.k, self.v), (self.conv_q, self.conv_k, self.conv_v), tails)
        rows, tails = zip(*(conv(project(x), tail) for project, conv, tail in convs))
        q, k, v = (F.silu(one).unflatten(-1, (self.heads, -1)).transpose(0, 1) for one in rows)
        q, k = (one * torch.rsqrt(one.square().sum(-1, keepdim=True) + 1e-6) for one in (q, k))
        q = q * q.shape[-1] ** -0.5
        beta = torch.sigmoid(self.b(x)).T
        g = (-torch.exp(self.A_log) * F.softplus(self.a(x) + self.dt_bias)).T
        if s is None:
            s = x.new_zeros(self.heads, q.shape[-1], v.shape[-1])
        if len(x) == 1:
            o, s = delta_token(q, k, v, g, beta, s)
        else:
            o, s = delta_chunks(q, k, v, g, beta, s, self.chunk)
        o = self.norm(o.transpose(0, 1)).flatten(1)
        return self.o(o * F.silu(self.gate(x))), (tails, s)
