#include "serve/grpc/methods.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace slipway::serve::grpc {
namespace {

using access::Right;

constexpr std::string_view kNoGpuMemory =
    "memory of a GPU is not available: send tensors in raw_input_contents, or share memory of the "
    "machine (SystemSharedMemoryRegister)";
constexpr std::string_view kNoMultiInference = "call Predict, Classify or Regress for each task";

constexpr std::string_view NameOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

constexpr RpcMethod Served(std::string_view path, Right right, void (*handle)(const GrpcCall&)) {
  return {.path = path, .name = {"grpc", NameOf(path)}, .right = right, .handle = handle};
}

using Forecast = net::BodyForecast (*)(std::span<const std::byte> first);
constexpr RpcMethod Infers(std::string_view path, void (*handle)(const GrpcCall&),
                           Forecast forecast) {
  RpcMethod method = Served(path, Right::kInfer, handle);
  method.forecast = forecast;
  return method;
}

constexpr RpcMethod Stream(std::string_view path, Right right,
                           std::unique_ptr<StreamMethod> (*open)()) {
  return {.path = path, .name = {"grpc", NameOf(path)}, .right = right, .open = open};
}

constexpr RpcMethod NotServed(std::string_view path, std::string_view instead) {
  return {.path = path, .name = {"grpc", NameOf(path)}, .instead = instead};
}

constexpr std::array kMethods = {
    Served("/grpc.health.v1.Health/Check", Right::kNothing, HealthCheck),
    Stream("/grpc.health.v1.Health/Watch", Right::kNothing, WatchHealth),
    Stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Right::kDescribe,
           ReflectionV1),
    Stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Right::kDescribe,
           ReflectionV1Alpha),
    NotServed("/inference.GRPCInferenceService/CudaSharedMemoryRegister", kNoGpuMemory),
    NotServed("/inference.GRPCInferenceService/CudaSharedMemoryStatus", kNoGpuMemory),
    NotServed("/inference.GRPCInferenceService/CudaSharedMemoryUnregister", kNoGpuMemory),
    Served("/inference.GRPCInferenceService/LogSettings", Right::kAdminister, ChangeLogSettings),
    Served("/inference.GRPCInferenceService/ModelConfig", Right::kDescribe, ModelConfig),
    Infers("/inference.GRPCInferenceService/ModelInfer", ModelInfer, ForecastInfer),
    Served("/inference.GRPCInferenceService/ModelMetadata", Right::kDescribe, ModelMetadata),
    Served("/inference.GRPCInferenceService/ModelReady", Right::kDescribe, ModelReady),
    Served("/inference.GRPCInferenceService/ModelStatistics", Right::kObserve, ModelStatistics),
    Stream("/inference.GRPCInferenceService/ModelStreamInfer", Right::kInfer, StreamInfer),
    Served("/inference.GRPCInferenceService/RepositoryIndex", Right::kInspect, RepositoryIndex),
    Served("/inference.GRPCInferenceService/RepositoryModelLoad", Right::kAdminister,
           RepositoryModelLoad),
    Served("/inference.GRPCInferenceService/RepositoryModelUnload", Right::kAdminister,
           RepositoryModelUnload),
    Served("/inference.GRPCInferenceService/ServerLive", Right::kNothing, ServerLive),
    Served("/inference.GRPCInferenceService/ServerMetadata", Right::kDescribe, ServerMetadata),
    Served("/inference.GRPCInferenceService/ServerReady", Right::kNothing, ServerReady),
    Served("/inference.GRPCInferenceService/SystemSharedMemoryRegister", Right::kAdminister,
           SystemSharedMemoryRegister),
    Served("/inference.GRPCInferenceService/SystemSharedMemoryStatus", Right::kInspect,
           SystemSharedMemoryStatus),
    Served("/inference.GRPCInferenceService/SystemSharedMemoryUnregister", Right::kAdminister,
           SystemSharedMemoryUnregister),
    Served("/inference.GRPCInferenceService/TraceSetting", Right::kAdminister, ChangeTraceSettings),
    Served("/tensorflow.serving.ModelService/GetModelStatus", Right::kDescribe, TfsGetModelStatus),
    Served("/tensorflow.serving.ModelService/HandleReloadConfigRequest", Right::kAdminister,
           TfsReloadConfig),
    Served("/tensorflow.serving.PredictionService/Classify", Right::kInfer, TfsClassify),
    Served("/tensorflow.serving.PredictionService/GetModelMetadata", Right::kDescribe,
           TfsGetModelMetadata),
    NotServed("/tensorflow.serving.PredictionService/MultiInference", kNoMultiInference),
    Infers("/tensorflow.serving.PredictionService/Predict", TfsPredict, ForecastPredict),
    Served("/tensorflow.serving.PredictionService/Regress", Right::kInfer, TfsRegress),
};
static_assert(std::ranges::is_sorted(kMethods, {}, &RpcMethod::path));

}  // namespace

std::span<const RpcMethod> Methods() { return kMethods; }

std::optional<std::size_t> FindMethod(std::string_view path) {
  // By hash: they begin alike, so that a search by order would read each of many to its end.
  static const auto places = [] {
    std::unordered_map<std::string_view, std::size_t> by_path;
    for (const RpcMethod& method : kMethods) by_path.emplace(method.path, by_path.size());
    return by_path;
  }();
  const auto found = places.find(path);
  return found == places.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string_view> ServiceNames() {
  std::vector<std::string_view> names;
  for (const RpcMethod& method : kMethods) {
    const std::string_view name = method.path.substr(1, method.path.rfind('/') - 1);
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return names;
}

}  // namespace slipway::serve::grpc
