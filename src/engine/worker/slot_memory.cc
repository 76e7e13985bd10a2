#include "engine/worker/slot_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace slipway::engine {

namespace {

constexpr std::uint64_t kPage = 4096;

constexpr std::uint64_t kHeadBytes = (sizeof(SlotHead) + kPage - 1) / kPage * kPage;

Result<std::byte*> MapShared(int descriptor, std::uint64_t size) {
  // No memory is promised: a slot takes what its runs write.
  void* const begin =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor, 0);
  if (begin == MAP_FAILED) return ErrnoStatus(errno, "cannot map the memory of a worker process");
  return static_cast<std::byte*>(begin);
}

}  // namespace

std::uint64_t SlotMemoryShape::slot_bytes() const { return kHeadBytes + region_bytes; }

Result<SlotMemory> SlotMemory::Create(const SlotMemoryShape& shape) {
  FileDescriptor file(memfd_create("slipway-worker", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return ErrnoStatus(errno, "cannot make memory for a worker process");
  const std::uint64_t size = shape.total_bytes();
  if (ftruncate(file.get(), static_cast<off_t>(size)) != 0 ||
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return ErrnoStatus(errno, "cannot size the memory of a worker process");
  SLIPWAY_TRY(std::byte* const begin, MapShared(file.get(), size));
  return SlotMemory(std::move(file), begin, shape);
}

Result<SlotMemory> SlotMemory::Map(int descriptor, const SlotMemoryShape& shape) {
  SLIPWAY_TRY(std::byte* const begin, MapShared(descriptor, shape.total_bytes()));
  return SlotMemory(FileDescriptor(), begin, shape);
}

SlotMemory::SlotMemory(SlotMemory&& other) noexcept
    : file_(std::move(other.file_)),
      begin_(std::exchange(other.begin_, nullptr)),
      shape_(other.shape_) {}

SlotMemory::~SlotMemory() {
  if (begin_ != nullptr) munmap(begin_, shape_.total_bytes());
}

SlotHead& SlotMemory::head(std::uint32_t slot) const {
  return *reinterpret_cast<SlotHead*>(begin_ + slot * shape_.slot_bytes());
}

std::span<std::byte> SlotMemory::region(std::uint32_t slot) const {
  return {begin_ + slot * shape_.slot_bytes() + kHeadBytes, shape_.region_bytes};
}

void SlotMemory::Trim(std::uint32_t slot, std::uint64_t kept) const {
  const std::uint64_t from = slot * shape_.slot_bytes() + kHeadBytes + kept;
  fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
            static_cast<off_t>(shape_.region_bytes - kept));
}

}  // namespace slipway::engine
