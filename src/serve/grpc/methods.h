#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "access/right.h"
#include "serve/grpc/body_forecast.h"
#include "serve/grpc/grpc_call.h"
#include "serve/grpc/stream_method.h"

namespace slipway::serve::grpc {

/// One row of the table of all methods.
struct RpcMethod {
  std::string_view path;  ///< "/inference.GRPCInferenceService/ModelInfer"
  RequestMetrics::RouteName name;
  access::Right right = access::Right::kNothing;  ///< that the caller needs
  /// Answers the call once.
  void (*handle)(const GrpcCall&) = nullptr;
  /// Makes what takes the messages of one call; either this or `handle`.
  std::unique_ptr<StreamMethod> (*open)() = nullptr;
  /// What the first bytes of a unary call's body tell of the rest.
  net::BodyForecast (*forecast)(std::span<const std::byte> first) = ForecastMessage;
  /// What to do where neither is: the method is not served.
  std::string_view instead = {};
};

/// What metrics and logs call what is no method.
inline constexpr RequestMetrics::RouteName kNoMethod = {"grpc", "unknown"};

/// Every method, ascending by path.
std::span<const RpcMethod> Methods();
/// The row of a path, as sent.
std::optional<std::size_t> FindMethod(std::string_view path);
/// "inference.GRPCInferenceService", ...: every service, once.
std::vector<std::string_view> ServiceNames();

// inference.GRPCInferenceService
void ServerLive(const GrpcCall& call);
void ServerReady(const GrpcCall& call);
void ServerMetadata(const GrpcCall& call);
void ModelReady(const GrpcCall& call);
void ModelMetadata(const GrpcCall& call);
void ModelConfig(const GrpcCall& call);
void ModelStatistics(const GrpcCall& call);
void ModelInfer(const GrpcCall& call);
std::unique_ptr<StreamMethod> StreamInfer();
void RepositoryIndex(const GrpcCall& call);
void RepositoryModelLoad(const GrpcCall& call);
void RepositoryModelUnload(const GrpcCall& call);
/// These two read where nothing is wished.
void ChangeLogSettings(const GrpcCall& call);
void ChangeTraceSettings(const GrpcCall& call);
void SystemSharedMemoryRegister(const GrpcCall& call);
void SystemSharedMemoryStatus(const GrpcCall& call);
void SystemSharedMemoryUnregister(const GrpcCall& call);

// tensorflow.serving
void TfsPredict(const GrpcCall& call);
void TfsClassify(const GrpcCall& call);
void TfsRegress(const GrpcCall& call);
void TfsGetModelMetadata(const GrpcCall& call);
void TfsGetModelStatus(const GrpcCall& call);
void TfsReloadConfig(const GrpcCall& call);

// grpc.health.v1.Health
void HealthCheck(const GrpcCall& call);
std::unique_ptr<StreamMethod> WatchHealth();

// grpc.reflection.v1.ServerReflection, and v1alpha
std::unique_ptr<StreamMethod> ReflectionV1();
std::unique_ptr<StreamMethod> ReflectionV1Alpha();

}  // namespace slipway::serve::grpc
