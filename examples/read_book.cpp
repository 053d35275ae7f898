// SPDX-License-Identifier: Apache-2.0
//
// Reads a book that no model here was trained on, in four ways, and shows what learning is worth:
//
//   learning  the fast weights take a step after each chunk
//   frozen    the same model, its fast weights left as they were trained
//   window    a plain model of as many parameters, trained on as many bytes
//   dynamic   that plain model, learning while it reads
//
// At the end a model with a cache, which has read the book too, is asked for a number that was
// hidden in the first chapter.
//
//   read_book
//   read_book --book Rev --memory rev.memory.safetensors --limit 20000   (again: reads on)
//   read_book --file letter.txt
//   read_book --novel emma
//
// smoke: --models {source}/examples/models --limit 600 --others 400 --out rb
// smoke: --models {source}/examples/models --limit 900 --others 400 --memory rb/memory.safetensors

#include <ttt/data/bytes.hpp>
#include <ttt/data/files.hpp>
#include <ttt/measure/bootstrap.hpp>
#include <ttt/measure/loss_by_position.hpp>
#include <ttt/model/memory_file.hpp>
#include <ttt/parallel/threads.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "models.hpp"
#include "read_book/question.hpp"
#include "read_book/reading.hpp"
#include "support/chart.hpp"
#include "support/corpus.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"

namespace {

using namespace ttt;
using reading::Book;
using reading::read;
using reading::Reading;

struct Settings {
  std::string book = "Dan";
  std::string file;
  std::string novel;
  std::string models = "examples/models";
  std::string memory;
  std::string out = "read_book";
  Index limit = 0;
  Index others = 0;
  double inner_rate = 0.4;  // that the models were trained with
  double dynamic_rate = 0.2;
  std::uint64_t seed = 1;
  Index threads = support::this_machine().cores;
};

enum Way : std::size_t { learning, frozen, window, dynamic, ways };
constexpr std::array<const char*, ways> way_names{"learning", "frozen", "window", "dynamic"};

/// From here on a plain window of the same size has seen nothing of the text's beginning.
constexpr Index settled = 4 * preset::bookworm.window;

struct Models {
  models::Bookworm::Params<Matrix<float>> bookworm;
  models::BookwormPlain::Params<Matrix<float>> plain;
  models::BookwormDynamic::Params<Matrix<float>> dynamic;
  models::Bookkeeper::Params<Matrix<float>> bookkeeper;

