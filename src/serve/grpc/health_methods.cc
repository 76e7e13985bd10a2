#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "grpc/health/v1/health.pb.h"
#include "serve/grpc/grpc_stream.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"

namespace slipway::serve::grpc {

namespace health = ::grpc::health::v1;
using Health = health::HealthCheckResponse;

namespace {

/// How soon a watching client hears of a change.
constexpr std::chrono::milliseconds kWatchPeriod{200};

/// "" and the names of the services stand for the whole server, every other name for a model.
/// NotFound: there is no such model.
Result<Health::ServingStatus> HealthOf(const GrpcApiParts& parts, const std::string& service) {
  const std::vector<std::string_view> services = ServiceNames();
  bool is_serving = parts.is_ready();
  if (!service.empty() && std::ranges::find(services, service) == services.end()) {
    const Result<ModelHandle> model = FindModel(parts.models, service, "");
    if (!model.ok() && model.status().code() != Code::kUnavailable) {
      return NotFound("there is neither a service nor a model of that name")
          .With(model.status().number());
    }
    is_serving = model.ok();
  }
  return is_serving ? Health::SERVING : Health::NOT_SERVING;
}

/// Looks at intervals, since readiness depends on more than the models.
class HealthWatcher final : public StreamMethod {
 public:
  bool MayTake(const GrpcStream&) const override { return true; }

  void Take(GrpcStream& stream, InboundMessage message) override {
    if (service_) return stream.End(FieldInvalid("Watch takes one request"));
    const auto request = Parse<health::HealthCheckRequest>(message.bytes);
    if (!request.ok()) return stream.End(request.status());
    service_ = request->service();
  }

  void Flush(GrpcStream& stream) override {
    if (!service_) return;
    stream.WakeAt(stream.state().now + kWatchPeriod);
    Tell(stream);
    if (stream.state().is_draining) stream.EndForDrain();
  }

  bool IsDone(const GrpcStream&) const override { return !service_; }

 private:
  void Tell(GrpcStream& stream) {
    const Result<Health::ServingStatus> found = HealthOf(stream.parts(), *service_);
    const Health::ServingStatus status = found.ok() ? *found : Health::SERVICE_UNKNOWN;
    if (told_ == status || !stream.HasRoom()) return;
    told_ = status;
    Health response;
    response.set_status(status);
    SendMessage(stream, response);
  }

  std::optional<std::string> service_;
  std::optional<Health::ServingStatus> told_;
};

}  // namespace

void HealthCheck(const GrpcCall& call) {
  Respond<health::HealthCheckRequest>(
      call, [&](const health::HealthCheckRequest& request) -> Result<Health> {
        SLIPWAY_TRY(const Health::ServingStatus status, HealthOf(call.parts(), request.service()));
        Health response;
        response.set_status(status);
        return response;
      });
}

std::unique_ptr<StreamMethod> WatchHealth() { return std::make_unique<HealthWatcher>(); }

}  // namespace slipway::serve::grpc
