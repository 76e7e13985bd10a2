#include "onnx_node/reference_engine.h"

#include <cstddef>
#include <cstring>
#include <utility>

#include "engine/onnxruntime/ort_library.h"
#include "graph/tensor_bytes.h"

namespace slipway::onnx_node {

namespace {

using graph::Tensor;

/// Tensor bytes for the engine, which wants them aligned and lets nobody say they are const.
using Memory = std::vector<std::unique_ptr<std::vector<std::max_align_t>>>;

}  // namespace

struct ReferenceEngine::Library {
  std::shared_ptr<const engine::OrtRuntime> runtime;
};

namespace {

/// One run: everything the library gave is given back at its end.
class OneRun {
 public:
  OneRun(const OrtApi& api, const engine::OrtRuntime& runtime) : api_(api), runtime_(runtime) {}
  ~OneRun() {
    for (OrtValue* value : values_) api_.ReleaseValue(value);
    for (const auto& [allocator, name] : names_)
      if (OrtStatus* status = api_.AllocatorFree(allocator, name)) api_.ReleaseStatus(status);
    if (session_ != nullptr) api_.ReleaseSession(session_);
    if (options_ != nullptr) api_.ReleaseSessionOptions(options_);
  }

  Status Load(std::string_view model) {
    SLIPWAY_RETURN_IF_ERROR(Check(api_.CreateSessionOptions(&options_)));
    SLIPWAY_RETURN_IF_ERROR(Check(api_.SetIntraOpNumThreads(options_, 1)));
    SLIPWAY_RETURN_IF_ERROR(Check(api_.SetSessionLogSeverityLevel(options_, 4)));
    return Check(api_.CreateSessionFromArray(runtime_.env.get(), model.data(), model.size(),
                                             options_, &session_));
  }

  Result<std::vector<CaseValue>> Run(const std::vector<CaseValue>& inputs) {
    SLIPWAY_TRY(const auto input_names, Names(api_.SessionGetInputCount, api_.SessionGetInputName));
    SLIPWAY_TRY(const auto output_names,
                Names(api_.SessionGetOutputCount, api_.SessionGetOutputName));
    if (input_names.size() != inputs.size())
      return InvalidArgument("the case has another number of inputs than the model");
    std::vector<const OrtValue*> given;
    for (const CaseValue& input : inputs) {
      SLIPWAY_TRY(OrtValue* const value, ToValue(input));
      given.push_back(value);
    }
    std::vector<OrtValue*> results(output_names.size(), nullptr);
    const Status status =
        Check(api_.Run(session_, nullptr, input_names.data(), given.data(), given.size(),
                       output_names.data(), output_names.size(), results.data()));
    values_.insert(values_.end(), results.begin(), results.end());
    SLIPWAY_RETURN_IF_ERROR(status);
    std::vector<CaseValue> outputs;
    for (const OrtValue* result : results) {
      SLIPWAY_TRY(CaseValue output, FromValue(result));
      outputs.push_back(std::move(output));
    }
    return outputs;
  }

 private:
  Status Check(OrtStatus* status) const {
    if (status == nullptr) return {};
    std::string message = api_.GetErrorMessage(status);
    api_.ReleaseStatus(status);
    return FailedPrecondition(message.substr(0, message.find('\n')));
  }

  template <class Count, class Name>
  Result<std::vector<const char*>> Names(Count count_of, Name name_of) {
    std::size_t count = 0;
    SLIPWAY_RETURN_IF_ERROR(Check(count_of(session_, &count)));
    std::vector<const char*> names;
    for (std::size_t i = 0; i < count; ++i) {
      char* name = nullptr;
      SLIPWAY_RETURN_IF_ERROR(Check(name_of(session_, i, runtime_.allocator, &name)));
      names_.emplace_back(runtime_.allocator, name);
      names.push_back(name);
    }
    return names;
  }

  Result<OrtValue*> ToValue(const CaseValue& value) {
    if (value.kind == CaseValue::Kind::kNothing) return static_cast<OrtValue*>(nullptr);
    std::vector<const OrtValue*> tensors;
    for (const Tensor& tensor : value.tensors) {
      SLIPWAY_TRY(OrtValue* const made, ToValue(tensor));
      tensors.push_back(made);
    }
    if (value.kind == CaseValue::Kind::kTensor) return const_cast<OrtValue*>(tensors.at(0));
    OrtValue* sequence = nullptr;
    SLIPWAY_RETURN_IF_ERROR(
        Check(api_.CreateValue(tensors.data(), tensors.size(), ONNX_TYPE_SEQUENCE, &sequence)));
    values_.push_back(sequence);
    return sequence;
  }

