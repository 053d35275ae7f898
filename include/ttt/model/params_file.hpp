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

/// Throws FormatError unless the archive says that it belongs to a model of this spec.
template <class Model>
void expect_spec(const file::Archive& archive) {
  const std::string wanted = describe(Model::spec);
  if (archive.text("spec") != wanted) {
    throw FormatError("read: metadata \"spec\" must be \"" + wanted + "\", got \"" +
                      archive.text("spec") + '"');
  }
}

/// A model's parameters as an archive: its tensors by name, its spec as metadata.
template <class Model, class S>
[[nodiscard]] file::Archive params_archive(const typename Model::template Params<Matrix<S>>& params,
                                           file::As as = {}) {
  file::Archive archive;
  archive.metadata["spec"] = describe(Model::spec);
  file::set_tree(archive, "", params, as);
  return archive;
}

/// Reads the parameters of a model, and no other tensors.
///
/// \throws FileError if the file cannot be read; FormatError, saying where, if it is not a
///         well-formed safetensors file of this model's spec, tensors and shapes.
template <class Model, class S = float>
[[nodiscard]] typename Model::template Params<Matrix<S>> read_params(
    const std::filesystem::path& path) {
  const file::Archive archive = file::read(path);
  expect_spec<Model>(archive);
  auto params = file::tree<S>(archive, "", Model::tensors());
  std::vector<std::string> names;
  file::append_names(names, "", params);
  archive.expect_names(std::move(names));
  return params;
}

}  // namespace ttt
