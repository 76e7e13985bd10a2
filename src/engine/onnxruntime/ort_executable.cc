#include "engine/onnxruntime/ort_executable.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <utility>

#include "base/error_catalogue.h"
#include "engine/onnxruntime/ort_reason.h"
#include "engine/onnxruntime/ort_signature.h"

namespace slipway::engine {

namespace {

/// Memory of one run's short lists: on the stack up to about fifty tensors.
class Scratch {
 public:
  std::pmr::memory_resource* resource() { return &resource_; }

 private:
  std::array<std::byte, 2048> stack_;
  std::pmr::monotonic_buffer_resource resource_{stack_.data(), stack_.size()};
};

/// The library's values of one run, given back at its end.
class Values {
 public:
  Values(const OrtApi& api, std::size_t count, Scratch& scratch)
      : api_(api), values_(count, nullptr, scratch.resource()) {}
  Values(const Values&) = delete;
  ~Values() {
    for (OrtValue* value : values_) {
      if (value != nullptr) api_.ReleaseValue(value);
    }
  }

  OrtValue*& operator[](std::size_t index) { return values_[index]; }
  OrtValue** data() { return values_.data(); }
  OrtValue* Take(std::size_t index) { return std::exchange(values_[index], nullptr); }

 private:
  const OrtApi& api_;
  std::pmr::vector<OrtValue*> values_;
};

bool IsAligned(const TensorView& view) {
  const std::size_t element = std::min<std::size_t>(BytesOf(view.dtype), alignof(double));
  return element <= 1 || reinterpret_cast<std::uintptr_t>(view.bytes.data()) % element == 0;
}

/// The library keeps strings as objects of its own.
Status CopyStrings(const OrtRuntime& runtime, const TensorView& view, OrtValue** value) {
  const OrtApi& api = runtime.api();
  SLIPWAY_TRY(const std::vector<std::string_view> strings, UnpackStrings(view));
  SLIPWAY_RETURN_IF_ERROR(
      RunFailure(api, api.CreateTensorAsOrtValue(runtime.allocator, view.shape.dims().data(),
                                                 view.shape.rank(), ToOrt(DType::kString), value)));
  for (std::size_t i = 0; i < strings.size(); ++i) {
    char* place = nullptr;
    SLIPWAY_RETURN_IF_ERROR(RunFailure(
        api, api.GetResizedStringTensorElementBuffer(*value, i, strings[i].size(), &place)));
    if (!strings[i].empty()) std::memcpy(place, strings[i].data(), strings[i].size());
  }
  return {};
}

Status BindInput(const OrtRuntime& runtime, const TensorView& view,
                 std::pmr::vector<TensorBuffer>& copies, OrtValue** value) {
  if (view.dtype == DType::kString) return CopyStrings(runtime, view, value);
  const std::byte* data = view.bytes.data();
  if (!IsAligned(view)) {  // a tensor behind a JSON head of odd length; kernels may fault on it
    SLIPWAY_TRY(TensorBuffer copy, TensorBuffer::CopyOf(view));
    data = copies.emplace_back(std::move(copy)).bytes().data();
  }
  return BorrowValue(runtime, view.dtype, view.shape, data, view.bytes.size(), value);
}

/// True if the caller says where the result goes.
bool IsPreallocated(const TensorBuffer& output) {
  return output.dtype() != DType::kUndefined && output.dtype() != DType::kString;
}

Result<Shape> ShapeOf(const OrtApi& api, const OrtValue* value, DType& dtype) {
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  const std::int64_t* dims = nullptr;
  std::size_t rank = 0;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(
      api, api.GetTensorElementTypeAndShapeDataReference(value, &element, &dims, &rank)));
  dtype = FromOrt(element);
  return Shape::Make({dims, rank});
}

Result<TensorBuffer> PackStrings(const OrtApi& api, const OrtValue* value, const Shape& shape) {
  const std::size_t count = shape.ElementCount().value_or(0);
  std::size_t total = 0;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.GetStringTensorDataLength(value, &total)));
  std::string content(total, '\0');
  std::vector<std::size_t> offsets(count);
  SLIPWAY_RETURN_IF_ERROR(RunFailure(
      api, api.GetStringTensorContent(value, content.data(), total, offsets.data(), count)));
  std::vector<std::string_view> strings(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = i + 1 < count ? offsets[i + 1] : total;
    strings[i] = std::string_view(content).substr(offsets[i], end - offsets[i]);
  }
  return TensorBuffer::FromStrings(shape, strings);
}

