#include "serve/http/http_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http/router.h"
#include "serve/http/api_call.h"
#include "serve/http/foreseen_refusal.h"
#include "serve/http/routes.h"
#include "serve/http/status_mapping.h"
#include "serve/http/v2_handlers.h"

namespace slipway::serve {
namespace {

/// What asks for an inference in the Open Inference protocol.
constexpr RequestMetrics::RouteName kInferRoute = {"v2", "infer"};

std::vector<net::RouteRow> RouteRows() {
  std::vector<net::RouteRow> rows;
  for (const Route& route : Routes()) rows.push_back({route.method, route.pattern});
  return rows;
}

/// One name a route, and one behind them for requests that belong nowhere.
std::vector<RequestMetrics::RouteName> RouteNames() {
  std::vector<RequestMetrics::RouteName> names;
  for (const Route& route : Routes()) names.push_back(route.name);
  names.push_back(kNoRoute);
  return names;
}

/// The types under which clients send JSON: none, `curl -d`'s, and tritonclient.aio's.
constexpr std::array<std::string_view, 4> kBodyTypes = {"application/json",
                                                        "application/x-www-form-urlencoded",
                                                        "application/octet-stream", "text/json"};

bool IsUtf8Charset(std::string_view parameters) {
  for (const std::string_view parameter : Split(parameters, ';')) {
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    if (!EqualsIgnoreCase(Trim(parameter.substr(0, equals)), "charset")) continue;
    std::string_view value = Trim(parameter.substr(std::min(equals + 1, parameter.size())));
    if (value.starts_with('"') && value.ends_with('"') && value.size() > 1)
      value = value.substr(1, value.size() - 2);
    if (!EqualsIgnoreCase(value, "utf-8") && !EqualsIgnoreCase(value, "us-ascii")) return false;
  }
  return true;
}

Status CheckContentType(const net::RequestHead& head) {
  const std::string_view* const header = head.Find("Content-Type");
  if (header == nullptr) return {};
  const std::string_view text = *header;
  const std::size_t end = std::min(text.find(';'), text.size());
  const std::string_view type = Trim(text.substr(0, end));
  const bool is_known = std::ranges::any_of(
      kBodyTypes, [&](std::string_view known) { return EqualsIgnoreCase(known, type); });
  if (is_known && !head.Repeated("Content-Type") && IsUtf8Charset(text.substr(end))) return {};
  return InvalidArgument(fmt::format("Content-Type \"{}\" is not supported", Printable(text, 64)))
      .With(errors::kUnsupportedMediaType)
      .Hint(
          "send application/json in UTF-8, or application/octet-stream with "
          "Inference-Header-Content-Length");
}

/// What the server tells of its models is for those whose password was looked at.
bool IsKnown(const access::Admission& admission) {
  return admission.caller == nullptr || admission.caller->unchecked == nullptr;
}

ErrorForm FormFor(const net::RequestHead& head, const Route* route) {
  if (route != nullptr && access::IsAdministrative(route->right)) return ErrorForm::kProblem;
  return WishedErrorForm(head);
}

class RestApi final : public HttpApi {
 public:
  explicit RestApi(HttpApiParts parts)
      : HttpApi(parts.door, parts.gatekeeper, parts.predictor),
        router_(RouteRows()),
        context_{.parts = parts,
                 .admin = AdminHandlers(parts.control, parts.configuration),
                 .metrics = RequestMetrics(RouteNames()),
                 .aliases = AliasCache(parts.control, parts.clock)} {}

  net::Response ErrorResponse(int status, std::string_view message,
                              const net::RequestHead* head) override {
    const ErrorForm form = head == nullptr ? ErrorForm::kPlain : WishedErrorForm(*head);
    net::Response response = ErrorAnswer(status, message, form);
    if (head == nullptr) return response;
    context_.parts.cors.Permit(*head, response);
    context_.Count(
        *head, {.route = RowOf(*head, status), .code = status, .bytes_out = response.BodyBytes()});
    return response;
  }

  const RequestMetrics& requests() const override { return context_.metrics; }

 private:
  /// Of a request that the listener refuses; with a 400 it may be read wrongly.
  std::size_t RowOf(const net::RequestHead& head, int status) const {
    if (status == 400) return Routes().size();
    const net::RouteMatch match = router_.Match(head);
    return match.outcome == net::RouteMatch::Outcome::kFound ? match.row : Routes().size();
  }

