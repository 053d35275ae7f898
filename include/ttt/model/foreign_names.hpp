// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/foreign.hpp>

#include <array>

namespace ttt {

/// The names that other implementations give to the tensors of the same models.
namespace foreign {

using file::ForeignName;
using file::Layout;

/// TTT-Linear and TTT-MLP in both backbones. \source test-time-training/ttt-lm-pytorch
inline constexpr std::array ttt_lm_pytorch{
    ForeignName{"model.wte.weight", "model.embed_tokens.weight", Layout::same},
    ForeignName{"model.ln_f.weight", "model.norm.weight", Layout::same},
    ForeignName{"model.h.blocks.*.conv_norm.weight", "model.layers.*.conv.norm.weight",
                Layout::same},
    ForeignName{"model.h.blocks.*.conv.weight", "model.layers.*.conv.conv.weight", Layout::taps},
    ForeignName{"model.h.blocks.*.conv.bias", "model.layers.*.conv.conv.bias", Layout::same},
    ForeignName{"model.h.blocks.*.seq_norm.weight", "model.layers.*.seq_norm.weight", Layout::same},
    ForeignName{"model.h.blocks.*.ffn_norm.weight", "model.layers.*.ffn_norm.weight", Layout::same},
    ForeignName{"model.h.blocks.*.feed_forward.w1.weight", "model.layers.*.mlp.gate_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.feed_forward.w2.weight", "model.layers.*.mlp.down_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.feed_forward.w3.weight", "model.layers.*.mlp.up_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wq.weight",
                "model.layers.*.seq_modeling_block.q_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wk.weight",
                "model.layers.*.seq_modeling_block.k_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wv.weight",
                "model.layers.*.seq_modeling_block.v_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wo.weight",
                "model.layers.*.seq_modeling_block.o_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wg.weight",
                "model.layers.*.seq_modeling_block.g_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.conv_q.weight",
                "model.layers.*.seq_modeling_block.conv_q.weight", Layout::taps},
    ForeignName{"model.h.blocks.*.seq_modeling_block.conv_q.bias",
                "model.layers.*.seq_modeling_block.conv_q.bias", Layout::same},
    ForeignName{"model.h.blocks.*.seq_modeling_block.conv_k.weight",
                "model.layers.*.seq_modeling_block.conv_k.weight", Layout::taps},
    ForeignName{"model.h.blocks.*.seq_modeling_block.conv_k.bias",
                "model.layers.*.seq_modeling_block.conv_k.bias", Layout::same},
    ForeignName{"model.h.blocks.*.seq_modeling_block.rate.weight",
                "model.layers.*.seq_modeling_block.learnable_ttt_lr_weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.rate.bias",
                "model.layers.*.seq_modeling_block.learnable_ttt_lr_bias", Layout::same},
    ForeignName{"model.h.blocks.*.seq_modeling_block.learner.shares",
                "model.layers.*.seq_modeling_block.learnable_token_idx", Layout::same},
    ForeignName{"model.h.blocks.*.seq_modeling_block.learner.model.0.weight",
                "model.layers.*.seq_modeling_block.W1", Layout::stack},
    ForeignName{"model.h.blocks.*.seq_modeling_block.learner.model.0.bias",
                "model.layers.*.seq_modeling_block.b1", Layout::stack},
    ForeignName{"model.h.blocks.*.seq_modeling_block.learner.model.1.weight",
                "model.layers.*.seq_modeling_block.W2", Layout::stack},
    ForeignName{"model.h.blocks.*.seq_modeling_block.learner.model.1.bias",
                "model.layers.*.seq_modeling_block.b2", Layout::stack},
    ForeignName{"model.h.blocks.*.seq_modeling_block.learner.norm.weight",
                "model.layers.*.seq_modeling_block.ttt_norm_weight", Layout::same},
    ForeignName{"model.h.blocks.*.seq_modeling_block.learner.norm.bias",
                "model.layers.*.seq_modeling_block.ttt_norm_bias", Layout::same},
    ForeignName{"model.h.blocks.*.seq_modeling_block.post_norm.weight",
                "model.layers.*.seq_modeling_block.post_norm.weight", Layout::same},
    ForeignName{"model.h.blocks.*.seq_modeling_block.post_norm.bias",
                "model.layers.*.seq_modeling_block.post_norm.bias", Layout::same}};

/// Attention and a SwiGLU. \source transformers, LlamaForCausalLM and MistralForCausalLM
inline constexpr std::array llama{
    ForeignName{"model.wte.weight", "model.embed_tokens.weight", Layout::same},
    ForeignName{"model.ln_f.weight", "model.norm.weight", Layout::same},
    ForeignName{"lm_head.weight", "lm_head.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_norm.weight", "model.layers.*.input_layernorm.weight",
                Layout::same},
    ForeignName{"model.h.blocks.*.ffn_norm.weight",
                "model.layers.*.post_attention_layernorm.weight", Layout::same},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wq.weight",
                "model.layers.*.self_attn.q_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wk.weight",
                "model.layers.*.self_attn.k_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wv.weight",
                "model.layers.*.self_attn.v_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wo.weight",
                "model.layers.*.self_attn.o_proj.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.feed_forward.w1.weight", "model.layers.*.mlp.gate_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.feed_forward.w2.weight", "model.layers.*.mlp.down_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.feed_forward.w3.weight", "model.layers.*.mlp.up_proj.weight",
                Layout::transposed}};

/// Mamba-2. \source transformers, Mamba2ForCausalLM
inline constexpr std::array mamba2{
    ForeignName{"model.wte.weight", "backbone.embeddings.weight", Layout::same},
    ForeignName{"model.ln_f.weight", "backbone.norm_f.weight", Layout::same},
    ForeignName{"lm_head.weight", "lm_head.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.mixer_norm.weight", "backbone.layers.*.norm.weight",
                Layout::same},
    ForeignName{"model.h.blocks.*.mixer.in_proj.weight", "backbone.layers.*.mixer.in_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.mixer.in_proj.bias", "backbone.layers.*.mixer.in_proj.bias",
                Layout::same},
    ForeignName{"model.h.blocks.*.mixer.conv1d.weight", "backbone.layers.*.mixer.conv1d.weight",
                Layout::taps},
    ForeignName{"model.h.blocks.*.mixer.conv1d.bias", "backbone.layers.*.mixer.conv1d.bias",
                Layout::same},
    ForeignName{"model.h.blocks.*.mixer.dt_bias", "backbone.layers.*.mixer.dt_bias", Layout::same},
    ForeignName{"model.h.blocks.*.mixer.A_log", "backbone.layers.*.mixer.A_log", Layout::same},
    ForeignName{"model.h.blocks.*.mixer.D", "backbone.layers.*.mixer.D", Layout::same},
    ForeignName{"model.h.blocks.*.mixer.norm.weight", "backbone.layers.*.mixer.norm.weight",
                Layout::same},
    ForeignName{"model.h.blocks.*.mixer.out_proj.weight", "backbone.layers.*.mixer.out_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.mixer.out_proj.bias", "backbone.layers.*.mixer.out_proj.bias",
                Layout::same}};

}  // namespace foreign

}  // namespace ttt
