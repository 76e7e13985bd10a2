#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "tensor/npz.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// Tensors from files and from the command line. Values are converted to the type the model
/// declares where that loses nothing a cast in the original framework would keep (float arrays of
/// whole numbers become ids); shapes are checked against `spec`.

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

}  // namespace slipway::cli
