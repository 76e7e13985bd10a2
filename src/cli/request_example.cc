#include "cli/request_example.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "cli/random_inputs.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMaxBytesInLine = 200;
constexpr std::uint64_t kSeed = 7;

Result<OrderedJson> DataOf(const TensorSpec& spec, const TensorView& tensor) {
  OrderedJson data = OrderedJson::array();
  if (spec.dtype == DType::kString) {
    SLIPWAY_TRY(const std::vector<std::string_view> texts, UnpackStrings(tensor));
    for (const std::string_view text : texts) data.push_back(text);
    return data;
  }
  SLIPWAY_TRY(const std::vector<double> numbers, ToDoubles(tensor));
  for (const double number : numbers) {
    if (spec.dtype == DType::kBool) {
      data.push_back(number != 0);
    } else if (IsFloatingPoint(spec.dtype)) {
      data.push_back(std::round(number * 100) / 100);
    } else {
      data.push_back(static_cast<std::int64_t>(number));
    }
  }
  return data;
}

}  // namespace

Result<std::string> MakeRequestBody(const Signature& signature) {
  SLIPWAY_TRY(const std::vector<TensorBuffer> tensors, RandomInputs(signature, 1, kSeed));
  OrderedJson inputs = OrderedJson::array();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorSpec& spec = signature.inputs[i];
    SLIPWAY_TRY(OrderedJson data, DataOf(spec, tensors[i].view()));
    OrderedJson shape = OrderedJson::array();
    for (const std::int64_t dim : tensors[i].shape().dims()) shape.push_back(dim);
    inputs.push_back({{"name", spec.name},
                      {"shape", std::move(shape)},
                      {"datatype", OipName(spec.dtype)},
                      {"data", std::move(data)}});
  }
  return DumpJson(OrderedJson{{"inputs", std::move(inputs)}});
}

Result<std::string> MakeCurlLine(const std::string& curl, const std::string& url,
                                 const std::string& model, const Signature& signature,
                                 const std::string& folder) {
  SLIPWAY_TRY(const std::string body, MakeRequestBody(signature));
  const std::string target = fmt::format("{}/v2/models/{}/infer", url, model);
  const bool fits = body.size() <= kMaxBytesInLine && body.find('\'') == std::string::npos;
  if (fits) return fmt::format("{} -d '{}' {}", curl, body, target);
  const std::string path = fmt::format("{}/{}.json", folder, model);
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(path, body));
  return fmt::format("{} -d @{} {}", curl, path, target);
}

}  // namespace slipway::cli
