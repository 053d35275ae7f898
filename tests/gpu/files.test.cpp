// SPDX-License-Identifier: Apache-2.0
#include "file/files.hpp"

#include <ttt/cpu/matrix.hpp>
#include <ttt/gpu/matrix.cuh>
#include <ttt/learn/checkpoint.hpp>
#include <ttt/model/memory_file.hpp>

#include <doctest/doctest.h>

#include <span>
#include <utility>
#include <vector>

#include "laws/hybrids.hpp"
#include "laws/texts.hpp"

namespace {

using namespace ttt;
using Model = laws::LearningHybrid;
using Host = Matrix<float>;
using Device = gpu::Matrix<float>;

/// Two trees in different storages have the same bits.
template <class Ours, class Theirs>
void check_same(const Ours& ours, const Theirs& theirs) {
  for_each_array(
      [](const Leaf& leaf, const auto& a, const auto& b) {
        CAPTURE(leaf.name);
        CHECK(numbers(a) == numbers(b));
      },
      ours, theirs);
}

/// Trains a step in one storage, and goes on in another from its checkpoint.
template <Storage From, Storage To>
void check_checkpoint_moves() {
  const file::Folder folder;
  Random random(3);
  const std::vector<std::vector<Token>> batch{
      laws::drawn_tokens(2 * Model::spec.chunk + 1, Model::spec.vocab, random)};
  Trainer<Model, PlainLoss<>, From> trainer({.params = Model::initial<From>(1)}, {});
  trainer.step(batch);
  write_checkpoint<Model, From>(folder / "checkpoint", {trainer.state(), random, "a recipe"});
  auto there = read_checkpoint<Model, To>(folder / "checkpoint");
  check_same(there.training.params, trainer.state().params);
  check_same(there.training.adamw.mean, trainer.state().adamw.mean);
  check_same(there.training.adamw.square, trainer.state().adamw.square);
  Trainer<Model, PlainLoss<>, To> other(std::move(there.training), {});
  CHECK(other.step(batch).loss == doctest::Approx(trainer.step(batch).loss).epsilon(1e-5));
}

/// Reads in one storage, and reads on in another from the memory.
template <Storage From, Storage To>
void check_memory_moves() {
  const file::Folder folder;
  Random random(4);
  const auto tokens = laws::drawn_tokens(3 * Model::spec.chunk + 2, Model::spec.vocab, random);
  Session<Model, From> session(Model::initial<From>(1));
  session.read(tokens);
  save_memory(folder / "memory", session);
  auto other = load_memory<Model, To>(folder / "memory", Model::initial<To>(1));
  check_same(other.state().memory, session.state().memory);
  CHECK(numbers(other.logits()) == numbers(session.logits()));
  const auto more = std::span(tokens).first(7);
  const auto ours = other.read(more);
  const auto theirs = session.read(more);
  for (std::size_t n = 0; n < ours.size(); ++n) {
    CHECK(ours[n] == doctest::Approx(theirs[n]).epsilon(1e-4));
  }
}

TEST_SUITE("gpu") {
  TEST_CASE("checkpoints move between devices, bit for bit, both ways") {
    check_checkpoint_moves<Host, Device>();
    check_checkpoint_moves<Device, Host>();
  }
  TEST_CASE("memories move between devices, bit for bit, both ways") {
    check_memory_moves<Host, Device>();
    check_memory_moves<Device, Host>();
  }
}

}  // namespace
