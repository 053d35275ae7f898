// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/memory_file.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <limits>
#include <string>

#include "laws/texts.hpp"

namespace {

using namespace ttt;
using laws::Small;
using Reader = Session<Small>;

const auto params = laws::lively_params<Small, float>(2);

std::vector<Token> text(Index length) {
  Random random(11);
  std::vector<Token> tokens;
  for (Index t = 0; t < length; ++t) tokens.push_back(static_cast<Token>(random.below(13)));
  return tokens;
}

const Reader::Options with_momentum{.inner = {.optimiser = {.rate = 0.5, .momentum = 0.5}}};

/// A session in mid-chunk, with everything that a session can have.
Reader in_mid_chunk() {
  Reader session(params, with_momentum);
  session.read(text(4 * Small::spec.chunk + 3));
  return session;
}

TEST_SUITE("model") {
  TEST_CASE("a session goes on from its file, in mid-chunk, bit for bit") {
    const auto file = std::filesystem::temp_directory_path() / "ttt_memory.safetensors";
    const auto rest = text(57);
    for (Index read = 0; read < 4 * Small::spec.chunk; ++read) {
      CAPTURE(read);
      Reader session(params, with_momentum);
      session.read(text(read));
      save_memory(file, session);
      auto restored = load_memory<Small>(file, params, with_momentum);
      CHECK(restored.position() == read);
      CHECK(restored.bytes() == session.bytes());
      CHECK(restored.read(rest) == session.read(rest));
    }
    std::filesystem::remove(file);
  }

  TEST_CASE("a memory is refused with other parameters, another model, or a tensor too many") {
    file::Archive archive = memory_archive(in_mid_chunk());
    CHECK_THROWS_WITH_AS(static_cast<void>(session_from<Small>(
                             archive, laws::lively_params<Small, float>(3), with_momentum)),
                         "read: archive: the memory was made with other parameters", FormatError);
    CHECK_THROWS_AS(static_cast<void>(session_from<laws::Other>(
                        archive, laws::lively_params<laws::Other, float>(2))),
                    FormatError);
    archive.set("fast.nobody", Matrix<float>::Zero(1, 1).eval());
    CHECK_THROWS_WITH_AS(static_cast<void>(session_from<Small>(archive, params, with_momentum)),
                         "read: archive: unexpected tensors \"fast.nobody\"", FormatError);
  }

  TEST_CASE("a memory that lacks a tensor of the window, or of its chunk's, is refused") {
    const file::Archive whole = memory_archive(in_mid_chunk());
    Reader at_end(params, with_momentum);
    at_end.read(text(5 * Small::spec.chunk));
    const file::Archive before_step = memory_archive(at_end);
    const auto refused = [](const file::Archive& archive, const std::string& prefix) {
      file::Archive less;
      less.metadata = archive.metadata;
      for (const auto& [name, tensor] : archive.tensors()) {
        if (!name.starts_with(prefix)) less.set(name, tensor);
      }
      REQUIRE(less.tensors().size() < archive.tensors().size());
      CAPTURE(prefix);
      CHECK_THROWS_AS(static_cast<void>(session_from<Small>(less, params, with_momentum)),
                      FormatError);
    };
    refused(whole, "memory.model.h.blocks.0.seq_modeling_block.");
    refused(whole, "logits");
    refused(whole, "fast.");
    refused(whole, "chunk.tokens");
    refused(before_step, "chunk.memory.");
  }

  TEST_CASE("a memory that no session can have is refused") {
    const auto refused = [](auto&& change) {
      file::Archive archive = memory_archive(in_mid_chunk());
      change(archive);
      CHECK_THROWS_AS(static_cast<void>(session_from<Small>(archive, params, with_momentum)),
                      FormatError);
    };
    const std::string keys = "memory.model.h.blocks.0.seq_modeling_block.keys";
    using M = Matrix<float>;
    refused([&](auto& a) { a.set(keys, M::Zero(100, Small::spec.width).eval()); });
    refused([&](auto& a) { a.set(keys, M::Zero(3, Small::spec.width).eval()); });
    refused([&](auto& a) { a.set(keys, M::Zero(3, 2).eval()); });
    refused([&](auto& a) { a.set("logits", M::Zero(2, Small::spec.vocab).eval()); });
    refused([&](auto& a) {
      a.set("logits",
            M::Constant(1, Small::spec.vocab, std::numeric_limits<float>::infinity()).eval());
    });
    refused([&](auto& a) { a.set("chunk.border.rows", M::Zero(9, Small::spec.width).eval()); });
    refused([&](auto& a) { a.set("position", std::int64_t{1}); });
    constexpr std::int64_t position = 4 * Small::spec.chunk + 3;
    refused([&](auto& a) { a.set("position", position + 1); });
    refused([&](auto& a) { a.set("position", position + (std::int64_t{1} << 60)); });
    refused([&](auto& a) {
      const std::vector<std::int64_t> outside{1, 13};
      a.set("chunk.tokens", outside);
    });
    refused([&](auto& a) {
      const std::vector<std::int64_t> wrapped{(std::int64_t{1} << 32) + 5};
      a.set("chunk.tokens", wrapped);
    });
  }

  TEST_CASE("a file of parameters gives them back, and is refused by another model") {
    const auto file = std::filesystem::temp_directory_path() / "ttt_params.safetensors";
    file::write(file, params_archive<Small, Matrix<float>>(params));
    const auto back = read_params<Small>(file);
    CHECK(fingerprint(back) == fingerprint(params));
    CHECK_THROWS_AS(static_cast<void>(read_params<laws::Other>(file)), FormatError);

    file::Archive archive = params_archive<Small, Matrix<float>>(params);
    archive.set("model.ln_f.weight", Matrix<float>::Ones(1, 3).eval());
    file::write(file, archive);
    CHECK_THROWS_WITH_AS(static_cast<void>(read_params<Small>(file)),
                         ("read: " + file.string() +
                          ": tensor \"model.ln_f.weight\" must be real [1, 8], got F32 [1, 3]")
                             .c_str(),
                         FormatError);
    std::filesystem::remove(file);
  }
}

}  // namespace
