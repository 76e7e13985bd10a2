#include "monitor/otlp_json.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace slipway::monitor {
namespace {

using std::chrono::microseconds;
using telemetry::TraceSampler;

constexpr WallTime kNow{std::chrono::milliseconds(1'700'000'000'500)};
constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

KeptRequest Inference(TraceSampler& sampler) {
  KeptRequest request;
  request.Keep({.protocol = "v2",
                .route = "infer",
                .pattern = "/v2/models/{model}/infer",
                .method = "POST",
                .path = "/v2/models/mnist/infer",
                .peer = "127.0.0.1:41234",
                .traceparent = kParent,
                .tracestate = "rojo=1",
                .model = "mnist",
                .version = 3,
                .code = 200,
                .batch_rows = 4,
                .queue = microseconds(10),
                .compute = microseconds(30),
                .encode = microseconds(40),
                .total = microseconds(100)},
               kNow);
  request.span = sampler.SpanFor(request.parent);
  return request;
}

Json SpansOf(const std::vector<KeptRequest>& requests, TraceSampler& sampler) {
  const Json json = ParseJson(EncodeSpans(requests, "shop", sampler)).value();
  return json["resourceSpans"][0]["scopeSpans"][0]["spans"];
}

std::map<std::string, Json> Attributes(const Json& span) {
  std::map<std::string, Json> attributes;
  for (const Json& attribute : span["attributes"])
    attributes[attribute["key"].get<std::string>()] = attribute["value"];
  return attributes;
}

TEST(OtlpJson, ARequestContinuesTheTraceOfItsCaller) {
  TraceSampler sampler(0, true);
  const KeptRequest request = Inference(sampler);
  const Json span = SpansOf({request}, sampler)[0];
  EXPECT_EQ(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span["parentSpanId"], "b7ad6b7169203331");
  EXPECT_EQ(span["spanId"], telemetry::ToHex(request.span->span_id));
  EXPECT_EQ(span["traceState"], "rojo=1");
  EXPECT_EQ(span["name"], "v2 infer");
  EXPECT_EQ(span["kind"], 2);
  EXPECT_EQ(span["startTimeUnixNano"], "1700000000499900000");
  EXPECT_EQ(span["endTimeUnixNano"], "1700000000500000000");
  EXPECT_FALSE(span.contains("status"));
}

TEST(OtlpJson, NamesWhatHappenedAsTheConventionsDo) {
  TraceSampler sampler(0, true);
  const auto http = Attributes(SpansOf({Inference(sampler)}, sampler)[0]);
  EXPECT_EQ(http.at("http.request.method")["stringValue"], "POST");
  EXPECT_EQ(http.at("http.route")["stringValue"], "/v2/models/{model}/infer");
  EXPECT_EQ(http.at("http.response.status_code")["intValue"], "200");
  EXPECT_EQ(http.at("slipway.model")["stringValue"], "mnist");
  EXPECT_EQ(http.at("slipway.batch_rows")["intValue"], "4");
  KeptRequest call = Inference(sampler);
  call.is_grpc = true;
  call.route = "ModelInfer";
  call.pattern = "/inference.GRPCInferenceService/ModelInfer";
  call.code = 14;
  const Json span = SpansOf({call}, sampler)[0];
  const auto grpc = Attributes(span);
  EXPECT_EQ(grpc.at("rpc.system")["stringValue"], "grpc");
  EXPECT_EQ(grpc.at("rpc.service")["stringValue"], "inference.GRPCInferenceService");
  EXPECT_EQ(grpc.at("rpc.grpc.status_code")["intValue"], "14");
  EXPECT_EQ(span["status"]["code"], 2);
}

TEST(OtlpJson, StagesThatTookTimeAreItsChildrenAndEndWithIt) {
  TraceSampler sampler(0, true);
  const KeptRequest request = Inference(sampler);
  const Json spans = SpansOf({request}, sampler);
  ASSERT_EQ(spans.size(), 4U);
  const std::map<std::string, std::pair<std::string, std::string>> expected = {
      {"encode", {"1700000000499960000", "1700000000500000000"}},
      {"compute", {"1700000000499930000", "1700000000499960000"}},
      {"queue", {"1700000000499920000", "1700000000499930000"}}};
  for (std::size_t i = 1; i < spans.size(); ++i) {
    const auto& [start, end] = expected.at(spans[i]["name"].get<std::string>());
    EXPECT_EQ(spans[i]["startTimeUnixNano"], start);
    EXPECT_EQ(spans[i]["endTimeUnixNano"], end);
    EXPECT_EQ(spans[i]["parentSpanId"], telemetry::ToHex(request.span->span_id));
  }
}

TEST(OtlpJson, TheResourceIsTheService) {
  TraceSampler sampler(0, true);
  const std::vector<KeptRequest> one = {Inference(sampler)};
  const Json json = ParseJson(EncodeSpans(one, "shop", sampler)).value();
  EXPECT_EQ(json["resourceSpans"][0]["resource"]["attributes"][0],
            ParseJson(R"({"key":"service.name","value":{"stringValue":"shop"}})").value());
}

}  // namespace
}  // namespace slipway::monitor
