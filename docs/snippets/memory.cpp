// SPDX-License-Identifier: Apache-2.0
#include <ttt/model/memory_file.hpp>
#include <ttt/ttt.hpp>

#include <iostream>

using namespace ttt;

inline constexpr ModelSpec spec =
    checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 16, .chunk = 8});

using Model = LanguageModel<spec, Repeat<2, Block<Attend<Window>, SwiGlu>>,
                            Repeat<1, Block<Attend<Window>, Fast<SwiGlu>, SwiGlu>>>;

int main() {
  const auto params = Model::initial(1);
  Session<Model> today(params);
  today.read(data::bytes("Call me Ishmael. Some years ago"));
  save_memory("book.memory.safetensors", today);

  Session<Model> tomorrow = load_memory<Model>("book.memory.safetensors", params);
  const auto rest = data::bytes(", never mind how long precisely");
  std::cout << std::boolalpha << (tomorrow.read(rest) == today.read(rest)) << '\n';
  return 0;
}
