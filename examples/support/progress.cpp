// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "plain_text.hpp"
#include "printable.hpp"

namespace support {

namespace {

/// The parts of a progress line; what is not known is empty.
struct Parts {
  std::string name;
  std::string steps;
  std::string loss;
  std::string speed;
  std::string time;
};

Parts parts_of(const Task& task, const Tick& tick, double seconds) {
  std::string name = printable(task.name);
  std::ranges::replace(name, '\n', ' ');
  Parts parts{.name = std::move(name),
              .steps = ' ' + std::to_string(tick.step) + '/' + std::to_string(task.steps),
              .loss = {},
              .speed = {},
              .time = {}};
  const auto add_loss = [&](const char* words, double loss) {
    if (std::isnan(loss)) return;
    parts.loss += (plain_text() << words << std::fixed << std::setprecision(4) << loss).str();
  };
  add_loss("  loss ", tick.loss);
  add_loss("  held out ", tick.held_out);
  if (tick.tokens > 0 && seconds > 0.0) {
    parts.speed = "  " + with_prefix(static_cast<double>(tick.tokens) / seconds) + " tokens/s";
  }
  if (tick.step >= task.steps) {
    parts.time = "  " + as_time(seconds);
  } else if (tick.step > task.first) {
    const double each = seconds / static_cast<double>(tick.step - task.first);
    parts.time = "  " + as_time(each * static_cast<double>(task.steps - tick.step)) + " left";
  }
  return parts;
}

double share_done(const Task& task, const Tick& tick) {
  return task.steps > 0 ? static_cast<double>(tick.step) / static_cast<double>(task.steps) : 1.0;
}

}  // namespace

ttt::Index terminal_columns(int descriptor) {
  constexpr ttt::Index usual = 80;
  winsize size{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : usual;
}

std::string with_prefix(double number) {
  const char* prefix = "";
  for (const char* larger : {" k", " M", " G"}) {
    if (number < 1000.0) break;
    number /= 1000.0;
    prefix = larger;
  }
  std::ostringstream out = plain_text();
  out << std::setprecision(3) << number << prefix;
  return out.str();
}

std::string as_time(double seconds) {
  const auto total = static_cast<ttt::Index>(std::llround(seconds));
  std::ostringstream out = plain_text();
  out << std::setfill('0');
  if (total >= 3600) {
    out << total / 3600 << ':' << std::setw(2) << total / 60 % 60;
  } else {
    out << total / 60;
  }
  out << ':' << std::setw(2) << total % 60;
  return out.str();
}

std::string progress_line(const Task& task, const Tick& tick, double seconds) {
  const Parts p = parts_of(task, tick, seconds);
  return p.name + p.steps + p.loss + p.speed + p.time;
}

std::string progress_text(const Task& task, const Tick& tick, double seconds, ttt::Index columns) {
  const Parts p = parts_of(task, tick, seconds);
  const double done = share_done(task, tick);
  const std::string line = p.name + p.steps + p.loss + p.speed + p.time;
  const std::string share =
      std::to_string(static_cast<int>(std::clamp(done, 0.0, 1.0) * 100.0)) + " %";
  const ttt::Index room = columns - 1;
  for (const std::string& text :
       {progress_bar(done, 24) + ' ' + line, progress_bar(done, 8) + ' ' + line, line,
        p.name + ' ' + share + p.loss + p.time, p.name + ' ' + share + p.time, share + p.time}) {
    if (columns_of(text) <= room) return text;
  }
  return share.substr(0, static_cast<std::size_t>(std::max<ttt::Index>(room, 0)));
}

std::string progress_bar(double done, ttt::Index width) {
  const auto cells = static_cast<std::size_t>(width);
  const auto filled =
      static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * static_cast<double>(width));
  return '[' + std::string(filled, '#') + std::string(cells - filled, '.') + ']';
}

Progress::Progress(Task task) : Progress(std::move(task), std::cerr) {
  if (::isatty(STDERR_FILENO) != 0) columns_ = [] { return terminal_columns(STDERR_FILENO); };
}

Progress::Progress(Task task, std::ostream& out, std::function<ttt::Index()> columns)
    : task_(std::move(task)), out_(out), columns_(std::move(columns)) {}

Progress::~Progress() {
  if (open_line_) out_ << std::endl;
}

void Progress::show(const Tick& tick) {
  const auto now = Clock::now();
  const bool first = shown_ == Clock::time_point{};
  const bool last = tick.step >= task_.steps;
  const std::chrono::duration<double> pause(columns_ ? 0.1 : 10.0);
  if (!first && !last && now - shown_ < pause) return;
  shown_ = now;

  const double seconds = std::chrono::duration<double>(now - begun_).count();
  if (columns_) {
    out_ << '\r' << progress_text(task_, tick, seconds, columns_()) << "\x1b[K" << std::flush;
    open_line_ = true;
  } else {
    out_ << progress_line(task_, tick, seconds) << std::endl;
  }
}

}  // namespace support
