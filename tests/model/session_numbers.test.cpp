// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/memory_file.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "laws/session.hpp"

namespace {

using namespace ttt;
using laws::Small;
using M = Matrix<float>;
using Reading = Session<Small>;

constexpr Index chunk = Small::spec.chunk;
constexpr float infinite = std::numeric_limits<float>::infinity();
constexpr float none = std::numeric_limits<float>::quiet_NaN();
const std::filesystem::path file =
    std::filesystem::temp_directory_path() / "ttt_session_numbers.safetensors";

std::vector<Token> text(Index count) {
  Random random(3);
  return laws::drawn_tokens(count, Small::spec.vocab, random);
}

/// Reads until a number is not finite; returns the message.
template <class Reader>
std::string message_of(Reader& session, std::span<const Token> tokens) {
  try {
    session.read(tokens);
  } catch (const NumberError& error) {
    return error.what();
  }
  return "read";
}

/// Reads in parts of `part` tokens until one is refused: nothing of it changes the session, which
/// goes on from its file.
void check_refusal(double rate, std::size_t part, const std::string& message) {
  CAPTURE(rate);
  CAPTURE(part);
  const auto params = laws::lively_params<Small, float>(1);
  const Reading::Options options{.inner = {.optimiser = {.rate = rate, .max_norm = 0}}};
  const auto tokens = text(8 * chunk);
  Reading session(params, options);
  for (std::span rest(tokens); !rest.empty();) {
    const auto count = std::min(part, rest.size());
    const Reading before = session;
    const std::string said = message_of(session, rest.first(count));
    if (said != "read") {
      CHECK(said == message);
      if (session.position() == before.position()) laws::check_equal(session, before);
      CHECK(session.position() % chunk == 0);
      save_memory(file, session);
      auto restored = load_memory<Small>(file, params, options);
      laws::check_equal(restored, session);
      if (count > static_cast<std::size_t>(chunk)) return;  // learned from in this call
      CHECK(message_of(session, rest.subspan(count - 1)) != "read");
      CHECK(session.state().fast == fast_weights(params));
      Reading frozen = Reading(params, {.learning = Learning::off}).continued(session.state());
      CHECK(frozen.read(rest).size() == rest.size());
      return;
    }
    rest = rest.subspan(count);
  }
  FAIL("nothing was refused");
}

TEST_SUITE("model") {
  TEST_CASE("A step after which a surprisal is not finite is refused, and is not taken") {
    for (const std::size_t part : {1U, 3U}) {
      check_refusal(1e38, part, "Session.read: the logits behind token 5 are not finite");
    }
    for (const std::size_t part : {5U, 40U}) {
      check_refusal(1e38, part, "Session.read: the surprisal of token 6 is not finite");
    }
  }

  TEST_CASE("A step after which a fast weight is not finite is refused, and is not taken") {
    for (const std::size_t part : {1U, 3U, 5U, 40U}) {
      check_refusal(1e60, part,
                    "Session.read: the step behind token 4 makes a fast weight infinite or no "
                    "number");
    }
  }

  TEST_CASE("A session that does not learn keeps its memory when a surprisal is not finite") {
    auto params = laws::lively_params<Small, float>(1);
    Reading good(params, {.learning = Learning::off});
    good.read(text(7));
    params.head = {};
    params.norm.weight(0, 0) = infinite;
    Reading session = Reading(params, {.learning = Learning::off}).continued(good.state());
    const Reading before = session;
    CHECK(message_of(session, text(2)) == "Session.read: the surprisal of token 8 is not finite");
    laws::check_equal(session, before);
    CHECK(message_of(session, text(1)) == "Session.read: the logits behind token 7 are not finite");
    laws::check_equal(session, before);
  }

  TEST_CASE("Parameters that are not finite are neither written nor read") {
    for (const float number : {infinite, -infinite, none}) {
      CAPTURE(number);
      auto params = laws::lively_params<Small, float>(1);
      file::Archive archive = params_archive<Small, M>(params);
      params.norm.weight(0, 3) = number;
      CHECK_THROWS_WITH_AS(static_cast<void>(params_archive<Small, M>(params)),
                           "params_archive: tensor \"model.ln_f.weight\" must be finite",
                           NumberError);
      archive.set("model.ln_f.weight", params.norm.weight);
      file::write(file, archive);
      CHECK_THROWS_WITH_AS(
          static_cast<void>(read_params<Small>(file)),
          ("read: " + file.string() + ": tensor \"model.ln_f.weight\" must be finite").c_str(),
          NumberError);
    }
  }

  TEST_CASE("A parameter may be as large as its type allows") {
    auto params = laws::lively_params<Small, float>(1);
    params.norm.weight(0, 3) = std::numeric_limits<float>::max();
    file::write(file, params_archive<Small, M>(params));
    CHECK(read_params<Small>(file).norm.weight == params.norm.weight);
    std::filesystem::remove(file);
  }
}

}  // namespace
