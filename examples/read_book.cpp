// SPDX-License-Identifier: Apache-2.0
//
// Reads a book that no model here was trained on, in four ways, and shows what learning is worth:
//
//   learning         the fast weights take a step after each chunk
//   frozen           the same model, its fast weights left as they were trained
//   plain window     the same blocks without a cache, trained by the same recipes, but to read and
//                    not to learn
//   plain, learning  that plain model, learning while it reads: dynamic evaluation
//
// At the end the learning model, which has read the book once more, is asked for a number that was
// hidden in the first chapter.
//
//   read_book
//   read_book --book Rev --memory rev.memory.safetensors --limit 20000   (again: reads on)
//   read_book --file letter.txt
//   read_book --novel emma
//
// smoke: --models {source}/examples/models --limit 800 --others 600 --out rb
// smoke: --models {source}/examples/models --limit 900 --others 600 --memory rb/memory.safetensors

#include <ttt/data/bytes.hpp>
#include <ttt/file/safetensors.hpp>
#include <ttt/model/params_file.hpp>
#include <ttt/parallel/threads.hpp>
#include <ttt/version.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "models.hpp"
#include "read_book/books.hpp"
#include "read_book/forecast.hpp"
#include "read_book/memory.hpp"
#include "read_book/question.hpp"
#include "read_book/reading.hpp"
#include "read_book/results.hpp"
#include "support/chart.hpp"
#include "support/device.hpp"
#include "support/files.hpp"
#include "support/machine.hpp"
#include "support/printable.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;
using reading::Book;
using reading::Readings;

template <Storage M>
using PlainReader = Session<models::BookkeeperWindow, M>;

struct Settings {
  reading::Choice choice;
  std::string models = support::models_folder();
  std::string memory;
  std::string out = "read_book";
  std::string device = "cpu";
  double inner_rate = models::bookkeeper_rate;
  double plain_rate = 0.25;
  std::uint64_t seed = 1;
  Index threads = support::this_machine().cores;
};

constexpr const char* keeper_file = "bookkeeper.safetensors";
constexpr const char* plain_file = "bookkeeper_window.safetensors";

template <Storage M>
struct Models {
  models::Bookkeeper::Params<M> keeper;
  models::BookkeeperWindow::Params<M> plain;

  explicit Models(const std::filesystem::path& folder)
      : keeper(read_params<models::Bookkeeper, M>(support::model_file(folder, keeper_file))),
        plain(read_params<models::BookkeeperWindow, M>(support::model_file(folder, plain_file))) {}
};

/// Shows how much of what is to be read has been.
class Counter {
 public:
  Counter(const std::vector<Book>& books, const reading::Question& question)
      : progress_({.name = "read " + books[0].title, .steps = total(books, question)}) {}

  void operator()(std::size_t count) {
    const std::lock_guard lock(guard_);
    done_ += static_cast<Index>(count);
    progress_.show({.step = done_, .tokens = done_});
  }

 private:
  static Index total(const std::vector<Book>& books, const reading::Question& question) {
    Index sum = std::ssize(question.sample.text);
    for (const Book& book : books) {
      sum += static_cast<Index>(reading::ways) * std::ssize(book.tokens);
    }
    return sum;
  }

  support::Progress progress_;
  std::mutex guard_;
  Index done_ = 0;
};

/// Says what a run will take, at the speed of the book's first bytes.
template <Storage M>
void print_forecast(const std::vector<Book>& books, const Models<M>& models,
                    const Settings& settings, const typename reading::Reader<M>::Options& learns) {
  std::vector<Token> sample = books[0].tokens;
  sample.resize(std::min<std::size_t>(sample.size(), 2048));
  reading::Reader<M> reader(models.keeper, learns);
  const double speed = reading::read(reader, sample, [](auto) {}).tokens_per_second();
  std::vector<Index> sizes;
  sizes.reserve(books.size());
  for (const Book& book : books) sizes.push_back(std::ssize(book.tokens));
  std::cerr << "read_book: "
            << reading::words_of(reading::forecast(sizes, 1 / speed, settings.threads))
            << std::endl;
}

/// Reads every book in every way, and asks the question.
template <Storage M>
std::vector<Readings> read_all(const std::vector<Book>& books, const Models<M>& models,
                               const Settings& settings,
                               const typename reading::Reader<M>::Options& learns,
                               reading::Reader<M>& reader, reading::Question& question) {
  const typename PlainReader<M>::Options learns_too{
      .inner = {.optimiser = {.rate = settings.plain_rate}}};
  Counter count(books, question);
  std::vector<Readings> readings(books.size());
  const auto read = [&](std::size_t number, std::size_t way) {
    const auto by = [&](auto&& session) {
      return reading::read(session, books[number].tokens, count);
    };
    if (way == reading::learning && number == 0) return by(reader);
    if (way == reading::learning) return by(reading::Reader<M>(models.keeper, learns));
    if (way == reading::frozen) {
      return by(reading::Reader<M>(models.keeper, {.learning = Learning::off}));
    }
    if (way == reading::plain_window) {
      return by(PlainReader<M>(models.plain, {.learning = Learning::off}));
    }
    return by(PlainReader<M>(models.plain, learns_too));
  };
  const Index jobs = std::ssize(books) * static_cast<Index>(reading::ways);
  for_each_index(settings.threads, 1 + jobs, [&](Index n) {
    if (n == 0) return question.ask<M>(models.keeper, learns, count);
    const auto number = static_cast<std::size_t>(n - 1) / reading::ways;
    const auto way = static_cast<std::size_t>(n - 1) % reading::ways;
    readings[number][way] = read(number, way);
  });
  return readings;
}

