// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/array.hpp>
#include <ttt/gpu/matrix.cuh>
#include <ttt/parallel/communicator.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <nccl.h>
#include <span>
#include <string>
#include <thread>
#include <type_traits>

namespace ttt::gpu {

/// A rank that has a device, and sends to other devices what its own has in memory.
///
/// Arrays of a device go from device to device. Numbers of the host, of which there are few, pass
/// through the device's memory. Calls wait until the device has done them. A sum has the same bits
/// on every rank, but NCCL chooses the order in which it adds.
///
/// \throws CommunicatorError if NCCL does not do what was asked, or finds that a rank is lost;
///         RangeError from send and receive where there is no such rank.
class Nccl {
 public:
  /// What the ranks know each other by: one makes it, and gives it to the others.
  [[nodiscard]] static ncclUniqueId fresh_id() {
    ncclUniqueId id{};
    expect_done(ncclGetUniqueId(&id), "fresh_id");
    return id;
  }

  /// Joins `size` ranks, on the present device of this thread.
  Nccl(const ncclUniqueId& id, Index rank, Index size)
      : session_(std::make_shared<const Session>(id, rank, size)) {}

  [[nodiscard]] Index rank() const { return session_->rank; }  ///< of this rank, from 0
  [[nodiscard]] Index size() const { return session_->size; }  ///< ranks

  ///@{
  /// See Communicator.
  template <std::floating_point S>
  void all_reduce_sum(std::span<S> numbers) const {
    on_device(numbers, [&](S* data) {
      expect_done(
          ncclAllReduce(data, data, numbers.size(), type<S>(), ncclSum, comm(), detail::stream()),
          "all_reduce_sum");
    });
  }
  template <std::floating_point S>
  void broadcast(std::span<S> numbers, Index root) const {
    on_device(numbers, [&](S* data) { broadcast(data, numbers.size(), root); });
  }
  template <std::floating_point S>
  void send(std::span<const S> numbers, Index to) const {
    on_device(numbers, [&](const S* data) { send(data, numbers.size(), to); });
  }
  template <std::floating_point S>
  void receive(std::span<S> numbers, Index from) const {
    on_device(numbers, [&](S* data) { receive(data, numbers.size(), from); });
  }
  void barrier() const {
    double nothing = 0;
    all_reduce_sum(std::span(&nothing, 1));
  }
  ///@}

  ///@{
  /// The same for an array, which stays in the memory of the device.
  template <class S, Precision P>
  void broadcast(Matrix<S, P>& array, Index root) const {
    broadcast(view(array).data, count(array), root);
    wait();
  }
  template <class S, Precision P>
  void send(const Matrix<S, P>& array, Index to) const {
    send(view(array).data, count(array), to);
    wait();
  }
  template <class S, Precision P>
  void receive(Matrix<S, P>& array, Index from) const {
    receive(view(array).data, count(array), from);
    wait();
  }
  ///@}

 private:
  struct Session {
    ncclComm_t comm{};
    Index rank;
    Index size;

    Session(const ncclUniqueId& id, Index which, Index of) : rank(which), size(of) {
      expect_done(ncclCommInitRank(&comm, static_cast<int>(of), id, static_cast<int>(which)),
                  "join");
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { ncclCommAbort(comm); }  // which waits for nobody
  };

  static void expect_done(ncclResult_t status, const char* asked) {
    if (status == ncclSuccess) return;
    throw CommunicatorError("Nccl." + std::string(asked) + ": " + ncclGetErrorString(status));
  }
  template <class S>
  static constexpr ncclDataType_t type() {
    return std::same_as<S, float> ? ncclFloat32 : ncclFloat64;
  }
  template <class S, Precision P>
  static std::size_t count(const Matrix<S, P>& array) {
    return static_cast<std::size_t>(array.rows() * array.cols());
  }

  [[nodiscard]] ncclComm_t comm() const { return session_->comm; }

  template <class S>
  void broadcast(S* data, std::size_t count, Index root) const {
    expect_done(ncclBroadcast(data, data, count, type<S>(), static_cast<int>(root), comm(),
                              detail::stream()),
                "broadcast");
  }
  template <class S>
  void send(const S* data, std::size_t count, Index to) const {
    ttt::detail::expect_other_rank("Nccl.send", *this, to);
    expect_done(ncclSend(data, count, type<S>(), static_cast<int>(to), comm(), detail::stream()),
                "send");
  }
  template <class S>
  void receive(S* data, std::size_t count, Index from) const {
    ttt::detail::expect_other_rank("Nccl.receive", *this, from);
    expect_done(ncclRecv(data, count, type<S>(), static_cast<int>(from), comm(), detail::stream()),
                "receive");
  }

  /// Waits for the device, as long as NCCL finds no rank that is lost.
  void wait() const {
    while (cudaStreamQuery(detail::stream()) == cudaErrorNotReady) {
      ncclResult_t status{};
      expect_done(ncclCommGetAsyncError(comm(), &status), "wait");
      expect_done(status, "wait");
      std::this_thread::yield();
    }
    detail::wait();
  }

  /// Calls act(data) with the numbers in the memory of the device, and takes them back if they may
  /// have changed.
  template <class E, class Act>
  void on_device(std::span<E> numbers, const Act& act) const {
    detail::Buffer<std::remove_const_t<E>> buffer(std::ssize(numbers));
    detail::copy(buffer.data(), numbers.data(), numbers.size_bytes());
    act(buffer.data());
    if constexpr (!std::is_const_v<E>) {
      detail::copy(numbers.data(), buffer.data(), numbers.size_bytes());
    }
    wait();
  }

  std::shared_ptr<const Session> session_;
};

static_assert(Communicator<Nccl>);

}  // namespace ttt::gpu
