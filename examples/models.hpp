// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/layer/causal_conv.hpp>
#include <ttt/memory/cache.hpp>
#include <ttt/model/systems.hpp>
#include <ttt/spec/presets.hpp>

#include <cstddef>
#include <string>
#include <vector>

/// The models that the programs know by name.
namespace models {

using namespace ttt;

using Bookworm = TttE2e<preset::bookworm, 4, 2>;
using BookwormPlain = SlidingWindow<preset::bookworm_plain, 4>;
using BookwormPieces = TttE2e<preset::bookworm_pieces, 4, 2>;
/// A model that learns and keeps. Every attention layer has the cache, under any policies: where
/// one had a window alone, copying would be learned there, and nothing would look at what is kept.
/// Convolutions come first: a short one, which tells each byte what stood just before it, and a
/// long one, which tells a value whose it is: the key stands some words before it.
template <class... Policies>
using BookkeeperWith =
    LanguageModel<preset::bookkeeper, Repeat<1, Block<CausalConv<4>, SwiGlu>>,
                  Repeat<1, Block<CausalConv<64, Start::averages>, SwiGlu>>,
                  Repeat<1, Block<Attend<Window, Cache<128, Policies...>>, SwiGlu>>,
                  Repeat<2, Block<Attend<Window, Cache<128, Policies...>>, Fast<SwiGlu>, SwiGlu>>>;
using Bookkeeper = BookkeeperWith<evict::LeastWanted>;
using Toy = TttE2e<preset::toy, 3, 1>;

/// BookwormPlain with the upper two SwiGLUs learning while it reads, though it was never trained
/// to: dynamic evaluation, in the layers and at the rate that are best for it
/// (bench/dynamic_evaluation). Its parameters are those of BookwormPlain, in the same order.
///
/// \source Krause et al. 2018, "Dynamic Evaluation of Neural Sequence Models", arXiv:1709.07432,
///         with the inner step of TTT-E2E
using BookwormDynamic =
    LanguageModel<preset::bookworm_plain, Repeat<2, Block<Attend<Window>, SwiGlu>>,
                  Repeat<2, Block<Attend<Window>, Fast<SwiGlu>>>>;

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

/// Calls visit.template operator()<Model>() for the model of that name.
///
/// \throws RangeError if there is none.
template <class Visit>
auto with_model(const std::string& name, Visit&& visit) {
  if (name == "bookworm") return visit.template operator()<Bookworm>();
  if (name == "bookworm_plain") return visit.template operator()<BookwormPlain>();
  if (name == "bookworm_pieces") return visit.template operator()<BookwormPieces>();
  if (name == "bookkeeper") return visit.template operator()<Bookkeeper>();
  if (name == "toy") return visit.template operator()<Toy>();
  throw RangeError(
      "--model must be bookworm, bookworm_plain, bookworm_pieces, bookkeeper or toy, got " + name);
}

}  // namespace models
