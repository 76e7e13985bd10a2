#include "import/onnx/recognise.h"

#include <algorithm>
#include <iterator>

#include "base/wire_reader.h"

namespace slipway::import {

namespace {

constexpr std::uint64_t kMaxIrVersion = 10'000;
constexpr std::uint32_t kIrVersion = 1;
constexpr std::uint32_t kModelVersion = 5;
constexpr std::uint32_t kGraph = 7;
/// Fields of ModelProto, newest last.
constexpr std::uint32_t kFields[] = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26};

bool IsModelField(const WireField& field) {
  if (std::ranges::find(kFields, field.number) == std::end(kFields)) return false;
  const bool is_number = field.number == kIrVersion || field.number == kModelVersion;
  return field.type == (is_number ? WireType::kVarint : WireType::kBytes);
}

}  // namespace

bool LooksLikeOnnx(std::span<const std::byte> bytes) {
  WireReader reader(bytes);
  bool has_version = false;
  bool has_graph = false;
  std::size_t fields = 0;
  for (WireField field; reader.Next(field); ++fields) {
    if (!IsModelField(field)) return false;
    if (field.number == kIrVersion) has_version = field.scalar <= kMaxIrVersion;
    if (field.number == kGraph) has_graph = true;
  }
  if (reader.fault() == WireFault::kNone) return has_graph;
  // Cut short within a field, most often the graph.
  return has_version && fields > 1;
}

}  // namespace slipway::import
