#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::graph {

/// True for types whose elements have a decimal form here; the others are printed as bytes.
bool HasDecimalForm(DType dtype);

/// A tensor's elements in decimal. Precondition: HasDecimalForm(), bytes present.
std::vector<std::string> DecimalElements(const Tensor& tensor);

/// Appends one element's bytes. InvalidArgument: not a number of the type.
Status AppendElement(DType dtype, std::string_view text, std::string& bytes);

/// "a" with its quotes; everything but printable ASCII is escaped.
std::string QuotedText(std::string_view text);

std::string HexOf(std::span<const std::byte> bytes);
Result<std::string> BytesOfHex(std::string_view hex);

}  // namespace slipway::graph
