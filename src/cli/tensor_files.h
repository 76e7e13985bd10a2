#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "tensor/npz.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// Tensors from files and from the command line. Values are converted to the type the model
/// declares where that loses nothing a cast in the original framework would keep (float arrays of
/// whole numbers become ids); shapes are checked against `spec`.

/// Nested JSON lists (or one number or string) as a tensor of `spec`'s type. InvalidArgument naming
/// the place: ragged lists, another kind of value, more than 64 levels.
Result<TensorBuffer> TensorFromJson(const TensorSpec& spec, const Json& json);

/// Nested lists, shortest digits that read back as the same number.
OrderedJson TensorToJson(const TensorView& tensor);

/// A file for one input: .npy, .npz ("set.npz:in_0", or its only array, or the array named as the
/// input), .json, or packed raw bytes (.raw, .bin), of which one free dimension is worked out from
/// the size.
Result<TensorBuffer> ReadTensorFile(const TensorSpec& spec, const std::string& argument);

/// The inputs of `signature`, in its order, from -i arguments: "name=@file", "name=JSON",
/// "@file.npz", "@file.json". InvalidArgument: an input is missing, repeated or unknown (with "did
/// you mean").
Result<std::vector<TensorBuffer>> ReadInputs(const Signature& signature,
                                             std::span<const std::string> arguments);

/// Writes outputs to `path` by its ending: .npz (arrays named as the outputs), .npy (one output),
/// .json.
Status WriteOutputs(const std::string& path, std::span<const NamedView> outputs);

/// Arrays of a labelled set: one per model input by name (or in_0, in_1, ...; or "x", "input" when
/// there is one input), and the labels ("label", "labels", "y"). NotFound saying which arrays the
/// file has.
struct LabelledSet {
  std::vector<TensorBuffer> inputs;  ///< in the signature's order, first dimension = rows
  TensorBuffer labels;
  std::int64_t rows = 0;
};
Result<LabelledSet> ReadLabelledSet(const Signature& signature, const std::string& path);

/// Views of the rows [begin, end) of tensors whose first dimension is the row.
std::vector<TensorView> RowsOf(std::span<const TensorBuffer> tensors, std::int64_t begin,
                               std::int64_t end);

}  // namespace slipway::cli
