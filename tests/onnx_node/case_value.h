#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::onnx_node {

/// An input or output of a case: a tensor, a sequence of tensors, or nothing (an empty optional).
struct CaseValue {
  enum class Kind { kNothing, kTensor, kSequence } kind = Kind::kNothing;
  std::vector<graph::Tensor> tensors;
};

/// What a serialised file of a case holds, by the declared type of the value: tensors, sequences
/// and optionals. Unimplemented: anything else.
Result<CaseValue> ReadCaseValue(const std::string& path, const graph::ValueType& type);

/// Empty if `actual` is what `expected` says, within the tolerance of ONNX's own runner
/// (relative 1e-3, absolute 1e-7); else the first difference.
std::string Difference(const CaseValue& expected, const CaseValue& actual);

/// True if every byte is the same.
bool AreIdentical(const CaseValue& a, const CaseValue& b);

}  // namespace slipway::onnx_node
