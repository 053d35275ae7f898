// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// What a program found, as a JSON object whose members keep the order they were set in.
///
///   Report report;
///   report.set("loss", 1.25).set("books", titles).set("bins", std::vector<Report>{...});
///   report.write("result.json");
///
/// A value is a number, a truth value, a text, another Report, or a range of any of these. A number
/// that is not finite becomes null; bytes that are not UTF-8 become U+FFFD.
class Report {
 public:
  /// Sets a member; one of the same name is replaced.
  template <class T>
  Report& set(std::string_view name, const T& value) {
    return put(name, json(value));
  }

  /// The object as JSON, indented by two, with a newline at the end.
  [[nodiscard]] std::string text() const;

  /// Writes `text()` so that the file is there whole or not at all.
  ///
  /// \throws ttt::FileError if it cannot be written.
  void write(const std::filesystem::path& path) const;

 private:
  Report& put(std::string_view name, std::string value);

  static std::string json(double number);
  static std::string json(std::string_view text);
  static std::string json(const Report& report);
  static std::string json(const std::string& text) { return json(std::string_view(text)); }
  static std::string json(const char* text) { return json(std::string_view(text)); }
  static std::string json(std::integral auto value) {
    if constexpr (std::same_as<decltype(value), bool>) return value ? "true" : "false";
    return std::to_string(value);
  }

  template <std::ranges::input_range Values>
  static std::string json(const Values& values) {
    std::string array;
    for (const auto& value : values) array += (array.empty() ? "" : ",") + json(value);
    return '[' + array + ']';
  }

  std::vector<std::pair<std::string, std::string>> members_;  // name, value as JSON
};

/// Settings by name, each the words that would stand on a command line: `{"width", {"256"}}`.
using Settings = std::map<std::string, std::vector<std::string>>;

/// Reads settings from a JSON object whose members are numbers, texts, truth values, or lists of
/// them.
///
/// \throws ttt::FormatError if `json` is anything else; the message begins with `source`.
[[nodiscard]] Settings parse_settings(std::string_view json, std::string_view source);

}  // namespace support
