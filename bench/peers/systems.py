# SPDX-License-Identifier: Apache-2.0
"""The systems by name, each of a shape: what --help of this folder lists."""
from attention import Attention
from gated_delta_net import GatedDeltaNet
from mamba2 import Mamba2
from model import Block, CausalConv, LanguageModel, SwiGlu
from ttt_e2e import TttE2e
from ttt_layers import Linear1, Mlp, TttLayer

LOCAL = 5  # blocks of a hybrid with a window, before one that sees everything


def of_attention(s, window_of_block):
    return LanguageModel(s.vocab, s.width, [
        Block(s.width, [Attention(s.width, s.heads, window_of_block(n)),
                        SwiGlu(s.width, s.hidden)], around=True) for n in range(s.depth)])


def of_blocks(s, parts):
    return LanguageModel(s.vocab, s.width, [Block(s.width, parts()) for _ in range(s.depth)])


def ttt(s, inner, base_rate, gated):
    def parts():
        first = [CausalConv(s.width)] if gated else []
        return first + [TttLayer(s.width, s.heads, inner, base_rate, s.mini_batch, gated),
                        SwiGlu(s.width, s.hidden)]
    return of_blocks(s, parts)


SYSTEMS = {
    "full_attention": lambda s: of_attention(s, lambda n: None),
    "sliding_window": lambda s: of_attention(s, lambda n: s.window),
    "hybrid": lambda s: of_attention(s, lambda n: None if n % (LOCAL + 1) == LOCAL else s.window),
    "ttt_linear": lambda s: ttt(s, Linear1, 1.0, gated=False),
    "ttt_linear_mamba": lambda s: ttt(s, Linear1, 1.0, gated=True),
    "ttt_mlp": lambda s: ttt(s, Mlp, 0.1, gated=False),
    "ttt_mlp_mamba": lambda s: ttt(s, Mlp, 0.1, gated=True),
    "mamba2": lambda s: of_blocks(s, lambda: [Mamba2(s.width, s.scan_head, s.state)]),
    "gated_delta_net": lambda s: of_blocks(
        s, lambda: [GatedDeltaNet(s.width, s.delta_heads, s.key, s.value),
                    SwiGlu(s.width, s.hidden)]),
    "ttt_e2e": lambda s: TttE2e(s.vocab, s.width, s.heads, s.hidden, s.window, s.chunk, s.depth,
                                s.learning),
}

SHAPE = {  # by the name of its option: the default, and what it is
    "vocab": (256, "tokens of the vocabulary"),
    "width": (256, "features of a token"),
    "heads": (4, "of attention and of TTT layers"),
    "depth": (6, "blocks"),
    "hidden": (688, "units of a SwiGLU"),
    "window": (256, "tokens that a query of a sliding window sees"),
    "chunk": (64, "tokens of a step of ttt_e2e"),
    "learning": (2, "blocks of ttt_e2e that have fast weights"),
    "mini_batch": (16, "tokens of a step of a TTT layer"),
    "state": (128, "columns of the state of a head of mamba2"),
    "scan_head": (64, "features of a head of mamba2"),
    "delta_heads": (4, "heads of gated_delta_net"),
    "key": (48, "features of its keys"),
    "value": (96, "features of its values"),
}
