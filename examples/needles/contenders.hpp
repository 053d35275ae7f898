// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/sampler.hpp>
#include <ttt/model/session.hpp>
#include <ttt/model/sr_ttt.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models.hpp"
#include "recall/needles.hpp"
#include "recall/outcome.hpp"

/// Who is asked for hidden numbers.
namespace needles {

using namespace ttt;

/// Reads a text, and answers the question at its end.
struct Contender {
  std::string name;
  std::function<recall::Outcome(const recall::NeedleSample&)> answer;
};

/// How they read.
struct Reading {
  double inner_rate = models::bookkeeper_rate;
  bool frozen = false;
};

/// An order that is chosen at run time, for each thread: a policy is any type with the right call.
struct ChosenOrder {
  static inline thread_local bool (*leaves)(const Entry&, const Entry&) = nullptr;
  bool operator()(const Entry& a, const Entry& b) const { return leaves(a, b); }
};
/// Nobody is kept where no order is chosen.
struct ChosenAdmission {
  bool operator()(std::span<const Entry> /*offered*/, std::size_t /*n*/) const {
    return ChosenOrder::leaves != nullptr;
  }
};

/// A policy of the cache, by name: who leaves a full cache first.
struct Policy {
  std::string_view name;
  bool (*leaves)(const Entry&, const Entry&);
};

template <class Order>
bool leaves_by(const Entry& a, const Entry& b) {
  return Order{}(a, b);
}

/// The first is ours. The oracle is ours with the needle's value kept by force.
inline constexpr std::array policies{
    Policy{"keep", leaves_by<evict::LeastWanted>},
    Policy{"surprisal", leaves_by<evict::LeastSurprising>},
    Policy{"oldest", leaves_by<evict::Oldest>},
    Policy{"random", leaves_by<evict::Random<1>>},
    Policy{"least_attended", leaves_by<evict::LeastAttended>},
    Policy{"least_recent", leaves_by<evict::LeastRecentlyAttended>},
    Policy{"oracle", leaves_by<evict::LeastWanted>},
    Policy{"window", nullptr},
};

/// Where the bytes of the value stand.
inline std::vector<Index> value_positions(const recall::NeedleSample& sample) {
  std::vector<Index> positions;
  positions.reserve(sample.secret.value.size());
  for (std::size_t n = 0; n < sample.secret.value.size(); ++n) {
    positions.push_back(sample.value_begin + static_cast<Index>(n));
  }
  return positions;
}

/// Calls read(part) for the tokens of a text, a part at a time, so that no more are held.
template <class Read>
void in_parts(const std::string& text, Read&& read) {
  constexpr std::size_t part = 4096;
  for (std::string_view rest = text; !rest.empty();) {
    read(data::bytes(rest.substr(0, part)));
    rest.remove_prefix(std::min(rest.size(), part));
  }
}

template <class Model>
recall::Outcome ask(const typename Model::template Params<Matrix<float>>& params,
                    const typename Session<Model>::Options& options,
                    const recall::NeedleSample& sample) {
  Session<Model> session(params, options);
  in_parts(sample.text, [&](const auto& tokens) { session.read(tokens); });
  return recall::ask(std::move(session), sample.secret, sample.value_begin, Model::spec.window);
}

template <class Model>
typename Session<Model>::Options options_of(const Reading& reading) {
  typename Session<Model>::Options options;
  options.inner.optimiser.rate = reading.inner_rate;
  options.learning = reading.frozen ? Learning::off : Learning::on;
  return options;
}

/// The model with a cache under each of the policies.
inline std::vector<Contender> keepers(const std::filesystem::path& file, const Reading& reading) {
  using Model = models::BookkeeperWith<ChosenOrder, ChosenAdmission, signal::KeepScore>;
  using Params = Model::Params<Matrix<float>>;
  const auto params = std::make_shared<const Params>(
      models::renamed<Params>(read_params<models::Bookkeeper>(file)));
  std::vector<Contender> all;
  all.reserve(policies.size());
  for (const Policy& policy : policies) {
    all.push_back({std::string(policy.name), [=](const recall::NeedleSample& sample) {
                     ChosenOrder::leaves = policy.leaves;
                     auto options = options_of<Model>(reading);
                     if (policy.name == "oracle") options.pinned = value_positions(sample);
                     return ask<Model>(*params, options, sample);
                   }});
  }
  return all;
}

/// Asks an SR-TTT model, whose caches take in `forced`, flagged or not.
inline recall::Outcome ask_sr_ttt(const models::BookkeeperSrTtt::Params<Matrix<float>>& params,
                                  const recall::NeedleSample& sample, std::vector<Index> forced) {
  const std::string& value = sample.secret.value;
  const auto is_of_value = [&](const AgedEntry& entry) {
    return entry.position >= sample.value_begin &&
           entry.position < sample.value_begin + std::ssize(value);
  };
  SrTttSession<models::BookkeeperSrTtt> session(params, {.forced = std::move(forced)});
  Matrix<float> next;
  in_parts(sample.text,
           [&](const auto& tokens) { next = session.read(tokens).bottomRows(1).eval(); });
  recall::Outcome recall;
  for (const auto& block : session.state().blocks) {
    recall.contained +=
        static_cast<double>(std::ranges::count_if(block.cache.entries, is_of_value)) /
        static_cast<double>(value.size() * session.state().blocks.size());
  }
  std::vector<double> mass(session.state().blocks.size(), 0.0);
  const auto watch = [&](const auto& event) {
    if constexpr (requires { event.weights; }) {
      if (event.weights == nullptr) return;
      const Index kept = std::ssize(event.entries);
      const Index heads = event.weights->cols() / kept;
      for (Index n = 0; n < event.weights->cols(); ++n) {
        if (!is_of_value(event.entries[static_cast<std::size_t>(n % kept)])) continue;
        mass[static_cast<std::size_t>(event.block)] +=
            static_cast<double>((*event.weights)(0, n)) /
            static_cast<double>(heads * std::ssize(value));
      }
    }
  };
  std::vector<Token> answer;
  while (answer.size() < value.size()) {
    answer.push_back(Greedy{}(next));
    next = session.read(std::span(answer).last(1), watch);
  }
  recall.answer = data::text(answer);
  if (recall.contained > 0) recall.addressed = std::ranges::max(mass);
  for (std::size_t n = 0; n < value.size(); ++n) {
    recall.right += recall.answer[n] == value[n] ? 1 : 0;
  }
  recall.exact = recall.answer == value;
  return recall;
}

/// Other models that were trained for the same.
struct Rivals {
  std::vector<Contender> contenders;  ///< whose files are there
  std::vector<std::string> absent;    ///< files that are not
};

/// Those of a folder, at the rates that they were trained with.
inline Rivals rivals(const std::filesystem::path& folder, bool frozen) {
  Rivals all;
  const auto is_there = [&](const std::string& file) {
    const bool found = std::filesystem::exists(folder / file);
    if (!found) all.absent.push_back(file);
    return found;
  };
  const auto add = [&]<class Model>(const char* name, const std::string& file,
                                    const Reading& reading) {
    if (!is_there(file)) return;
    using Params = typename Model::template Params<Matrix<float>>;
    const auto params = std::make_shared<const Params>(read_params<Model>(folder / file));
    const auto options = options_of<Model>(reading);
    all.contenders.push_back(
        {name, [=](const auto& sample) { return ask<Model>(*params, options, sample); }});
  };
  const auto add_sr_ttt = [&]<class Model>(const std::string& name, const std::string& file) {
    if (!is_there(file)) return;
    using Params = models::BookkeeperSrTtt::Params<Matrix<float>>;  // both read alike
    const auto params =
        std::make_shared<const Params>(models::renamed<Params>(read_params<Model>(folder / file)));
    all.contenders.push_back(
        {name, [=](const auto& sample) { return ask_sr_ttt(*params, sample, {}); }});
    all.contenders.push_back({name + "_oracle", [=](const auto& sample) {
                                return ask_sr_ttt(*params, sample, value_positions(sample));
                              }});
  };
  add.template operator()<models::BookkeeperWindow>("window_only", "bookkeeper_window.safetensors",
                                                    {.frozen = true});
  add.template operator()<models::BookkeeperE2e>(
      "ttt_e2e", "bookkeeper_e2e.safetensors",
      {.inner_rate = models::bookkeeper_e2e_rate, .frozen = frozen});
  add.template operator()<models::BookkeeperFull>("full_attention", "bookkeeper_full.safetensors",
                                                  {.frozen = true});
  add_sr_ttt.template operator()<models::BookkeeperSrTtt>("sr_ttt",
                                                          "bookkeeper_sr_ttt.safetensors");
  add_sr_ttt.template operator()<models::BookkeeperSrTttGradFull>(
      "grad_full", "bookkeeper_sr_ttt_grad_full.safetensors");
  return all;
}

}  // namespace needles
