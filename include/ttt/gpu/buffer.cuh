// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/gpu/backend.cuh>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace ttt::gpu::detail {

/// Elements in the memory of the device, taken from a pool and given back to it in the order of the
/// stream. A value: copies have elements of their own.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  /// Elements still to be written.
  explicit Buffer(Index size)
      : size_(size), data_(size == 0 ? nullptr : static_cast<T*>(allocate(bytes()))) {}
  Buffer(const Buffer& other) : Buffer(other.size_) {
    if (size_ > 0) copy(data_, other.data_, bytes());
  }
  Buffer(Buffer&& other) noexcept
      : size_(std::exchange(other.size_, 0)), data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) release(data_);
  }

  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }

 private:
  Index size_ = 0;
  T* data_ = nullptr;
};

}  // namespace ttt::gpu::detail
