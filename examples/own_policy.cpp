// SPDX-License-Identifier: Apache-2.0
//
// A policy of one's own, in eight lines, on either device: what surprised the model little and was
// read little is evicted first.
//
//   own_policy
//   own_policy --device cuda
//
// smoke: --models {source}/examples/models --bytes 700

#include <ttt/data/bytes.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>

#include <iostream>
#include <set>
#include <string>

#include "models.hpp"
#include "recall/caches.hpp"
#include "support/corpus.hpp"
#include "support/device.hpp"
#include "support/files.hpp"
#include "support/printable.hpp"
#include "support/program.hpp"

namespace {

using namespace ttt;

/// What surprised little and was attended to little leaves first.
struct SurprisingOrRead {
  double reading = 4;  // nats that an attention of 1 is worth

  bool operator()(const Entry& a, const Entry& b) const {
    const auto worth = [&](const Entry& e) { return e.surprisal + reading * e.attended; };
    return worth(a) < worth(b);
  }
};

/// The shipped model under it.
using Model = models::BookkeeperWith<signal::KeepScore, SurprisingOrRead>;

struct Settings {
  std::string book = "Dan";
  std::string file;
  std::string models = support::models_folder();
  std::string device = "cpu";
  Index bytes = 4000;
};

/// Reads a text, and shows what the first cache then holds.
template <Storage M>
support::Report read(const Settings& settings) {
  const data::Document text = settings.file.empty() ? support::held_out_books(settings.book).front()
                                                    : support::one_text("--file", settings.file);
  const std::string page = text.text.substr(0, static_cast<std::size_t>(settings.bytes));
  Session<Model, M> session(
      read_params<Model, M>(support::model_file(settings.models, "bookkeeper.safetensors")));
  session.read(data::bytes(page));

  std::set<Index> kept;
  recall::for_each_cache(session.state().memory, [&](const Metadata<Entry>& entries) {
    for (const Entry& entry : entries) kept.insert(entry.position);
  });
  std::cout << kept.size() << " of " << page.size() << " bytes are kept:\n";
  Index before = -1;
  for (const Index position : kept) {
    if (position != before + 1) std::cout << " ... ";
    std::cout << support::printable(page.substr(static_cast<std::size_t>(position), 1));
    before = position;
  }
  std::cout << '\n';
  return support::Report().set("bytes", page.size()).set("kept", kept.size());
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("own_policy", "Reads a text under a policy that this program defines");
  program.option("--book", s.book, "a held-out book: Josh, Ruth, Job, Prv, Dan, John, Acts or Rev")
      .option("--file", s.file, "a text to read instead")
      .option("--bytes", s.bytes, support::range::count, "of the text, from its beginning")
      .option("--models", s.models, "the folder of the model")
      .option("--device", s.device, support::device_help)
      .exclude("--file", {"--book"});
  return program.run(argc, argv, [&] {
    return support::with_device(s.device, [&]<Storage M>() { return read<M>(s); });
  });
}
