// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>
#include <ttt/random.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace recall {

using namespace ttt;

namespace detail {

/// None of them a word of a key.
inline constexpr std::array<std::string_view, 32> value_words{
    "harvest", "thimble", "compass", "meadow",  "rafter", "sparrow", "trellis", "granite",
    "bonnet",  "cinder",  "furrow",  "hatchet", "ladder", "mitten",  "parsley", "quiver",
    "satchel", "turnip",  "vessel",  "whistle", "apron",  "barrel",  "cobbler", "drawer",
    "fiddle",  "gravel",  "heron",   "inkwell", "jasper", "lobster", "mustard", "spindle"};
inline constexpr std::array<std::string_view, 12> months{
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
inline constexpr std::array<std::string_view, 16> first_names{
    "Maria", "Henrik", "Aisha",  "Tomas", "Yuki", "Grace", "Pavel", "Ingrid",
    "Omar",  "Lucia",  "Walter", "Mei",   "Ravi", "Nadia", "Oscar", "Helen"};
inline constexpr std::array<std::string_view, 16> last_names{
    "Lindqvist", "Okafor",  "Tanaka", "Moreau", "Fischer", "Novak",   "Sharma", "Castillo",
    "Petersen",  "Rossini", "Walsh",  "Kowal",  "Haddad",  "Bergman", "Ortega", "Whitmore"};

/// One of a list, each as likely.
template <class List>
[[nodiscard]] std::string one_of(Random& random, const List& list) {
  return std::string(list[static_cast<std::size_t>(random.below(std::ssize(list)))]);
}

/// So many characters of an alphabet.
[[nodiscard]] inline std::string characters(Random& random, std::string_view alphabet,
                                            Index count) {
  std::string text;
  for (Index i = 0; i < count; ++i) {
    text += alphabet[static_cast<std::size_t>(random.below(std::ssize(alphabet)))];
  }
  return text;
}

/// A number of so many digits, the first of them not 0.
template <Index Count>
[[nodiscard]] std::string digits(Random& random) {
  const std::string first = characters(random, "123456789", 1);
  return first + characters(random, "0123456789", Count - 1);
}

[[nodiscard]] inline std::string hexadecimal(Random& random) {
  return characters(random, "0123456789abcdef", 16);
}

[[nodiscard]] inline std::string uuid(Random& random) {
  std::string text;
  for (const Index count : {8, 4, 4, 4, 12}) {
    text += (text.empty() ? "" : "-") + characters(random, "0123456789abcdef", count);
  }
  return text;
}

[[nodiscard]] inline std::string word(Random& random) { return one_of(random, value_words); }

[[nodiscard]] inline std::string date(Random& random) {
  const std::string day = std::to_string(1 + random.below(28));
  const std::string month = one_of(random, months);
  return day + ' ' + month + ' ' + std::to_string(1900 + random.below(150));
}

[[nodiscard]] inline std::string phone(Random& random) {
  std::string text = '+' + digits<2>(random);
  for (const Index count : {3, 3, 4}) text += ' ' + characters(random, "0123456789", count);
  return text;
}

[[nodiscard]] inline std::string name(Random& random) {
  const std::string first = one_of(random, first_names);
  return first + ' ' + one_of(random, last_names);
}

[[nodiscard]] inline std::string passphrase(Random& random) {
  std::string text = word(random);
  for (int i = 0; i < 3; ++i) text += ' ' + word(random);
  return text;
}

[[nodiscard]] inline std::string money(Random& random) {
  const std::string thousands = std::to_string(1 + random.below(99));
  const std::string rest = characters(random, "0123456789", 3);
  return '$' + thousands + ',' + rest + '.' + characters(random, "0123456789", 2);
}

}  // namespace detail

/// A kind of value that can be hidden.
struct ValueKind {
  std::string_view name;
  std::string_view noun;         ///< what a sentence calls it: the models know these two
  std::string (*draw)(Random&);  ///< one of them
  bool trained = false;          ///< whether texts to be trained on hide such values
};

/// Values as in training, and of other lengths, alphabets and forms. All but UUIDs are called a
/// number, so that only the value itself is unlike those of training.
inline constexpr std::array<ValueKind, 12> value_kinds{{
    {.name = "digits_4", .noun = "number", .draw = detail::digits<4>},
    {.name = "digits_7", .noun = "number", .draw = detail::digits<7>, .trained = true},
    {.name = "digits_10", .noun = "number", .draw = detail::digits<10>},
    {.name = "digits_16", .noun = "number", .draw = detail::digits<16>},
    {.name = "hexadecimal_16", .noun = "number", .draw = detail::hexadecimal},
    {.name = "uuid", .noun = "uuid", .draw = detail::uuid, .trained = true},
    {.name = "word", .noun = "number", .draw = detail::word},
    {.name = "date", .noun = "number", .draw = detail::date},
    {.name = "phone_number", .noun = "number", .draw = detail::phone},
    {.name = "name", .noun = "number", .draw = detail::name},
    {.name = "passphrase", .noun = "number", .draw = detail::passphrase},
    {.name = "money", .noun = "number", .draw = detail::money},
}};

/// The kind of that name.
///
/// \throws RangeError if there is none.
[[nodiscard]] constexpr const ValueKind& value_kind(std::string_view name) {
  const auto* const found = std::ranges::find(value_kinds, name, &ValueKind::name);
  if (found == value_kinds.end()) {
    throw RangeError("value_kind: name must be that of a kind, got " + std::string(name));
  }
  return *found;
}

}  // namespace recall
