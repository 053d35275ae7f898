// SPDX-License-Identifier: Apache-2.0
#include <ttt/learn/checkpoint.hpp>
#include <ttt/ttt.hpp>

#include <iostream>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

using Model = LanguageModel<spec, Repeat<2, Block<Attend<Window>, SwiGlu>>,
                            Repeat<1, Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>>>;

int main() {
  const data::Batches batches({data::bytes(data::read_text("book.txt"))});
  Random random(1);
  Trainer<Model, MetaLoss<>> trainer(
      {.params = Model::initial(1)},
      {.schedule = {.peak = 3e-3, .warmup = 10, .steps = 100}, .threads = 2});
  while (trainer.steps() < 100) {
    const StepReport report = trainer.step(batches.draw(random, {.batch = 4, .length = 64}));
    std::cout << report.step << ": " << report.loss << " nats\n";
  }
  write_checkpoint<Model, Matrix<float>>("book.checkpoint",
                                         {trainer.state(), random, "100 steps of 4"});
  file::write("book.safetensors", params_archive<Model, Matrix<float>>(trainer.state().params));
  return 0;
}
