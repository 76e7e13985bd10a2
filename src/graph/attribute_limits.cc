#include "graph/attribute_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "graph/tensor_bytes.h"

namespace slipway::graph {

namespace {

constexpr std::int64_t kMaxAxis = kMaxTensorRank;
constexpr std::int64_t kMaxSize = std::numeric_limits<std::int32_t>::max();

/// The same attribute means the same for every operator that has it, but for the one named.
struct Row {
  std::string_view attribute;
  std::int64_t least;
  std::int64_t most;
  std::string_view except = "";
};

constexpr Row kRows[] = {
    {"strides", 1, kMaxSize},        {"dilations", 1, kMaxSize},    {"kernel_shape", 1, kMaxSize},
    {"pads", 0, kMaxSize, "Pad"},    {"group", 1, kMaxSize},        {"num_groups", 1, kMaxSize},
    {"axis", -kMaxAxis, kMaxAxis},   {"axes", -kMaxAxis, kMaxAxis}, {"perm", 0, kMaxAxis},
    {"batch_dims", 0, kMaxAxis},     {"blocksize", 1, kMaxSize},    {"hidden_size", 1, kMaxSize},
    {"output_padding", 0, kMaxSize}, {"num_outputs", 1, kMaxSize},  {"sampling_ratio", 0, kMaxSize},
    {"output_height", 1, kMaxSize},  {"output_width", 1, kMaxSize}, {"offset_group", 1, kMaxSize},
    {"q_num_heads", 1, kMaxSize},    {"kv_num_heads", 1, kMaxSize}, {"num_heads", 0, kMaxSize},
    {"pooled_shape", 1, kMaxSize},
};

std::span<const std::int64_t> NumbersOf(const Attribute& attribute) {
  if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) return {number, 1};
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&attribute.value))
    return *numbers;
  return {};
}

std::optional<std::string> Forbidden(const Node& node, const Attribute& attribute) {
  const auto row = std::ranges::find(kRows, attribute.name, &Row::attribute);
  if (row == std::end(kRows) || row->except == node.op) return std::nullopt;
  for (const std::int64_t number : NumbersOf(attribute)) {
    if (number >= row->least && number <= row->most) continue;
    return fmt::format("attribute \"{}\" is {}, allowed are {} to {}", attribute.name, number,
                       row->least, row->most);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> ForbiddenNumber(const Node& node) {
  if (!node.domain.empty() && node.domain != "ai.onnx" && node.domain != "com.microsoft")
    return std::nullopt;
  for (const Attribute& attribute : node.attributes) {
    if (auto forbidden = Forbidden(node, attribute)) return forbidden;
  }
  return std::nullopt;
}

}  // namespace slipway::graph
