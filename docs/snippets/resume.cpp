// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/checkpoint.hpp>
#include <ttt/ttt.hpp>

#include <iostream>
#include <utility>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

using Model = LanguageModel<spec, Repeat<2, Block<Attend<Window>, SwiGlu>>,
                            Repeat<1, Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>>>;

int main() {
  const data::Batches batches({data::bytes(data::read_text("book.txt"))});
  Checkpoint at = read_checkpoint<Model, Matrix<float>>("book.checkpoint");
  Random random = at.random;
  Trainer<Model, MetaLoss<>> trainer(std::move(at.training),
                                     {.schedule = {.peak = 1e-3, .steps = 120}});
  while (trainer.steps() < 120) {
    const StepReport report = trainer.step(batches.draw(random, {.batch = 4, .length = 64}));
    std::cout << report.step << ": " << report.loss << " nats\n";
  }

  const auto model = read_params<Model>("book.safetensors");  // the parameters alone
  std::cout << model.embedding.rows() << " symbols\n";
  return 0;
}
