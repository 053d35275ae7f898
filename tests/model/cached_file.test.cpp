// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/memory_file.hpp>
#include <ttt/model/params_file.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "laws/cached_texts.hpp"

namespace {

using namespace ttt;
using Model = laws::Keeping;
using Reader = Session<Model>;
using M = Matrix<float>;
using Table = Matrix<double>;

constexpr ModelSpec spec = Model::spec;
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double none = std::numeric_limits<double>::quiet_NaN();
const std::string part = "memory.model.h.blocks.1.seq_modeling_block.";

std::vector<Token> text(Index length) {
  Random random(1);
  return laws::drawn_tokens(length, spec.vocab, random);
}

/// A session whose caches are full, in the middle of a chunk.
struct InMidChunk {
  Model::Params<M> params = laws::lively_params<Model, float>(1);
  Reader session{params};

  InMidChunk() { session.read(text(9 * spec.chunk + 2)); }
};

/// Six entries that a session can have, a row for each.
Table entries() {
  const InMidChunk saved;
  const auto kept = laws::cached_entries(std::get<1>(saved.session.state().memory.stages)[0]);
  REQUIRE(kept.size() == 6);
  Table table(6, 12);
  for (Index n = 0; n < 6; ++n) {
    const Entry& e = at(kept, n);
    table.row(n) << static_cast<double>(e.position), e.surprisal, e.keep, e.signal, e.attended,
        static_cast<double>(e.readers), static_cast<double>(e.attended_at),
        static_cast<double>(e.now), static_cast<double>(e.insertions), e.log_retention,
        e.attended_in_chunk, e.attended_last;
  }
  return table;
}

void check_refused(const std::string& name, const auto& array, const std::string& why) {
  const InMidChunk saved;
  file::Archive archive = memory_archive(saved.session);
  archive.set(name, array);
  CAPTURE(name);
  CHECK_THROWS_WITH_AS(static_cast<void>(session_from<Model>(archive, saved.params)), why.c_str(),
                       FormatError);
}

/// The six entries, with one number in another's place.
void check_entry_refused(Index row, Index col, double number, const std::string& why) {
  Table table = entries();
  table(row, col) = number;
  CAPTURE(row);
  CAPTURE(col);
  check_refused(part + "cache.entries", table, why);
}

M ones(Index rows, Index cols) { return M::Ones(rows, cols); }

TEST_SUITE("model") {
  TEST_CASE("a memory whose cache has rows that do not fit is refused") {
    check_refused(part + "cache.entries", Table(entries().topRows(5)),
                  "read: archive: memory: CachedWindow: cache.keys must be [5, 8], got [6, 8]");
    check_refused(part + "cache.keys", ones(5, 8),
                  "read: archive: memory: CachedWindow: cache.keys must be [6, 8], got [5, 8]");
    check_refused(part + "cache.values", ones(7, 8),
                  "read: archive: memory: CachedWindow: cache.values must be [6, 8], got [7, 8]");
    check_refused(part + "cache.keep", ones(2, 1),
                  "read: archive: memory: CachedWindow: cache.keep must be [6, 1], got [2, 1]");
    check_refused(part + "keep", ones(3, 1),
                  "read: archive: memory: CachedWindow: keep must be [12, 1], got [3, 1]");
    check_refused(part + "values", ones(9, 8),
                  "read: archive: memory: CachedWindow: values must be [12, 8], got [9, 8]");
    const InMidChunk saved;
    file::Archive archive = memory_archive(saved.session);
    for (const auto& [name, cols] : {std::pair{"keys", 8}, {"values", 8}, {"keep", 1}}) {
      archive.set(part + name, ones(15, cols));
    }
    CHECK_THROWS_AS(static_cast<void>(session_from<Model>(archive, saved.params)), FormatError);
  }

  TEST_CASE("a memory whose cache has more entries than slots is refused") {
    const InMidChunk saved;
    file::Archive archive = memory_archive(saved.session);
    Table table = Table::Zero(7, 12);
    for (Index n = 0; n < 7; ++n) table(n, 0) = static_cast<double>(n);
    archive.set(part + "cache.entries", table);
    for (const auto& [name, cols] : {std::pair{"keys", 8}, {"values", 8}, {"keep", 1}}) {
      archive.set(part + "cache." + name, ones(7, cols));
    }
    CHECK_THROWS_WITH_AS(static_cast<void>(session_from<Model>(archive, saved.params)),
                         "read: archive: memory: CachedWindow: entries must be at most 6, got 7",
                         FormatError);
  }

  TEST_CASE("a memory whose entries do not rise, or have not left the window, is refused") {
    const auto rise = [](Index got, Index behind) {
      return "read: archive: memory: CachedWindow: positions of entries must rise below 30, got " +
             std::to_string(got) + " behind " + std::to_string(behind);
    };
    const Table table = entries();
    const auto position = [&](Index row) { return static_cast<Index>(table(row, 0)); };
    check_entry_refused(3, 0, table(2, 0), rise(position(2), position(2)));
    check_entry_refused(0, 0, table(1, 0), rise(position(1), position(1)));
    check_entry_refused(5, 0, 30, rise(30, position(4)));
    check_entry_refused(5, 0, 38, rise(38, position(4)));
    check_entry_refused(5, 0, 1e9, rise(1000000000, position(4)));
  }

  TEST_CASE("a memory whose entries are no numbers, or count in none, is refused") {
    const std::string table = "read: archive: tensor \"" + part + "cache.entries\": metadata must ";
    for (Index col = 0; col < 12; ++col) {
      for (const double number : {infinite, -infinite, none}) {
        check_entry_refused(2, col, number, table + "be finite");
      }
    }
    for (const Index col : {0, 5, 6, 7, 8}) {
      for (const double number : {-1.0, 0.5, 0x1p53}) {
        check_entry_refused(2, col, number,
                            table + "count in whole numbers, got " + std::to_string(number));
      }
    }
  }

  TEST_CASE("a memory with other tokens than those of the window is refused") {
    using Observing = laws::Observing;
    const auto params = laws::lively_params<Observing, float>(1);
    Session<Observing> session(params);
    std::vector<Token> known = text(9 * Observing::spec.chunk + 2);
    for (Token& token : known) token %= static_cast<Token>(Observing::spec.vocab);
    session.read(known);
    const auto refused = [&](const Table& recent, const std::string& why) {
      file::Archive archive = memory_archive(session);
      archive.set(part + "recent", recent);
      CHECK_THROWS_WITH_AS(static_cast<void>(session_from<Observing>(archive, params)),
                           ("read: archive: memory: CachedWindow: " + why).c_str(), FormatError);
    };
    Table recent = Table::Zero(10, 12);
    for (Index n = 0; n < 10; ++n) recent(n, 0) = static_cast<double>(28 + n);
    file::Archive archive = memory_archive(session);
    archive.set(part + "recent", recent);
    CHECK_NOTHROW(static_cast<void>(session_from<Observing>(archive, params)));
    refused(Table(recent.topRows(9)), "recent must have 10 entries, got 9");
    recent(3, 0) = 32;
    refused(recent, "positions of recent must be those before 38, got 32");
  }

  TEST_CASE("a memory whose cache has another form, or is not finite, is refused") {
    const InMidChunk saved;
    const auto refused = [&](const std::string& name, const auto& array) {
      file::Archive archive = memory_archive(saved.session);
      archive.set(name, array);
      CAPTURE(name);
      CHECK_THROWS_AS(static_cast<void>(session_from<Model>(archive, saved.params)), FormatError);
    };
    refused(part + "cache.entries", Table(entries().leftCols(11)));
    refused(part + "cache.entries", ones(6, 12));  // that do not rise
    refused(part + "cache.keys", ones(6, 7));
    refused(part + "cache.keep", ones(6, 2));
    refused(part + "cache.keys", M(M::Constant(6, 8, static_cast<float>(none))));
    refused(part + "cache.values", M(M::Constant(6, 8, static_cast<float>(infinite))));
    refused(part + "cache.keep", M(M::Constant(6, 1, static_cast<float>(none))));
    refused(part + "cache.nothing", ones(6, 1));
    refused("model.h.blocks.0.seq_modeling_block.cache.keys", ones(6, 8));
    refused(part + "surprisal", Table(Table::Ones(9, 1)));
    refused(part + "surprisal", Table(Table::Ones(38, 2)));
    refused(part + "surprisal", Table(Table::Constant(38, 1, none)));
    refused("surprisal", Table(Table::Ones(38, 1)));
  }

  TEST_CASE("a memory with more or less of the window than its chunk has is refused") {
    using Other = laws::Signalling;
    const auto params = laws::lively_params<Other, float>(2);
    const auto tokens = text(9 * Other::spec.chunk + 2);
    Session<Other> session(params);
    std::vector<Token> known(tokens);
    for (Token& token : known) token %= static_cast<Token>(Other::spec.vocab);
    session.read(known);
    for (const Index rows : {1, 5, 9, 11, 12}) {
      file::Archive archive = memory_archive(session);
      for (const char* name : {"keys", "values"}) archive.set(part + name, ones(rows, 6));
      CHECK_THROWS_WITH_AS(static_cast<void>(session_from<Other>(archive, params)),
                           ("read: archive: memory: CachedWindow: keys must be [10, 6], got [" +
                            std::to_string(rows) + ", 6]")
                               .c_str(),
                           FormatError);
    }
  }

  TEST_CASE("a file of parameters has the gates of a model whose caches are gated, and no others") {
    using Gated = laws::Gating;
    using Plain = CachedTttE2e<spec, 2, 1, Cache<5, evict::LowestKeepScore>>;
    const auto file = std::filesystem::temp_directory_path() / "ttt_gates.safetensors";
    const std::string gate = "model.h.blocks.1.seq_modeling_block.gate.weight";
    const auto params = laws::lively_params<Gated, float>(3);
    file::write(file, params_archive<Gated, M>(params));
    const auto back = read_params<Gated>(file);
    for_each_array([](const Leaf&, const M& a, const M& b) { CHECK(a == b); }, params, back);
    CHECK_THROWS_WITH_AS(
        static_cast<void>(read_params<Plain>(file)),
        ("read: " + file.string() + ": unexpected tensors \"" + gate + '"').c_str(), FormatError);
    file::write(file, params_archive<Plain, M>(laws::lively_params<Plain, float>(3)));
    CHECK_NOTHROW(static_cast<void>(read_params<Plain>(file)));
    CHECK_THROWS_WITH_AS(
        static_cast<void>(read_params<Gated>(file)),
        ("read: " + file.string() + ": tensor \"" + gate + "\" is missing").c_str(), FormatError);
    std::filesystem::remove(file);
  }

  TEST_CASE("a memory of a cache is refused by a model with another cache") {
    const InMidChunk saved;
    const file::Archive archive = memory_archive(saved.session);
    using Smaller = CachedTttE2e<spec, 3, 2, Cache<5, evict::LowestKeepScore>>;
    const auto params = laws::lively_params<Smaller, float>(1);
    CHECK_THROWS_WITH_AS(static_cast<void>(session_from<Smaller>(archive, params)),
                         "read: archive: memory: CachedWindow: entries must be at most 5, got 6",
                         FormatError);
  }
}

}  // namespace
