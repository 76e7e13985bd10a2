#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/tensor_json.h"

/// What a user may pipe in as JSON: a tensor or an error; a tensor printed and read again is the
/// same tensor.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::DType;
  constexpr DType kTypes[] = {DType::kF32, DType::kI64,    DType::kU64, DType::kU8,
                              DType::kF64, DType::kString, DType::kBool};
  if (size == 0) return 0;
  const slipway::TensorSpec spec{
      .name = "x", .dtype = kTypes[data[0] % std::size(kTypes)], .shape = {}};
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto json = slipway::ParseJson(text);
  if (!json.ok()) return 0;
  const auto tensor = slipway::cli::TensorFromJson(spec, *json);
  if (!tensor.ok()) return 0;
  const auto again =
      slipway::ParseJson(slipway::DumpJson(slipway::cli::TensorToJson(tensor->view())));
  if (!again.ok()) std::abort();
  const auto same = slipway::cli::TensorFromJson(spec, *again);
  if (!same.ok()) return 0;  // a number beyond the type's range became null
  if (!std::ranges::equal(same->bytes(), tensor->bytes())) std::abort();
  return 0;
}
