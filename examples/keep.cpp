// SPDX-License-Identifier: Apache-2.0
//
// Reads a page with a number hidden in it, and shows what the model would still know of it word for
// word: each byte that is in a cache is marked.
//
//   keep
//   keep --book Rev --bytes 8000 --out rev.html
//   keep --file letter.txt --slots 64
//
// smoke: --models {source}/examples/models --bytes 700 --out keep.html

#include <ttt/data/bytes.hpp>
#include <ttt/file/atomic.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <span>
#include <string>
#include <utility>

#include "keep/page.hpp"
#include "models.hpp"
#include "recall/caches.hpp"
#include "recall/needles.hpp"
#include "support/corpus.hpp"
#include "support/files.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"

namespace {

using namespace ttt;

struct Settings {
  std::string book = "Dan";
  std::string file;
  std::string models = support::models_folder();
  std::string out = "keep.html";
  Index bytes = 4000;
  Index slots = 128;
  double inner_rate = models::bookkeeper_rate;
  std::uint64_t seed = 1;
};

std::string page(const Settings& settings) {
  const data::Document text = settings.file.empty() ? support::held_out_books(settings.book).front()
                                                    : support::one_text("--file", settings.file);
  return keeping::beginning(text.text, settings.bytes);
}

/// What the caches of a session keep; counts them too.
keeping::Marks marks_of(const Session<models::Bookkeeper>& session, Index& caches) {
  keeping::Marks marks;
  recall::for_each_cache(session.state().memory, [&](const Metadata<Entry>& entries) {
    ++caches;
    for (const Entry& entry : entries) {
      keeping::Mark& mark = marks[entry.position];
      ++mark.caches;
      mark.entry = entry;
    }
  });
  return marks;
}

support::Outcome keep(const Settings& settings) {
  const std::string model = "bookkeeper.safetensors";
  const auto params = read_params<models::Bookkeeper>(support::model_file(settings.models, model));
  Random random(settings.seed);
  const std::string plain = page(settings);
  const recall::NeedleSample sample =
      recall::hide(plain, recall::Secret::draw(random, recall::KeyWords::held_out, false),
                   std::ssize(plain) / 4);
  const std::string text =
      sample.text.substr(0, sample.text.size() - sample.secret.question().size());

  Session<models::Bookkeeper> session(
      params,
      {.inner = {.optimiser = {.rate = settings.inner_rate}}, .layers = {.slots = settings.slots}});
  session.read(data::bytes(text));

  Index caches = 0;
  const keeping::Marks marks = marks_of(session, caches);
  Index of_value = 0;
  const Index value_end = sample.value_begin + std::ssize(sample.secret.value);
  for (Index t = sample.value_begin; t < value_end; ++t) of_value += marks.contains(t) ? 1 : 0;
  const Index window_begin = std::max<Index>(0, std::ssize(text) - models::Bookkeeper::spec.window);
  std::cout << marks.size() << " of " << text.size() << " bytes are in one of " << caches
            << " caches; of the hidden number " << sample.secret.value << ", " << of_value << " of "
            << sample.secret.value.size() << ".\n";

  support::Report report;
  report.set("bytes", text.size())
      .set("kept", marks.size())
      .set("caches", caches)
      .set("kept_of_value",
           static_cast<double>(of_value) / static_cast<double>(sample.secret.value.size()))
      .set("model", model)
      .set("inner_rate", settings.inner_rate)
      .set("slots", settings.slots)
      .set("seed", settings.seed)
      .set("machine", support::this_machine().report());
  return {std::move(report),
          {[out = settings.out, shown = keeping::html(text, marks, caches, window_begin)] {
            file::write_atomically(out, std::as_bytes(std::span(shown)));
            std::cout << "The page is " << out << ".\n";
          }}};
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("keep", "Shows which bytes of a page a model's caches keep");
  program.option("--book", s.book, "a held-out book: Josh, Ruth, Job, Prv, Dan, John, Acts or Rev")
      .option("--file", s.file, "a text to read instead")
      .option("--bytes", s.bytes, support::range::count, "of the text, from its beginning")
      .option("--slots", s.slots, {1, 128}, "of each cache that are used")
      .option("--models", s.models, "the folder of the models")
      .option("--inner-rate", s.inner_rate, support::range::rate_or_none,
              "of the steps that the model takes while it reads")
      .option("--seed", s.seed, "of the number that is hidden")
      .output("--out", s.out, "the page, as HTML")
      .exclude("--file", {"--book"});
  return program.run(argc, argv, [&] { return keep(s); });
}
