#include "serve/http/admin_handlers.h"

#include <utility>
#include <vector>

#include "serve/http/admin_codec.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kJson = "application/json";

// Triton's clients want exactly 200 and look at no body.
ModelControl::Done AnswerEmpty(AdminHandlers::Answer answer) {
  return [answer = std::move(answer)](Status outcome) {
    if (outcome.ok()) return answer(net::Response{});
    answer(std::move(outcome));
  };
}

}  // namespace

AdminHandlers::AdminHandlers(ModelControl& control, const Configuration& configuration)
    : control_(control), configuration_(EncodeConfiguration(configuration)) {}

void AdminHandlers::Index(std::string_view body, Answer answer) const {
  const Result<bool> ready_only = ParseIndexRequest(body);
  if (!ready_only.ok()) return answer(ready_only.status());
  control_.Index(*ready_only, [answer = std::move(answer)](Result<std::vector<IndexRow>> rows) {
    if (!rows.ok()) return answer(std::move(rows).status());
    answer(net::Response::Text(200, kJson, EncodeIndex(*rows)));
  });
}

void AdminHandlers::Load(const std::string& model, std::string_view body, Answer answer) const {
  Result<LoadRequest> request = ParseLoadRequest(body);
  if (!request.ok()) return answer(std::move(request).status());
  control_.Load(model, std::move(request).value(), AnswerEmpty(std::move(answer)));
}

void AdminHandlers::Unload(const std::string& model, std::string_view body, Answer answer) const {
  const Result<bool> with_dependents = ParseUnloadRequest(body);
  if (!with_dependents.ok()) return answer(with_dependents.status());
  control_.Unload(model, *with_dependents, AnswerEmpty(std::move(answer)));
}

net::Response AdminHandlers::Config() const {
  return net::Response::Text(200, kJson, configuration_);
}

Result<net::Response> AdminHandlers::ServerLog(std::string_view query) const {
  SLIPWAY_TRY(const LogQuery wished, ParseLogQuery(query));
  return net::Response::Text(200, kJson, EncodeLog(RecentLogAfter(wished.after, wished.most)));
}

}  // namespace slipway::serve
