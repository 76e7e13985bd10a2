#include <utility>

#include "inference.pb.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"
#include "serve/shared_memory/shared_tensors.h"

namespace slipway::serve::grpc {
namespace {

void AddRegion(const RegionFacts& facts, inference::SystemSharedMemoryStatusResponse& response) {
  auto& region = (*response.mutable_regions())[facts.name];
  region.set_name(facts.name);
  region.set_key(facts.key);
  region.set_offset(facts.offset);
  region.set_byte_size(facts.byte_size);
}

/// Respond(), where shared memory is on; the call is about the region that it names.
template <class Request, class Use>
void RespondIfOn(const GrpcCall& call, const Use& use) {
  RegionTable* const regions = call.parts().shared_memory;
  if (regions == nullptr) return call.Fail(SharedMemoryIsOff());
  const Result<Request> request = Parse<Request>(call.message());
  if (!request.ok()) return call.Fail(request.status());
  const GrpcCall named = call.About(request->name());
  const auto response = use(*request, *regions);
  if (!response.ok()) return named.Fail(response.status());
  AnswerWith(named, *response);
}

}  // namespace

void SystemSharedMemoryStatus(const GrpcCall& call) {
  using Request = inference::SystemSharedMemoryStatusRequest;
  using Response = inference::SystemSharedMemoryStatusResponse;
  RespondIfOn<Request>(call,
                       [](const Request& request, const RegionTable& regions) -> Result<Response> {
                         Response response;
                         if (request.name().empty()) {
                           for (const RegionFacts& facts : regions.Regions())
                             AddRegion(facts, response);
                           return response;
                         }
                         SLIPWAY_TRY(const RegionFacts facts, regions.Facts(request.name()));
                         AddRegion(facts, response);
                         return response;
                       });
}

void SystemSharedMemoryRegister(const GrpcCall& call) {
  using Request = inference::SystemSharedMemoryRegisterRequest;
  using Response = inference::SystemSharedMemoryRegisterResponse;
  RespondIfOn<Request>(call, [](const Request& request, RegionTable& regions) -> Result<Response> {
    SLIPWAY_RETURN_IF_ERROR(regions.Register({.name = request.name(),
                                              .key = request.key(),
                                              .offset = request.offset(),
                                              .byte_size = request.byte_size()}));
    return Response();
  });
}

void SystemSharedMemoryUnregister(const GrpcCall& call) {
  using Request = inference::SystemSharedMemoryUnregisterRequest;
  using Response = inference::SystemSharedMemoryUnregisterResponse;
  RespondIfOn<Request>(call, [](const Request& request, RegionTable& regions) -> Result<Response> {
    request.name().empty() ? regions.UnregisterAll() : regions.Unregister(request.name());
    return Response();
  });
}

}  // namespace slipway::serve::grpc
