#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "engine/worker/slot_codec.h"

namespace {

using namespace slipway;          // NOLINT(google-build-using-namespace)
using namespace slipway::engine;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kRegion = 4096;

/// Takes from the input what there is of it; the rest stays as it was.
template <class T>
void Fill(T& target, std::span<const std::uint8_t>& rest) {
  const std::size_t size = std::min(sizeof target, rest.size());
  std::memcpy(static_cast<void*>(&target), rest.data(), size);
  rest = rest.subspan(size);
}

}  // namespace

/// What a compromised worker may leave in its slot: refused, or tensors whose bytes are their own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto head = std::make_unique<SlotHead>();
  static const Signature signature = {
      .inputs = {},
      .outputs = {{.name = "y", .shape = {-1}},
                  {.name = "s", .dtype = DType::kString, .shape = {-1}}}};
  std::span<const std::uint8_t> rest(data, size);
  std::vector<std::byte> region(kRegion);
  Fill(head->answer, rest);
  Fill(head->outputs[0], rest);
  Fill(head->outputs[1], rest);
  const std::size_t half = rest.size() / 2;
  std::span<const std::uint8_t> text = rest.first(half);
  Fill(head->error, text);
  std::ranges::copy(std::as_bytes(rest.subspan(half).first(std::min(rest.size() - half, kRegion))),
                    region.begin());

  const std::vector<std::size_t> wanted = {0, 1};
  std::vector<TensorBuffer> outputs(2);
  const RunLimits limits;
  const RunArguments run{signature, {}, wanted, outputs, limits};
  const Answered answered = ReadAnswer(run, *head, region);
  if (answered.is_nonsense && answered.status.ok()) std::abort();
  if (!answered.status.ok()) return 0;
  const auto bytes = ByteSize(outputs[0].dtype(), outputs[0].shape());
  if (bytes != outputs[0].bytes().size() || !UnpackStrings(outputs[1].view()).ok()) std::abort();
  return 0;
}
