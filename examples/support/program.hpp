// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "report.hpp"

namespace CLI {
class App;
}

namespace support {

/// Numbers that an option takes, both ends among them.
struct Range {
  double least;
  double most;
};

/// The ranges of most options.
namespace range {

inline constexpr Range count{1, 1e12};          ///< of what there must be one of
inline constexpr Range count_or_none{0, 1e12};  ///< where 0 has a meaning of its own
inline constexpr Range threads{1, 1024};
inline constexpr Range rate{1e-12, 100};  ///< of an optimiser's steps
inline constexpr Range rate_or_none{0, 100};
inline constexpr Range share{0, 1};  ///< of a whole

}  // namespace range

/// What a program found, and the files that it has yet to write.
struct Outcome {
  /// Each call writes one file. All are made, whatever becomes of the others.
  using Files = std::vector<std::function<void()>>;

  std::optional<Report> report;  ///< none where another process of a run reports
  Files files = {};
};

/// A command line program: options that fill variables, then a body.
///
///   std::string text = "kjv";
///   Index steps = 1000;
///   Program program("train", "Trains a model that learns while it reads");
///   program.option("--text", text, "what to read")
///       .option("--steps", steps, range::count, "outer steps");
///   return program.run(argc, argv, [&] { return train(text, steps); });
///
/// Beside its own options every program has
///
///   --help          what it does and its options with their defaults
///   --recipe FILE   settings from a JSON object, {"steps": 500}; the command line overrides them
///   --json FILE     writes the report of the body, and the version
///   --version       the version of this library
class Program {
 public:
  Program(std::string name, std::string purpose);
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  /// Declares an option that fills `value`, whose present value is the default.
  ///
  /// `value` is a std::string, a std::vector of strings, a bool or a seed, a std::uint64_t. A bool
  /// needs no argument; a vector takes all that follow.
  ///
  /// \pre `value` outlives `run`
  template <class T>
  Program& option(std::string_view flag, T& value, std::string_view help) {
    return declare(flag, Target(std::in_place_type<T*>, &value), help);
  }

  /// Declares an option of numbers of a range: an Index, a double, or a std::vector of either.
  ///
  /// \pre `value` outlives `run`
  template <class T>
  Program& option(std::string_view flag, T& value, Range range, std::string_view help) {
    return declare(flag, Number(std::in_place_type<T*>, &value), range, help);
  }

  /// Declares an option that names a file that the program writes; none if it is empty. A file that
  /// cannot be written is refused before the body runs.
  ///
  /// \pre `path` outlives `run`
  Program& output(std::string_view flag, std::string& path, std::string_view help);

  /// Refuses a command line that has one of these options beside `flag`.
  ///
  /// \pre all are declared
  Program& exclude(std::string_view flag, const std::vector<std::string>& others);

  /// Reads the command line and runs `body`, which returns a Report or an Outcome, then writes its
  /// files and its report.
  ///
  /// A report that cannot be written is printed instead.
  ///
  /// \return 0; 1 after an exception, with `NAME: message` on the error stream, or if a file or the
  ///         standard output could not be written; 2 if the command line is wrong.
  template <class Body>
  int run(int argc, const char* const* argv, Body&& body) {
    return run_outcome(argc, argv, [&]() -> Outcome {
      if constexpr (std::same_as<std::invoke_result_t<Body>, Outcome>) {
        return body();
      } else {
        return {.report = body()};
      }
    });
  }

 private:
  using Target = std::variant<std::string*, bool*, std::uint64_t*, std::vector<std::string>*>;
  using Number = std::variant<ttt::Index*, double*, std::vector<ttt::Index>*, std::vector<double>*>;

  Program& declare(std::string_view flag, Target value, std::string_view help);
  Program& declare(std::string_view flag, Number value, Range range, std::string_view help);
  int run_outcome(int argc, const char* const* argv, const std::function<Outcome()>& body);
  int finish(const Outcome& outcome) const;

  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<std::string> json_;
  std::vector<std::pair<std::string, const std::string*>> outputs_;  // flag, path
};

}  // namespace support
