# SPDX-License-Identifier: Apache-2.0
"""Mamba-2: the state-space dual, by chunks, and by one token at a time.

Source: Dao and Gu 2024, "Transformers are SSMs", arXiv:2405.21060.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from model import CausalConv, Linear


class Mamba2(nn.Module):
    """S_t = exp(dt A) S_{t-1} + dt x_t B_t^T and y_t = S_t C_t + D x_t, by heads of one group.

    The state: the last inputs of the convolution, and S [heads, head, size].
    """

    def __init__(self, width, head=64, size=128, expand=2, chunk=64, epsilon=1e-5):
        super().__init__()
        inner = expand * width
        heads = inner // head
        self.parts = [inner, inner + 2 * size, heads]
        self.sizes = [inner, size, size]
        self.head, self.chunk, self.epsilon = head, chunk, epsilon
        self.in_proj = Linear(width, sum(self.parts))
        self.out_proj = Linear(inner, width)
        self.conv = CausalConv(inner + 2 * size)
        self.A_log = nn.Parameter(torch.empty(heads).uniform_(1, 16).log())
        self.D = nn.Parameter(torch.ones(heads))
        dt = torch.exp(torch.empty(heads).uniform_(math.log(1e-3), math.log(1e-1))).clamp_min(1e-4)
        self.dt_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))
        self.norm = nn.RMSNorm(inner, eps=epsilon)

    @staticmethod
    def read_chunk(x, decay, b, c, s):
        """x [heads, time, head] times dt, decay [heads, time] is dt A; b, c [time, size]."""
        reach = decay.cumsum(-1)
        gap = reach[:, :, None] - reach[:, None, :]
        hidden = torch.ones(gap.shape[1:], dtype=torch.bool).triu(1)
        pairs = torch.exp(gap.masked_fill(hidden, -torch.inf)) * (c @ b.T)
        y = torch.baddbmm(torch.exp(reach)[..., None] * (c @ s.transpose(1, 2)), pairs, x)
        left = torch.exp(reach[:, -1:] - reach)[..., None] * x
        s = torch.exp(reach[:, -1])[:, None, None] * s + left.transpose(1, 2) @ b
        return y, s

    @staticmethod
    def read_token(x, decay, b, c, s):
        s = torch.addcmul(torch.exp(decay)[..., None] * s, x.transpose(1, 2), b)
        return (s @ c[0])[:, None], s

    def scan(self, x, dt, a, b, c, s):
        """x [heads, time, head], dt [heads, time], a [heads], b and c [time, size]."""
        read = self.read_token if x.shape[1] == 1 else self.read_chunk
        scaled, decay = dt[..., None] * x, dt * a[:, None]
        rows = []
        for t in range(0, x.shape[1], self.chunk):
            cut = slice(t, t + self.chunk)
            y, s = read(scaled[:, cut], decay[:, cut], b[cut], c[cut], s)
            rows.append(y)
        return torch.cat(rows, dim=1), s

    def forward(self, x, state=None):
        tail, s = state or (None, x.new_zeros(len(self.D), self.head, self.sizes[1]))
        z, xbc, dt = self.in_proj(x).split(self.parts, dim=-1)
        xbc, tail = self.conv(xbc, tail)
        rows, b, c = F.silu(xbc).split(self.sizes, dim=-1)
        rows = rows.unflatten(-1, (-1, self.head)).transpose(0, 1)
        dt = F.softplus(dt + self.dt_bias).T
        y, s = self.scan(rows, dt, -torch.exp(self.A_log), b, c, s)
        y = (y + self.D[:, None, None] * rows).transpose(0, 1).flatten(1)
        return self.out_proj(self.norm(y * F.silu(z))), (tail, s)
