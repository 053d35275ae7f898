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
#include <ttt/data/files.hpp>
#include <ttt/file/atomic.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/model/session.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include "models.hpp"
#include "recall/needles.hpp"
#include "support/corpus.hpp"
#include "support/machine.hpp"
#include "support/plain_text.hpp"
#include "support/program.hpp"
#include "support/svg_text.hpp"

namespace {

using namespace ttt;

struct Settings {
  std::string book = "Dan";
  std::string file;
  std::string models = "examples/models";
  std::string out = "keep.html";
  Index bytes = 4000;
  Index slots = 128;
  double inner_rate = models::bookkeeper_rate;
  std::uint64_t seed = 1;
};

/// What the caches know of a byte.
struct Mark {
  Index caches = 0;  ///< that keep it
  Entry entry{};     ///< as one of them has it
};

std::string page(const Settings& settings) {
  if (settings.bytes < 1) {
    throw RangeError("--bytes must be positive, got " + std::to_string(settings.bytes));
  }
  const data::Corpus texts = settings.file.empty() ? support::held_out_books(settings.book)
                                                   : data::read_corpus(settings.file);
  return texts.front().text.substr(0, static_cast<std::size_t>(settings.bytes));
}

/// The page, darker where more caches keep a byte; pointing at one shows what they know of it.
std::string html(const std::string& text, const std::map<Index, Mark>& marks, Index caches,
                 Index window_begin) {
  std::ostringstream out = support::plain_text();
  out << std::fixed << std::setprecision(2)
      << "<!doctype html>\n<meta charset=\"utf-8\">\n<title>What is kept of a page</title>\n"
         "<style>body { max-width: 46em; margin: 2em auto; font: 16px/1.6 monospace; "
         "white-space: pre-wrap } mark { color: inherit } .window { opacity: 0.55 }</style>\n"
      << "<p>Marked: what " << caches
      << " caches keep, darker where more of them do. Grey: the window, which is seen "
         "anyway.</p>\n";
  for (Index t = 0; t < std::ssize(text); ++t) {
    if (t == window_begin) out << "<span class=\"window\">";
    const std::string shown =
        support::escaped(std::string_view(text).substr(static_cast<std::size_t>(t), 1));
    const auto found = marks.find(t);
    if (found == marks.end()) {
      out << shown;
      continue;
    }
    const auto& [count, entry] = found->second;
    out << "<mark style=\"background: rgba(255, 150, 0, "
        << static_cast<double>(count) / static_cast<double>(caches) << ")\" title=\"byte " << t
        << ", keep score " << entry.keep << ", surprisal " << entry.surprisal << " nats, kept by "
        << count << " of " << caches << "\">" << shown << "</mark>";
  }
  out << (window_begin < std::ssize(text) ? "</span>\n" : "\n");
  return out.str();
}

support::Report keep(const Settings& settings) {
  const auto params = read_params<models::Bookkeeper>(std::filesystem::path(settings.models) /
                                                      "bookkeeper.safetensors");
  Random random(settings.seed);
  const std::string plain = page(settings);
  const recall::NeedleSample sample =
      recall::hide(plain, recall::Secret::draw(random, recall::KeyWords::held_out, false),
                   std::ssize(plain) / 4);
  const std::string text =
      sample.text.substr(0, sample.text.size() - sample.secret.question().size());

  Session<models::Bookkeeper> session(
      params, {.inner = {.optimiser = {.rate = settings.inner_rate}}, .slots = settings.slots});
  session.read(data::bytes(text));

  std::map<Index, Mark> marks;
  Index caches = 0;
  for_each_notes(
      [&](const Leaf&, const Notes<Entry>& entries) {
        ++caches;
        for (const Entry& entry : entries) {
          Mark& mark = marks[entry.position];
          ++mark.caches;
          mark.entry = entry;
        }
      },
      session.state().memory);

  Index of_value = 0;
  const Index value_end = sample.value_begin + std::ssize(sample.secret.value);
  for (Index t = sample.value_begin; t < value_end; ++t) of_value += marks.contains(t) ? 1 : 0;
  const Index window_begin = std::max<Index>(0, std::ssize(text) - models::Bookkeeper::spec.window);
  const std::string shown = html(text, marks, caches, window_begin);
  file::write_atomically(settings.out, std::as_bytes(std::span(shown)));
  std::cout << marks.size() << " of " << text.size() << " bytes are in one of " << caches
            << " caches; of the hidden number " << sample.secret.value << ", " << of_value << " of "
            << sample.secret.value.size() << ".\nThe page is " << settings.out << ".\n";

  support::Report report;
  return report.set("bytes", text.size())
      .set("kept", marks.size())
      .set("caches", caches)
      .set("kept_of_value",
           static_cast<double>(of_value) / static_cast<double>(sample.secret.value.size()))
      .set("machine", support::this_machine().report());
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("keep", "Shows which bytes of a page a model's caches keep");
  program.option("--book", s.book, "a held-out book: Josh, Ruth, Job, Prv, Dan, John, Acts or Rev")
      .option("--file", s.file, "a text to read instead")
      .option("--bytes", s.bytes, "of the book")
      .option("--slots", s.slots, "of each cache that are used")
      .option("--models", s.models, "the folder of the models")
      .option("--inner-rate", s.inner_rate, "of the steps that the model takes while it reads")
      .option("--seed", s.seed, "of the number that is hidden")
      .option("--out", s.out, "the page, as HTML");
  return program.run(argc, argv, [&] { return keep(s); });
}
