// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/safetensors.hpp>
#include <ttt/file/trees.hpp>
#include <ttt/memory/entry.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>
#include <ttt/spec/describe.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ttt {

/// A number that tells parameters apart: equal for equal bits.
///
/// \source the FNV-1a hash of 64 bits, over the elements as 32-bit or 64-bit words
template <class Params>
[[nodiscard]] std::uint64_t fingerprint(const Params& params) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for_each_array(
      [&]<class S>(const Leaf&, const Matrix<S>& array) {
        for (const S& element : array.reshaped()) {
          std::uint64_t word = 0;
          std::memcpy(&word, &element, sizeof element);
          hash = (hash ^ word) * 0x100000001b3U;
        }
      },
      params);
  return hash;
}

namespace detail {

/// The arrays of fast weights under the names that the parameters have.
template <class Params, class S>
void set_fast(file::Archive& archive, const std::string& prefix, const Params& params,
              const FastWeights<S>& weights) {
  std::size_t n = 0;
  for_each_array(
      [&](const Leaf& leaf, const Matrix<S>&) {
        if (leaf.fast && n < weights.size()) archive.set(prefix + leaf.name, weights[n++]);
      },
      params);
}

template <class Params, class S>
[[nodiscard]] FastWeights<S> fast_from(const file::Archive& archive, const std::string& prefix,
                                       const Params& params, std::vector<std::string>& names) {
  FastWeights<S> weights;
  for_each_array(
      [&](const Leaf& leaf, const Matrix<S>& like) {
        if (!leaf.fast) return;
        names.push_back(prefix + leaf.name);
        weights.push_back(archive.matrix<S>(names.back(), {like.rows(), like.cols()}));
      },
      params);
  return weights;
}

/// An array that has no rows before it has any: it is in the file only if it has.
template <class S>
[[nodiscard]] Matrix<S> rows_from(const file::Archive& archive, const std::string& name, Index cols,
                                  std::vector<std::string>& names) {
  if (!archive.tensors().contains(name)) return {};
  names.push_back(name);
  return archive.matrix<S>(name, {any, cols});
}

/// What is known of kept tokens, as a tensor with a row for each.
template <class Tree>
void set_notes(file::Archive& archive, const std::string& prefix, const Tree& tree) {
  for_each_notes(
      [&](const Leaf& leaf, const Notes<Entry>& entries) {
        if (entries.empty()) return;
        Matrix<double> table(std::ssize(entries), 7);
        for (Index n = 0; n < table.rows(); ++n) {
          const Entry& e = entries[static_cast<std::size_t>(n)];
          table.row(n) << static_cast<double>(e.position), e.surprisal, e.keep, e.signal,
              e.attended, static_cast<double>(e.readers), static_cast<double>(e.attended_at);
        }
        archive.set(prefix + leaf.name, table);
      },
      tree);
}

[[nodiscard]] inline Notes<Entry> entries_from(const file::Archive& archive,
                                               const std::string& name,
                                               std::vector<std::string>& names) {
  const Matrix<double> table = rows_from<double>(archive, name, 7, names);
  const auto count = [&](double number) {
    if (!(number >= 0 && number < 0x1p53 && number == std::floor(number))) {
      throw FormatError("read: tensor \"" + name + "\" must count in whole numbers, got " +
                        std::to_string(number));
    }
    return static_cast<Index>(number);
  };
  Notes<Entry> entries;
  for (Index n = 0; n < table.rows(); ++n) {
    entries.push_back({.position = count(table(n, 0)),
                       .surprisal = table(n, 1),
                       .keep = table(n, 2),
                       .signal = table(n, 3),
                       .attended = table(n, 4),
                       .readers = count(table(n, 5)),
                       .attended_at = count(table(n, 6))});
  }
  return entries;
}

}  // namespace detail