  Result<OrtValue*> ToValue(const Tensor& tensor) {
    const auto type = static_cast<ONNXTensorElementDataType>(tensor.dtype);
    OrtValue* value = nullptr;
    if (tensor.dtype == DType::kString) {
      SLIPWAY_RETURN_IF_ERROR(Check(api_.CreateTensorAsOrtValue(
          runtime_.allocator, tensor.dims.data(), tensor.dims.size(), type, &value)));
      values_.push_back(value);
      std::vector<const char*> strings;
      for (const std::string& text : tensor.strings) strings.push_back(text.c_str());
      SLIPWAY_RETURN_IF_ERROR(Check(api_.FillStringTensor(value, strings.data(), strings.size())));
      return value;
    }
    const auto bytes = tensor.data.view();
    memory_.push_back(std::make_unique<std::vector<std::max_align_t>>(
        bytes.size() / sizeof(std::max_align_t) + 1));
    void* const data = memory_.back()->data();
    if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
    SLIPWAY_RETURN_IF_ERROR(Check(
        api_.CreateTensorWithDataAsOrtValue(runtime_.cpu.get(), data, bytes.size(),
                                            tensor.dims.data(), tensor.dims.size(), type, &value)));
    values_.push_back(value);
    return value;
  }

  Result<CaseValue> FromValue(const OrtValue* value) {
    int has_value = 0;
    if (value != nullptr) SLIPWAY_RETURN_IF_ERROR(Check(api_.HasValue(value, &has_value)));
    if (has_value == 0) return CaseValue();
    ONNXType type = ONNX_TYPE_UNKNOWN;
    SLIPWAY_RETURN_IF_ERROR(Check(api_.GetValueType(value, &type)));
    if (type == ONNX_TYPE_TENSOR) {
      CaseValue result{.kind = CaseValue::Kind::kTensor};
      SLIPWAY_TRY(Tensor tensor, TensorFrom(value));
      result.tensors.push_back(std::move(tensor));
      return result;
    }
    if (type != ONNX_TYPE_SEQUENCE) return Unimplemented("an output that is no tensor");
    CaseValue result{.kind = CaseValue::Kind::kSequence};
    std::size_t count = 0;
    SLIPWAY_RETURN_IF_ERROR(Check(api_.GetValueCount(value, &count)));
    for (std::size_t i = 0; i < count; ++i) {
      OrtValue* entry = nullptr;
      SLIPWAY_RETURN_IF_ERROR(
          Check(api_.GetValue(value, static_cast<int>(i), runtime_.allocator, &entry)));
      values_.push_back(entry);
      SLIPWAY_TRY(Tensor tensor, TensorFrom(entry));
      result.tensors.push_back(std::move(tensor));
    }
    return result;
  }

  Result<Tensor> TensorFrom(const OrtValue* value) {
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    const std::int64_t* dims = nullptr;
    std::size_t rank = 0;
    SLIPWAY_RETURN_IF_ERROR(
        Check(api_.GetTensorElementTypeAndShapeDataReference(value, &type, &dims, &rank)));
    Tensor tensor{.dtype = DType(type), .dims = std::vector<std::int64_t>(dims, dims + rank)};
    if (tensor.dtype == DType::kString) return WithStrings(value, std::move(tensor));
    const void* data = nullptr;
    SLIPWAY_RETURN_IF_ERROR(Check(api_.GetTensorData(value, &data)));
    const std::uint64_t size = graph::PackedSize(tensor.dtype, tensor.dims).value_or(0);
    tensor.data = graph::Bytes(std::string(static_cast<const char*>(data), size));
    return tensor;
  }

  Result<Tensor> WithStrings(const OrtValue* value, Tensor tensor) {
    for (std::size_t i = 0; i < tensor.ElementCount().value_or(0); ++i) {
      std::size_t size = 0;
      SLIPWAY_RETURN_IF_ERROR(Check(api_.GetStringTensorElementLength(value, i, &size)));
      std::string text(size, '\0');
      SLIPWAY_RETURN_IF_ERROR(Check(api_.GetStringTensorElement(value, size, i, text.data())));
      tensor.strings.push_back(std::move(text));
    }
    return tensor;
  }

  const OrtApi& api_;
  const engine::OrtRuntime& runtime_;
  OrtSessionOptions* options_ = nullptr;
  OrtSession* session_ = nullptr;
  std::vector<OrtValue*> values_;
  std::vector<std::pair<OrtAllocator*, char*>> names_;
  Memory memory_;
};

}  // namespace

ReferenceEngine::ReferenceEngine(std::unique_ptr<Library> library) : library_(std::move(library)) {}
ReferenceEngine::~ReferenceEngine() = default;

Result<std::unique_ptr<ReferenceEngine>> ReferenceEngine::Open() {
  SLIPWAY_TRY(engine::OrtLibrary opened, engine::OpenOrtLibrary(""));
  auto library = std::make_unique<Library>();
  SLIPWAY_TRY(library->runtime, engine::MakeOrtRuntime(std::move(opened)));
  return std::unique_ptr<ReferenceEngine>(new ReferenceEngine(std::move(library)));
}

Result<std::vector<CaseValue>> ReferenceEngine::Run(std::string_view model,
                                                    const std::vector<CaseValue>& inputs) {
  OneRun run(library_->runtime->api(), *library_->runtime);
  SLIPWAY_RETURN_IF_ERROR(run.Load(model));
  return run.Run(inputs);
}

}  // namespace slipway::onnx_node
