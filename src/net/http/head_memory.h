#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace slipway::net {

/// What the views of one request's head point into: grows in blocks that never move, so that views
/// stay valid when it grows and when it is moved; an ordinary head is one block. Bounded by whoever
/// fills it. Move-only.
class HeadMemory {
 public:
  HeadMemory() = default;
  HeadMemory(HeadMemory&& other) noexcept;
  HeadMemory& operator=(HeadMemory&& other) noexcept;
  ~HeadMemory() { Release(); }

  /// Room for `size` characters that no other call gets.
  char* Room(std::size_t size) {
    if (size > left_) Grow(size);
    char* const room = next_;
    next_ += size;
    left_ -= size;
    return room;
  }
  /// A copy of the text.
  std::string_view Keep(std::string_view text);
  /// `count` values, each as T() makes them.
  template <class T>
  std::span<T> Array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "nobody destroys it");
    void* place = Room(count * sizeof(T) + alignof(T) - 1);
    std::size_t space = count * sizeof(T) + alignof(T) - 1;
    T* const first = static_cast<T*>(std::align(alignof(T), count * sizeof(T), place, space));
    std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }

 private:
  struct Block {
    Block* before;
  };

  void Grow(std::size_t size);
  void Release();

  Block* last_ = nullptr;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace slipway::net
