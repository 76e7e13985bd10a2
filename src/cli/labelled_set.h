#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// Arrays of a labelled set: one per model input by name (or in_0, in_1, ...; or "x", "input",
/// "image", "images" when there is one input), and the labels ("label", "labels", "y", "y_true").
struct LabelledSet {
  std::vector<TensorBuffer> inputs;  ///< in the signature's order, first dimension = rows
  TensorBuffer labels;
  std::int64_t rows = 0;
};

/// From a .npz. NotFound saying which arrays the file has; InvalidArgument: counts of rows differ,
/// or there are none.
Result<LabelledSet> ReadLabelledSet(const Signature& signature, const std::string& path);

/// Views of the rows [begin, end) of tensors whose first dimension is the row.
std::vector<TensorView> RowsOf(std::span<const TensorBuffer> tensors, std::int64_t begin,
                               std::int64_t end);

}  // namespace slipway::cli