  net::BodyPlan PlanAt(access::Door door, const net::RequestHead& head) override {
    if (auto preflight = context_.parts.cors.Preflight(head))
      return Rejected(head, Routes().size(), {}, std::move(*preflight));
    const net::RouteMatch match = router_.Match(head);
    if (match.outcome != net::RouteMatch::Outcome::kFound)
      return Rejected(head, Routes().size(), {}, NoRoute(head, match));
    const std::string_view model = match.captures["model"];
    const Route& route = Routes()[match.row];
    access::Admission admission = Admit(door, route.right, head);
    if (!admission.status.ok())
      return Rejected(head, match.row, model, Refusal(head, route, admission));
    Result<net::BodyPlan> plan = PlanRoute(head, route);
    if (plan.ok() && route.name == kInferRoute && IsKnown(admission)) {
      if (Status refusal = v2::ForeseeRefusal(context_.parts, head, match.captures); !refusal.ok())
        plan = std::move(refusal);
    }
    if (!plan.ok())
      return Rejected(head, match.row, model, ErrorAnswer(plan.status(), FormFor(head, &route)));
    plan->note = std::move(admission.caller);
    return std::move(*plan);
  }

  void ServeAdmitted(std::shared_ptr<net::Exchange> exchange) override {
    const net::RouteMatch match = router_.Match(exchange->head());
    if (match.outcome != net::RouteMatch::Outcome::kFound) {
      return exchange->Send(NoRoute(exchange->head(), match));  // PlanAt() has said so already
    }
    const Route& route = Routes()[match.row];
    const ErrorForm form = FormFor(exchange->head(), &route);
    route.handle({context_, std::move(exchange), match.captures, match.row, form});
  }

  net::Response RefuseLate(const net::Exchange& exchange,
                           const access::Admission& admission) override {
    const net::RequestHead& head = exchange.head();
    const std::size_t row = router_.Match(head).row;  // PlanAt() has found it
    net::Response answer = Refusal(head, Routes()[row], admission);
    context_.parts.cors.Permit(head, answer);
    context_.Count(head, {.route = row,
                          .code = answer.status,
                          .total = context_.parts.clock.Now() - exchange.received(),
                          .bytes_in = exchange.body().size(),
                          .bytes_out = answer.BodyBytes(),
                          .loop = exchange.loop()});
    return answer;
  }

  Result<net::BodyPlan> PlanRoute(const net::RequestHead& head, const Route& route) const {
    const HttpApiParts& parts = context_.parts;
    net::BodyPlan plan{.max_bytes = parts.limits.max_body_bytes};
    plan.may_overlap = !access::IsAdministrative(route.right);
    if (route.body == BodyRule::kNone) return plan;
    SLIPWAY_RETURN_IF_ERROR(CheckContentType(head));
    if (route.body == BodyRule::kAdmin) plan.max_bytes = parts.limits.max_admin_body_bytes;
    if (route.body != BodyRule::kInference) return plan;
    SLIPWAY_TRY(const std::optional<std::uint64_t> json_bytes, v2::JsonBytes(head));
    if (json_bytes.value_or(0) <= plan.max_bytes)
      plan.aligned_offset = static_cast<std::size_t>(json_bytes.value_or(0));
    return plan;
  }

  net::Response Refusal(const net::RequestHead& head, const Route& route,
                        const access::Admission& admission) const {
    net::Response answer = ErrorAnswer(admission.status, FormFor(head, &route));
    if (admission.retry_after.count() > 0)
      SetRetryAfter(access::InSeconds(admission.retry_after), answer);
    if (context_.parts.audit != nullptr && access::IsAdministrative(route.right))
      context_.parts.audit->Record({.caller = admission.caller.get(),
                                    .from = head.peer,
                                    .protocol = "http",
                                    .act = route.name.method,
                                    .target = head.target,
                                    .result = "refused",
                                    .code = answer.status});
    return answer;
  }

  net::BodyPlan Rejected(const net::RequestHead& head, std::size_t route, std::string_view model,
                         net::Response response) {
    context_.parts.cors.Permit(head, response);
    context_.Count(head, {.route = route,
                          .code = response.status,
                          .bytes_out = response.BodyBytes(),
                          .model = model});
    net::BodyPlan plan{.max_bytes = context_.parts.limits.max_admin_body_bytes};
    plan.reject = std::move(response);
    return plan;
  }

  static net::Response NoRoute(const net::RequestHead& head, const net::RouteMatch& match) {
    const ErrorForm form = WishedErrorForm(head);
    switch (match.outcome) {
      case net::RouteMatch::Outcome::kWrongMethod: {
        net::Response response = ErrorAnswer(405, "Method Not Allowed", form);
        response.headers.emplace_back("Allow", match.allow);
        return response;
      }
      case net::RouteMatch::Outcome::kUnknownMethod:
        return ErrorAnswer(501, "Not Implemented", form);
      default:
        break;
    }
    const bool is_tfs = !head.segments.empty() && head.segments.front() == "v1";
    if (!is_tfs) return ErrorAnswer(404, "Not Found", form);
    const std::string_view path = head.target.substr(0, head.target.find('?'));
    return ErrorAnswer(400,
                       fmt::format("Malformed request: {} {}", Printable(head.method_text, 16),
                                   Printable(path, 256)),
                       form);
  }

  net::Router router_;
  ApiContext context_;
};

}  // namespace

std::unique_ptr<HttpApi> HttpApi::Create(HttpApiParts parts) {
  return std::make_unique<RestApi>(std::move(parts));
}

}  // namespace slipway::serve
