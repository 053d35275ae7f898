// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>
#include <ttt/measure/loss_by_position.hpp>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "support/report.hpp"

namespace compare {

using namespace ttt;

/// Held-out loss in the course of training.
struct CurvePoint {
  Index tokens;  ///< trained on
  double nats;   ///< a byte

  friend bool operator==(const CurvePoint&, const CurvePoint&) = default;
};

/// What came of asking for needles of one task in texts of one length.
struct RecallRow {
  std::string task;  ///< s_niah_1, s_niah_2 or s_niah_3
  Index length = 0;  ///< bytes of prompt and answer, at most
  Index samples = 0;
  Index right = 0;          ///< answers that have the value in them
  Index in_window = 0;      ///< prompts whose value is in the window when the answer begins
  Index control = 0;        ///< samples without their needle; 0 where none was tried
  Index control_right = 0;  ///< of those

  friend bool operator==(const RecallRow&, const RecallRow&) = default;
};

/// What is varied in an ablation, and its value here.
struct Varied {
  std::string what;
  Index value = 0;

  friend bool operator==(const Varied&, const Varied&) = default;
};

/// What was measured of one system under one seed.
struct Cell {
  std::string system;  ///< its name
  std::string title;   ///< in tables
  std::uint64_t seed = 1;
  std::string setting;  ///< everything else that decides the numbers, in words
  std::string spec;     ///< of the model, in words
  Index parameters = 0;
  bool base = true;  ///< in the main table
  std::vector<Varied> ablations{};
  std::vector<CurvePoint> curve{};
  std::vector<measure::Bin> positions{};
  std::vector<RecallRow> recall{};
  Index memory_bytes = 0;  ///< of a session behind the longest text

  /// The loss of all bytes from `first` on, in nats a byte.
  [[nodiscard]] double loss_from(Index first) const {
    measure::Bin all{.begin = first, .end = first};
    for (const measure::Bin& bin : positions) {
      if (bin.begin < first) continue;
      all.bytes += bin.bytes;
      all.nats += bin.nats;
    }
    return all.nats_per_byte();
  }
};

/// The cell as JSON.
[[nodiscard]] inline support::Report report_of(const Cell& cell) {
  const auto rows = [](const auto& from, auto&& row) {
    std::vector<support::Report> all;
    all.reserve(from.size());
    for (const auto& one : from) all.push_back(row(one));
    return all;
  };
  support::Report report;
  report.set("system", cell.system)
      .set("title", cell.title)
      .set("seed", cell.seed)
      .set("setting", cell.setting)
      .set("spec", cell.spec)
      .set("parameters", cell.parameters)
      .set("base", cell.base)
      .set("ablations",
           rows(cell.ablations,
                [](const Varied& varied) {
                  return support::Report().set("varied", varied.what).set("value", varied.value);
                }))
      .set("curve", rows(cell.curve,
                         [](const CurvePoint& point) {
                           return support::Report()
                               .set("tokens", point.tokens)
                               .set("nats_per_byte", point.nats);
                         }))
      .set("positions", rows(cell.positions,
                             [](const measure::Bin& bin) {
                               return support::Report()
                                   .set("begin", bin.begin)
                                   .set("end", bin.end)
                                   .set("bytes", bin.bytes)
                                   .set("nats", bin.nats)
                                   .set("nats_per_byte", bin.nats_per_byte())
                                   .set("bits_per_byte", bin.bits_per_byte());
                             }))
      .set("recall", rows(cell.recall,
                          [](const RecallRow& row) {
                            return support::Report()
                                .set("task", row.task)
                                .set("length", row.length)
                                .set("samples", row.samples)
                                .set("right", row.right)
                                .set("in_window", row.in_window)
                                .set("control", row.control)
                                .set("control_right", row.control_right);
                          }))
      .set("memory_bytes", cell.memory_bytes);
  return report;
}

/// Reads a cell back.
///
/// \throws FileError if it cannot be read; FormatError if it is no cell.
[[nodiscard]] inline Cell read_cell(const std::filesystem::path& path) {
  const std::string text = data::read_text(path);
  try {
    const auto json = nlohmann::json::parse(text);
    Cell cell{.system = json.at("system"),
              .title = json.at("title"),
              .seed = json.at("seed"),
              .setting = json.at("setting"),
              .spec = json.at("spec"),
              .parameters = json.at("parameters"),
              .base = json.at("base"),
              .memory_bytes = json.at("memory_bytes")};
    for (const auto& varied : json.at("ablations")) {
      cell.ablations.push_back({varied.at("varied"), varied.at("value")});
    }
    for (const auto& point : json.at("curve")) {
      cell.curve.push_back({point.at("tokens"), point.at("nats_per_byte")});
    }
    for (const auto& bin : json.at("positions")) {
      const Index bytes = bin.at("bytes");
      cell.positions.push_back({.begin = bin.at("begin"),
                                .end = bin.at("end"),
                                .tokens = bytes,
                                .bytes = bytes,
                                .nats = bin.at("nats")});
    }
    for (const auto& row : json.at("recall")) {
      cell.recall.push_back({.task = row.at("task"),
                             .length = row.at("length"),
                             .samples = row.at("samples"),
                             .right = row.at("right"),
                             .in_window = row.at("in_window"),
                             .control = row.at("control"),
                             .control_right = row.at("control_right")});
    }
    return cell;
  } catch (const nlohmann::json::exception& error) {
    throw FormatError("read_cell: " + path.string() + ": " + error.what());
  }
}

}  // namespace compare
