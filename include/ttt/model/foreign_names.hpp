// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/foreign.hpp>

#include <array>
#include <span>
#include <string_view>

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

/// Gated DeltaNet. \source flash-linear-attention, GatedDeltaNetForCausalLM
inline constexpr std::array gated_delta_net{
    ForeignName{"model.wte.weight", "model.embeddings.weight", Layout::same},
    ForeignName{"model.ln_f.weight", "model.norm.weight", Layout::same},
    ForeignName{"lm_head.weight", "lm_head.weight", Layout::transposed},
    ForeignName{"model.h.blocks.*.delta_net_norm.weight", "model.layers.*.attn_norm.weight",
                Layout::same},
    ForeignName{"model.h.blocks.*.delta_net.q_proj.weight", "model.layers.*.attn.q_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.delta_net.k_proj.weight", "model.layers.*.attn.k_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.delta_net.v_proj.weight", "model.layers.*.attn.v_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.delta_net.g_proj.weight", "model.layers.*.attn.g_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.delta_net.a_proj.weight", "model.layers.*.attn.a_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.delta_net.b_proj.weight", "model.layers.*.attn.b_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.delta_net.q_conv1d.weight", "model.layers.*.attn.q_conv1d.weight",
                Layout::taps},
    ForeignName{"model.h.blocks.*.delta_net.q_conv1d.bias", "model.layers.*.attn.q_conv1d.bias",
                Layout::same},
    ForeignName{"model.h.blocks.*.delta_net.k_conv1d.weight", "model.layers.*.attn.k_conv1d.weight",
                Layout::taps},
    ForeignName{"model.h.blocks.*.delta_net.k_conv1d.bias", "model.layers.*.attn.k_conv1d.bias",
                Layout::same},
    ForeignName{"model.h.blocks.*.delta_net.v_conv1d.weight", "model.layers.*.attn.v_conv1d.weight",
                Layout::taps},
    ForeignName{"model.h.blocks.*.delta_net.v_conv1d.bias", "model.layers.*.attn.v_conv1d.bias",
                Layout::same},
    ForeignName{"model.h.blocks.*.delta_net.dt_bias", "model.layers.*.attn.dt_bias", Layout::same},
    ForeignName{"model.h.blocks.*.delta_net.A_log", "model.layers.*.attn.A_log", Layout::same},
    ForeignName{"model.h.blocks.*.delta_net.o_norm.weight", "model.layers.*.attn.o_norm.weight",
                Layout::same},
    ForeignName{"model.h.blocks.*.delta_net.o_proj.weight", "model.layers.*.attn.o_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.ffn_norm.weight", "model.layers.*.mlp_norm.weight", Layout::same},
    ForeignName{"model.h.blocks.*.feed_forward.w1.weight", "model.layers.*.mlp.gate_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.feed_forward.w2.weight", "model.layers.*.mlp.down_proj.weight",
                Layout::transposed},
    ForeignName{"model.h.blocks.*.feed_forward.w3.weight", "model.layers.*.mlp.up_proj.weight",
                Layout::transposed}};

/// TTT-E2E, sliding windows and full attention, whose blocks are stacked, and whose learning parts
/// are stacked apart. \source test-time-training/e2e, without its `language_model.`
inline constexpr std::array ttt_e2e{
    ForeignName{"model.wte.weight", "model.wte.weight", Layout::same},
    ForeignName{"model.ln_f.weight", "model.ln_f.weight", Layout::same},
    ForeignName{"lm_head.weight", "lm_head.weight", Layout::same},
    ForeignName{"model.h.blocks.*.seq_norm.weight", "model.h.blocks.seq_norm.weight",
                Layout::blocks},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wq.weight",
                "model.h.blocks.seq_modeling_block.wq.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wk.weight",
                "model.h.blocks.seq_modeling_block.wk.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wv.weight",
                "model.h.blocks.seq_modeling_block.wv.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.seq_modeling_block.wo.weight",
                "model.h.blocks.seq_modeling_block.wo.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.seq_modeling_block.q_norm.weight",
                "model.h.blocks.seq_modeling_block.q_norm.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.seq_modeling_block.k_norm.weight",
                "model.h.blocks.seq_modeling_block.k_norm.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.seq_post_norm.weight", "model.h.blocks.seq_post_norm.weight",
                Layout::blocks},
    ForeignName{"model.h.blocks.*.ffn_norm.weight", "model.h.blocks.ffn_norm.weight",
                Layout::blocks},
    ForeignName{"model.h.blocks.*.feed_forward.w1.weight", "model.h.blocks.feed_forward.w1.weight",
                Layout::blocks},
    ForeignName{"model.h.blocks.*.feed_forward.w2.weight", "model.h.blocks.feed_forward.w2.weight",
                Layout::blocks},
    ForeignName{"model.h.blocks.*.feed_forward.w3.weight", "model.h.blocks.feed_forward.w3.weight",
                Layout::blocks},
    ForeignName{"model.h.blocks.*.ffn_post_norm.weight", "model.h.blocks.ffn_post_norm.weight",
                Layout::blocks},
    ForeignName{"model.h.blocks.*.ffn_prime_norm.weight",
                "model.h.prime_storage.ffn_prime_norm.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.feed_forward_prime.w1.weight",
                "model.h.prime_storage.feed_forward_prime.w1.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.feed_forward_prime.w2.weight",
                "model.h.prime_storage.feed_forward_prime.w2.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.feed_forward_prime.w3.weight",
                "model.h.prime_storage.feed_forward_prime.w3.weight", Layout::blocks},
    ForeignName{"model.h.blocks.*.ffn_prime_post_norm.weight",
                "model.h.prime_storage.ffn_prime_post_norm.weight", Layout::blocks}};

/// What names the files of an implementation have.
struct Family {
  std::string_view name;               ///< in the option --from of `convert`
  std::string_view files;              ///< whose
  std::span<const ForeignName> names;  ///< of all its models
};

/// All of these.
inline constexpr std::array families{
    Family{"ttt_lm_pytorch", "test-time-training/ttt-lm-pytorch: TTT-Linear and TTT-MLP",
           ttt_lm_pytorch},
    Family{"ttt_e2e", "test-time-training/e2e: TTT-E2E, without its prefix language_model",
           ttt_e2e},
    Family{"llama", "transformers: LlamaForCausalLM and MistralForCausalLM", llama},
    Family{"mamba2", "transformers: Mamba2ForCausalLM", mamba2},
    Family{"gated_delta_net", "flash-linear-attention: GatedDeltaNetForCausalLM", gated_delta_net},
};

}  // namespace foreign

}  // namespace ttt
