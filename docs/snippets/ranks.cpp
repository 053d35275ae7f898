// SPDX-License-Identifier: Apache-2.0
#include <ttt/mpi/mpi.hpp>
#include <ttt/ttt.hpp>

#include <csignal>
#include <iostream>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});
using Model = LanguageModel<spec, Repeat<2, Block<Attend<Window>, SwiGlu>>>;

volatile std::sig_atomic_t signalled = 0;

int main() {
  std::signal(SIGTERM, [](int) { signalled = 1; });
  const Mpi ranks({.interrupted = [] { return signalled != 0; }});

  const data::Batches batches({data::bytes("In the beginning was the Word, and the Word was.")});
  Random random(1);  // the same on every rank: each draws the whole batch, and takes its part
  Trainer<Model, PlainLoss<>, Matrix<float>, Mpi> trainer({.params = Model::initial(1)},
                                                          {.ranks = ranks});
  while (trainer.steps() < 100) {
    const StepReport report = trainer.step(batches.draw(random, {.batch = 4, .length = 32}));
    if (ranks.rank() == 0) std::cout << report.step << ": " << report.loss << " nats\n";
  }
  return 0;
}
