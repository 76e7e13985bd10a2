#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/model/output_memory.h"

namespace slipway::serve {

/// What was measured of a compiled model when it was loaded, kept beside it for the next load.
struct LoadNotes {
  std::uint64_t own_bytes = 0;  ///< ServedModel::Parts::memory_bytes
  std::uint64_t mapped_bytes = 0;
  std::chrono::nanoseconds run_time{0};  ///< t(1); 0: not measured
  std::vector<OutputMemory> outputs;     ///< one per output
  bool operator==(const LoadNotes&) const = default;
};

std::string EncodeNotes(const LoadNotes& notes);
/// nullopt: not what EncodeNotes() wrote.
std::optional<LoadNotes> DecodeNotes(std::string_view text);

}  // namespace slipway::serve
