// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/operations/visible_keys.hpp>
#include <ttt/algebra/view.hpp>
#include <ttt/shape.hpp>

#include <array>
#include <cstddef>
#include <string>

namespace ttt::detail {

/// The views of the arrays of one source of keys, or of the sums of their cotangents.
template <class V>
struct AttentionSource {
  V q, k, v, bias;
};
/// Every source, in the order of the operation's inputs.
template <std::size_t Sources, class V>
[[nodiscard]] std::array<AttentionSource<V>, Sources> attention_sources(
    const std::array<V, 4 * Sources>& views) {
  std::array<AttentionSource<V>, Sources> sources;
  for (std::size_t n = 0; n < Sources; ++n) {
    sources[n] = {views[4 * n], views[4 * n + 1], views[4 * n + 2], views[4 * n + 3]};
  }
  return sources;
}

/// Throws unless a query's visible keys are there.
inline void expect_visible(const VisibleKeys& visible, Index queries, Index keys) {
  if (std::ssize(visible.first) != queries || std::ssize(visible.count) != queries) {
    throw ShapeError("attend: visible keys must be [" + std::to_string(queries) + "], got [" +
                     std::to_string(visible.count.size()) + ']');
  }
  for (Index query = 0; query < queries; ++query) {
    const Index count = at(visible.count, query);
    if (count == 0) continue;
    if (count < 0 || at(visible.first, query) < 0 || visible.end(query) > keys) {
      throw RangeError("attend: query " + std::to_string(query) + " must see keys of 0.." +
                       std::to_string(keys - 1) + ", got " +
                       std::to_string(at(visible.first, query)) + ".." +
                       std::to_string(visible.end(query) - 1));
    }
  }
}

/// Throws unless every source and its visible keys fit the queries of the first.
template <std::size_t Sources, class V>
void expect_attention(const AttentionHeads& heads, const std::array<VisibleKeys, Sources>& visible,
                      const std::array<V, 4 * Sources>& views) {
  const auto sources = attention_sources<Sources>(views);
  const Index queries = row_count(sources[0].q);
  const Index width = col_count(sources[0].q);
  if (heads.kv_heads < 1 || heads.heads % heads.kv_heads != 0 || width % heads.heads != 0) {
    throw ShapeError("attend: q must be [*, heads * head], and kv_heads divide heads, got " +
                     std::to_string(width) + " columns, " + std::to_string(heads.heads) +
                     " heads and " + std::to_string(heads.kv_heads) + " kv_heads");
  }
  for (std::size_t n = 0; n < Sources; ++n) {
    const auto& [q, k, v, bias] = sources[n];
    const Index keys = row_count(k);
    const Index key_width = width / heads.heads * heads.kv_heads;
    expect_shape("attend", "q", q, {queries, width});
    expect_shape("attend", "k", k, {any_extent, keys == 0 ? any_extent : key_width});
    expect_shape("attend", "v", v, {keys, col_count(k)});
    const std::vector<Index>& age = visible[n].age;
    if (row_count(bias) > 0) {
      expect_shape("attend", "bias", bias, {keys, age.empty() ? 1 : heads.kv_heads});
    }
    if (!age.empty() && std::ssize(age) != keys) {
      throw ShapeError("attend: ages of keys must be [" + std::to_string(keys) + "], got [" +
                       std::to_string(age.size()) + ']');
    }
    expect_visible(visible[n], queries, keys);
  }
}

}  // namespace ttt::detail
