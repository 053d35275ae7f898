// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/file/archive.hpp>
#include <ttt/file/json.hpp>
#include <ttt/file/tensor.hpp>
#include <ttt/file/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ttt::file {

namespace detail {

using Entry = Archive::Named<Tensor>::value_type;

/// The tensors in the order of their bytes: by dtype, then by name.
inline std::vector<const Entry*> laid_out(const Archive& archive) {
  std::vector<const Entry*> order;
  for (const Entry& entry : archive.tensors()) order.push_back(&entry);
  std::ranges::stable_sort(order, {}, [](const Entry* entry) { return entry->second.dtype; });
  return order;
}

/// The members of `__metadata__`.
///
/// \throws RangeError if one is not UTF-8
inline std::string write_metadata(const Archive& archive) {
  std::string members;
  for (const auto& [key, value] : archive.metadata) {
    if (utf8_prefix(key) != key.size()) {
      throw RangeError("serialise: the metadata's keys must be UTF-8, got " +
                       json::quoted(as_utf8(key)));
    }
    if (const std::size_t valid = utf8_prefix(value); valid != value.size()) {
      throw RangeError("serialise: metadata " + json::quoted(key) + " must be UTF-8, got " +
                       json::quoted(as_utf8(value)) + ", whose byte " + std::to_string(valid) +
                       " is not");
    }
    members += (members.empty() ? "" : ",") + json::quoted(key) + ':' + json::quoted(value);
  }
  return members;
}

/// The claim of a tensor whose bytes begin at `begin`; read_claim reads it.
inline std::string write_claim(const Tensor& tensor, std::size_t begin) {
  std::string extents;
  for (const Index extent : tensor.shape) {
    extents += (extents.empty() ? "" : ",") + std::to_string(extent);
  }
  return R"({"dtype":")" + std::string(describe(tensor.dtype).name) + R"(","shape":[)" + extents +
         R"(],"data_offsets":[)" + std::to_string(begin) + ',' +
         std::to_string(begin + tensor.bytes.size()) + "]}";
}

/// The header, filled with spaces up to a multiple of 8.
inline std::string write_header(const Archive& archive, std::span<const Entry* const> order) {
  std::string members;
  if (!archive.metadata.empty()) members = "\"__metadata__\":{" + write_metadata(archive) + '}';
  std::size_t begin = 0;
  for (const Entry* entry : order) {
    const auto& [name, tensor] = *entry;
    members += (members.empty() ? "" : ",") + json::quoted(name) + ':' + write_claim(tensor, begin);
    begin += tensor.bytes.size();
  }
  std::string header = '{' + members + '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return header;
}

}  // namespace detail

/// The bytes of a safetensors file, the same for equal archives.
///
/// The data begins at a multiple of 8, and the tensors lie by dtype, then by name, as the format's
/// own implementation has them.
///
/// \throws RangeError if the metadata is not UTF-8, or the header longer than a reader accepts
[[nodiscard]] inline std::vector<std::byte> serialise(const Archive& archive) {
  const std::vector<const detail::Entry*> order = detail::laid_out(archive);
  const std::string header = detail::write_header(archive, order);
  if (header.size() > longest_header) {
    throw RangeError("serialise: header length " + std::to_string(header.size()) + " is beyond " +
                     std::to_string(longest_header));
  }
  const std::uint64_t length = header.size();
  std::vector<std::byte> bytes;
  const auto append = [&](std::span<const std::byte> part) {
    bytes.insert(bytes.end(), part.begin(), part.end());
  };
  append(std::as_bytes(std::span(&length, 1)));
  append(std::as_bytes(std::span(header)));
  for (const detail::Entry* entry : order) append(entry->second.bytes);
  return bytes;
}

}  // namespace ttt::file
