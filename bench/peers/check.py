#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks, in float64, that each peer computes what the original implementation does.

The arrays are those of the tests, made by running the originals: logits, losses, states and
gradients of whole texts, and what comes of reading one token at a time.

    bench/peers/check.py [FOLDER]       # tests/golden
"""
import pathlib
import sys

import torch
from torch.nn import functional as F

from attention import Attention
from gated_delta_net import GatedDeltaNet, delta_chunks, delta_token
from golden import Case, by_token
from mamba2 import Mamba2
from model import Block, CausalConv, LanguageModel, SwiGlu
from ttt_e2e import TttE2e
from ttt_layers import Linear1, Mlp, TttLayer

TOLERANCE = 1e-9  # of the largest entry; the originals' derivative of GELU alone differs by 6e-10


def e2e_names(model, suffix):
    """Parameters by their arrays' names in the file and places in them: blocks are stacked there,
    and their matrices transposed."""
    blocks = {("model.ln_f.weight", ...): model.norm.weight,
              ("model.wte.weight", ...): model.embedding.weight}
    for n, block in enumerate(model.blocks):
        attention, *_, static = block.parts
        parts = {"seq_modeling_block": (attention, ["wq", "wk", "wv", "wo"]),
                 "feed_forward": (static, ["w1", "w2", "w3"])}
        for part, (module, matrices) in parts.items():
            for name in matrices:
                blocks[f"model.h.blocks.{part}.{name}.weight", n] = getattr(module, name).weight
        blocks["model.h.blocks.seq_modeling_block.q_norm.weight", n] = attention.q_norm.weight
        blocks["model.h.blocks.seq_modeling_block.k_norm.weight", n] = attention.k_norm.weight
        for name, at in {"seq_norm": block.before[0], "seq_post_norm": block.after[0],
                         "ffn_norm": block.before[-1], "ffn_post_norm": block.after[-1]}.items():
            blocks[f"model.h.blocks.{name}.weight", n] = at.weight
        m = n - (len(model.blocks) - suffix)
        if m >= 0:
            storage = "model.h.prime_storage."
            for name in ("w1", "w2", "w3"):
                blocks[f"{storage}feed_forward_prime.{name}.weight", m] = getattr(
                    block.parts[1], name).weight
            blocks[f"{storage}ffn_prime_norm.weight", m] = block.before[1].weight
            blocks[f"{storage}ffn_prime_post_norm.weight", m] = block.after[1].weight
    return blocks


def load_e2e(case, named):
    for (name, n), parameter in named.items():
        array = case.param(name)[n]
        parameter.data.copy_(array.T if n is not ... and array.dim() == 2 else array)


def agree_gradients_e2e(case, named):
    for (name, n), parameter in named.items():
        ours = parameter.grad
        case.agree(ours.T if n is not ... and ours.dim() == 2 else ours, f"grad.{name}",
                   case[f"grad.{name}"][n])


def check_e2e(case):
    """Full attention, sliding window and TTT-E2E: all of one family."""
    s = case.spec["model"]
    width, heads, hidden = s["hidden_size"], s["num_attention_heads"], s["intermediate_size"]
    depth, suffix = s["num_hidden_layers"], s["suffix_len"]
    window = s["sliding_window_size"] if s["seq_modeling_block"] == "SWA" else None
    if suffix:
        model = TttE2e(s["vocab_size"], width, heads, hidden, window, s["mini_batch_size"], depth,
                       suffix, case.spec["inner"]["rate"], case.spec["inner"]["clip"])
    else:
        model = LanguageModel(s["vocab_size"], width, [
            Block(width, [Attention(width, heads, window), SwiGlu(width, hidden)], around=True)
            for _ in range(depth)])
    model.double()
    named = e2e_names(model, suffix)
    load_e2e(case, named)
    tokens = case["tokens"].long()
    loss = model.loss(tokens)
    case.agree(loss.detach(), "loss")
    loss.backward()
    agree_gradients_e2e(case, named)

    with torch.no_grad():
        whole, state = model(tokens)
        split, resumed = model(tokens[:21])
    rest, stepped = by_token(model, tokens[21:], resumed)
    for logits in (whole, torch.cat([split, rest])):
        nats = F.cross_entropy(logits[:-1], tokens[1:], reduction="none")
        case.agree(nats, "token_nll")
        if suffix:
            case.agree(logits[:-1], "logits")
    if suffix:
        last = len(tokens) // s["mini_batch_size"] - 1
        for m, (one, other) in enumerate(zip(state.suffix, stepped.suffix)):
            for name, ours, again in zip(("w1", "w2", "w3"), one[1], other[1]):
                full = f"fast_after.{last}.feed_forward_prime.{name}.weight"
                case.agree(ours, full, case[full][m].mT)
                case.agree(again, full, case[full][m].mT)


def ttt_names(layer, prefix):
    """Parameters of a TTT layer by their names in the file, but for the fast weights."""
    at = lambda name: f"{prefix}.{name}"
    named = {at("q_proj.weight"): layer.q.weight, at("v_proj.weight"): layer.v.weight,
             at("o_proj.weight"): layer.o.weight, at("post_norm.weight"): layer.post_norm.weight,
             at("post_norm.bias"): layer.post_norm.bias,
             at("learnable_ttt_lr_weight"): layer.rate.weight,
             at("learnable_ttt_lr_bias"): layer.rate.bias,
             at("learnable_token_idx"): layer.share, at("ttt_norm_weight"): layer.norm_weight,
             at("ttt_norm_bias"): layer.norm_bias}
    if layer.gated:
        named[at("g_proj.weight")] = layer.gate.weight
        for name, conv in (("conv_q", layer.conv_q), ("conv_k", layer.conv_k)):
            named |= {at(f"{name}.weight"): conv.weight, at(f"{name}.bias"): conv.bias}
    else:
        named[at("k_proj.weight")] = layer.k.weight
    return named


def check_ttt(case):
    s = case.spec["config"]
    width, heads, depth = s["hidden_size"], s["num_attention_heads"], s["num_hidden_layers"]
    inner = Linear1 if s["ttt_layer_type"] == "linear" else Mlp
    gated = s["use_gate"]
    blocks = []
    for _ in range(depth):
        parts = [TttLayer(width, heads, inner, s["ttt_base_lr"], s["mini_batch_size"], gated),
                 SwiGlu(width, s["intermediate_size"])]
        blocks.append(Block(width, ([CausalConv(width)] if gated else []) + parts))
    model = LanguageModel(s["vocab_size"], width, blocks).double()
    named = {"model.embed_tokens.weight": model.embedding.weight,
             "model.norm.weight": model.norm.weight}
    for n, block in enumerate(model.blocks):
        at = f"model.layers.{n}"
        *conv, layer, mlp = block.parts
        *conv_norm, seq_norm, ffn_norm = block.before
        if conv:
            named |= {f"{at}.conv.conv.weight": conv[0].weight,
                      f"{at}.conv.conv.bias": conv[0].bias,
                      f"{at}.conv.norm.weight": conv_norm[0].weight}
        named |= {f"{at}.seq_norm.weight": seq_norm.weight,
                  f"{at}.ffn_norm.weight": ffn_norm.weight,
                  f"{at}.mlp.gate_proj.weight": mlp.w1.weight,
                  f"{at}.mlp.up_proj.weight": mlp.w3.weight,
                  f"{at}.mlp.down_proj.weight": mlp.w2.weight}
        named |= ttt_names(layer, f"{at}.seq_modeling_block")
    case.load(named)
    joined = lambda prefix, i: torch.cat([case[f"{prefix}W{i}"], case[f"{prefix}b{i}"]], dim=1)
    layers = [(n, block.parts[-2]) for n, block in enumerate(model.blocks)]
    for n, layer in layers:
        for i, w in enumerate(layer.weights, 1):
            w.data.copy_(joined(f"param.model.layers.{n}.seq_modeling_block.", i))

    for prefix in ("", "exact."):
        tokens = case[prefix + "tokens"].long()
        model.zero_grad()
        logits, _ = model(tokens)
        loss = F.cross_entropy(logits[:-1], tokens[1:])
        case.agree(logits.detach(), prefix + "logits")
        case.agree(loss.detach(), prefix + "loss")
        loss.backward()
        case.agree_gradients(named, prefix + "grad.")
        for n, layer in layers:
            for i, w in enumerate(layer.weights, 1):
                at = f"{prefix}grad.model.layers.{n}.seq_modeling_block."
                case.agree(w.grad, f"{at}W{i}", joined(at, i))

    tokens, first = case["tokens"].long(), int(case["decode.prefill"])
    with torch.no_grad():
        _, state = model(tokens[:first])
    logits, state = by_token(model, tokens[first:], state)
    case.agree(logits, "decode.logits")
    for n, block in enumerate(state):
        _, weights, sums, _ = block[-2]
        for i, (w, sum_) in enumerate(zip(weights, sums), 1):
            for ours, kind in ((w, "states"), (sum_, "grad")):
                at = f"cache.layer{n}."
                case.agree(ours, f"{at}W{i}_{kind}", torch.cat(
                    [case[f"{at}{letter}{i}_{kind}"] for letter in "Wb"], dim=1))


def check_mamba2(case):
    s = case.spec
    width = s["hidden_size"]
    mixers = [Mamba2(width, s["head_dim"], s["state_size"], s["expand"], s["chunk_size"])
              for _ in range(s["num_hidden_layers"])]
    epsilon = s["layer_norm_epsilon"]
    model = LanguageModel(s["vocab_size"], width,
                          [Block(width, [mixer], epsilon=epsilon) for mixer in mixers], epsilon,
                          tied=s["tie_word_embeddings"]).double()
    named = {"backbone.embeddings.weight": model.embedding.weight,
             "backbone.norm_f.weight": model.norm.weight, "lm_head.weight": model.head.weight}
    for n, (block, mixer) in enumerate(zip(model.blocks, mixers)):
        at = f"backbone.layers.{n}."
        named |= {f"{at}norm.weight": block.before[0].weight, f"{at}mixer.A_log": mixer.A_log,
                  f"{at}mixer.D": mixer.D, f"{at}mixer.dt_bias": mixer.dt_bias,
                  f"{at}mixer.conv1d.weight": mixer.conv.weight,
                  f"{at}mixer.conv1d.bias": mixer.conv.bias,
                  f"{at}mixer.in_proj.weight": mixer.in_proj.weight,
                  f"{at}mixer.out_proj.weight": mixer.out_proj.weight,
                  f"{at}mixer.norm.weight": mixer.norm.weight}
    case.load(named)
    tokens = case["input_ids"]
    logits, state = model(tokens)
    loss = F.cross_entropy(logits[:-1], tokens[1:])
    case.agree(logits.detach(), "logits")
    case.agree(loss.detach(), "loss")
    loss.backward()
    case.agree_gradients(named)
    decoded, stepped = by_token(model, tokens)
    case.agree(decoded, "decode.logits")
    for one in (state, stepped):
        case.agree(torch.stack([block[0][1] for block in one]).detach(), "final.ssm_state")


def check_rule(case):
    inputs = {name: case[name].requires_grad_() for name in ("q", "k", "v", "g", "beta")}
    s = case["initial_state"].requires_grad_()
    heads = {name: one.transpose(0, 1) for name, one in inputs.items()}
    heads["q"] = heads["q"] * case.spec["scale"]
    o, after = delta_chunks(*heads.values(), s, case.spec["chunk"])
    case.agree(o.transpose(0, 1).detach(), "o")
    case.agree(after.detach(), "final_state")
    torch.autograd.backward([o, after], [case["cotangent.o"].transpose(0, 1),
                                         case["cotangent.final_state"]])
    for name, one in (inputs | {"initial_state": s}).items():
        case.agree(one.grad, f"grad.{name}")
    state, rows = s.detach(), []
    for t in range(o.shape[1]):
        row, state = delta_token(*(one.detach()[:, t:t + 1] for one in heads.values()), state)
        rows.append(row)
    case.agree(torch.cat(rows, dim=1).transpose(0, 1), "recurrent.o")
    case.agree(state, "recurrent.final_state")


def check_gated_delta_net(case):
    s = case.spec["config"]
    key = s["head_dim"]
    layer = GatedDeltaNet(s["hidden_size"], s["num_heads"], key, key * s["expand_v"],
                          s["norm_eps"], case.spec["chunk"]).double()
    named = {"A_log": layer.A_log, "dt_bias": layer.dt_bias, "o_norm.weight": layer.norm.weight}
    for name, module in {"q_proj": layer.q, "k_proj": layer.k, "v_proj": layer.v, "o_proj": layer.o,
                         "g_proj": layer.gate, "a_proj": layer.a, "b_proj": layer.b,
                         "q_conv1d": layer.conv_q, "k_conv1d": layer.conv_k,
                         "v_conv1d": layer.conv_v}.items():
        named[f"{name}.weight"] = module.weight
    case.load(named)
    x = case["x"].requires_grad_()
    y, state = layer(x)
    case.agree(y.detach(), "y")
    case.agree(state[1].mT.detach(), "final.state")
    y.backward(case["cotangent"])
    case.agree(x.grad, "grad.x")
    case.agree_gradients(named)
    decoded, stepped = by_token(layer, x.detach())
    case.agree(decoded, "decode.y")
    case.agree(stepped[1].mT, "final.state")


CHECKS = [("ttt_e2e/full_attention", check_e2e), ("ttt_e2e/sliding_window", check_e2e),
          ("ttt_e2e/meta", check_e2e), ("ttt_e2e/meta_window_is_chunk", check_e2e),
          ("ttt_e2e/meta_long", check_e2e),
          ("ttt_layers/linear_transformer", check_ttt), ("ttt_layers/linear_mamba", check_ttt),
          ("ttt_layers/mlp_transformer", check_ttt), ("ttt_layers/mlp_mamba", check_ttt),
          ("mamba2/lm", check_mamba2), ("gated_delta_net/rule", check_rule),
          ("gated_delta_net/fla_layer", check_gated_delta_net)]


def main():
    golden = pathlib.Path(__file__).resolve().parents[2] / "tests/golden"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else golden
    failed = 0
    for name, check in CHECKS:
        path = folder / f"{name}.safetensors"
        if not path.exists():
            print(f"{name}: {path} does not exist")
            failed += 1
            continue
        case = Case(path)
        check(case)
        error, at = case.worst
        failed += not error < TOLERANCE
        print(f"{name}: {error:.1e} of the largest entry, in {at}"
              + ("" if error < TOLERANCE else f"; wanted less than {TOLERANCE}"))
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} agree")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
