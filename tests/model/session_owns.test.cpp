// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/memory_file.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "laws/session.hpp"

namespace {

using namespace ttt;
using laws::Small;
using M = Matrix<float>;
using Params = Small::Params<M>;

std::vector<Token> text(Index count) {
  Random random(5);
  return laws::drawn_tokens(count, Small::spec.vocab, random);
}

// What is freed too early is found by the address sanitizer.
TEST_SUITE("model") {
  TEST_CASE("A session made from a temporary of parameters owns them, and so does its copy") {
    const Params params = Small::initial(1);
    Session<Small> borrowing(params);
    const auto expected = borrowing.read(text(23));
    std::optional<Session<Small>> owning(Session<Small>(Small::initial(1)));
    Session<Small> copy = *owning;
    CHECK(owning->read(text(23)) == expected);
    Session<Small> later = owning->continued(copy.state());
    owning.reset();
    CHECK(copy.read(text(23)) == expected);
    CHECK(later.read(text(23)) == expected);
  }

  TEST_CASE("Sessions share parameters that they are given by a shared pointer") {
    auto shared = std::make_shared<const Params>(Small::initial(1));
    Session<Small> one(shared);
    Session<Small> other(shared);
    CHECK(&one.params() == shared.get());
    CHECK(&other.params() == shared.get());
    shared.reset();
    CHECK(one.read(text(9)) == other.read(text(9)));
  }

  TEST_CASE("A session borrows parameters that have a name") {
    const Params params = Small::initial(1);
    CHECK(&Session<Small>(params).params() == &params);
    CHECK(&Session<Small>(std::as_const(params)).params() == &params);
  }

  TEST_CASE("A memory is loaded with a temporary of parameters") {
    const auto folder = std::filesystem::temp_directory_path();
    const auto of_params = folder / "ttt_owned_params.safetensors";
    const auto of_memory = folder / "ttt_owned_memory.safetensors";
    file::write(of_params, params_archive<Small, M>(Small::initial(1)));
    Session<Small> session(read_params<Small>(of_params));
    session.read(text(13));
    save_memory(of_memory, session);
    auto restored = load_memory<Small>(of_memory, read_params<Small>(of_params));
    laws::check_equal(restored, session);
    CHECK(restored.read(text(20)) == session.read(text(20)));
    auto from_archive = session_from<Small>(memory_archive(session), Small::initial(1));
    CHECK(from_archive.read(text(20)) == session.read(text(20)));
    std::filesystem::remove(of_params);
    std::filesystem::remove(of_memory);
  }
}

}  // namespace