/// The result in the library's own memory, which goes back with the buffer.
Result<TensorBuffer> Adopt(const OrtApi& api, OrtHandle<OrtValue> value) {
  DType dtype = DType::kUndefined;
  SLIPWAY_TRY(const Shape shape, ShapeOf(api, value.get(), dtype));
  if (dtype == DType::kString) return PackStrings(api, value.get(), shape);
  void* data = nullptr;
  SLIPWAY_RETURN_IF_ERROR(RunFailure(api, api.GetTensorMutableData(value.get(), &data)));
  const std::size_t size = ByteSize(dtype, shape).value_or(0);
  return TensorBuffer::Adopt(
      dtype, shape, {static_cast<std::byte*>(data), size},
      [release = OrtRelease{&api}, owned = value.release()] { release(owned); });
}

std::vector<const char*> NamesOf(const std::vector<TensorSpec>& specs) {
  std::vector<const char*> names;
  for (const TensorSpec& spec : specs) names.push_back(spec.name.c_str());
  return names;
}

}  // namespace

Status BorrowValue(const OrtRuntime& runtime, DType dtype, const Shape& shape,
                   const std::byte* data, std::size_t size, OrtValue** value) {
  // The library wants an address even for no elements, and takes inputs without promising in its
  // signature not to write them; it does not.
  static std::byte nothing[8];
  void* address = data == nullptr ? nothing : const_cast<std::byte*>(data);
  return RunFailure(runtime.api(), runtime.api().CreateTensorWithDataAsOrtValue(
                                       runtime.cpu.get(), address, size, shape.dims().data(),
                                       shape.rank(), ToOrt(dtype), value));
}

OrtExecutable::OrtExecutable(std::shared_ptr<const OrtRuntime> runtime, BorrowedWeights weights,
                             OrtHandle<OrtSession> session, Signature signature)
    : runtime_(std::move(runtime)),
      weights_(std::move(weights)),
      session_(std::move(session)),
      signature_(std::move(signature)),
      input_names_(NamesOf(signature_.inputs)),
      output_names_(NamesOf(signature_.outputs)) {}

Status OrtExecutable::Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
                          std::span<TensorBuffer> outputs, const RunLimits& limits) const {
  if (inputs.size() != input_names_.size() || wanted.size() != outputs.size()) {
    return Internal(fmt::format("{} inputs for a model of {}, {} outputs for {} wanted",
                                inputs.size(), input_names_.size(), outputs.size(), wanted.size()))
        .With(errors::kEngineRunFailed);
  }
  const OrtApi& api = runtime_->api();
  Scratch scratch;
  std::pmr::vector<TensorBuffer> copies(scratch.resource());
  copies.reserve(inputs.size());
  Values given(api, inputs.size(), scratch);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Status status = BindInput(*runtime_, inputs[i], copies, &given[i]);
    if (!status.ok()) return std::move(status).At(fmt::format("input \"{}\"", input_names_[i]));
  }
  Values results(api, wanted.size(), scratch);
  std::pmr::vector<const char*> names(wanted.size(), nullptr, scratch.resource());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    names[i] = output_names_[wanted[i]];
    if (!IsPreallocated(outputs[i])) continue;
    SLIPWAY_RETURN_IF_ERROR(BorrowValue(*runtime_, outputs[i].dtype(), outputs[i].shape(),
                                        outputs[i].bytes().data(), outputs[i].bytes().size(),
                                        &results[i]));
  }
  {
    const RunBudget budget(limits);
    Status failure =
        RunFailure(api, api.Run(session_.get(), nullptr, input_names_.data(), given.data(),
                                inputs.size(), names.data(), names.size(), results.data()));
    if (Status why = budget.WhyEnded(); !why.ok()) return why;
    SLIPWAY_RETURN_IF_ERROR(std::move(failure));
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (IsPreallocated(outputs[i])) continue;
    SLIPWAY_TRY(outputs[i], Adopt(api, OrtHandle<OrtValue>(results.Take(i), OrtRelease{&api})));
  }
  return {};
}

}  // namespace slipway::engine
