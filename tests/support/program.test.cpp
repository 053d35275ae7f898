// SPDX-License-Identifier: Apache-2.0
#include "support/program.hpp"

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>
#include <ttt/version.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using support::Outcome;
using support::Program;
using support::Report;
using ttt::Index;
namespace fs = std::filesystem;

/// Catches what is written to a stream while it lives.
class Captured {
 public:
  explicit Captured(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() { stream_.rdbuf(before_); }

  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* before_;
};

/// A file that is gone after the test case.
struct TemporaryFile {
  fs::path path = fs::temp_directory_path() / ("ttt_program." + std::to_string(::getpid()));
  ~TemporaryFile() { fs::remove(path); }
};

/// A program with one option of each type.
struct Example {
  std::string text = "kjv";
  Index steps = 10;
  double rate = 0.5;
  bool meta = false;
  std::uint64_t seed = 1;
  std::vector<std::string> titles{};
  std::vector<double> depths{0.5};
  std::string out{};
  std::string errors{};
  std::string output{};

  int run(std::vector<const char*> arguments) {
    return run(std::move(arguments), [] { return Report(); });
  }

  template <class Body>
  int run(std::vector<const char*> arguments, const Body& body) {
    Program program("reader", "Reads a text");
    program.option("--text", text, "what to read")
        .option("--steps", steps, {-5, 1e12}, "how many steps")
        .option("--rate", rate, support::range::rate, "step size")
        .option("--meta", meta, "learn to learn")
        .option("--seed", seed, "of all that is random")
        .option("--hold-out", titles, "titles not to read")
        .option("--depths", depths, support::range::share, "of the needle")
        .output("--out", out, "the page")
        .exclude("--out", {"--depths"});
    arguments.insert(arguments.begin(), "reader");
    const Captured captured_errors(std::cerr);
    const Captured captured_output(std::cout);
    const int status = program.run(static_cast<int>(arguments.size()), arguments.data(), body);
    errors = captured_errors.text();
    output = captured_output.text();
    return status;
  }
};

TEST_SUITE("support") {
  TEST_CASE("options fill the variables they are bound to") {
    Example example;
    CHECK(example.run({"--text", "austen", "--steps", "-3", "--rate=1e-3", "--meta", "--seed",
                       "18446744073709551615", "--hold-out", "Ruth", "Job"}) == 0);
    CHECK(example.text == "austen");
    CHECK(example.steps == -3);
    CHECK(example.rate == 1e-3);
    CHECK(example.meta);
    CHECK(example.seed == 18446744073709551615U);
    CHECK(example.titles == std::vector<std::string>{"Ruth", "Job"});
  }

  TEST_CASE("options that are not given keep their values") {
    Example example;
    CHECK(example.run({}) == 0);
    CHECK(example.text == "kjv");
    CHECK(example.steps == 10);
    CHECK_FALSE(example.meta);
  }

  TEST_CASE("help names the purpose and every option with its default, and runs nothing") {
    Example example;
    bool ran = false;
    CHECK(example.run({"--help"}, [&] { return ran = true, Report(); }) == 0);
    CHECK_FALSE(ran);
    for (const char* part : {"Reads a text", "--steps", "how many steps", "10", "kjv", "--json",
                             "--recipe", "--hold-out"}) {
      CAPTURE(part);
      CHECK(example.output.find(part) != std::string::npos);
    }
  }

  TEST_CASE("a wrong command line is named on the error stream and gives 2") {
    Example example;
    CHECK(example.run({"--step", "3"}) == 2);
    CHECK(example.errors.starts_with("reader: "));
    CHECK(example.errors.find("--step") != std::string::npos);
    CHECK(example.errors.ends_with("; see reader --help\n"));
    CHECK(example.run({"--steps", "many"}) == 2);
    CHECK(example.errors.find("many") != std::string::npos);
    CHECK(example.run({"--recipe", "/no/such/file"}) == 2);
  }

  TEST_CASE("options that exclude each other are refused together, and not one by one") {
    Example example;
    CHECK(example.run({"--depths", "0.1", "--out", ""}) == 2);
    CHECK(example.errors.find("--depths excludes --out") != std::string::npos);
    CHECK(example.run({"--depths", "0.1"}) == 0);
  }

  TEST_CASE("a number outside its option's range is refused, with option and range") {
    Example example;
    const auto refusal = [&](std::vector<const char*> arguments) {
      bool ran = false;
      CHECK(example.run(std::move(arguments), [&] { return ran = true, Report(); }) == 2);
      CHECK_FALSE(ran);
      return example.errors;
    };
    const std::string see = "; see reader --help\n";
    const std::string steps = "reader: --steps: must be a whole number in -5..1000000000000, got ";
    for (const std::string number :
         {"-6", "99999999999999999999", "1e3", "0x10", "1.5", "nan", "many"}) {
      CHECK(refusal({"--steps", number.c_str()}) == steps + number + see);
    }
    const std::string rate = "reader: --rate: must be a number in 1e-12..100, got ";
    for (const std::string number : {"nan", "inf", "-inf", "1e39", "1e400", "0", "-1", "fast"}) {
      CHECK(refusal({"--rate", number.c_str()}) == rate + number + see);
    }
    CHECK(refusal({"--depths", "0.5", "1.5"}) ==
          "reader: --depths: must be a number in 0..1, got 1.5" + see);
    CHECK(refusal({"--seed", "-1"}) ==
          "reader: --seed: must be a whole number in 0..18446744073709551615, got -1" + see);
  }

  TEST_CASE("a number is read in base ten") {
    Example example;
    CHECK(example.run({"--steps", "010", "--seed", "010"}) == 0);
    CHECK(example.steps == 10);
    CHECK(example.seed == 10);
  }

  TEST_CASE("a recipe's numbers have the same ranges") {
    const TemporaryFile file;
    std::ofstream(file.path) << R"({"rate": 1e39})";
    Example example;
    CHECK(example.run({"--recipe", file.path.c_str()}) == 2);
    CHECK(example.errors.starts_with("reader: --rate: must be a number in 1e-12..100, got "));
  }

  TEST_CASE("the version is that of the library") {
    Example example;
    CHECK(example.run({"--version"}) == 0);
    CHECK(example.output == "reader of ttt " + std::string(ttt::version) + "\n");
  }

  TEST_CASE("a file that cannot be written is refused before the body runs") {
    Example example;
    for (const char* option : {"--json", "--out"}) {
      bool ran = false;
      CHECK(example.run({option, "/no/such/folder/x"}, [&] { return ran = true, Report(); }) == 1);
      CHECK_FALSE(ran);
      CHECK(example.errors == "reader: " + std::string(option) +
                                  ": /no/such/folder/x: no file can be made there: "
                                  "No such file or directory\n");
    }
  }

  TEST_CASE("a file that fails at the end keeps no other from being written, nor the report") {
    const TemporaryFile file;
    Example example;
    bool written = false;
    const auto body = [&] {
      return Outcome{
          .report = Report().set("loss", 2),
          .files = {[] { throw ttt::FileError("disk: full"); }, [&] { written = true; }}};
    };
    CHECK(example.run({"--json", file.path.c_str()}, body) == 1);
    CHECK(example.errors == "reader: disk: full\n");
    CHECK(written);
    CHECK(ttt::data::read_text(file.path).find("\"loss\": 2") != std::string::npos);
  }

  TEST_CASE("a report that cannot be written is printed") {
    const TemporaryFile file;
    Example example;
    const auto body = [&] {
      fs::create_directory(file.path);  // since it was tried
      return Report().set("loss", 2);
    };
    CHECK(example.run({"--json", file.path.c_str()}, body) == 1);
    CHECK(example.output.find("\"loss\": 2") != std::string::npos);
  }

  TEST_CASE("a standard output that takes no more is an error") {
    Example example;
    const auto body = [] {
      std::cout.setstate(std::ios::badbit);
      return Report();
    };
    CHECK(example.run({}, body) == 1);
    std::cout.clear();
    CHECK(example.errors == "reader: the standard output could not be written\n");
  }

  TEST_CASE("an exception from the body is a line with the program's name and gives 1") {
    Example example;
    CHECK(example.run({}, []() -> Outcome { throw ttt::RangeError("batch: must be positive"); }) ==
          1);
    CHECK(example.errors == "reader: batch: must be positive\n");
  }

  TEST_CASE("the report of the body goes to the file of --json") {
    const TemporaryFile file;
    Example example;
    CHECK(example.run({"--json", file.path.c_str()}, [] { return Report().set("loss", 2); }) == 0);
    CHECK(ttt::data::read_text(file.path) ==
          Report().set("loss", 2).set("version", ttt::version).text());
  }

  TEST_CASE("a recipe sets options and the command line overrides it") {
    const TemporaryFile file;
    std::ofstream(file.path) << R"({"steps": 500, "rate": 0.25, "meta": true, "text": "a b"})";
    Example example;
    CHECK(example.run({"--rate", "2", "--recipe", file.path.c_str()}) == 0);
    CHECK(example.steps == 500);
    CHECK(example.rate == 2.0);
    CHECK(example.meta);
    CHECK(example.text == "a b");
  }

  TEST_CASE("a recipe with an unknown setting or none at all is refused") {
    const TemporaryFile file;
    std::ofstream(file.path) << R"({"stepps": 500})";
    Example example;
    CHECK(example.run({"--recipe", file.path.c_str()}) == 2);
    CHECK(example.errors == "reader: " + file.path.string() +
                                ": no setting is called \"stepps\"; see reader --help\n");
    std::ofstream(file.path) << "steps = 500";
    CHECK(example.run({"--recipe", file.path.c_str()}) == 1);
    CHECK(example.errors == "reader: " + file.path.string() + ": must be a JSON object\n");
  }
}

}  // namespace
