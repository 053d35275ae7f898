// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/file/safetensors.hpp>
#include <ttt/file/trees.hpp>
#include <ttt/model/language_model.hpp>
#include <ttt/spec/describe.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace ttt {

namespace detail {

/// The first field of `wanted` that `got` does not have, and what it has there.
[[nodiscard]] inline std::string first_difference(const std::string& wanted,
                                                  const std::string& got) {
  std::size_t begin = 0;
  for (std::size_t n = 0; n < wanted.size() && n < got.size() && wanted[n] == got[n]; ++n) {
    if (wanted[n] == ' ' && n > 0 && wanted[n - 1] == ',') begin = n + 1;
  }
  const auto field = [&](const std::string& text) {
    return begin < text.size() ? text.substr(begin, text.find(',', begin) - begin) : "nothing";
  };
  return "\"" + field(wanted) + "\", got \"" + field(got) + '"';
}

}  // namespace detail

/// Throws FormatError, naming the first field that differs, unless the archive says that it belongs
/// to a model of this spec.
template <class Model>
void expect_spec(const file::Archive& archive) {
  const std::string wanted = describe(Model::spec);
  const std::string& got = archive.text("spec");
  if (got == wanted) return;
  throw FormatError("read: " + archive.origin() + ": metadata \"spec\" must have " +
                    detail::first_difference(wanted, got));
}

/// Throws NumberError, naming the tensor, if an element of a tree is not finite.
template <class T>
void expect_finite(const std::string& operation, const T& tree) {
  for (const auto& [leaf, array] : parts_of(tree).arrays) {
    if (is_finite(*array)) continue;
    throw NumberError(operation + ": tensor \"" + leaf.name + "\" must be finite");
  }
}

/// A model's parameters as an archive: its tensors by name, its spec as metadata.
///
/// \throws NumberError if an element is not finite; RangeError if it is too large for the type that
///         it is stored as.
template <class Model, Storage M>
[[nodiscard]] file::Archive params_archive(const typename Model::template Params<M>& params,
                                           file::As as = {}) {
  expect_finite("params_archive", params);
  file::Archive archive;
  archive.metadata["spec"] = describe(Model::spec);
  file::set_tree(archive, "", params, as);
  return archive;
}

/// The parameters of a model that an archive holds, and no other tensors.
///
/// \throws FormatError, saying where, if it is not of this model's spec, tensors and shapes;
///         NumberError if an element is not finite.
template <class Model, Storage M = Matrix<float>>
[[nodiscard]] typename Model::template Params<M> params_from(const file::Archive& archive) {
  expect_spec<Model>(archive);
  auto params = file::tree<M>(archive, "", Model::tensors());
  std::vector<std::string> names;
  file::append_names(names, "", params);
  archive.expect_names(std::move(names));
  expect_finite("read: " + archive.origin(), params);
  return params;
}

/// Reads the parameters of a model, and no other tensors.
///
/// \throws FileError if the file cannot be read; FormatError if it is not a well-formed safetensors
///         file; and as params_from.
template <class Model, Storage M = Matrix<float>>
[[nodiscard]] typename Model::template Params<M> read_params(const std::filesystem::path& path) {
  return params_from<Model, M>(file::read(path));
}

}  // namespace ttt
