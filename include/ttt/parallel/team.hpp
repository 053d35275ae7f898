// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/types.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace ttt {

/// Threads that share the work inside one sequence: the parts of the output of one operation after
/// another. The caller is one of them; the others spin for a moment, then sleep, between
/// operations.
///
/// \law bits  a task whose parts write different elements gives the same bits on any team
class Team {
 public:
  /// A team of `threads`, the caller included.
  ///
  /// \throws std::system_error if the system starts no further thread; those that began have ended.
  explicit Team(Index threads) {
    try {
      for (Index n = 1; n < threads; ++n) {
        others_.emplace_back([this, n](const std::stop_token& stop) { work(stop, n); });
      }
    } catch (...) {
      stop();
      throw;
    }
  }
  ~Team() { stop(); }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /// Threads, the caller included.
  [[nodiscard]] Index size() const { return std::ssize(others_) + 1; }

  /// Calls task(part) for part = 0 .. size() - 1, each on a thread of its own, and waits. Where the
  /// team is at work already, the caller does all parts.
  ///
  /// \throws what a part threw, after all have ended.
  template <class Task>
  void run(const Task& task) {
    const std::unique_lock lock(busy_, std::try_to_lock);
    if (!lock.owns_lock() || others_.empty()) {
      for (Index part = 0; part < size(); ++part) task(part);
      return;
    }
    call_ = [](const void* context, Index part) { (*static_cast<const Task*>(context))(part); };
    context_ = &task;
    failure_ = nullptr;
    left_.store(std::ssize(others_), std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_acq_rel);
    round_.notify_all();
    attempt(0);
    for (int n = 0; left_.load(std::memory_order_acquire) != 0; ++n) {
      n < patience ? pause() : std::this_thread::yield();  // a core may be busy elsewhere
    }
    if (failure_) std::rethrow_exception(failure_);
  }

  /// The team that works for the calling thread, or null.
  [[nodiscard]] static Team*& current() {
    static thread_local Team* team = nullptr;
    return team;
  }

  /// Lets a team work for the calling thread as long as it lives.
  class Scope {
   public:
    /// \pre the team outlives this; null for none
    explicit Scope(Team* team) : before_(current()) { current() = team; }
    ~Scope() { current() = before_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Team* before_;
  };

 private:
  static constexpr int patience = 20000;  ///< looks before sleep, some ten microseconds; ours

  /// Wakes the others, which end.
  void stop() {
    for (std::jthread& other : others_) other.request_stop();
    round_.fetch_add(2, std::memory_order_acq_rel);
    round_.notify_all();
  }

  static void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
  }

  void attempt(Index part) {
    try {
      call_(context_, part);
    } catch (...) {
      const std::lock_guard lock(failing_);
      failure_ = std::current_exception();
    }
  }

  void work(const std::stop_token& stop, Index part) {
    for (std::uint64_t seen = 0;;) {
      std::uint64_t now = round_.load(std::memory_order_acquire);
      for (int n = 0; now == seen && n < patience; ++n) {
        pause();
        now = round_.load(std::memory_order_acquire);
      }
      if (now == seen) {
        round_.wait(seen, std::memory_order_acquire);
        now = round_.load(std::memory_order_acquire);
      }
      if (stop.stop_requested()) return;
      if (now == seen) continue;
      seen = now;
      attempt(part);
      left_.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  std::mutex busy_;
  std::mutex failing_;
  std::exception_ptr failure_;
  void (*call_)(const void*, Index) = nullptr;
  const void* context_ = nullptr;
  std::atomic<std::uint64_t> round_{0};
  std::atomic<Index> left_{0};
  std::vector<std::jthread> others_;
};

/// Calls task(first, end) for ranges that together are 0 .. count - 1, on the threads of the
/// calling thread's team: each begins at a multiple of `grain`. Without a team, or where a range
/// would be shorter than `least`, it is one call.
template <class Task>
void for_each_range(Index count, Index grain, Index least, const Task& task) {
  Team* const team = Team::current();
  const Index parts =
      team == nullptr
          ? 1
          : std::min(team->size(), std::max<Index>(1, count / std::max<Index>(least, 1)));
  if (parts <= 1) return task(Index{0}, count);
  const Index grains = (count + grain - 1) / grain;
  team->run([&](Index part) {
    if (part >= parts) return;
    const Index first = std::min(count, grains * part / parts * grain);
    const Index end = std::min(count, grains * (part + 1) / parts * grain);
    if (first < end) {
      const Team::Scope alone(nullptr);
      task(first, end);
    }
  });
}

}  // namespace ttt