/// The memory of a text as an archive: everything that the session goes on from.
///
/// \cost  bytes of the session, once
template <class Model, class S, class Inner>
[[nodiscard]] file::Archive memory_archive(const Session<Model, S, Inner>& session) {
  const auto& state = session.state();
  file::Archive archive;
  archive.metadata["spec"] = describe(Model::spec);
  archive.metadata["parameters"] = std::to_string(fingerprint(session.params()));
  archive.set("position", std::int64_t{state.position});
  const std::vector<std::int64_t> chunk(state.chunk.begin(), state.chunk.end());
  archive.set("chunk.tokens", chunk);
  detail::set_fast(archive, "fast.", session.params(), state.fast);
  detail::set_fast(archive, "velocity.", session.params(), state.velocity);
  file::set_tree(archive, "memory.", state.memory);
  file::set_tree(archive, "chunk.memory.", state.chunk_memory);
  detail::set_notes(archive, "memory.", state.memory);
  detail::set_notes(archive, "chunk.memory.", state.chunk_memory);
  if (!state.surprisal.empty()) {
    archive.set("surprisal", Eigen::Map<const Matrix<double>>(state.surprisal.data(),
                                                              std::ssize(state.surprisal), 1));
  }
  if (state.chunk_rows.size() > 0) archive.set("chunk.rows", state.chunk_rows);
  if (state.logits.size() > 0) archive.set("logits", state.logits);
  return archive;
}

/// Writes the memory of a text, whole or not at all.
///
/// \throws FileError if it cannot be written; what was there before is then untouched.
template <class Model, class S, class Inner>
void save_memory(const std::filesystem::path& path, const Session<Model, S, Inner>& session) {
  file::write(path, memory_archive(session));
}

/// A session that goes on from a memory, bit for bit.
///
/// \throws FormatError, saying where, if the archive is not a memory of this model's spec and of
///         these parameters.
template <class Model, class S = float, class Inner = InnerLoop<>>
[[nodiscard]] Session<Model, S, Inner> session_from(
    const file::Archive& archive, const typename Model::template Params<Matrix<S>>& params,
    typename Session<Model, S, Inner>::Options options = {}) {
  using Reader = Session<Model, S, Inner>;
  expect_spec<Model>(archive);
  if (archive.text("parameters") != std::to_string(fingerprint(params))) {
    throw FormatError("read: the memory was made with other parameters");
  }
  constexpr Index width = Model::spec.width;
  std::vector<std::string> names{"position", "chunk.tokens"};
  typename Reader::State state;
  state.position = archive.integer("position");
  for (const std::int64_t token : archive.integers("chunk.tokens")) {
    if (!std::in_range<Token>(token))
      throw FormatError("read: tensor \"chunk.tokens\" must hold tokens");
    state.chunk.push_back(static_cast<Token>(token));
  }
  state.fast = detail::fast_from<decltype(params), S>(archive, "fast.", params, names);
  if (archive.tensors().lower_bound("velocity.") != archive.tensors().lower_bound("velocity/")) {
    state.velocity = detail::fast_from<decltype(params), S>(archive, "velocity.", params, names);
  }
  const auto memory = [&](const std::string& prefix, auto& tree) {
    for_each_array(
        [&](const Leaf& leaf, Matrix<S>& array) {
          // Keep scores have one column, everything else that is kept has the model's width.
          const bool score = leaf.name.ends_with("keep");
          array = detail::rows_from<S>(archive, prefix + leaf.name, score ? 1 : width, names);
        },
        tree);
    for_each_notes(
        [&](const Leaf& leaf, Notes<Entry>& entries) {
          entries = detail::entries_from(archive, prefix + leaf.name, names);
        },
        tree);
  };
  memory("memory.", state.memory);
  memory("chunk.memory.", state.chunk_memory);
  const auto surprisal = detail::rows_from<double>(archive, "surprisal", 1, names);
  state.surprisal.assign(surprisal.data(), surprisal.data() + surprisal.size());
  state.chunk_rows = detail::rows_from<S>(archive, "chunk.rows", width, names);
  state.logits = detail::rows_from<S>(archive, "logits", Model::spec.vocab, names);
  archive.expect_names(std::move(names));
  try {
    return Reader(params, std::move(state), std::move(options));
  } catch (const Error& error) {
    throw FormatError(std::string("read: memory: ") + error.what());
  }
}

/// A session that goes on from a memory file, bit for bit.
///
/// \throws FileError if the file cannot be read; FormatError as session_from
template <class Model, class S = float, class Inner = InnerLoop<>>
[[nodiscard]] Session<Model, S, Inner> load_memory(
    const std::filesystem::path& path, const typename Model::template Params<Matrix<S>>& params,
    typename Session<Model, S, Inner>::Options options = {}) {
  return session_from<Model, S, Inner>(file::read(path), params, std::move(options));
}

}  // namespace ttt
