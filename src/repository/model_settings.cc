#include "repository/model_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::repository {
namespace {

Status Mismatch(std::string message) {
  return InvalidArgument(std::move(message)).With(errors::kInvalidPackage);
}

bool Agrees(std::span<const std::int64_t> declared, std::span<const std::int64_t> found) {
  return std::ranges::equal(
      declared, found, [](std::int64_t a, std::int64_t b) { return a == b || a == -1 || b == -1; });
}

Status CheckShape(std::string_view kind, const DeclaredTensor& declared, const TensorSpec& found,
                  bool has_batch) {
  std::vector<std::int64_t> dims = declared.dims;
  if (has_batch) dims.insert(dims.begin(), -1);
  // Without a batch dimension Triton writes a scalar as [1].
  const bool is_scalar = found.shape.rank() == 0 && dims == std::vector<std::int64_t>{1};
  if (is_scalar || Agrees(dims, found.shape.dims())) return {};
  SLIPWAY_TRY(const Shape expected, Shape::Make(dims));
  Status mismatch = Mismatch(fmt::format("{} \"{}\": config.pbtxt says {}, the model has {}", kind,
                                         Printable(declared.name, 64), expected.ToString(),
                                         found.shape.ToString()));
  if (!has_batch) return mismatch;
  return std::move(mismatch).Hint(
      "with max_batch_size above 0 the first dimension is the batch and is not written in dims");
}

Status CheckOne(std::string_view kind, const DeclaredTensor& declared,
                const std::vector<TensorSpec>& found, bool has_batch) {
  const auto spec = std::ranges::find(found, declared.name, &TensorSpec::name);
  if (spec == found.end()) {
    std::vector<std::string> names;
    for (const TensorSpec& known : found) names.push_back(known.name);
    Status unknown = Mismatch(fmt::format("config.pbtxt has the {} \"{}\", the model has not", kind,
                                          Printable(declared.name, 64)));
    const auto near = DidYouMean(declared.name, names);
    return near ? std::move(unknown).Hint(fmt::format("did you mean \"{}\"?", *near)) : unknown;
  }
  if (declared.dtype != DType::kUndefined && declared.dtype != spec->dtype) {
    return Mismatch(fmt::format("{} \"{}\": config.pbtxt says {}, the model has {}", kind,
                                declared.name, OipName(declared.dtype), OipName(spec->dtype)));
  }
  if (declared.dims.empty()) return {};
  return CheckShape(kind, declared, *spec, has_batch);
}

Result<std::vector<TensorSpec>> SpecsOf(std::string_view kind,
                                        const std::vector<DeclaredTensor>& declared,
                                        bool has_batch) {
  std::vector<TensorSpec> specs;
  for (const DeclaredTensor& tensor : declared) {
    if (tensor.dtype == DType::kUndefined || tensor.dims.empty()) {
      return Mismatch(fmt::format("{} \"{}\" needs data_type and dims in config.pbtxt", kind,
                                  Printable(tensor.name, 64)));
    }
    std::vector<std::int64_t> dims = tensor.dims;
    if (has_batch) dims.insert(dims.begin(), -1);
    SLIPWAY_TRY(Shape shape, Shape::Make(dims));
    specs.push_back(
        {.name = tensor.name, .dtype = tensor.dtype, .shape = std::move(shape), .axis_names = {}});
  }
  return specs;
}

}  // namespace

Status CheckDeclared(const ModelSettings& settings, const Signature& signature) {
  const bool has_batch = settings.max_batch_size > 0;
  for (const DeclaredTensor& input : settings.inputs)
    SLIPWAY_RETURN_IF_ERROR(CheckOne("input", input, signature.inputs, has_batch));
  for (const DeclaredTensor& output : settings.outputs)
    SLIPWAY_RETURN_IF_ERROR(CheckOne("output", output, signature.outputs, has_batch));
  return {};
}

Result<Signature> DeclaredSignature(const ModelSettings& settings) {
  const bool has_batch = settings.max_batch_size > 0;
  Signature signature;
  SLIPWAY_TRY(signature.inputs, SpecsOf("input", settings.inputs, has_batch));
  SLIPWAY_TRY(signature.outputs, SpecsOf("output", settings.outputs, has_batch));
  return signature;
}

}  // namespace slipway::repository