/// What is reported beside the numbers.
void add_settings(support::Report& report, const Settings& settings) {
  report.set("version", version)
      .set("model", keeper_file)
      .set("plain_model", plain_file)
      .set("inner_rate", settings.inner_rate)
      .set("plain_rate", settings.plain_rate)
      .set("seed", settings.seed)
      .set("device", settings.device)
      .set("machine", support::this_machine().report());
}

/// What is written at the end: the memory, the picture and the report.
support::Outcome::Files files(const Settings& settings, const support::Report& report,
                              file::Archive memory, support::Chart chart) {
  const std::filesystem::path out = settings.out;
  const std::filesystem::path kept =
      settings.memory.empty() ? out / "memory.safetensors" : std::filesystem::path(settings.memory);
  return {[kept, memory = std::move(memory)] {
            file::write(kept, memory);
            std::cout << "\nThe memory is " << kept.string() << ".\n";
          },
          [picture = out / "loss_by_position.svg", chart = std::move(chart)] {
            support::write_svg(picture, chart);
            std::cout << "The picture is " << picture.string() << ".\n";
          },
          [report, path = out / "read_book.json"] { report.write(path); }};
}

template <Storage M>
support::Outcome read_book(const Settings& settings) {
  const support::Stopwatch watch;
  const Models<M> models(settings.models);
  const std::filesystem::path out = settings.out;
  support::make_folder("--out", out);
  const std::vector<Book> books = reading::books(settings.choice, out);
  const Book& book = books[0];

  const typename reading::Reader<M>::Options learns{
      .inner = {.optimiser = {.rate = settings.inner_rate}}};
  auto reader = reading::reader_of<M>(book, models.keeper, settings.memory, learns);
  print_forecast(books, models, settings, learns);
  reading::Question question(book, settings.seed);
  const std::vector<Readings> readings =
      read_all(books, models, settings, learns, reader, question);
  file::Archive memory = reading::memory_of<M>(reader, book);

  const reading::Bins bins = reading::bins_of(readings[0]);
  reading::print(bins);
  reading::print_speed(readings[0]);
  reading::print_passage(book, readings[0]);
  std::cout << "\nIt goes on by itself:\n\n"
            << support::printable(data::text(reader.generate(300, top_p(0.9, 1)))) << "\n";
  support::Report report;
  reading::add_gains(report, readings);
  question.print();

  reading::add_readings(report, books, readings);
  report.set("book", book.title)
      .set("loss_by_position", reading::report_of(bins))
      .set("needle", question.report())
      .set("seconds", watch.seconds());
  add_settings(report, settings);
  return {report, files(settings, report, std::move(memory), reading::chart_of(bins, book.title))};
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("read_book",
                           "Reads a book in four ways and shows what learning is worth");
  program
      .option("--book", s.choice.book,
              "a held-out book: Josh, Ruth, Job, Prv, Dan, John, Acts or Rev")
      .option("--file", s.choice.file, "a text to read instead")
      .option("--novel", s.choice.novel,
              "a novel of Jane Austen to read instead: sensesensibility, prideprejudice, "
              "mansfieldpark, emma, northangerabbey or persuasion; needs r-cran-janeaustenr")
      .option("--models", s.models, "the folder of the models")
      .output("--memory", s.memory, "a memory to read on from, if it is there, and to keep")
      .option("--out", s.out, "the folder for picture, report and memory")
      .option("--limit", s.choice.limit, support::range::count_or_none,
              "bytes of the book; 0 for all")
      .option("--others", s.choice.others, support::range::count_or_none,
              "bytes of each other held-out book, for the intervals; 0 for all")
      .option("--inner-rate", s.inner_rate, support::range::rate_or_none,
              "of the steps of the model that was trained to learn")
      .option("--plain-rate", s.plain_rate, support::range::rate_or_none,
              "of the steps of the plain model that learns")
      .option("--seed", s.seed, "of the number that is hidden")
      .option("--device", s.device, support::device_help)
      .option("--threads", s.threads, support::range::threads, "readings at the same time");
  return program.run(argc, argv, [&] {
    return support::with_device(s.device, [&]<Storage M>() { return read_book<M>(s); });
  });
}
