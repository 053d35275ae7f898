// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/parallel/communicator.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <mpi.h>
#include <span>
#include <string>
#include <thread>
#include <utility>

namespace ttt {

/// A rank that is a process, started with the others by a launcher such as mpirun.
///
/// What waits looks again and again whether its message has come, and gives up once the run is
/// interrupted and patience has ended: a launcher that loses a rank interrupts the others.
///
/// \throws CommunicatorError from every call that gives up, or that MPI refuses; RangeError from
///         send and receive where there is no such rank.
class Mpi {
 public:
  /// When to give up.
  struct Options {
    bool (*interrupted)() = nullptr;          ///< whether the run is to end; null for never
    std::chrono::milliseconds patience{250};  ///< for which a call then still waits
  };

  /// One rank alone, for which MPI is not even started.
  Mpi() = default;
  /// Starts MPI and joins the ranks; it ends with the last copy.
  ///
  /// \pre MPI has not been started in this process
  explicit Mpi(Options options) : session_(std::make_shared<Session>(options)) {}

  /// Of this rank, from 0.
  [[nodiscard]] Index rank() const { return session_ ? session_->rank : 0; }
  /// Ranks.
  [[nodiscard]] Index size() const { return session_ ? session_->size : 1; }

  ///@{
  /// See Communicator.
  template <std::floating_point S>
  void all_reduce_sum(std::span<S> numbers) const {
    if (size() > 1) detail::sum_rank_by_rank(*this, numbers);
  }
  template <std::floating_point S>
  void broadcast(std::span<S> numbers, Index root) const {
    if (size() == 1) return;
    for_each_part(numbers, [&](std::span<S> part, MPI_Request& request) {
      wait("broadcast", root, request,
           MPI_Ibcast(part.data(), static_cast<int>(part.size()), type<S>(), static_cast<int>(root),
                      MPI_COMM_WORLD, &request));
    });
  }
  template <std::floating_point S>
  void send(std::span<const S> numbers, Index to) const {
    detail::expect_other_rank("Mpi.send", *this, to);
    for_each_part(numbers, [&](std::span<const S> part, MPI_Request& request) {
      wait("send", to, request,
           MPI_Isend(part.data(), static_cast<int>(part.size()), type<S>(), static_cast<int>(to),
                     tag, MPI_COMM_WORLD, &request));
    });
  }
  template <std::floating_point S>
  void receive(std::span<S> numbers, Index from) const {
    detail::expect_other_rank("Mpi.receive", *this, from);
    for_each_part(numbers, [&](std::span<S> part, MPI_Request& request) {
      const MPI_Status status =
          wait("receive", from, request,
               MPI_Irecv(part.data(), static_cast<int>(part.size()), type<S>(),
                         static_cast<int>(from), tag, MPI_COMM_WORLD, &request));
      int count = 0;
      MPI_Get_count(&status, type<S>(), &count);
      if (count == static_cast<int>(part.size())) return;
      fail("receive", "expected " + std::to_string(part.size()) + " numbers of rank " +
                          std::to_string(from) + ", got " + std::to_string(count));
    });
  }
  void barrier() const {
    if (size() == 1) return;
    MPI_Request request{};
    wait("barrier", all, request, MPI_Ibarrier(MPI_COMM_WORLD, &request));
  }
  ///@}

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr Index all = -1;
  static constexpr int tag = 0;
  static constexpr int eager = 2000;  ///< looks before a wait sleeps between them; ours
  /// Numbers of a message at most: MPI counts them in int.
  static constexpr std::size_t most = std::size_t{1} << 30U;

  struct Session {
    Options options;
    Index rank = 0;
    Index size = 1;
    bool whole = true;  ///< no call has given up

    explicit Session(Options with) : options(with) {
      int number = 0;
      MPI_Init(nullptr, nullptr);
      MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
      MPI_Comm_rank(MPI_COMM_WORLD, &number);
      rank = number;
      MPI_Comm_size(MPI_COMM_WORLD, &number);
      size = number;
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    /// MPI_Finalize waits for all ranks. Where this one fails, its process has to end instead, so
    /// that the launcher ends the others.
    ~Session() {
      if (whole && std::uncaught_exceptions() == 0) MPI_Finalize();
    }
  };

  template <class S>
  static MPI_Datatype type() {
    return std::same_as<S, float> ? MPI_FLOAT : MPI_DOUBLE;
  }

  /// Calls transfer(part, request) for parts that a message can hold: one, if it is empty.
  template <class S, class Transfer>
  static void for_each_part(std::span<S> numbers, const Transfer& transfer) {
    do {
      MPI_Request request{};
      const std::span<S> part = numbers.first(std::min(numbers.size(), most));
      transfer(part, request);
      numbers = numbers.subspan(part.size());
    } while (!numbers.empty());
  }

  /// Waits until a call that was begun has ended. A request that is given up stays as it is: this
  /// process makes no other call then, and ends.
  MPI_Status wait(const char* call, Index other, MPI_Request& request, int begun) const {
    expect_success(call, begun);
    Clock::time_point since{};
    MPI_Status status{};
    for (int looks = 0, done = 0;; looks = std::min(looks + 1, eager)) {
      expect_success(call, MPI_Test(&request, &done, &status));
      if (done != 0) return status;
      if (session_->options.interrupted != nullptr && session_->options.interrupted()) {
        if (since == Clock::time_point{}) since = Clock::now();
        if (Clock::now() - since >= session_->options.patience) {
          fail(call, "gave up waiting for " +
                         (other == all ? "all ranks" : "rank " + std::to_string(other)) +
                         ": the run is interrupted, or a rank is lost");
        }
      }
      looks < eager ? std::this_thread::yield()
                    : std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

  void expect_success(const char* call, int status) const {
    if (status == MPI_SUCCESS) return;
    std::string words(MPI_MAX_ERROR_STRING, ' ');
    int length = 0;
    MPI_Error_string(status, words.data(), &length);
    fail(call, "cannot: " + words.substr(0, static_cast<std::size_t>(length)));
  }

  [[noreturn]] void fail(const char* call, const std::string& what) const {
    session_->whole = false;
    throw CommunicatorError("Mpi." + std::string(call) + ": rank " + std::to_string(rank()) + ' ' +
                            what);
  }

  std::shared_ptr<Session> session_;
};

static_assert(Communicator<Mpi>);

}  // namespace ttt
