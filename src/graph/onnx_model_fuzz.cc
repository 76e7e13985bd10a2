#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "graph/onnx_file.h"
#include "graph/text.h"
#include "graph/verify.h"

/// Any bytes are refused or a model; what a model is written as reads as the same model.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway::graph;
  constexpr ReadLimits kLimits{.max_nodes = 10'000};
  const auto model = DecodeModel(std::as_bytes(std::span(data, size)), kLimits);
  if (!model.ok()) return 0;
  (void)Verify(*model);
  (void)PrintText(*model);
  // External data have no bytes here: they are written as they are.
  const auto encode = [](const Model& any) {
    return EncodeWithWeights(any, "", ~std::uint64_t{0}, -1);
  };
  const auto bytes = encode(*model);
  if (!bytes.ok()) std::abort();
  const auto again = DecodeModel(std::as_bytes(std::span(*bytes)), kLimits);
  if (!again.ok() || encode(*again).value() != *bytes) std::abort();
  return 0;
}
