// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/error.hpp>

#include <chrono>
#include <functional>
#include <iosfwd>
#include <limits>
#include <string>

namespace support {

/// How far a long task is.
struct Tick {
  ttt::Index step;                                             ///< steps done
  ttt::Index tokens = 0;                                       ///< tokens read since this run began
  double loss = std::numeric_limits<double>::quiet_NaN();      ///< not shown where it is NaN
  double held_out = std::numeric_limits<double>::quiet_NaN();  ///< loss of other texts; likewise
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

  /// Writes to `out`, which is a terminal if `columns` can be called: it tells the terminal's
  /// width, and is called for each redraw, because the width may change.
  Progress(Task task, std::ostream& out, std::function<ttt::Index()> columns = nullptr);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // ends the bar's line

  void show(const Tick& tick);

 private:
  using Clock = std::chrono::steady_clock;

  Task task_;
  std::ostream& out_;
  std::function<ttt::Index()> columns_;
  bool open_line_ = false;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_{};
};

/// The width of the terminal that a descriptor stands for; 80 if it is none or does not say.
[[nodiscard]] ttt::Index terminal_columns(int descriptor);

/// 12345 is `12.3 k`.
[[nodiscard]] std::string with_prefix(double number);

/// 3725 seconds are `1:02:05`.
[[nodiscard]] std::string as_time(double seconds);

/// What is said of a task after `seconds` of this run, such as
///
///   train 120/1000  loss 2.1034  12.3 k tokens/s  3:12 left
[[nodiscard]] std::string progress_line(const Task& task, const Tick& tick, double seconds);

/// A bar and that line, without what does not fit into a terminal of so many columns. The share
/// that is done and the time left stay longest. The last column is left free, where some terminals
/// wrap.
[[nodiscard]] std::string progress_text(const Task& task, const Tick& tick, double seconds,
                                        ttt::Index columns);

/// A bar of `width` cells of which `done` in 0..1 is filled.
[[nodiscard]] std::string progress_bar(double done, ttt::Index width);

}  // namespace support