  explicit Models(const std::filesystem::path& folder)
      : bookworm(read_params<models::Bookworm>(folder / "bookworm.safetensors")),
        plain(read_params<models::BookwormPlain>(folder / "bookworm_plain.safetensors")),
        dynamic(models::renamed<decltype(dynamic)>(plain)),
        bookkeeper(read_params<models::Bookkeeper>(folder / "bookkeeper.safetensors")) {}
};

/// The book to read, then the held-out books that say how sure the gains are.
std::vector<Book> library(const Settings& settings) {
  std::vector<Book> books;
  const auto add = [&](const data::Document& document, Index limit) {
    Book book{document.title, data::bytes(document.text)};
    if (limit > 0 && std::ssize(book.tokens) > limit) {
      book.tokens.resize(static_cast<std::size_t>(limit));
    }
    if (std::ssize(book.tokens) <= settled) {
      throw RangeError("read_book: " + book.title + " must have more than " +
                       std::to_string(settled) + " bytes, got " +
                       std::to_string(book.tokens.size()));
    }
    books.push_back(std::move(book));
  };
  if (!settings.file.empty()) {
    add(data::read_corpus(settings.file).front(), settings.limit);
    return books;
  }
  if (!settings.novel.empty()) {
    const data::Corpus novels =
        support::austen_corpus(std::filesystem::path(settings.out) / "austen");
    const auto chosen = std::ranges::find(novels, settings.novel, &data::Document::title);
    if (chosen == novels.end()) {
      throw RangeError("--novel must be one of Jane Austen's, such as emma, got " + settings.novel);
    }
    add(*chosen, settings.limit);
    return books;
  }
  for (const data::Document& document : support::held_out_books(settings.book)) {
    add(document, books.empty() ? settings.limit : settings.others);
  }
  return books;
}

/// What learning gains on `other`, in nats per byte: over books, or over stretches of the only one.
measure::Difference gain(const std::vector<std::array<Reading, ways>>& readings, Way other) {
  constexpr Index stretch = 4096;
  std::vector<measure::Pair> pairs;
  const auto add = [&](const auto& reading, Index first, Index end) {
    pairs.push_back({.first = reading[other].mean(first, end),
                     .second = reading[learning].mean(first, end),
                     .weight = static_cast<double>(end - first)});
  };
  for (const auto& reading : readings) {
    const Index end = std::ssize(reading[learning].nats);
    Index first = settled;
    while (first < end && reading[learning].nats[static_cast<std::size_t>(first)] !=
                              reading[learning].nats[static_cast<std::size_t>(first)]) {
      ++first;  // read before, and remembered
    }
    if (readings.size() > 1) {
      if (first < end) add(reading, first, end);
    } else {
      for (; first < end; first += stretch) add(reading, first, std::min(first + stretch, end));
    }
  }
  if (pairs.empty()) throw RangeError("read_book: nothing was left to read");
  return measure::paired_bootstrap(pairs);
}

support::Report in_report(const measure::Difference& difference) {
  support::Report report;
  report.set("mean", difference.mean)
      .set("low", difference.interval.lower)
      .set("high", difference.interval.upper);
  return report;
}

/// Prints loss by position; returns it for the report and the chart.
std::array<std::vector<measure::Bin>, ways> print_table(const std::array<Reading, ways>& readings) {
  const Index length = std::ssize(readings[frozen].nats);
  const std::vector<Index> edges = measure::log_edges({.first = 64, .last = length});
  std::array<std::vector<measure::Bin>, ways> bins;
  for (std::size_t way = 0; way < ways; ++way) {
    const std::vector<measure::Scored> scored{{.nats = readings[way].nats}};
    bins[way] = measure::loss_by_position(scored, edges);
  }
  std::cout << "\n                      nats per byte                          bits per byte\n"
            << "        bytes";
  for (int unit = 0; unit < 2; ++unit) {
    for (const char* name : way_names) std::cout << std::setw(9) << name;
    std::cout << "  ";
  }
  std::cout << '\n' << std::fixed << std::setprecision(3);
  for (std::size_t bin = 0; bin < bins[0].size(); ++bin) {
    std::cout << std::setw(6) << bins[0][bin].begin << '-' << std::setw(6) << bins[0][bin].end;
    for (const auto& way : bins) std::cout << std::setw(9) << way[bin].nats_per_byte();
    std::cout << "  ";
    for (const auto& way : bins) std::cout << std::setw(9) << way[bin].bits_per_byte();
    std::cout << '\n';
  }
  return bins;
}

void print_speed(const std::array<Reading, ways>& readings) {
  std::cout << "\n           tokens a second   bytes of memory\n";
  for (std::size_t way = 0; way < ways; ++way) {
    const auto& [nats, seconds, bytes] = readings[way];
    std::cout << std::setw(9) << way_names[way] << std::setw(17) << std::setprecision(0)
              << static_cast<double>(nats.size()) / seconds << std::setw(18) << bytes << '\n';
  }
}

/// The passage that learning helped most, word for word.
void print_passage(const Book& book, const std::array<Reading, ways>& readings) {
  constexpr Index length = 320;
  const Index end = std::ssize(readings[learning].nats);
  const auto helped = [&](Index t) {
    const auto at = static_cast<std::size_t>(t);
    const float saved = readings[frozen].nats[at] - readings[learning].nats[at];
    return saved == saved ? static_cast<double>(saved) : -1e9;  // not what was read before
  };
  double sum = 0;
  double most = -std::numeric_limits<double>::infinity();
  Index best = settled;
  for (Index t = settled; t < end; ++t) {
    sum += helped(t);
    if (t >= settled + length) sum -= helped(t - length);
    if (t >= settled + length - 1 && sum > most) {
      most = sum;
      best = t - length + 1;
    }
  }
  const Index stop = std::min(best + length, end);
  std::cout << "\nLearning helped most here, at byte " << best << " of " << book.title << " ("
            << std::setprecision(3) << readings[learning].mean(best, stop)
            << " nats per byte, frozen " << readings[frozen].mean(best, stop) << "):\n\n"
            << data::text(std::span(book.tokens)
                              .subspan(static_cast<std::size_t>(best),
                                       static_cast<std::size_t>(stop - best)))
            << "\n";
}

support::Report read_book(const Settings& settings) {
  const support::Stopwatch watch;
  const Models models(settings.models);
  const std::vector<Book> books = library(settings);
  std::filesystem::create_directories(settings.out);
  const std::filesystem::path out = settings.out;

  const Session<models::Bookworm>::Options learns{
      .inner = {.optimiser = {.rate = settings.inner_rate}}};
  Session<models::Bookworm> reader(models.bookworm, learns);
  if (!settings.memory.empty() && std::filesystem::exists(settings.memory)) {
    reader = load_memory<models::Bookworm>(settings.memory, models.bookworm, learns);
    std::cout << "reading on from byte " << reader.position() << '\n';
    if (reader.position() >= std::ssize(books[0].tokens)) {
      throw RangeError("--memory: " + settings.memory + " has read " +
                       std::to_string(reader.position()) + " bytes, and " + books[0].title +
                       " has only " + std::to_string(books[0].tokens.size()));
    }
  }

  Index total = 0;
  for (const Book& book : books) total += static_cast<Index>(ways) * std::ssize(book.tokens);
  reading::Question question(books[0], settings.seed);
  total += std::ssize(question.sample.text);
  support::Progress progress({.name = "read " + books[0].title, .steps = total});
  std::mutex guard;
  Index done = 0;
  double lately = std::numeric_limits<double>::quiet_NaN();
  const auto show = [&](std::size_t count) {
    const std::lock_guard lock(guard);
    done += static_cast<Index>(count);
    progress.show({.step = done, .tokens = done, .loss = lately});
  };

  std::vector<std::array<Reading, ways>> readings(books.size());
  for_each_index(settings.threads, 1 + std::ssize(books) * static_cast<Index>(ways), [&](Index n) {
    if (n == 0) {
      question.ask(models.bookkeeper, settings.inner_rate, show);
      return;
    }
    const Index job = n - 1;
    const auto number = static_cast<std::size_t>(job) / ways;
    const auto way = static_cast<std::size_t>(job) % ways;
    const auto& tokens = books[number].tokens;
    Reading& reading = readings[number][way];
    if (way == learning) {
      Session<models::Bookworm> fresh(models.bookworm, learns);
      reading = read(number == 0 ? reader : fresh, tokens, show);
    } else if (way == frozen) {
      Session<models::Bookworm> session(models.bookworm, {.learning = Learning::off});
      reading = read(session, tokens, show);
    } else if (way == window) {
      Session<models::BookwormPlain> session(models.plain);
      reading = read(session, tokens, show);
    } else {
      Session<models::BookwormDynamic> session(
          models.dynamic, {.inner = {.optimiser = {.rate = settings.dynamic_rate}}});
      reading = read(session, tokens, show);
    }
  });
  const std::filesystem::path memory =
      settings.memory.empty() ? out / "memory.safetensors" : std::filesystem::path(settings.memory);
  save_memory(memory, reader);

  const auto bins = print_table(readings[0]);
  print_speed(readings[0]);
  print_passage(books[0], readings[0]);
  const std::string written = data::text(reader.generate(300, top_p(0.9, 1)));
  std::cout << "\nIt goes on by itself:\n\n" << written << "\n";

  support::Report report;
  support::Chart chart{.title = "Reading " + books[0].title,
                       .x_title = "byte of the book",
                       .y_title = "nats per byte",
                       .series = {}};
  std::vector<support::Report> in_bins;
  for (std::size_t way = 0; way < ways; ++way) {
    chart.series.push_back({.name = way_names[way], .points = {}});
    for (const measure::Bin& bin : bins[way]) {
      const double middle = std::sqrt(static_cast<double>(std::max<Index>(bin.begin, 16)) *
                                      static_cast<double>(bin.end));
      chart.series.back().points.push_back({.x = middle, .y = bin.nats_per_byte()});
    }
  }
  for (std::size_t bin = 0; bin < bins[0].size(); ++bin) {
    support::Report row;
    row.set("begin", bins[0][bin].begin).set("end", bins[0][bin].end);
    for (std::size_t way = 0; way < ways; ++way) {
      row.set(way_names[way], bins[way][bin].nats_per_byte());
    }
    in_bins.push_back(std::move(row));
  }
  support::write_svg(out / "loss_by_position.svg", chart);

  std::cout << "\nLearning saves, in nats per byte after byte " << settled
            << (books.size() > 1 ? ", over the held-out books" : ", over stretches of the text")
            << " (95 % interval):\n";
  for (const Way other : {frozen, window, dynamic}) {
    const measure::Difference saved = gain(readings, other);
    std::cout << "  over " << std::setw(8) << std::left << way_names[other] << std::right
              << std::setprecision(3) << saved.mean << "  [" << saved.interval.lower << ", "
              << saved.interval.upper << "]\n";
    report.set("gain_over_" + std::string(way_names[other]), in_report(saved));
  }
  question.print();
  std::cout << "\nThe picture is " << (out / "loss_by_position.svg").string() << ", the memory "
            << memory.string() << ".\n";

  std::vector<support::Report> each;
  for (std::size_t number = 0; number < books.size(); ++number) {
    support::Report row;
    const Index end = std::ssize(books[number].tokens);
    row.set("title", books[number].title).set("bytes", end);
    for (std::size_t way = 0; way < ways; ++way) {
      row.set(way_names[way], readings[number][way].mean(settled, end));
    }
    each.push_back(std::move(row));
  }
  support::Report speed;
  support::Report bytes;
  for (std::size_t way = 0; way < ways; ++way) {
    const auto& reading = readings[0][way];
    speed.set(way_names[way], static_cast<double>(reading.nats.size()) / reading.seconds);
    bytes.set(way_names[way], reading.bytes);
  }
  report.set("book", books[0].title)
      .set("loss_by_position", in_bins)
      .set("after_four_windows", each)
      .set("needle", question.report())
      .set("tokens_per_second", speed)
      .set("memory_bytes", bytes)
      .set("inner_rate", settings.inner_rate)
      .set("dynamic_rate", settings.dynamic_rate)
      .set("seconds", watch.seconds())
      .set("machine", support::this_machine().report());
  report.write(out / "read_book.json");
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("read_book",
                           "Reads a book in four ways and shows what learning is worth");
  program.option("--book", s.book, "a held-out book: Josh, Ruth, Job, Prv, Dan, John, Acts or Rev")
      .option("--file", s.file, "a text to read instead")
      .option("--novel", s.novel,
              "a novel of Jane Austen to read instead: sensesensibility, prideprejudice, "
              "mansfieldpark, emma, northangerabbey or persuasion; needs r-cran-janeaustenr")
      .option("--models", s.models, "the folder of the models")
      .option("--memory", s.memory, "a memory to read on from, if it is there, and to keep")
      .option("--out", s.out, "the folder for picture, report and memory")
      .option("--limit", s.limit, "bytes of the book; 0 for all")
      .option("--others", s.others,
              "bytes of each other held-out book, for the intervals; 0 for all")
      .option("--inner-rate", s.inner_rate, "of the steps of the models that were trained to learn")
      .option("--dynamic-rate", s.dynamic_rate, "of the steps of the plain model that learns")
      .option("--seed", s.seed, "of the number that is hidden")
      .option("--threads", s.threads, "readings at the same time");
  return program.run(argc, argv, [&] { return read_book(s); });
}
