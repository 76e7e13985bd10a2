#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::import::keras {

struct ArchiveLimits {
  std::size_t max_members = 10'000;
  std::uint64_t max_inflation = 100;  ///< inflated bytes against the archive's size,
  std::uint64_t free_inflated_bytes = std::uint64_t{64} << 20;  ///< above this many
};

/// What a `.keras` file holds.
struct KerasArchive {
  std::string config;    ///< config.json
  std::string metadata;  ///< metadata.json; empty if there is none
  graph::Bytes weights;  ///< model.weights.h5, borrowed where it is stored unpacked; may be empty
};

/// Reads the zip. DataLoss (kCorruptModelFile): no zip, a member missing or damaged, two members of
/// one name. ResourceExhausted (kImportLimit): too many members, or members that inflate too far,
/// both noticed before the memory is taken. `keeper` holds `bytes`.
Result<KerasArchive> ReadKerasArchive(std::span<const std::byte> bytes,
                                      std::shared_ptr<const void> keeper,
                                      const ArchiveLimits& limits = {});

/// True if the bytes begin as a zip does.
bool IsZip(std::span<const std::byte> bytes);

/// True if this is a zip that holds config.json or metadata.json as Keras writes them. Reads names
/// only.
bool IsKerasArchive(std::span<const std::byte> bytes);

}  // namespace slipway::import::keras
