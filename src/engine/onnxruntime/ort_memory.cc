#include "engine/onnxruntime/ort_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::engine {

namespace {

constexpr std::size_t kAlignment = 64;
constexpr unsigned kChargesPerLook = 8;

/// In front of each block.
struct Header {
  void* allocation;
  std::size_t size;
};
constexpr std::size_t kOverhead = kAlignment + sizeof(Header);

thread_local RunBudget* current_budget = nullptr;

Header* HeaderOf(void* block) { return static_cast<Header*>(block) - 1; }

void* Take(std::size_t size) {
  if (size > std::numeric_limits<std::size_t>::max() - kOverhead) throw std::bad_alloc();
  // Aligned by hand: the C library's own aligned allocation has no quick path for small blocks.
  void* const allocation = std::malloc(size + kOverhead);
  if (allocation == nullptr) throw std::bad_alloc();
  const auto first = reinterpret_cast<std::uintptr_t>(allocation) + sizeof(Header);
  void* const block = reinterpret_cast<void*>((first + kAlignment - 1) / kAlignment * kAlignment);
  *HeaderOf(block) = {allocation, size};
  return block;
}

void* ORT_API_CALL Alloc(OrtAllocator*, std::size_t size) {
  if (current_budget != nullptr) current_budget->Charge(size);
  return Take(size);
}

/// For what a session keeps.
void* ORT_API_CALL Reserve(OrtAllocator*, std::size_t size) { return Take(size); }

void ORT_API_CALL Free(OrtAllocator*, void* block) {
  if (block == nullptr) return;
  const Header header = *HeaderOf(block);
  if (current_budget != nullptr) current_budget->GiveBack(header.size);
  std::free(header.allocation);
}

}  // namespace

OrtMemory::OrtMemory(const OrtMemoryInfo* cpu, std::uint32_t api_version)
    : allocator_{.base = {.version = api_version,
                          .Alloc = Alloc,
                          .Free = Free,
                          .Info = [](const OrtAllocator* self) -> const OrtMemoryInfo* {
                            return reinterpret_cast<const Allocator*>(self)->cpu;
                          },
                          .Reserve = Reserve},
                 .cpu = cpu} {}

RunBudget::RunBudget(const RunLimits& limits) : limits_(limits) { current_budget = this; }
RunBudget::~RunBudget() { current_budget = nullptr; }

void RunBudget::Charge(std::size_t bytes) {
  if (limits_.max_bytes > 0 && bytes > limits_.max_bytes - std::min(held_, limits_.max_bytes)) {
    asked_ = bytes > std::numeric_limits<std::uint64_t>::max() - held_
                 ? std::numeric_limits<std::uint64_t>::max()
                 : held_ + bytes;
    throw std::bad_alloc();
  }
  held_ += bytes;
  if (!limits_.deadline || until_look_-- > 0) return;
  until_look_ = kChargesPerLook;
  is_late_ = std::chrono::steady_clock::now() >= *limits_.deadline;
  if (is_late_) throw std::bad_alloc();
}

Status RunBudget::WhyEnded() const {
  if (is_late_) return DeadlineExceeded("the deadline passed while the model ran");
  if (asked_ == 0) return {};
  return InvalidArgument(fmt::format("the model needs {} for this input, and a run may use {}",
                                     HumanBytes(asked_), HumanBytes(limits_.max_bytes)))
      .With(errors::kRunMemory)
      .Hint("send fewer rows or smaller values of what decides a size");
}

}  // namespace slipway::engine
