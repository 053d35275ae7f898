// SPDX-License-Identifier: Apache-2.0
#include "contenders.hpp"

namespace needles {

Rivals rivals(const std::filesystem::path& folder, bool frozen, const std::string& device) {
  Rivals all;
  const auto add = [&]<class Model>(const char* name, const char* file, Reading reading,
                                    Forced forced = Forced::none) {
    reading.device = device;
    if (std::filesystem::exists(folder / file)) {
      all.contenders.push_back(contender<Model>(name, folder / file, reading, forced));
    } else if (forced == Forced::none) {
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
  add.template operator()<models::BookkeeperTrimKv>(
      "trim_kv", "bookkeeper_trim_kv.safetensors",
      {.inner_rate = models::bookkeeper_rate, .frozen = frozen});
  const auto add_sr_ttt = [&](const char* name, const char* oracle, const char* file) {
    using Model = models::BookkeeperSrTtt;  // both read alike
    add.template operator()<Model>(name, file, {.frozen = true});
    add.template operator()<Model>(oracle, file, {.frozen = true}, Forced::value);
  };
  add_sr_ttt("sr_ttt", "sr_ttt_oracle", "bookkeeper_sr_ttt.safetensors");
  add_sr_ttt("grad_full", "grad_full_oracle", "bookkeeper_sr_ttt_grad_full.safetensors");
  return all;
}

}  // namespace needles
