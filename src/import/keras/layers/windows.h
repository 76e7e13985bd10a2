#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "import/keras/layer_call.h"

namespace slipway::import::keras {

/// How a layer with a sliding window moves over the spatial axes: convolutions and pooling.
struct Window {
  std::vector<std::int64_t> size;
  std::vector<std::int64_t> strides;
  std::vector<std::int64_t> dilations;
  std::string padding;  ///< "valid", "same", "causal"
  bool channels_last = true;

  std::size_t axes() const { return size.size(); }
};

/// The window of a layer with `axes` spatial axes; `size_field` is "kernel_size" or "pool_size".
/// DataLoss: its numbers are not there, not positive, or not of that many axes.
Result<Window> ReadWindow(const LayerCall& call, std::size_t axes, const char* size_field);

/// The sizes along the spatial axes of a tensor, -1 where unknown.
std::vector<std::int64_t> SpatialSizes(const Window& window, const Tensor& tensor);

/// What the window gives along each axis, -1 where the input is unknown.
std::vector<std::int64_t> WindowOutput(const Window& window, const std::vector<std::int64_t>& in);

/// `kernel_shape`, `strides`, `dilations` and pads as ONNX attributes. Keras's SAME puts the odd
/// one at the end: explicit pads where sizes are known, auto_pad where they are not.
Attributes WindowAttributes(const Window& window, const std::vector<std::int64_t>& in);

/// The layout a layer of this data format works in, and the shape it gives.
inline Layout LayoutFor(const Window& window) {
  return window.channels_last ? Layout::kChannelsFirst : Layout::kKeras;
}
std::vector<std::int64_t> ShapeOf(const Window& window, std::int64_t batch,
                                  const std::vector<std::int64_t>& spatial, std::int64_t channels);
std::int64_t ChannelsOf(const Window& window, const Tensor& tensor);

}  // namespace slipway::import::keras
