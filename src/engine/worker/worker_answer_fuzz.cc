#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/worker/worker_words.h"
#include "tensor/dtype.h"

/// What a compromised worker may say of itself: an error, or a signature that can be served.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace slipway;  // NOLINT(google-build-using-namespace)
  const auto ready = engine::DecodeReady({reinterpret_cast<const char*>(data), size});
  if (!ready.ok()) return 0;
  for (const TensorSpec& spec : ready->signature.inputs)
    if (!IsServable(spec.dtype) || spec.name.empty()) std::abort();
  return 0;
}
