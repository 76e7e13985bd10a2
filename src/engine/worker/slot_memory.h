#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/file.h"
#include "base/status.h"
#include "engine/worker/slot_layout.h"

namespace slipway::engine {

/// How much memory a worker shares: numbers of slots and bytes, which have the memory that was
/// written and no more.
struct SlotMemoryShape {
  std::uint32_t slots = 1;
  std::uint64_t region_bytes = 0;  ///< of one slot, for tensors; whole pages

  std::uint64_t slot_bytes() const;
  std::uint64_t total_bytes() const { return slot_bytes() * slots; }
};

/// Memory that a server and one worker share. Its size is sealed: neither can take it from under
/// the other. Move-only.
class SlotMemory {
 public:
  /// New memory, all zeros. ResourceExhausted: no descriptor or address space to be had.
  static Result<SlotMemory> Create(const SlotMemoryShape& shape);
  /// What somebody else made; the descriptor may be closed afterwards.
  static Result<SlotMemory> Map(int descriptor, const SlotMemoryShape& shape);
  SlotMemory(SlotMemory&& other) noexcept;
  SlotMemory& operator=(SlotMemory&&) = delete;
  ~SlotMemory();

  int descriptor() const { return file_.get(); }  ///< -1 of mapped memory
  const SlotMemoryShape& shape() const { return shape_; }
  SlotHead& head(std::uint32_t slot) const;
  std::span<std::byte> region(std::uint32_t slot) const;
  /// Gives back what lies behind the first so many bytes of a slot's region.
  void Trim(std::uint32_t slot, std::uint64_t kept) const;

 private:
  SlotMemory(FileDescriptor file, std::byte* begin, const SlotMemoryShape& shape)
      : file_(std::move(file)), begin_(begin), shape_(shape) {}

  FileDescriptor file_;
  std::byte* begin_;
  SlotMemoryShape shape_;
};

}  // namespace slipway::engine
