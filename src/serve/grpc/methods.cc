#include "serve/grpc/methods.h"

#include <algorithm>
#include <array>

namespace slipway::serve::grpc {
namespace {

constexpr Access kOpen = Access::kOpen;
constexpr Access kAdmin = Access::kAdmin;

constexpr std::string_view kNoSharedMemory =
    "shared memory is not available: send tensors in raw_input_contents";
constexpr std::string_view kNoSettings =
    "these settings do not change at run time: see the options of slipway serve";

constexpr std::string_view kNoReload =
    "a configuration is not reloaded: load and unload models by RepositoryModelLoad and "
    "RepositoryModelUnload, or slipway load and unload";
constexpr std::string_view kNoMultiInference = "call Predict, Classify or Regress for each task";

constexpr std::string_view NameOf(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

constexpr RpcMethod Served(std::string_view path, void (*handle)(const GrpcCall&),
                           Access access = kOpen) {
  return {.path = path, .name = {"grpc", NameOf(path)}, .access = access, .handle = handle};
}

constexpr RpcMethod Stream(std::string_view path, std::unique_ptr<StreamMethod> (*open)()) {
  return {.path = path, .name = {"grpc", NameOf(path)}, .open = open};
}

constexpr RpcMethod NotServed(std::string_view path, std::string_view instead) {
  return {.path = path, .name = {"grpc", NameOf(path)}, .instead = instead};
}

constexpr std::array kMethods = {
    Served("/grpc.health.v1.Health/Check", HealthCheck),
    Stream("/grpc.health.v1.Health/Watch", WatchHealth),
    Stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", ReflectionV1),
    Stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", ReflectionV1Alpha),
    NotServed("/inference.GRPCInferenceService/CudaSharedMemoryRegister", kNoSharedMemory),
    NotServed("/inference.GRPCInferenceService/CudaSharedMemoryStatus", kNoSharedMemory),
    NotServed("/inference.GRPCInferenceService/CudaSharedMemoryUnregister", kNoSharedMemory),
    NotServed("/inference.GRPCInferenceService/LogSettings", kNoSettings),
    Served("/inference.GRPCInferenceService/ModelConfig", ModelConfig),
    Served("/inference.GRPCInferenceService/ModelInfer", ModelInfer),
    Served("/inference.GRPCInferenceService/ModelMetadata", ModelMetadata),
    Served("/inference.GRPCInferenceService/ModelReady", ModelReady),
    Served("/inference.GRPCInferenceService/ModelStatistics", ModelStatistics),
    Stream("/inference.GRPCInferenceService/ModelStreamInfer", StreamInfer),
    Served("/inference.GRPCInferenceService/RepositoryIndex", RepositoryIndex, kAdmin),
    Served("/inference.GRPCInferenceService/RepositoryModelLoad", RepositoryModelLoad, kAdmin),
    Served("/inference.GRPCInferenceService/RepositoryModelUnload", RepositoryModelUnload, kAdmin),
    Served("/inference.GRPCInferenceService/ServerLive", ServerLive),
    Served("/inference.GRPCInferenceService/ServerMetadata", ServerMetadata),
    Served("/inference.GRPCInferenceService/ServerReady", ServerReady),
    NotServed("/inference.GRPCInferenceService/SystemSharedMemoryRegister", kNoSharedMemory),
    NotServed("/inference.GRPCInferenceService/SystemSharedMemoryStatus", kNoSharedMemory),
    NotServed("/inference.GRPCInferenceService/SystemSharedMemoryUnregister", kNoSharedMemory),
    NotServed("/inference.GRPCInferenceService/TraceSetting", kNoSettings),
    Served("/tensorflow.serving.ModelService/GetModelStatus", TfsGetModelStatus),
    NotServed("/tensorflow.serving.ModelService/HandleReloadConfigRequest", kNoReload),
    Served("/tensorflow.serving.PredictionService/Classify", TfsClassify),
    Served("/tensorflow.serving.PredictionService/GetModelMetadata", TfsGetModelMetadata),
    NotServed("/tensorflow.serving.PredictionService/MultiInference", kNoMultiInference),
    Served("/tensorflow.serving.PredictionService/Predict", TfsPredict),
    Served("/tensorflow.serving.PredictionService/Regress", TfsRegress),
};
static_assert(std::ranges::is_sorted(kMethods, {}, &RpcMethod::path));

}  // namespace

std::span<const RpcMethod> Methods() { return kMethods; }

std::optional<std::size_t> FindMethod(std::string_view path) {
  const auto* const found = std::ranges::lower_bound(kMethods, path, {}, &RpcMethod::path);
  if (found == kMethods.end() || found->path != path) return std::nullopt;
  return static_cast<std::size_t>(found - kMethods.begin());
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
