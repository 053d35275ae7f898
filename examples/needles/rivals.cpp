// SPDX-License-Identifier: Apache-2.0
#include "contenders.hpp"

namespace needles {

Rivals rivals(const std::filesystem::path& folder, bool frozen) {
  Rivals all;
  const auto add = [&]<class Model>(const char* name, const char* file, const Reading& reading) {
    if (std::filesystem::exists(folder / file)) {
      all.contenders.push_back(contender<Model>(name, folder / file, reading));
    } else {
      all.absent.emplace_back(file);
    }
  };
  add.template operator()<models::BookkeeperWindow>("window_only", "bookkeeper_window.safetensors",
                                                    {.frozen = true});
  add.template operator()<models::BookkeeperE2e>(
      "ttt_e2e", "bookkeeper_e2e.safetensors",
      {.inner_rate = models::bookkeeper_e2e_rate, .frozen = frozen});
  add.template operator()<models::BookkeeperFull>("full_attention", "bookkeeper_full.safetensors",
                                                  {.frozen = true});
  return all;
}

}  // namespace needles
