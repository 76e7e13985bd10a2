#include <algorithm>
#include <string>

#include "grpc/health/v1/health.pb.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"

namespace slipway::serve::grpc {

namespace health = ::grpc::health::v1;

// "" and the names of the services stand for the whole server, every other name for a model.
void HealthCheck(const GrpcCall& call) {
  using Response = health::HealthCheckResponse;
  Respond<health::HealthCheckRequest>(
      call, [&](const health::HealthCheckRequest& request) -> Result<Response> {
        const std::string& service = request.service();
        const std::vector<std::string_view> services = ServiceNames();
        bool is_serving = call.parts().is_ready();
        if (!service.empty() && std::ranges::find(services, service) == services.end()) {
          const Result<ModelHandle> model = call.Find(service, "");
          if (!model.ok() && model.status().code() != Code::kUnavailable) {
            return NotFound("there is neither a service nor a model of that name")
                .With(model.status().number());
          }
          is_serving = model.ok();
        }
        Response response;
        response.set_status(is_serving ? Response::SERVING : Response::NOT_SERVING);
        return response;
      });
}

}  // namespace slipway::serve::grpc
