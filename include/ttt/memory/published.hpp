// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/memory/cache.hpp>

namespace ttt {

/// Caches under the names that their policies were published with. The window is the part of each
/// that keeps the recent tokens; the table of docs/policies.md says where ours differ. Others are
/// policies of other kinds.
namespace published {

/// The first four tokens of the text, and of the others the latest.
///
/// \source Xiao et al. 2023, "Efficient Streaming Language Models with Attention Sinks",
///         arXiv:2309.17453
template <Index Slots, class... Others>
using StreamingLlm = Cache<Slots, evict::PinFirst<evict::Oldest>, Others...>;

/// What received most attention in total.
///
/// \source Zhang et al. 2023, "H2O: Heavy-Hitter Oracle for Efficient Generative Inference of Large
///         Language Models", arXiv:2306.14048
template <Index Slots, class... Others>
using H2o = Cache<Slots, evict::LeastAttendedInTotal, Others...>;

/// What the last query attended to most.
///
/// \source Oren et al. 2024, "Transformers are Multi-State RNNs", arXiv:2401.06104
template <Index Slots, class... Others>
using Tova = Cache<Slots, evict::LeastAttendedByLast, Others...>;

/// What the queries behind it attended to most, pooled over neighbours.
///
/// \source Li et al. 2024, "SnapKV: LLM Knows What You are Looking for Before Generation",
///         arXiv:2404.14469
template <Index Slots, class... Others>
using SnapKv = Cache<Slots, signal::MeanAttention, Others...>;

/// What has the most weight left, under retentions that the model learned.
///
/// \source Bui et al. 2025, "Cache What Lasts: Token Retention for Memory-Bounded KV Cache in
///         LLMs", arXiv:2512.03324
template <Index Slots, class... Others>
using TrimKv = Cache<Slots, evict::LeastRetained, Others...>;

}  // namespace published

}  // namespace ttt
