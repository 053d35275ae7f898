// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>
#include <ttt/file/atomic.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

namespace support {

using Json = nlohmann::ordered_json;

namespace {

std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string Report::json(double number) { return dump(number); }

std::string Report::json(std::string_view text) { return dump(text); }

std::string Report::json(const Report& report) {
  std::string object;
  for (const auto& [name, value] : report.members_)
    object += (object.empty() ? "" : ",") + json(name) + ':' + value;
  return '{' + object + '}';
}

Report& Report::put(std::string_view name, std::string value) {
  const auto same = std::ranges::find(
      members_, name, [](const auto& member) -> std::string_view { return member.first; });
  if (same != members_.end()) {
    same->second = std::move(value);
  } else {
    members_.emplace_back(name, std::move(value));
  }
  return *this;
}

std::string Report::text() const { return dump(Json::parse(json(*this)), 2) + '\n'; }

void Report::write(const std::filesystem::path& path) const {
  const std::string json = text();
  ttt::file::write_atomically(path, std::as_bytes(std::span(json)));
}

Settings parse_settings(std::string_view json, std::string_view source) {
  const Json object = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) throw ttt::FormatError(std::string(source) + ": must be a JSON object");

  Settings settings;
  for (const auto& [name, value] : object.items()) {
    for (const Json& word : value.is_array() ? value : Json::array({value})) {
      if (!word.is_string() && !word.is_number() && !word.is_boolean())
        throw ttt::FormatError(std::string(source) + ": " + name +
                               " must be a number, a text, a truth value or a list, got " +
                               word.type_name());
      settings[name].push_back(word.is_string() ? word.get<std::string>() : dump(word));
    }
  }
  return settings;
}

}  // namespace support
