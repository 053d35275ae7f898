// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace support {

namespace {

/// 12345 is `12.3 k`.
std::string with_prefix(double number) {
  const char* prefix = "";
  for (const char* larger : {" k", " M", " G"}) {
    if (number < 1000.0) break;
    number /= 1000.0;
    prefix = larger;
  }
  std::ostringstream out;
  out << std::setprecision(3) << number << prefix;
  return out.str();
}

/// 3725 seconds are `1:02:05`.
std::string as_time(double seconds) {
  const auto total = static_cast<ttt::Index>(std::llround(seconds));
  std::ostringstream out;
  out << std::setfill('0');
  if (total >= 3600) {
    out << total / 3600 << ':' << std::setw(2) << total / 60 % 60;
  } else {
    out << total / 60;
  }
  out << ':' << std::setw(2) << total % 60;
  return out.str();
}

}  // namespace

std::string progress_line(const Task& task, const Tick& tick, double seconds) {
  std::ostringstream line;
  line << task.name << ' ' << tick.step << '/' << task.steps;
  if (!std::isnan(tick.loss)) line << "  loss " << std::fixed << std::setprecision(4) << tick.loss;
  if (tick.tokens > 0 && seconds > 0.0)
    line << "  " << with_prefix(static_cast<double>(tick.tokens) / seconds) << " tokens/s";
  if (tick.step >= task.steps) {
    line << "  " << as_time(seconds);
  } else if (tick.step > task.first) {
    const double each = seconds / static_cast<double>(tick.step - task.first);
    line << "  " << as_time(each * static_cast<double>(task.steps - tick.step)) << " left";
  }
  return line.str();
}

std::string progress_bar(double done, ttt::Index width) {
  const auto cells = static_cast<std::size_t>(width);
  const auto filled =
      static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * static_cast<double>(width));
  return '[' + std::string(filled, '#') + std::string(cells - filled, '.') + ']';
}

Progress::Progress(Task task)
    : Progress(std::move(task), std::cerr, ::isatty(STDERR_FILENO) != 0) {}

Progress::Progress(Task task, std::ostream& out, bool terminal)
    : task_(std::move(task)), out_(out), terminal_(terminal) {}

Progress::~Progress() {
  if (open_line_) out_ << std::endl;
}

void Progress::show(const Tick& tick) {
  const auto now = Clock::now();
  const bool first = shown_ == Clock::time_point{};
  const bool last = tick.step >= task_.steps;
  const std::chrono::duration<double> pause(terminal_ ? 0.1 : 10.0);
  if (!first && !last && now - shown_ < pause) return;
  shown_ = now;

  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const std::string line = progress_line(task_, tick, seconds);
  if (terminal_) {
    const double done = static_cast<double>(tick.step) / static_cast<double>(task_.steps);
    out_ << '\r' << progress_bar(done, 24) << ' ' << line << "\x1b[K" << std::flush;
    open_line_ = true;
  } else {
    out_ << line << std::endl;
  }
}

}  // namespace support
