// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models.hpp"
#include "recall/needles.hpp"
#include "recall/outcome.hpp"
#include "support/device.hpp"

/// The models and policies that are asked for hidden numbers.
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
  std::string device = "cpu";
};

/// Which tokens its caches store whatever their policies say.
enum class Forced {
  none,
  value,  ///< the bytes of the value that is asked for: an oracle
};

/// The positions of the value's bytes.
inline std::vector<Index> value_positions(const recall::NeedleSample& sample) {
  std::vector<Index> positions;
  positions.reserve(sample.secret.value.size());
  for (std::size_t n = 0; n < sample.secret.value.size(); ++n) {
    positions.push_back(sample.value_begin + static_cast<Index>(n));
  }
  return positions;
}

///@{
/// Stores tokens whatever the policies of the layers say.
inline void force(CacheOptions& layers, std::vector<Index> positions) {
  layers.pinned = std::move(positions);
}
inline void force(SrTttOptions& layers, std::vector<Index> positions) {
  layers.forced = std::move(positions);
}
inline void force(NoOptions& /*layers*/, const std::vector<Index>& /*positions*/) {}
///@}

/// Calls read(part) for the tokens of a text, a part at a time, so that no more are held.
template <class Read>
void in_parts(const std::string& text, Read&& read) {
  constexpr std::size_t part = 4096;
  for (std::string_view rest = text; !rest.empty();) {
    read(data::bytes(rest.substr(0, part)));
    rest.remove_prefix(std::min(rest.size(), part));
  }
}

/// A model that reads as its options say, on a device.
template <class Model, Storage M>
Contender contender_on(std::string name, const std::filesystem::path& file, const Reading& reading,
                       Forced forced) {
  using Reader = Session<Model, M>;
  typename Reader::Options options;
  options.inner.optimiser.rate = reading.inner_rate;
  options.learning = reading.frozen ? Learning::off : Learning::on;
  const auto answer = [=, params = std::make_shared<const typename Reader::Params>(
                              read_params<Model, M>(file))](const recall::NeedleSample& sample) {
    auto own = options;
    if (forced == Forced::value) force(own.layers, value_positions(sample));
    Reader session(params, own);
    in_parts(sample.text, [&](const auto& tokens) { session.read(tokens); });
    return recall::ask(std::move(session), sample.secret, sample.value_begin,
                       models::visible_tokens<Model>);
  };
  return {std::move(name), answer};
}
/// The same, on the device that its options name.
template <class Model>
Contender contender(const std::string& name, const std::filesystem::path& file,
                    const Reading& reading, Forced forced = Forced::none) {
  return support::with_device(reading.device, [&]<Storage M>() {
    return contender_on<Model, M>(name, file, reading, forced);
  });
}

/// The model with a cache under each of the policies. The first is ours; the oracle is ours with
/// the value stored by force.
std::vector<Contender> with_policies(const std::filesystem::path& file, const Reading& reading);

/// Other models that were trained for the same.
struct Rivals {
  std::vector<Contender> contenders;  ///< whose files are there
  std::vector<std::string> absent;    ///< files that are not
};

/// Those of a folder, at the rates that they were trained with.
Rivals rivals(const std::filesystem::path& folder, bool frozen, const std::string& device);

}  // namespace needles
