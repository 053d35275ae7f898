// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/causal_conv.hpp>
#include <ttt/memory/cached_window.hpp>
#include <ttt/model/sr_ttt.hpp>
#include <ttt/model/systems.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "presets.hpp"

/// The models that the programs know by name.
namespace models {

using namespace ttt;

/// The blocks of a model that recalls. Every attention layer has the same memory: where one had a
/// window alone beside others with a cache, copying would be learned there, and nothing would look
/// at what is kept. Convolutions come first: a short one, which tells each byte what stood just
/// before it, and a long one, which tells a value whose it is: the key stands some words before it.
template <ModelSpec Spec, class Attention>
using Recaller = LanguageModel<Spec, Repeat<1, Block<CausalConv<4>, SwiGlu>>,
                               Repeat<1, Block<CausalConv<64, Start::averages>, SwiGlu>>,
                               Repeat<1, Block<Attention, SwiGlu>>,
                               Repeat<2, Block<Attention, Fast<SwiGlu>, SwiGlu>>>;

/// A model that learns and keeps, under any policies.
template <class... Policies>
using BookkeeperWith = Recaller<preset::bookkeeper, Attend<Window, Cache<128, Policies...>>>;
using Bookkeeper = BookkeeperWith<evict::LeastWanted>;
/// The rate of its inner steps: of 0.1, 0.2, 0.3 and 0.4 the one with the least loss on books of
/// its training.
inline constexpr double bookkeeper_rate = 0.2;

/// Learns and keeps nothing: TTT-E2E in the same blocks.
using BookkeeperE2e = Recaller<preset::bookkeeper, Attend<Window>>;
/// The rate of its inner steps, as it was trained.
inline constexpr double bookkeeper_e2e_rate = 0.4;
/// The same, to be trained without learning: a window alone. Where it learns while it reads, though
/// it was never trained to, that is dynamic evaluation.
///
/// \source Krause et al. 2018, "Dynamic Evaluation of Neural Sequence Models", arXiv:1709.07432,
///         for the latter, with the inner step of TTT-E2E
using BookkeeperWindow = BookkeeperE2e;
/// Full attention, to texts of up to 16384 bytes.
using BookkeeperFull = Recaller<preset::bookkeeper_full, Attend<Window>>;
/// The published model that learns and keeps.
using BookkeeperSrTtt = SrTtt<preset::bookkeeper_sr_ttt>;
/// The same, trained with the gradients that the published code leaves out.
using BookkeeperSrTttGradFull = SrTtt<preset::bookkeeper_sr_ttt_grad_full>;

/// From here on a plain window has seen nothing of a text's beginning.
inline constexpr Index settled = 4 * Bookkeeper::spec.window;

/// Reads pieces of several bytes instead of bytes.
using Pieces = TttE2e<preset::pieces, 4, 2>;
using Toy = TttE2e<preset::toy, 3, 1>;

/// The same arrays in a tree whose members have other names.
template <class To, class From>
[[nodiscard]] To renamed(const From& from) {
  std::vector<const Matrix<float>*> arrays;
  for_each_array([&](const Leaf&, const Matrix<float>& array) { arrays.push_back(&array); }, from);
  To to;
  std::size_t n = 0;
  for_each_array([&](const Leaf&, Matrix<float>& array) { array = *arrays.at(n++); }, to);
  return to;
}

/// The names of the models that with_model knows.
inline constexpr std::string_view names =
    "bookkeeper, bookkeeper_window, bookkeeper_e2e, bookkeeper_full, bookkeeper_sr_ttt, "
    "bookkeeper_sr_ttt_grad_full, pieces or toy";

/// Calls visit.template operator()<Model>() for the model of that name.
///
/// \throws RangeError if there is none.
template <class Visit>
auto with_model(const std::string& name, Visit&& visit) {
  if (name == "bookkeeper") return visit.template operator()<Bookkeeper>();
  if (name == "bookkeeper_window") return visit.template operator()<BookkeeperWindow>();
  if (name == "bookkeeper_e2e") return visit.template operator()<BookkeeperE2e>();
  if (name == "bookkeeper_full") return visit.template operator()<BookkeeperFull>();
  if (name == "bookkeeper_sr_ttt") return visit.template operator()<BookkeeperSrTtt>();
  if (name == "bookkeeper_sr_ttt_grad_full") {
    return visit.template operator()<BookkeeperSrTttGradFull>();
  }
  if (name == "pieces") return visit.template operator()<Pieces>();
  if (name == "toy") return visit.template operator()<Toy>();
  throw RangeError("--model must be " + std::string(names) + ", got " + name);
}

}  // namespace models
