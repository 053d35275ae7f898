// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/safetensors.hpp>
#include <ttt/file/trees.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>

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
      [&]<class M>(const Leaf&, const M& array) {
        if (is_zero(array)) return;
        for (const auto element : Primitives<M>::download(view(array))) {
          std::uint64_t word = 0;
          std::memcpy(&word, &element, sizeof element);
          hash = (hash ^ word) * 0x100000001b3U;
        }
      },
      params);
  return hash;
}

namespace detail {

/// The names that fast weights have in a file: those of the parameters.
template <class Session>
[[nodiscard]] std::vector<std::string> fast_names(const typename Session::Params& params,
                                                  const typename Session::Options& options) {
  std::vector<std::string> names;
  for (const auto& [leaf, array] : parts_of(params).arrays) {
    if (!is_zero(*array) && options.fast(leaf)) names.push_back(leaf.name);
  }
  return names;
}

/// Tokens of an archive.
[[nodiscard]] inline std::vector<Token> tokens_from(const file::Archive& archive,
                                                    const std::string& name) {
  std::vector<Token> tokens;
  for (const std::int64_t token : archive.integers(name)) {
    if (!std::in_range<Token>(token)) {
      throw FormatError("read: " + archive.origin() + ": tensor \"" + name + "\" must hold tokens");
    }
    tokens.push_back(static_cast<Token>(token));
  }
  return tokens;
}

}  // namespace detail

/// The memory of a text as an archive: everything that the session goes on from.
///
/// \cost  bytes of the session, once
template <class Model, Storage M, class Inner>
[[nodiscard]] file::Archive memory_archive(const Session<Model, M, Inner>& session) {
  const auto& state = session.state();
  file::Archive archive;
  archive.metadata["spec"] = describe(Model::spec);
  archive.metadata["parameters"] = std::to_string(fingerprint(session.params()));
  archive.set("position", std::int64_t{state.position});
  const std::vector<std::int64_t> chunk(state.chunk.begin(), state.chunk.end());
  archive.set("chunk.tokens", chunk);
  const auto names =
      detail::fast_names<Session<Model, M, Inner>>(session.params(), session.options());
  for (std::size_t n = 0; n < names.size(); ++n) {
    archive.set("fast." + names[n], state.fast[n]);
    if (!state.velocity.empty()) archive.set("velocity." + names[n], state.velocity[n]);
  }
  file::set_tree(archive, "memory.", state.memory);
  file::set_tree(archive, "chunk.memory.", state.chunk_memory);
  file::set_tree(archive, "chunk.border.", state.border);
  if (!is_zero(state.logits)) archive.set("logits", state.logits);
  return archive;
}

/// Writes the memory of a text, whole or not at all.
///
/// \throws FileError if it cannot be written; what was there before is then untouched.
template <class Model, Storage M, class Inner>
void save_memory(const std::filesystem::path& path, const Session<Model, M, Inner>& session) {
  file::write(path, memory_archive(session));
}

/// A session that goes on from a memory, bit for bit. `params` is a reference, which has to outlive
/// the session, parameters to take over, or a shared pointer to them.
///
/// \throws FormatError, saying where, if the archive is not a memory of this model's spec and of
///         these parameters.
template <class Model, Storage M = Matrix<float>, class Inner = InnerLoop<>, class P>
[[nodiscard]] Session<Model, M, Inner> session_from(
    const file::Archive& archive, P&& params,
    typename Session<Model, M, Inner>::Options options = {}) {
  using Reader = Session<Model, M, Inner>;
  expect_spec<Model>(archive);
  const Reader fresh(std::forward<P>(params), options);
  if (archive.text("parameters") != std::to_string(fingerprint(fresh.params()))) {
    throw FormatError("read: " + archive.origin() + ": the memory was made with other parameters");
  }
  typename Reader::State state;
  std::vector<std::string> names{"position", "chunk.tokens"};
  state.position = archive.integer("position");
  state.chunk = detail::tokens_from(archive, "chunk.tokens");
  const auto fast = detail::fast_names<Reader>(fresh.params(), options);
  for (std::size_t n = 0; n < fast.size(); ++n) {
    state.fast.push_back(archive.array<M>("fast." + fast[n]));
    names.push_back("fast." + fast[n]);
    if (archive.tensors().contains("velocity." + fast[n])) {
      state.velocity.push_back(archive.array<M>("velocity." + fast[n]));
      names.push_back("velocity." + fast[n]);
    }
  }
  const auto tree = [&](const std::string& prefix, auto& arrays) {
    file::read_tree<M>(archive, prefix, arrays);
    file::append_names(names, prefix, arrays);
  };
  tree("memory.", state.memory);
  tree("chunk.memory.", state.chunk_memory);
  tree("chunk.border.", state.border);
  if (archive.tensors().contains("logits")) {
    state.logits = archive.array<M>("logits");
    names.emplace_back("logits");
  }
  archive.expect_names(std::move(names));
  try {
    return fresh.continued(std::move(state));
  } catch (const Error& error) {
    throw FormatError("read: " + archive.origin() + ": memory: " + error.what());
  }
}

/// A session that goes on from a memory file, bit for bit.
///
/// \throws FileError if the file cannot be read; FormatError as session_from
template <class Model, Storage M = Matrix<float>, class Inner = InnerLoop<>, class P>
[[nodiscard]] Session<Model, M, Inner> load_memory(
    const std::filesystem::path& path, P&& params,
    typename Session<Model, M, Inner>::Options options = {}) {
  return session_from<Model, M, Inner>(file::read(path), std::forward<P>(params),
                                       std::move(options));
}

}  // namespace ttt
