// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <chrono>
#include <iosfwd>
#include <limits>
#include <string>

namespace support {

/// How far a long task is.
struct Tick {
  ttt::Index step;                                         ///< steps done
  ttt::Index tokens = 0;                                   ///< tokens read since this run began
  double loss = std::numeric_limits<double>::quiet_NaN();  ///< not shown where it is NaN
};

/// The task that a Progress shows.
struct Task {
  std::string name;
  ttt::Index steps;      ///< of the whole task
  ttt::Index first = 0;  ///< steps that were done before this run
};

/// Shows a task on the error stream: a bar that redraws itself on a terminal, a line every ten
/// seconds anywhere else. The first and the last step are always shown.
class Progress {
 public:
  explicit Progress(Task task);
  Progress(Task task, std::ostream& out, bool terminal);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // ends the bar's line

  void show(const Tick& tick);

 private:
  using Clock = std::chrono::steady_clock;

  Task task_;
  std::ostream& out_;
  bool terminal_;
  bool open_line_ = false;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_{};
};

/// What is said of a task after `seconds` of this run, such as
///
///   train 120/1000  loss 2.1034  12.3 k tokens/s  3:12 left
[[nodiscard]] std::string progress_line(const Task& task, const Tick& tick, double seconds);

/// A bar of `width` cells of which `done` in 0..1 is filled.
[[nodiscard]] std::string progress_bar(double done, ttt::Index width);

}  // namespace support
