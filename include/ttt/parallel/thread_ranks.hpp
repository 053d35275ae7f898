// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/parallel/communicator.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace ttt {

/// A rank that is a thread of this process: what run_ranks gives to each. What it sends is copied,
/// so a send does not wait.
///
/// \throws CommunicatorError from every call that waits for another rank, once any has failed, or
///         the other has ended; RangeError from send and receive where there is no such rank.
class ThreadRank {
 public:
  [[nodiscard]] Index rank() const { return rank_; }          ///< of this rank, from 0
  [[nodiscard]] Index size() const { return office_->size; }  ///< ranks

  ///@{
  /// See Communicator.
  template <std::floating_point S>
  void all_reduce_sum(std::span<S> numbers) const {
    detail::sum_rank_by_rank(*this, numbers);
  }
  template <std::floating_point S>
  void broadcast(std::span<S> numbers, Index root) const {
    if (rank_ != root) return receive(numbers, root);
    for (Index other = 0; other < size(); ++other) {
      if (other != root) send(std::span<const S>(numbers), other);
    }
  }
  template <std::floating_point S>
  void send(std::span<const S> numbers, Index to) const {
    detail::expect_other_rank("ThreadRank.send", *this, to);
    const auto bytes = std::as_bytes(numbers);
    office_->post(rank_, to, {bytes.begin(), bytes.end()});
  }
  template <std::floating_point S>
  void receive(std::span<S> numbers, Index from) const {
    detail::expect_other_rank("ThreadRank.receive", *this, from);
    const std::vector<std::byte> letter = office_->take(rank_, from);
    if (letter.size() != numbers.size_bytes()) {
      throw CommunicatorError("ThreadRank.receive: rank " + std::to_string(rank_) + " expected " +
                              std::to_string(numbers.size_bytes()) + " bytes of rank " +
                              std::to_string(from) + ", got " + std::to_string(letter.size()));
    }
    std::ranges::copy(letter, std::as_writable_bytes(numbers).begin());
  }
  void barrier() const {
    double nothing = 0;
    all_reduce_sum(std::span(&nothing, 1));
  }
  ///@}

 private:
  template <class Body>
  friend void run_ranks(Index size, const Body& body);

  /// Where the ranks meet: what was sent and not yet received, and who has ended.
  struct Office {
    explicit Office(Index ranks)
        : size(ranks),
          letters(static_cast<std::size_t>(ranks * ranks)),
          ended(static_cast<std::size_t>(ranks)) {}

    void post(Index from, Index to, std::vector<std::byte> letter) {
      const std::lock_guard lock(guard);
      box(from, to).push_back(std::move(letter));
      changed.notify_all();
    }
    std::vector<std::byte> take(Index to, Index from) {
      std::unique_lock lock(guard);
      std::deque<std::vector<std::byte>>& mine = box(from, to);
      changed.wait(lock, [&] { return failure || at(ended, from) || !mine.empty(); });
      if (failure || mine.empty()) {
        throw CommunicatorError("ThreadRank: rank " + std::to_string(to) + " waits for rank " +
                                std::to_string(from) +
                                (failure ? ", and a rank has failed" : ", which has ended"));
      }
      std::vector<std::byte> letter = std::move(mine.front());
      mine.pop_front();
      return letter;
    }
    /// Notes that a rank has ended, and the first failure, with which all waits end.
    void end(Index rank, std::exception_ptr thrown) {
      const std::lock_guard lock(guard);
      at(ended, rank) = 1;
      if (!failure) failure = std::move(thrown);
      changed.notify_all();
    }
    std::deque<std::vector<std::byte>>& box(Index from, Index to) {
      return at(letters, from * size + to);
    }

    Index size;
    std::mutex guard;
    std::condition_variable changed;
    std::vector<std::deque<std::vector<std::byte>>> letters;  // for each sender, for each receiver
    std::vector<char> ended;
    std::exception_ptr failure;
  };

  ThreadRank(Office* office, Index rank) : office_(office), rank_(rank) {}

  Office* office_;
  Index rank_;
};

/// Calls body(rank), with a ThreadRank, on `size` threads, the caller's among them, and waits for
/// all.
///
/// \throws the first exception of a body, after all have ended; the waits of the others end with
/// it.
template <class Body>
void run_ranks(Index size, const Body& body) {
  ThreadRank::Office office(size);
  const auto run = [&](Index rank) {
    std::exception_ptr thrown;
    try {
      body(ThreadRank(&office, rank));
    } catch (...) {
      thrown = std::current_exception();
    }
    office.end(rank, thrown);
  };
  {
    std::vector<std::jthread> others;
    for (Index rank = 1; rank < size; ++rank) others.emplace_back(run, rank);
    run(0);
  }
  if (office.failure) std::rethrow_exception(office.failure);
}

static_assert(Communicator<ThreadRank>);

}  // namespace ttt
