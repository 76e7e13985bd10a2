#include "monitor/otlp_json.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "base/json.h"
#include "base/version.h"

namespace slipway::monitor {
namespace {

// opentelemetry/proto/trace/v1/trace.proto
constexpr int kKindInternal = 1;
constexpr int kKindServer = 2;
constexpr int kStatusError = 2;

class Attributes {
 public:
  void Text(std::string_view key, std::string_view value) {
    if (!value.empty()) Add(key, {{"stringValue", value}});
  }
  /// 64-bit integers are strings in protobuf's JSON.
  void Number(std::string_view key, std::uint64_t value) {
    Add(key, {{"intValue", std::to_string(value)}});
  }
  OrderedJson Take() && { return std::move(list_); }

 private:
  void Add(std::string_view key, OrderedJson value) {
    list_.push_back({{"key", key}, {"value", std::move(value)}});
  }
  OrderedJson list_ = OrderedJson::array();
};

std::string Nanoseconds(WallTime time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
  return std::to_string(since.count());
}

void AddProtocol(const KeptRequest& request, Attributes& attributes) {
  const auto code = static_cast<std::uint64_t>(std::max(request.code, 0));
  if (request.is_grpc) {
    attributes.Text("rpc.system", "grpc");
    const std::string_view path = request.pattern.empty() ? "" : request.pattern.substr(1);
    const std::size_t slash = path.find('/');
    attributes.Text("rpc.service", path.substr(0, slash));
    attributes.Text("rpc.method", request.route);
    return attributes.Number("rpc.grpc.status_code", code);
  }
  attributes.Text("http.request.method", request.method);
  attributes.Text("http.route", request.pattern);
  attributes.Text("url.path", request.path.view());
  attributes.Number("http.response.status_code", code);
}

OrderedJson AttributesOf(const KeptRequest& request) {
  Attributes attributes;
  AddProtocol(request, attributes);
  attributes.Text("client.address", request.peer.view());
  attributes.Text("slipway.request_id", request.request_id.view());
  attributes.Text("slipway.model", request.model.view());
  if (request.version > 0)
    attributes.Number("slipway.model.version", static_cast<std::uint64_t>(request.version));
  if (request.batch_rows > 0)
    attributes.Number("slipway.batch_rows", static_cast<std::uint64_t>(request.batch_rows));
  attributes.Number("slipway.bytes_in", request.bytes_in);
  attributes.Number("slipway.bytes_out", request.bytes_out);
  return std::move(attributes).Take();
}

OrderedJson RequestSpanJson(const KeptRequest& request) {
  const telemetry::RequestSpan& span = *request.span;
  OrderedJson json = {{"traceId", telemetry::ToHex(span.trace_id)},
                      {"spanId", telemetry::ToHex(span.span_id)}};
  if (!request.tracestate.view().empty() && telemetry::IsTracestate(request.tracestate.view()))
    json["traceState"] = request.tracestate.view();
  if (span.parent_id) json["parentSpanId"] = telemetry::ToHex(*span.parent_id);
  json["flags"] = 1;
  json["name"] = fmt::format("{} {}", request.protocol, request.route);
  json["kind"] = kKindServer;
  json["startTimeUnixNano"] = Nanoseconds(request.began());
  json["endTimeUnixNano"] = Nanoseconds(request.ended);
  json["attributes"] = AttributesOf(request);
  if (request.IsServerError()) json["status"] = {{"code", kStatusError}};
  return json;
}

struct Stage {
  std::string_view name;
  std::chrono::nanoseconds KeptRequest::* length;
};
constexpr std::array kStages = {
    Stage{"encode", &KeptRequest::encode}, Stage{"compute", &KeptRequest::compute},
    Stage{"batch", &KeptRequest::batch}, Stage{"queue", &KeptRequest::queue}};

/// From the last to the first.
void AddStages(const KeptRequest& request, telemetry::TraceSampler& ids, OrderedJson& spans) {
  WallTime end = request.ended;
  for (const Stage& stage : kStages) {
    const auto length = std::chrono::duration_cast<WallTime::duration>(request.*stage.length);
    if (length.count() <= 0) continue;
    spans.push_back({{"traceId", telemetry::ToHex(request.span->trace_id)},
                     {"spanId", telemetry::ToHex(ids.NewSpanId())},
                     {"parentSpanId", telemetry::ToHex(request.span->span_id)},
                     {"flags", 1},
                     {"name", stage.name},
                     {"kind", kKindInternal},
                     {"startTimeUnixNano", Nanoseconds(end - length)},
                     {"endTimeUnixNano", Nanoseconds(end)}});
    end -= length;
  }
}

}  // namespace

std::string EncodeSpans(std::span<const KeptRequest> requests, std::string_view service,
                        telemetry::TraceSampler& ids) {
  OrderedJson spans = OrderedJson::array();
  for (const KeptRequest& request : requests) {
    spans.push_back(RequestSpanJson(request));
    AddStages(request, ids, spans);
  }
  Attributes resource;
  resource.Text("service.name", service);
  resource.Text("service.version", kVersion);
  const OrderedJson scope = {{"scope", {{"name", "slipway"}, {"version", kVersion}}},
                             {"spans", std::move(spans)}};
  const OrderedJson whole = {{"resource", {{"attributes", std::move(resource).Take()}}},
                             {"scopeSpans", OrderedJson::array({scope})}};
  return DumpJson(OrderedJson{{"resourceSpans", OrderedJson::array({whole})}});
}

}  // namespace slipway::monitor
