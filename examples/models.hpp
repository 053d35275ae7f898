// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/causal_conv.hpp>
#include <ttt/memory/cached_window.hpp>
#include <ttt/memory/published.hpp>
#include <ttt/model/systems.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "presets.hpp"
#include "sizes.hpp"

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
template <>
inline constexpr Index visible_tokens<BookkeeperSrTttGradFull> = 0;

/// From here on a plain window has seen nothing of a text's beginning.
inline constexpr Index settled = 4 * Bookkeeper::spec.window;

/// Reads pieces of several bytes instead of bytes.
using Pieces = TttE2e<preset::pieces, 4, 2>;
using Toy = TttE2e<preset::toy, 3, 1>;

/// Reads pieces of Llama 2. `convert` makes its files of published ones.
using TttLinear125m = sizes::Linear<sizes::ttt_size::s125m, Backbone::mamba>;
template <>
inline constexpr Index visible_tokens<TttLinear125m> = 0;

/// A model, and what programs know of it.
template <class M>
struct Known {
  using Model = M;
  std::string_view name;  ///< in the option --model and in recipes
  double rate = 0;        ///< of the inner steps while it reads; 0 for reading without learning
};

/// The models that programs know by name, a line each. What is done with each is compiled in files
/// of their own: training in train/, reading in any_model/.
inline constexpr std::tuple known{
    Known<Bookkeeper>{"bookkeeper", bookkeeper_rate},
    Known<BookkeeperWindow>{"bookkeeper_window"},
    Known<BookkeeperE2e>{"bookkeeper_e2e", bookkeeper_e2e_rate},
    Known<BookkeeperFull>{"bookkeeper_full"},
    Known<BookkeeperTrimKv>{"bookkeeper_trim_kv", bookkeeper_rate},
    Known<BookkeeperSrTtt>{"bookkeeper_sr_ttt"},
    Known<BookkeeperSrTttGradFull>{"bookkeeper_sr_ttt_grad_full"},
    Known<Pieces>{"pieces", 1},
    Known<Toy>{"toy", 1},
    Known<TttLinear125m>{"ttt_linear_mamba_125m"},
};

/// Calls visit(model) for each of them.
template <class Visit>
void for_each_known(Visit&& visit) {
  std::apply([&](const auto&... models) { (visit(models), ...); }, known);
}

/// Names as words: "pieces, bookkeeper or toy".
inline std::string listed(const std::vector<std::string_view>& names) {
  std::string words;
  for (std::size_t n = 0; n < names.size(); ++n) {
    if (n > 0) words += n + 1 == names.size() ? " or " : ", ";
    words += names[n];
  }
  return words;
}

/// The names of the models that programs know.
inline std::string names() {
  std::vector<std::string_view> all;
  for_each_known([&](const auto& model) { all.push_back(model.name); });
  return listed(all);
}

/// Calls visit.template operator()<Model>() for the model of that name.
///
/// \throws RangeError if there is none.
template <class Visit>
auto with_model(const std::string& name, Visit&& visit) {
  std::optional<decltype(visit.template operator()<Toy>())> result;
  for_each_known([&]<class Model>(const Known<Model>& model) {
    if (model.name == name) result = visit.template operator()<Model>();
  });
  if (!result) throw RangeError("--model must be " + names() + ", got " + name);
  return *std::move(result);
}

}  // namespace models
