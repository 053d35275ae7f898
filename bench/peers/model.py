# SPDX-License-Identifier: Apache-2.0
"""What the peers share: a language model of blocks, and the parts that are in several of them.

A part is called as part(x, state) with rows x [time, width]; it returns rows and its next state.
State is None before a text, and again for parts that have none. One text, no batch dimension.
"""
import torch
from torch import nn
from torch.nn import functional as F


class Linear(nn.Linear):
    """y = x W^T, W normal with standard deviation 0.02."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, bias=False)
        nn.init.normal_(self.weight, std=0.02)


class SwiGlu(nn.Module):
    """w2(silu(x w1) * (x w3))."""

    def __init__(self, width, hidden):
        super().__init__()
        self.w1 = Linear(width, hidden)
        self.w2 = Linear(hidden, width)
        self.w3 = Linear(width, hidden)

    def forward(self, x, state=None):
        return self.w2(F.silu(self.w1(x)) * self.w3(x)), None


class CausalConv(nn.Module):
    """A depthwise convolution over the last `taps` rows; its state is the last taps - 1 of them."""

    def __init__(self, channels, taps=4, bias=True):
        super().__init__()
        bound = taps ** -0.5
        self.weight = nn.Parameter(torch.empty(channels, 1, taps).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(channels).uniform_(-bound, bound)) if bias else None

    def forward(self, x, state=None):
        channels, _, taps = self.weight.shape
        tail = x.new_zeros(taps - 1, channels) if state is None else state
        rows = torch.cat([tail, x])
        y = rows[:len(x)] * self.weight[:, 0, 0]
        y = y if self.bias is None else y + self.bias
        for tap in range(1, taps):  # faster here than conv1d, which wants channels first
            y = torch.addcmul(y, rows[tap:tap + len(x)], self.weight[:, 0, tap])
        return y, rows[len(x):]


class Block(nn.Module):
    """Parts, each with a norm before it, which adds to the residual stream.

        h = h + after(part(before(h)))        `after` is a norm only where norms are around
    """

    def __init__(self, width, parts, around=False, epsilon=1e-6):
        super().__init__()
        norm = lambda: nn.RMSNorm(width, eps=epsilon)
        self.parts = nn.ModuleList(parts)
        self.before = nn.ModuleList(norm() for _ in parts)
        self.after = nn.ModuleList(norm() if around else nn.Identity() for _ in parts)

    def forward(self, h, states=None):
        states = list(states or [None] * len(self.parts))
        for i, (before, part, after) in enumerate(zip(self.before, self.parts, self.after)):
            y, states[i] = part(before(h), states[i])
            h = h + after(y)
        return h, states


def read_blocks(blocks, h, states=None):
    """Rows through blocks, one behind the other; returns them and the blocks' states."""
    states = list(states or [None] * len(blocks))
    for i, block in enumerate(blocks):
        h, states[i] = block(h, states[i])
    return h, states


class LanguageModel(nn.Module):
    """An embedding, blocks, a norm, and a head: the embedding again, or a matrix of its own."""

    def __init__(self, vocab, width, blocks, epsilon=1e-6, tied=True):
        super().__init__()
        self.embedding = nn.Embedding(vocab, width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.RMSNorm(width, eps=epsilon)
        self.head = None if tied else Linear(width, vocab)

    def logits(self, h):
        head = self.embedding if self.head is None else self.head
        return F.linear(self.norm(h), head.weight)

    def forward(self, tokens, state=None):
        """The logits behind each token, and what a later call goes on from."""
        h, state = read_blocks(self.blocks, self.embedding(tokens), state)
        return self.logits(h), state

    def loss(self, tokens):
        """The mean surprisal of all tokens but the first, in nats; differentiable."""
        return F.cross_entropy(self(tokens[:-1])[0], tokens[1:])


def tensors_of(state):
    """The tensors of a state, which is a tensor, a number, None, or holds others."""
    if torch.is_tensor(state):
        yield state
    elif isinstance(state, (list, tuple)):
        for one in state:
            yield from tensors_of(one)
    elif hasattr(state, "__dict__"):
        yield from tensors_of(list(vars(state).values()))


def state_bytes(state):
    """Bytes of a text's state; each storage counts once, and as much of it as is in use."""
    used = {}
    for tensor in tensors_of(state):
        start = tensor.untyped_storage().data_ptr()
        used[start] = max(used.get(start, 0), tensor.numel() * tensor.element_size())
    return sum(used.values())
