#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "graph/graph.h"

namespace slipway::graph {

/// AttributeProto.AttributeType for every alternative of Attribute::value, in its order.
inline constexpr std::array<std::int32_t, 15> kAttributeTypeOfAlternative = {
    0,   // nothing
    1,   // FLOAT
    2,   // INT
    3,   // STRING
    4,   // TENSOR
    11,  // SPARSE_TENSOR
    5,   // GRAPH
    13,  // TYPE_PROTO
    6,   // FLOATS
    7,   // INTS
    8,   // STRINGS
    9,   // TENSORS
    12,  // SPARSE_TENSORS
    10,  // GRAPHS
    14,  // TYPE_PROTOS
};
static_assert(kAttributeTypeOfAlternative.size() ==
              std::variant_size_v<decltype(Attribute::value)>);

inline std::int32_t TypeNumberOf(const Attribute& attribute) {
  const std::int32_t number = kAttributeTypeOfAlternative[attribute.value.index()];
  return number == 0 ? attribute.declared_type : number;
}

}  // namespace slipway::graph
