# SPDX-License-Identifier: Apache-2.0
"""Full and sliding-window attention by torch's scaled_dot_product_attention."""
import torch
from torch import nn
from torch.nn import functional as F

from model import Linear


class Rotary:
    """Turns neighbouring pairs of features by position * base^(-2i / head)."""

    def __init__(self, head, base=10000.0):
        self.rates = base ** (-torch.arange(0, head, 2, dtype=torch.float64) / head)
        self.turns = torch.empty(0)

    def __call__(self, x, first=0, period=None):
        """x [time, heads, head], whose first row is at position `first`, modulo `period`."""
        last = period or first + len(x)
        complex_of = torch.complex128 if x.dtype == torch.float64 else torch.complex64
        if len(self.turns) < last or self.turns.dtype != complex_of:
            angles = torch.outer(torch.arange(2 * last, dtype=torch.float64), self.rates)
            self.turns = torch.polar(torch.ones_like(angles), angles).to(complex_of)
        if period:
            turns = self.turns[torch.arange(first, first + len(x)) % period]
        else:
            turns = self.turns[first:last]
        pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
        return torch.view_as_real(pairs * turns[:, None]).flatten(-2)


class KeyValues:
    """Rotated keys and values [heads, time, head] of the text so far, or of its last `window`."""

    def __init__(self, window, keys, values, position):
        self.window = window
        self.keys = keys
        self.values = values
        self.position = position
        self.room = None

    def append(self, key, value):
        """Adds one token in place; moves what is stored only when the room is used up."""
        count = self.keys.shape[1]
        if self.window and count == self.window:
            self.keys, self.values, count = self.keys[:, 1:], self.values[:, 1:], count - 1
        begin = self.keys.storage_offset() // self.keys.stride(1) if self.room else 0
        if not self.room or begin + count == self.room[0].shape[1]:
            self.room = [past.new_empty(past.shape[0], 2 * count + 64, past.shape[2])
                         for past in (self.keys, self.values)]
            begin = 0
            self.room[0][:, :count] = self.keys
            self.room[1][:, :count] = self.values
        self.room[0][:, begin + count] = key[:, 0]
        self.room[1][:, begin + count] = value[:, 0]
        self.keys, self.values = (one[:, begin:begin + count + 1] for one in self.room)
        self.position += 1

    def copy(self):
        """The same, which `append` to this one does not change."""
        return KeyValues(self.window, self.keys.clone(), self.values.clone(), self.position)

    def detach(self):
        """Forgets how keys and values were computed."""
        self.keys, self.values = self.keys.detach(), self.values.detach()


def attend(q, k, v, window=None):
    """softmax(q k^T / sqrt(head)) v, causal; q [heads, time, head] are the last of the keys' rows.

    With a window, blocks of queries stand side by side as a batch, each with the keys that it can
    see, so that the work grows with time * window.
    """
    time, keys = q.shape[1], k.shape[1]
    past = keys - time
    attention = F.scaled_dot_product_attention
    if time == 1 or (past == 0 and (not window or keys <= window)):
        return attention(q[None], k[None], v[None], is_causal=time > 1)[0]
    if not window:
        visible = torch.ones(time, keys, dtype=torch.bool).tril(past)
        return attention(q[None], k[None], v[None], attn_mask=visible)[0]
    if past == 0:
        begin = attend(q[:, :window], k[:, :window], v[:, :window], window)
        return torch.cat([begin, attend(q[:, window:], k, v, window)], dim=1)
    block = min(64, time)
    count = -(-time // block)
    front, back = window - past, count * block - time
    blocks = F.pad(q, (0, 0, 0, back)).unflatten(1, (count, block)).transpose(0, 1)
    sights = [F.pad(rows, (0, 0, front, back)).unfold(1, window + block, block)
              .permute(1, 0, 3, 2) for rows in (k, v)]
    row = torch.arange(block)[:, None]
    key = torch.arange(window + block)
    visible = ((key > row) & (key <= row + window))[None, None]
    if front:
        absolute = key + block * torch.arange(count)[:, None, None, None]
        visible = visible & (absolute >= front)
    y = attention(blocks, *sights, attn_mask=visible)
    return y.transpose(0, 1).flatten(1, 2)[:, :time]


class Attention(nn.Module):
    """Causal attention of `heads` heads over a window, or without one over everything.

    Queries and keys are normalised head by head before they are turned.
    """

    def __init__(self, width, heads, window=None, base=10000.0, epsilon=1e-6):
        super().__init__()
        head = width // heads
        self.heads = heads
        self.window = window
        self.wq, self.wk, self.wv, self.wo = (Linear(width, width) for _ in range(4))
        self.q_norm = nn.RMSNorm(head, eps=epsilon)
        self.k_norm = nn.RMSNorm(head, eps=epsilon)
        self.rotary = Rotary(head, base)

    def forward(self, x, state=None):
        position = state.position if state else 0
        split = lambda rows: rows.unflatten(-1, (self.heads, -1))
        q = self.rotary(self.q_norm(split(self.wq(x))), position).transpose(0, 1)
        k = self.rotary(self.k_norm(split(self.wk(x))), position).transpose(0, 1)
        v = split(self.wv(x)).transpose(0, 1)
        if state and len(x) == 1 and not torch.is_grad_enabled():
            state.append(k, v)
        else:
            if state:
                k = torch.cat([state.keys, k], dim=1)
                v = torch.cat([state.values, v], dim=1)
            first = max(0, k.shape[1] - self.window) if self.window else 0
            state = KeyValues(self.window, k[:, first:], v[:, first:], position + len(x))
        seen_k, seen_v = (state.keys, state.values) if len(x) == 1 else (k, v)
        y = attend(q, seen_k, seen_v, self.window)
        return self.wo(y.transpose(0, 1).flatten(1)), state
