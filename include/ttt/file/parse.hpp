// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/file/archive.hpp>
#include <ttt/file/json.hpp>
#include <ttt/file/recognise.hpp>
#include <ttt/file/tensor.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace ttt::file {

namespace detail {

/// What the header says of one tensor.
struct Claim {
  DType dtype;
  std::vector<Index> shape;
  Index begin, end;  ///< in the data
};

/// The claim in `{"dtype": ..., "shape": ..., "data_offsets": ...}`.
///
/// \throws FormatError unless each is there once
inline Claim read_claim(json::Reader& in, const std::string& where) {
  const auto refuse = [&](const std::string& what) { throw FormatError(where + ": " + what); };
  std::optional<std::string> dtype_name;
  std::optional<std::vector<Index>> shape;
  std::optional<std::vector<Index>> offsets;
  const auto naturals = [&] {
    std::vector<Index> values;
    in.array([&] { values.push_back(in.natural()); });
    return values;
  };
  in.object([&](const std::string& key) {
    const auto once = [&](const auto& value) {
      if (value) refuse(key + " is there twice");
    };
    if (key == "dtype") {
      once(dtype_name);
      dtype_name = in.string();
    } else if (key == "shape") {
      once(shape);
      shape = naturals();
    } else if (key == "data_offsets") {
      once(offsets);
      offsets = naturals();
    } else {
      refuse("unknown key " + json::quoted(key));
    }
  });
  if (!dtype_name) refuse("dtype is missing");
  if (!shape) refuse("shape is missing");
  if (!offsets) refuse("data_offsets is missing");

  const std::optional<DType> dtype = dtype_named(*dtype_name);
  if (!dtype) refuse("unknown dtype " + json::quoted(*dtype_name));
  if (offsets->size() != 2) refuse("data_offsets must be [begin, end], got " + in_words(*offsets));
  return {.dtype = *dtype,
          .shape = *std::move(shape),
          .begin = offsets->front(),
          .end = offsets->back()};
}

/// Throws FormatError unless the offsets lie in the data and hold the shape.
inline void expect_sound(const Claim& claim, const std::string& where, Index data_size) {
  const auto& [dtype, shape, begin, end] = claim;
  const auto refuse = [&](const std::string& what) { throw FormatError(where + ": " + what); };
  if (begin > end) {
    refuse("data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) +
           "] run backwards");
  }
  if (end > data_size) {
    refuse("data_offsets end at " + std::to_string(end) + ", past the end of the data (" +
           std::to_string(data_size) + " bytes)");
  }
  const std::optional<Index> bytes = byte_count(dtype, shape);
  if (!bytes) refuse("shape " + in_words(shape) + " has too many elements");
  if (*bytes != end - begin) {
    refuse(std::string(describe(dtype).name) + ' ' + in_words(shape) + " takes " +
           std::to_string(*bytes) + " bytes, data_offsets hold " + std::to_string(end - begin));
  }
}

/// Throws FormatError unless every byte of the data belongs to exactly one tensor.
inline void expect_cover(const Archive::Named<Claim>& claims, const std::string& where,
                         Index data_size) {
  std::vector<const Archive::Named<Claim>::value_type*> order;
  order.reserve(claims.size());
  for (const auto& claim : claims) order.push_back(&claim);
  std::ranges::sort(order, {}, [](const auto* claim) {
    return std::tuple(claim->second.begin, claim->second.end);
  });
  const auto expect_no_hole = [&](Index from, Index to) {
    if (from == to) return;
    throw FormatError(where + ": bytes " + std::to_string(from) + " to " + std::to_string(to) +
                      " of the data belong to no tensor");
  };
  Index covered = 0;
  std::string_view last;
  for (const auto* claim : order) {
    const auto& [name, tensor] = *claim;
    if (tensor.begin < covered) {
      throw FormatError(where + ": tensors " + json::quoted(last) + " and " + json::quoted(name) +
                        " overlap");
    }
    expect_no_hole(covered, tensor.begin);
    covered = tensor.end;
    last = name;
  }
  expect_no_hole(covered, data_size);
}

/// A file's header and its data.
struct Parts {
  std::string_view header;
  std::span<const std::byte> data;
};

/// The parts of `bytes`: the header's length, the header, the data.
inline Parts split(std::span<const std::byte> bytes, const std::string& where) {
  const auto refuse = [&](const std::string& what) {
    const std::string kind(recognise(bytes));
    if (kind.empty()) throw FormatError(where + ": " + what);
    throw FormatError(where + ": must be a safetensors file, seems to be " + kind);
  };
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length) {
    refuse(bytes.empty() ? "the file is empty"
                         : std::to_string(bytes.size()) + " bytes are too few for a header");
  }
  std::memcpy(&length, bytes.data(), sizeof length);
  const std::span<const std::byte> rest = bytes.subspan(sizeof length);
  if (length > longest_header) {
    refuse("header length " + std::to_string(length) + " is beyond " +
           std::to_string(longest_header));
  }
  if (length > rest.size()) {
    refuse("header length " + std::to_string(length) + " is past the end of the file (" +
           std::to_string(bytes.size()) + " bytes)");
  }
  const std::string_view header(reinterpret_cast<const char*>(rest.data()), length);
  if (!header.starts_with('{')) refuse("the header does not begin with '{'");
  return {.header = header, .data = rest.subspan(length)};
}

}  // namespace detail

/// The archive in the bytes of a safetensors file; `origin` is the file that messages name.
///
/// The bytes are not trusted. Nothing is allocated on the word of the header alone, and all that is
/// held at any time stays below 16 times the size of `bytes`.
///
/// \throws FormatError if the bytes are anything but one well-formed file
[[nodiscard]] inline Archive parse(std::span<const std::byte> bytes,
                                   std::string_view origin = "archive") {
  const std::string where = "read: " + std::string(origin);
  const auto refuse = [&](const std::string& what) { throw FormatError(where + ": " + what); };
  const auto [header, data] = detail::split(bytes, where);
  const Index data_size = std::ssize(data);

  Archive archive{std::string(origin)};
  Archive::Named<detail::Claim> claims;
  bool described = false;
  json::Reader in(header, where + ": header");
  in.object([&](std::string name) {
    if (name == "__metadata__") {
      if (std::exchange(described, true)) refuse("__metadata__ is there twice");
      in.object([&](std::string key) {
        std::string value = in.string();
        const auto [at, added] = archive.metadata.try_emplace(std::move(key), std::move(value));
        if (!added) refuse("metadata " + json::quoted(at->first) + " is there twice");
      });
      return;
    }
    const std::string tensor = where + ": tensor " + json::quoted(name);
    if (claims.contains(name)) throw FormatError(tensor + " is there twice");
    detail::Claim claim = detail::read_claim(in, tensor);
    detail::expect_sound(claim, tensor, data_size);
    claims.emplace(std::move(name), std::move(claim));
  });
  in.end();
  detail::expect_cover(claims, where, data_size);

  while (!claims.empty()) {
    auto claim = claims.extract(claims.begin());
    auto& [dtype, shape, begin, end] = claim.mapped();
    const auto own =
        data.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    archive.set(
        std::move(claim.key()),
        Tensor{.dtype = dtype, .shape = std::move(shape), .bytes = {own.begin(), own.end()}});
  }
  return archive;
}

}  // namespace ttt::file
