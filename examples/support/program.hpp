// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "report.hpp"

namespace CLI {
class App;
}

namespace support {

/// A command line program: options that fill variables, then a body.
///
///   std::string text = "kjv";
///   Index steps = 1000;
///   Program program("train", "Trains a model that learns while it reads");
///   program.option("--text", text, "what to read").option("--steps", steps, "outer steps");
///   return program.run(argc, argv, [&] { return train(text, steps); });
///
/// Beside its own options every program has
///
///   --help          what it does and its options with their defaults
///   --recipe FILE   settings from a JSON object, {"steps": 500}; the command line overrides them
///   --json FILE     writes the report of the body
class Program {
 public:
  Program(std::string name, std::string purpose);
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  /// Declares an option that fills `value`, whose present value is the default.
  ///
  /// `value` is a std::string, Index, double, bool, std::uint64_t, or a std::vector of strings, of
  /// Index or of double. A bool needs no argument; a vector takes all that follow.
  ///
  /// \pre `value` outlives `run`
  template <class T>
  Program& option(std::string_view flag, T& value, std::string_view help) {
    return declare(flag, &value, help);
  }

  /// Reads the command line and runs `body`.
  ///
  /// \return 0; 1 after an exception, with `NAME: message` on the error stream; 2 if the command
  ///         line is wrong.
  int run(int argc, const char* const* argv, const std::function<Report()>& body);

 private:
  using Target =
      std::variant<std::string*, ttt::Index*, double*, bool*, std::uint64_t*,
                   std::vector<std::string>*, std::vector<ttt::Index>*, std::vector<double>*>;

  Program& declare(std::string_view flag, Target value, std::string_view help);

  std::unique_ptr<CLI::App> app_;
  std::unique_ptr<std::string> json_;
};

}  // namespace support
