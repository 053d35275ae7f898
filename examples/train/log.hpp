// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/decimal.hpp>
#include <ttt/error.hpp>
#include <ttt/file/atomic.hpp>
#include <ttt/learn/trainer.hpp>

#include <cmath>
#include <fstream>
#include <ios>
#include <locale>
#include <optional>
#include <span>
#include <string>

namespace training {

using namespace ttt;

/// One line of JSON a step, in a file that a resumed run goes on with.
class Log {
 public:
  /// Keeps the first `steps` lines of what is there.
  Log(const std::string& path, Index steps) {
    if (path.empty()) return;
    std::string kept;
    std::string line;
    std::ifstream before(path);
    for (Index i = 0; i < steps && std::getline(before, line); ++i) kept += line + '\n';
    file::write_atomically(path, std::as_bytes(std::span(kept)));
    out_.imbue(std::locale::classic());
    out_.open(path, std::ios::app);
    if (!out_) throw FileError("Log: cannot write " + path);
  }

  /// `held_out` is the loss behind the step, if it was measured.
  void write(const StepReport& step, std::optional<double> held_out, double seconds) {
    if (!out_.is_open()) return;
    out_ << "{\"step\": " << step.step << ", \"loss\": " << step.loss;
    if (step.weighted > 0) out_ << ", \"weighted\": " << step.weighted;
    if (held_out) out_ << ", \"held_out\": " << number_or_null(*held_out);
    out_ << ", \"norm\": " << step.norm << ", \"rate\": " << step.rate
         << ", \"seconds\": " << seconds << "}\n"
         << std::flush;
    if (!out_) throw FileError("Log: the disk took no more");
  }

 private:
  /// As JSON has it.
  static std::string number_or_null(double number) {
    return std::isfinite(number) ? decimal(number) : "null";
  }

  std::ofstream out_;
};

}  // namespace training
