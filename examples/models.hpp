// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/causal_conv.hpp>
#include <ttt/memory/cached_window.hpp>
#include <ttt/memory/published.hpp>
#include <ttt/model/systems.hpp>

#include <string>
#include <string_view>

#include "presets.hpp"

/// The models that the programs know by name.
namespace models {

using namespace ttt;

/// The blocks of a model that recalls. Every attention layer has the same memory: where one had a
/// window alone beside others with a cache, copying would be learned there, and nothing would
/// attend to what is stored. Convolutions come first: a short one, which gives each byte what stood
/// just before it, and a long one, which gives a value its key: the key stands some words before
/// it.
template <ModelSpec Spec, class Attention>
using Recaller = LanguageModel<ModelSpec(Spec), Repeat<1, Block<CausalConv<4>, SwiGlu>>,
                               Repeat<1, Block<With<CausalConv<64>{.averages = true}>, SwiGlu>>,
                               Repeat<1, Block<Attention, SwiGlu>>,
                               Repeat<2, Block<Attention, Fast<SwiGlu>, SwiGlu>>>;

/// A model that learns and stores, under any policies.
template <class... Policies>
using BookkeeperWith = Recaller<preset::bookkeeper, Attend<Window, Cache<128, Policies...>>>;
using Bookkeeper = BookkeeperWith<evict::LowestKeepScore>;
/// The rate of its inner steps: of 0.1, 0.2, 0.3 and 0.4 the one with the least loss on books of
/// its training.
inline constexpr double bookkeeper_rate = 0.2;

/// Learns and has no cache: TTT-E2E in the same blocks.
using BookkeeperE2e = Recaller<preset::bookkeeper, Attend<Window>>;
/// The rate of its inner steps, as it was trained.
inline constexpr double bookkeeper_e2e_rate = 0.4;
/// The same, to be trained without learning: a window alone. Where it learns while it reads, though
/// it was never trained to, that is dynamic evaluation.
///
/// \source Krause et al. 2018, "Dynamic Evaluation of Neural Sequence Models", arXiv:1709.07432,
///         for the latter, with the inner step of TTT-E2E
using BookkeeperWindow = BookkeeperE2e;
/// Full attention in the same blocks, to be trained without learning: the control.
using BookkeeperFull = Recaller<preset::bookkeeper, Attend<Whole>>;

/// TRIM-KV in the same blocks, to be trained as bookkeeper is, with a penalty on what its
/// retentions keep beyond its slots.
using BookkeeperTrimKv = Recaller<preset::bookkeeper, Attend<Window, published::TrimKv<128>>>;

/// SR-TTT with as many slots as bookkeeper, and either kind of inner steps.
template <InnerSteps Steps>
using BookkeeperSrTttWith =
    SrTtt<preset::bookkeeper_sr_ttt, 4, ResidualDelta<>{.slots = 128, .delta = {.steps = Steps}}>;
/// As published: without the gradients that the published code leaves out.
using BookkeeperSrTtt = BookkeeperSrTttWith<InnerSteps::detached>;
/// With them. It differs in training alone.
using BookkeeperSrTttGradFull = BookkeeperSrTttWith<InnerSteps::differentiated>;

/// Tokens that a query of a model sees besides a cache.
template <class Model>
inline constexpr Index visible_tokens = Model::spec.window;
template <>
inline constexpr Index visible_tokens<BookkeeperFull> = Index{1} << 53;  // of the longest text
template <>
inline constexpr Index visible_tokens<BookkeeperSrTtt> = 0;

/// From here on a plain window has seen nothing of a text's beginning.
inline constexpr Index settled = 4 * Bookkeeper::spec.window;

/// Reads pieces of several bytes instead of bytes.
using Pieces = TttE2e<preset::pieces, 4, 2>;
using Toy = TttE2e<preset::toy, 3, 1>;

/// The names of the models that with_model knows.
inline constexpr std::string_view names =
    "bookkeeper, bookkeeper_window, bookkeeper_e2e, bookkeeper_full, bookkeeper_trim_kv, "
    "bookkeeper_sr_ttt, bookkeeper_sr_ttt_grad_full, pieces or toy";

/// Calls visit.template operator()<Model>() for the model of that name.
///
/// \throws RangeError if there is none.
template <class Visit>
auto with_model(const std::string& name, Visit&& visit) {
  if (name == "bookkeeper") return visit.template operator()<Bookkeeper>();
  if (name == "bookkeeper_window") return visit.template operator()<BookkeeperWindow>();
  if (name == "bookkeeper_e2e") return visit.template operator()<BookkeeperE2e>();
  if (name == "bookkeeper_full") return visit.template operator()<BookkeeperFull>();
  if (name == "bookkeeper_trim_kv") return visit.template operator()<BookkeeperTrimKv>();
  if (name == "bookkeeper_sr_ttt") return visit.template operator()<BookkeeperSrTtt>();
  if (name == "bookkeeper_sr_ttt_grad_full") {
    return visit.template operator()<BookkeeperSrTttGradFull>();
  }
  if (name == "pieces") return visit.template operator()<Pieces>();
  if (name == "toy") return visit.template operator()<Toy>();
  throw RangeError("--model must be " + std::string(names) + ", got " + name);
}

}  // namespace models
