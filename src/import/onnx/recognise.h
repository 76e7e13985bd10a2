#pragma once

#include <cstddef>
#include <span>

namespace slipway::import {

/// True if the bytes look like an ONNX ModelProto, whole or cut short. The format has no magic
/// bytes, so the outermost fields must be ones that ONNX has, and a graph or a version among them.
bool LooksLikeOnnx(std::span<const std::byte> bytes);

}  // namespace slipway::import
