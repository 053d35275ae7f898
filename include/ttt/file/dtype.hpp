// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/cpu/half.hpp>
#include <ttt/decimal.hpp>
#include <ttt/error.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ttt::file {

static_assert(std::endian::native == std::endian::little,
              "the bytes of a tensor are little-endian");

/// The element types of a tensor on disk, in the order in which the format's own writer lays them
/// out: wide before narrow, so that every tensor starts at a multiple of its element's size.
enum class DType { u64, i64, f64, f32, u32, i32, bf16, f16, u16, i16, i8, u8, boolean };

/// What an element type is.
struct DTypeInfo {
  std::string_view name;  ///< as the header spells it
  Index bytes;            ///< of one element
  bool real;              ///< holds fractions; otherwise an integer
};

/// The element types, by their position in DType.
inline constexpr std::array<DTypeInfo, 13> dtypes{{
    {.name = "U64", .bytes = 8, .real = false},
    {.name = "I64", .bytes = 8, .real = false},
    {.name = "F64", .bytes = 8, .real = true},
    {.name = "F32", .bytes = 4, .real = true},
    {.name = "U32", .bytes = 4, .real = false},
    {.name = "I32", .bytes = 4, .real = false},
    {.name = "BF16", .bytes = 2, .real = true},
    {.name = "F16", .bytes = 2, .real = true},
    {.name = "U16", .bytes = 2, .real = false},
    {.name = "I16", .bytes = 2, .real = false},
    {.name = "I8", .bytes = 1, .real = false},
    {.name = "U8", .bytes = 1, .real = false},
    {.name = "BOOL", .bytes = 1, .real = false},
}};

/// What `dtype` means.
[[nodiscard]] constexpr const DTypeInfo& describe(DType dtype) {
  return dtypes[static_cast<std::size_t>(dtype)];
}

/// The type spelled `name`, or nothing.
[[nodiscard]] constexpr std::optional<DType> dtype_named(std::string_view name) {
  for (std::size_t i = 0; i < dtypes.size(); ++i) {
    if (dtypes[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

/// The type that holds every S.
template <std::floating_point S>
inline constexpr DType dtype_of = std::same_as<S, float> ? DType::f32 : DType::f64;

/// Calls `use` with a zero of the element type behind `dtype`.
///
/// \pre `dtype` is real
template <class Use>
void with_real(DType dtype, Use use) {
  if (dtype == DType::f64) use(double{});
  if (dtype == DType::f32) use(float{});
  if (dtype == DType::bf16) use(cpu::BFloat16{});
  if (dtype == DType::f16) use(cpu::Half{});
}

/// Calls `use` with a zero of the element type behind `dtype`.
///
/// \pre `dtype` is not real
template <class Use>
void with_integer(DType dtype, Use use) {
  if (dtype == DType::u64) use(std::uint64_t{});
  if (dtype == DType::i64) use(std::int64_t{});
  if (dtype == DType::u32) use(std::uint32_t{});
  if (dtype == DType::i32) use(std::int32_t{});
  if (dtype == DType::u16) use(std::uint16_t{});
  if (dtype == DType::i16) use(std::int16_t{});
  if (dtype == DType::i8) use(std::int8_t{});
  if (dtype == DType::u8 || dtype == DType::boolean) use(std::uint8_t{});
}

/// Rounds to float so that a second rounding, to 16 bits, is correct: an inexact result is odd.
///
/// \source Boldo and Melquiond 2008, "Emulation of FMA and Correctly Rounded Sums: Proved
///         Algorithms Using Rounding to Odd"
[[nodiscard]] inline float round_to_odd(double value) {
  const float nearest = static_cast<float>(value);
  const double back = nearest;
  if (back == value || std::isnan(value)) return nearest;
  const bool away_from_zero = std::abs(back) > std::abs(value);
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(nearest) - (away_from_zero ? 1U : 0U)) |
                              1U);
}

/// The nearest Element to `value`, ties to even; NaN stays NaN, and what is too large becomes
/// infinite.
template <class Element>
[[nodiscard]] Element rounded(double value) {
  if constexpr (std::floating_point<Element>) {
    return static_cast<Element>(value);
  } else {
    return static_cast<Element>(round_to_odd(value));
  }
}

/// The bytes of `values` as `dtype`.
///
/// \pre `dtype` is real
/// \throws RangeError if a finite value is too large for it.
template <std::floating_point S>
[[nodiscard]] std::vector<std::byte> encode(std::span<const S> values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * static_cast<std::size_t>(describe(dtype).bytes));
  with_real(dtype, [&](auto element) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      element = rounded<decltype(element)>(values[i]);
      if (std::isfinite(values[i]) && !std::isfinite(static_cast<double>(element))) {
        throw RangeError("encode: " + decimal(values[i]) + " is too large for " +
                         std::string(describe(dtype).name));
      }
      std::memcpy(bytes.data() + i * sizeof element, &element, sizeof element);
    }
  });
  return bytes;
}

static_assert(describe(DType::boolean).name == "BOOL");
static_assert(dtype_named("BF16") == DType::bf16);

}  // namespace ttt::file
