// SPDX-License-Identifier: Apache-2.0
// Apart from the cases that use it: g++ 12 warns where it sees both ends of an allocation.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <file/allocations.hpp>
#include <new>

namespace {

std::atomic<std::size_t> bytes_held = 0;
std::atomic<std::size_t> most_bytes_held = 0;

/// In front of each block lies its size.
constexpr std::size_t label = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t size) {
  auto* block = static_cast<std::byte*>(std::malloc(label + size));
  if (block == nullptr) throw std::bad_alloc();
  std::memcpy(block, &size, sizeof size);
  bytes_held += size;
  most_bytes_held = std::max(most_bytes_held.load(), bytes_held.load());
  return block + label;
}

void operator delete(void* pointer) noexcept {
  if (pointer == nullptr) return;
  std::byte* block = static_cast<std::byte*>(pointer) - label;
  std::size_t size = 0;
  std::memcpy(&size, block, sizeof size);
  bytes_held -= size;
  std::free(block);
}

// The other forms come down to these two. Most libraries see to that; a sanitizer's does not.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* pointer, std::size_t) noexcept { operator delete(pointer); }
void operator delete[](void* pointer) noexcept { operator delete(pointer); }
void operator delete[](void* pointer, std::size_t) noexcept { operator delete(pointer); }

namespace ttt::file {

std::size_t held() { return bytes_held; }
std::size_t most_held() { return most_bytes_held; }
void forget_most() { most_bytes_held = bytes_held.load(); }

}  // namespace ttt::file
