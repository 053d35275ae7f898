// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/model/memory_file.hpp>
#include <ttt/model/session.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "laws/texts.hpp"

namespace laws {

/// Agreement of two ways to read a text of many chunks while learning from it.
template <class S>
constexpr double streaming_tolerance = 1e-12;
template <>
inline constexpr double streaming_tolerance<float> = 1e-4;

/// Both trees hold the same, bit for bit.
template <class T>
void check_equal_trees(const T& a, const T& b) {
  for_each_array(
      [](const Leaf& leaf, const auto& m, const auto& n) {
        CAPTURE(leaf.name);
        CHECK(m == n);
      },
      a, b);
  for_each_metadata(
      [](const std::string& name, const AnyMetadata& m, const AnyMetadata& n) {
        CAPTURE(name);
        CHECK(m.table() == n.table());
      },
      a, b);
}

/// Both sessions know the same, bit for bit.
template <class Session>
void check_equal(const Session& a, const Session& b) {
  const auto& x = a.state();
  const auto& y = b.state();
  CHECK(x.fast == y.fast);
  CHECK(x.velocity == y.velocity);
  CHECK(x.chunk == y.chunk);
  CHECK(x.logits == y.logits);
  CHECK(x.position == y.position);
  check_equal_trees(x.memory, y.memory);
  check_equal_trees(x.chunk_memory, y.chunk_memory);
  check_equal_trees(x.border, y.border);
}

/// \law streaming
///
/// Reads a text of many chunks whole, then in parts cut at random, then token by token.
template <class Model, class S, class Inner = InnerLoop<>>
void check_session_streaming(typename Session<Model, Matrix<S>, Inner>::Options options, int cuts) {
  using Reading = Session<Model, Matrix<S>, Inner>;
  const auto params = lively_params<Model, S>(1);
  Random random(2);
  const auto tokens = drawn_tokens(12 * Model::spec.chunk + 3, Model::spec.vocab, random);
  Reading whole(params, options);
  const std::vector<S> expected = whole.read(tokens);
  REQUIRE(expected.size() == tokens.size());
  for (int cut = 0; cut < cuts; ++cut) {
    // Parts from single tokens up to several chunks.
    const Index longest = cut == 0 ? 1 : 1 + random.below(4 * Model::spec.chunk);
    Reading session(params, options);
    std::vector<S> surprisal;
    for (std::span rest(tokens); !rest.empty();) {
      const auto count = std::min(rest.size(), static_cast<std::size_t>(1 + random.below(longest)));
      const std::vector<S> part = session.read(rest.first(count));
      REQUIRE(part.size() == count);
      surprisal.insert(surprisal.end(), part.begin(), part.end());
      rest = rest.subspan(count);
    }
    double worst = 0;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      worst = std::max(worst, std::abs(static_cast<double>(surprisal[t] - expected[t])));
    }
    CAPTURE(longest);
    CHECK(worst < streaming_tolerance<S>);
    CHECK(disagreement(session.logits(), whole.logits()) < streaming_tolerance<S>);
    for (std::size_t n = 0; n < whole.state().fast.size(); ++n) {
      CHECK(disagreement(session.state().fast[n], whole.state().fast[n]) < streaming_tolerance<S>);
    }
  }
}

/// \law causal
///
/// A token changes no surprisal before its own, bit for bit.
template <class Model>
void check_session_causal() {
  const auto params = lively_params<Model, float>(2);
  Random random(2);
  const auto tokens = drawn_tokens(4 * Model::spec.chunk + 2, Model::spec.vocab, random);
  const auto before = Session<Model>(params).read(tokens);
  for (std::size_t changed = 0; changed < tokens.size(); ++changed) {
    auto others = tokens;
    others[changed] = (others[changed] + 1) % static_cast<Token>(Model::spec.vocab);
    const auto after = Session<Model>(params).read(others);
    CAPTURE(changed);
    for (std::size_t t = 0; t < changed; ++t) CHECK(after[t] == before[t]);
    if (changed > 0) CHECK(after[changed] != before[changed]);
  }
}

/// A session goes on from its file, in mid-chunk, bit for bit. `name` is of the file.
template <class Model>
void check_session_file(const char* name) {
  const auto file = std::filesystem::temp_directory_path() / name;
  const auto params = lively_params<Model, float>(3);
  Random random(3);
  const auto tokens = drawn_tokens(4 * Model::spec.chunk, Model::spec.vocab, random);
  const auto rest = drawn_tokens(4 * Model::spec.chunk, Model::spec.vocab, random);
  for (std::size_t read = 0; read < tokens.size(); ++read) {
    CAPTURE(read);
    Session<Model> session(params);
    session.read(std::span(tokens).first(read));
    save_memory(file, session);
    auto restored = load_memory<Model>(file, params);
    check_equal(restored, session);
    CHECK(restored.read(rest) == session.read(rest));
    check_equal(restored, session);
  }
  std::filesystem::remove(file);
}

}  // namespace laws
