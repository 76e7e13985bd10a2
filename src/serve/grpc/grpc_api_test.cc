#include "serve/grpc/grpc_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "access/audit_log.h"
#include "access/fake_gatekeeper.h"
#include "access/grant_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "inference.pb.h"
#include "serve/grpc/grpc_status.h"
#include "serve/grpc/grpc_world.h"
#include "serve/grpc/methods.h"

namespace slipway::serve::grpc {
namespace {

using Request = inference::ModelInferRequest;
using Response = inference::ModelInferResponse;

template <class Message>
Message Read(const RpcAnswer& answer) {
  Message message;
  EXPECT_EQ(answer.status, "0") << answer.message;
  EXPECT_TRUE(answer.status != "0" || message.ParseFromString(std::string(answer.Payload())));
  return message;
}

Request RowRequest(std::vector<float> values, std::vector<std::int64_t> shape = {1, 3}) {
  Request request;
  request.set_model_name("row");
  auto& input = *request.add_inputs();
  input.set_name("x");
  input.set_datatype("FP32");
  for (const std::int64_t dim : shape) input.add_shape(dim);
  request.add_raw_input_contents(values.data(), values.size() * sizeof(float));
  return request;
}

RpcAnswer Infer(RpcWorld& world, const Request& request, std::vector<net::Header> headers = {}) {
  return world.Ask("ModelInfer", request.SerializeAsString(), std::move(headers));
}

TEST(GrpcApi, InferAnswersRaw) {
  RpcWorld world;
  Request request = RowRequest({1, 2, 3});
  request.set_id("seventeen");
  const RpcAnswer answer = Infer(world, request);
  EXPECT_EQ(answer.http_status, 200);
  EXPECT_EQ(answer.Header("content-type"), "application/grpc");
  const auto response = Read<Response>(answer);
  EXPECT_EQ(response.model_name(), "row");
  EXPECT_EQ(response.model_version(), "2");
  EXPECT_EQ(response.id(), "seventeen");
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "out_x");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_EQ(response.outputs(0).shape(1), 3);
  ASSERT_EQ(response.raw_output_contents_size(), 1);
  EXPECT_EQ(response.raw_output_contents(0), request.raw_input_contents(0));
}

TEST(GrpcApi, AnObserverHearsOfEveryAnswer) {
  RpcWorld world;
  Request request = RowRequest({1, 2, 3});
  request.set_id("seventeen");
  (void)Infer(world, request);
  (void)Infer(world, request, {{"x-request-id", "mine"}});
  request.set_model_name("nobody");
  (void)Infer(world, request);
  (void)world.Ask("RepositoryModelLoad", "");
  EXPECT_THAT(
      world.heard.lines(),
      testing::ElementsAre(
          "grpc ModelInfer POST /inference.GRPCInferenceService/ModelInfer 0 row:2 rows 1 id "
          "seventeen anonymous",
          "grpc ModelInfer POST /inference.GRPCInferenceService/ModelInfer 0 row:2 rows 1 id mine "
          "anonymous",
          "grpc ModelInfer POST /inference.GRPCInferenceService/ModelInfer 5 nobody:0 anonymous",
          "grpc RepositoryModelLoad POST /inference.GRPCInferenceService/RepositoryModelLoad 16 "
          "anonymous"));
}

TEST(GrpcApi, EveryTypeGoesThroughRawAndTyped) {
  RpcWorld world;
  const std::vector<std::pair<std::string, std::string>> kRaw = {
      {"BOOL", std::string("\1\0", 2)},
      {"UINT8", "ab"},
      {"UINT16", "abcd"},
      {"UINT32", "abcdefgh"},
      {"INT8", "ab"},
      {"INT16", "abcd"},
      {"INT32", "abcdefgh"},
      {"FP16", "abcd"},
      {"BF16", "abcd"},
      {"FP32", "abcdefgh"},
      {"INT64", "abcdefghijklmnop"},
      {"UINT64", "abcdefghijklmnop"},
      {"FP64", "abcdefghijklmnop"},
      {"BYTES", std::string("\1\0\0\0a\0\0\0\0", 9)}};
  for (const auto& [type, raw] : kRaw) {
    Request request;
    request.set_model_name("each_" + type);
    auto& input = *request.add_inputs();
    input.set_name("x");
    input.set_datatype(type);
    input.add_shape(2);
    request.add_raw_input_contents(raw);
    const auto response = Read<Response>(Infer(world, request));
    ASSERT_EQ(response.raw_output_contents_size(), 1) << type;
    EXPECT_EQ(response.raw_output_contents(0), raw) << type;
    EXPECT_EQ(response.outputs(0).datatype(), type);
  }
}

TEST(GrpcApi, LargeOutputsAreSentWhereTheyLie) {
  RpcWorld world;
  const RpcAnswer answer = Infer(world, RowRequest(std::vector<float>(3 * 300, 0.5F), {300, 3}));
  EXPECT_EQ(Read<Response>(answer).raw_output_contents(0).size(), 3600U);
  ASSERT_EQ(answer.parts.size(), 1U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(answer.parts[0]) % 64, 0U);
}

TEST(GrpcApi, ScalarsAndClassesComeOut) {
  RpcWorld world;
  Request scalar;
  scalar.set_model_name("scalar");
  scalar.add_inputs()->set_name("x");
  scalar.mutable_inputs(0)->set_datatype("FP64");
  scalar.mutable_inputs(0)->mutable_contents()->add_fp64_contents(2.5);
  EXPECT_EQ(Read<Response>(Infer(world, scalar)).outputs(0).shape_size(), 0);

  Request classes = RowRequest({0.25F, 0.75F}, {1, 2});
  classes.set_model_name("scores");
  classes.add_outputs()->set_name("out_x");
  (*classes.mutable_outputs(0)->mutable_parameters())["classification"].set_int64_param(1);
  const auto response = Read<Response>(Infer(world, classes));
  EXPECT_EQ(response.outputs(0).datatype(), "BYTES");
  EXPECT_EQ(response.raw_output_contents(0), std::string("\x0e\0\0\0", 4) + "0.750000:1:dog");
}

TEST(GrpcApi, AVersionIsChosen) {
  RpcWorld world;
  Request request = RowRequest({1, 2, 3});
  request.set_model_version("1");
  EXPECT_EQ(Read<Response>(Infer(world, request)).model_version(), "1");
  request.set_model_version("7");
  EXPECT_EQ(Infer(world, request).status, "5");
  request.set_model_version("latest");
  EXPECT_EQ(Infer(world, request).Line(), "3 \"latest\" is not a version: a positive integer");
}

TEST(GrpcApi, ErrorsAreTrailersOnlyWithTheirNumber) {
  RpcWorld world;
  Request request = RowRequest({1, 2, 3});
  request.set_model_name("rov");
  const RpcAnswer unknown = Infer(world, request);
  EXPECT_EQ(unknown.http_status, 200);
  EXPECT_EQ(unknown.status, "5");
  EXPECT_EQ(unknown.body, "");
  EXPECT_EQ(unknown.Header("slipway-error"), "SLIPWAY-E2301");
  EXPECT_EQ(Infer(world, RowRequest({1, 2, 3}, {3, 1})).Line(),
            "3 input \"x\": expected shape [N,3], got [3,1]");
}

// Bad input G12: raw contents of another length than shape and type ask for
TEST(GrpcApi, TheLengthOfRawContentsIsChecked) {
  RpcWorld world;
  EXPECT_EQ(Infer(world, RowRequest({1, 2})).Line(),
            "3 input \"x\": shape [1,3] of FP32 needs 12 bytes, got 8");
}

// Fault C5: over gRPC
TEST(GrpcApi, DeadlinesAreHeldAndRead) {
  RpcWorld world;
  EXPECT_EQ(Infer(world, RowRequest({1, 2, 3}), {{"grpc-timeout", "0n"}}).status, "4");
  EXPECT_EQ(Infer(world, RowRequest({1, 2, 3}), {{"grpc-timeout", "10S"}}).status, "0");
  EXPECT_EQ(Infer(world, RowRequest({1, 2, 3}), {{"grpc-timeout", "99999999H"}}).status, "0");
  for (const std::string bad : {"", "10", "S", "-1S", "123456789S", "1 S", "1s"}) {
    EXPECT_EQ(Infer(world, RowRequest({1, 2, 3}), {{"grpc-timeout", bad}}).status, "3") << bad;
  }
}

TEST(GrpcApi, WhoCompressesIsAnsweredSo) {
  RpcWorld world;
  const std::string message =
      RowRequest(std::vector<float>(3 * 300, 0.5F), {300, 3}).SerializeAsString();
  const std::vector<net::BodyPart> parts = {net::BodyPart::Of(message)};
  const std::string packed = *net::Compress(net::ContentCoding::kGzip, parts);
  const auto ask = [&](std::vector<net::Header> headers) {
    return world.AskRaw(
        world.Head(std::string(RpcWorld::kInference) + "ModelInfer", std::move(headers)),
        MessagePrefix(true, static_cast<std::uint32_t>(packed.size())) + packed);
  };
  const RpcAnswer both =
      ask({{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "deflate, gzip"}});
  EXPECT_EQ(both.status, "0");
  EXPECT_EQ(both.Header("grpc-encoding"), "gzip");
  EXPECT_EQ(both.body[0], '\1');
  EXPECT_LT(both.body.size(), 600U);
  const RpcAnswer one = ask({{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "identity"}});
  EXPECT_EQ(one.Header("grpc-encoding"), "");
  EXPECT_GT(one.body.size(), 3600U);
}

// Bad input G8: an encoding that is not known is refused before the body, with those that are
TEST(GrpcApi, AnUnknownEncodingIsToldTheKnownOnes) {
  RpcWorld world;
  const RpcAnswer answer = Infer(world, RowRequest({1, 2, 3}), {{"grpc-encoding", "snappy"}});
  EXPECT_EQ(answer.status, "12");
  EXPECT_EQ(answer.Header("grpc-accept-encoding"), "identity, deflate, gzip");
  EXPECT_TRUE(world.plan.reject.has_value());
}

// Bad input G9: the body is bounded before it is read
TEST(GrpcApi, TheBodyIsBoundedByTheMethod) {
  RpcWorld world;
  (void)world.Ask("ModelInfer", "");
  EXPECT_EQ(world.plan.max_bytes, 64U * 1024 + kPrefixBytes);
  (void)world.Ask("RepositoryIndex", "", {{"slipway-admin-key", std::string(RpcWorld::kKey)}});
  EXPECT_EQ(world.plan.max_bytes, 1024U * 1024 + kPrefixBytes);
  const net::Response refused = world.api().ErrorResponse(413, "the body is too large", nullptr);
  EXPECT_EQ(RpcAnswer::Find(refused.headers, "grpc-status"), "8");
}

// Bad input G10: an unknown service or method, a content type that is not gRPC's, another HTTP
// method
TEST(GrpcApi, WhatIsNoCallIsRefused) {
  RpcWorld world;
  EXPECT_EQ(world.Ask("ModelInfr", "").status, "12");
  EXPECT_EQ(world.AskRaw(world.Head("/inference.Other/ModelInfer"), "").status, "12");
  EXPECT_EQ(world.AskRaw(world.Head("/"), "").status, "12");
  for (const std::string type : {"application/grpc+json", "application/grpc-web", "text/plain"}) {
    EXPECT_EQ(world.Ask("ModelInfer", "", {{"content-type", type}}).http_status, 415) << type;
  }
  EXPECT_EQ(world.Ask("ServerLive", "", {{"content-type", "application/grpc+proto"}}).status, "0");
  net::RequestHead get = world.Head(std::string(RpcWorld::kInference) + "ServerLive");
  get.method = net::Method::kGet;
  EXPECT_EQ(world.AskRaw(std::move(get), "").status, "12");
}

TEST(GrpcApi, ClaimsItsOwnOverHttp2Only) {
  RpcWorld world;
  net::RequestHead call = world.Head("/any/path");
  EXPECT_TRUE(world.api().Claims(call));
  call.version_major = 1;
  EXPECT_FALSE(world.api().Claims(call));
  net::RequestHead rest = world.Head("/v2", {{"content-type", "application/json"}});
  EXPECT_FALSE(world.api().Claims(rest));
  rest.target = "/inference.GRPCInferenceService/ModelInfer";
  EXPECT_TRUE(world.api().Claims(rest));
}

TEST(GrpcApi, HealthAndMetadata) {
  RpcWorld world;
  EXPECT_TRUE(Read<inference::ServerLiveResponse>(world.Ask("ServerLive", "")).live());
  EXPECT_TRUE(Read<inference::ServerReadyResponse>(world.Ask("ServerReady", "")).ready());
  world.is_ready = false;
  EXPECT_FALSE(Read<inference::ServerReadyResponse>(world.Ask("ServerReady", "")).ready());
  const auto server = Read<inference::ServerMetadataResponse>(world.Ask("ServerMetadata", ""));
  EXPECT_EQ(server.name(), "slipway");
  inference::ModelMetadataRequest row;
  row.set_name("row");
  const auto model =
      Read<inference::ModelMetadataResponse>(world.Ask("ModelMetadata", row.SerializeAsString()));
  EXPECT_EQ(model.versions_size(), 2);
  EXPECT_EQ(model.inputs(0).shape(0), -1);
  EXPECT_EQ(model.inputs(0).datatype(), "FP32");
}

TEST(GrpcApi, AnUnknownModelIsNotReadyAndNotAnError) {
  RpcWorld world;
  inference::ModelReadyRequest request;
  request.set_name("row");
  EXPECT_TRUE(
      Read<inference::ModelReadyResponse>(world.Ask("ModelReady", request.SerializeAsString()))
          .ready());
  request.set_name("nothing");
  EXPECT_FALSE(
      Read<inference::ModelReadyResponse>(world.Ask("ModelReady", request.SerializeAsString()))
          .ready());
}

TEST(GrpcApi, ConfigurationAndStatistics) {
  RpcWorld world;
  inference::ModelConfigRequest request;
  request.set_name("text");
  request.set_name("each_BYTES");
  const auto config =
      Read<inference::ModelConfigResponse>(world.Ask("ModelConfig", request.SerializeAsString()))
          .config();
  EXPECT_EQ(config.backend(), "onnxruntime");
  EXPECT_EQ(config.input(0).data_type(), inference::TYPE_STRING);
  (void)Infer(world, RowRequest({1, 2, 3, 4, 5, 6}, {2, 3}));
  inference::ModelStatisticsRequest row;
  row.set_name("row");
  row.set_version("2");
  const auto statistics = Read<inference::ModelStatisticsResponse>(
      world.Ask("ModelStatistics", row.SerializeAsString()));
  ASSERT_EQ(statistics.model_stats_size(), 1);
  EXPECT_EQ(statistics.model_stats(0).inference_count(), 2U);
  EXPECT_EQ(statistics.model_stats(0).inference_stats().success().count(), 1U);
}

// Bad input S5: every method with a key and without one, where nothing is open
TEST(GrpcApi, EverythingButHealthNeedsAKeyWhereNothingIsOpen) {
  RpcWorld world(access::Openness::kToNobody);
  const std::vector<net::Header> key = {{"slipway-key", std::string(RpcWorld::kKey)}};
  for (const RpcMethod& method : Methods()) {
    if (method.handle == nullptr && method.open == nullptr) continue;
    const bool is_open = method.right == access::Right::kNothing;
    const std::string without = world.AskRaw(RpcWorld::Head(method.path), "").status;
    EXPECT_EQ(without == "16", !is_open) << method.path;
    EXPECT_NE(world.AskRaw(RpcWorld::Head(method.path, key), "").status, "16") << method.path;
  }
}

// Bad input S5: every method with a grant of every role, where nothing is open
TEST(GrpcApi, AGrantOpensItsMethodsAndNoOthers) {
  const TemporaryDirectory store = TemporaryDirectory::Create("grants").value();
  const SystemClock clock;
  RpcWorld world(access::Gatekeeper::ForStore(store.path(), {}, clock).value());
  for (const access::Role role : access::kRoles) {
    const access::GrantTerms terms{.name = "a", .roles = {role}};
    const std::string key = access::AddKey(store.path(), terms, 0)->text;
    for (const RpcMethod& method : Methods()) {
      if (method.handle == nullptr && method.open == nullptr) continue;
      const std::string status =
          world.AskRaw(RpcWorld::Head(method.path, {{"authorization", "Bearer " + key}}), "")
              .status;
      EXPECT_EQ(status == "7", !access::Includes(role, method.right)) << method.path;
      EXPECT_NE(status, "16") << method.path;
    }
  }
}

TEST(GrpcApi, AQuotaThatIsUsedUpIsSaidWithWhenToAskAgain) {
  const TemporaryDirectory store = TemporaryDirectory::Create("grants").value();
  const SystemClock clock;
  const access::GrantTerms terms{.name = "shop",
                                 .roles = {access::Role::kRead},
                                 .quota = {.rate = {.per_second = 0.25, .burst = 1}}};
  const std::vector<net::Header> key = {
      {"slipway-key", access::AddKey(store.path(), terms, 0)->text}};
  RpcWorld world(access::Gatekeeper::ForStore(store.path(), {}, clock).value());
  EXPECT_EQ(world.Ask("ServerMetadata", "", key).status, "0");
  const RpcAnswer refused = world.Ask("ServerMetadata", "", key);
  EXPECT_EQ(refused.status, "8");
  const std::string wait = RpcAnswer::Find(refused.headers, "grpc-retry-pushback-ms");
  EXPECT_GT(ParseDouble(wait).value_or(0), 3000) << wait;
  EXPECT_LE(ParseDouble(wait).value_or(0), 4000) << wait;
  EXPECT_EQ(world.Ask("ServerLive", "", key).status, "0");
}

TEST(GrpcApi, AnAdministrativeActIsRecordedWithWhatItIsAbout) {
  const TemporaryDirectory folder = TemporaryDirectory::Create("audit").value();
  const SystemClock clock;
  const auto audit = access::AuditLog::Open(folder.path() + "/audit.log", clock).value();
  RpcWorld world(access::Gatekeeper::WithKey(access::AdminKey::FromText(RpcWorld::kKey).value(),
                                             access::Openness::kToThisMachine),
                 nullptr, audit.get());
  const std::vector<net::Header> key = {{"slipway-key", std::string(RpcWorld::kKey)}};
  inference::RepositoryModelLoadRequest load;
  load.set_model_name("row");
  EXPECT_EQ(world.Ask("RepositoryModelLoad", load.SerializeAsString()).status, "16");
  EXPECT_EQ(world.Ask("RepositoryModelLoad", load.SerializeAsString(), key).status, "0");
  EXPECT_EQ(world.Ask("RepositoryIndex", "", key).status, "0");
  inference::SystemSharedMemoryRegisterRequest region;
  region.set_name("in");
  EXPECT_NE(world.Ask("SystemSharedMemoryRegister", region.SerializeAsString(), key).status, "0");
  std::vector<std::string> told;
  const std::string text = ReadFile(folder.path() + "/audit.log").value();
  for (const std::string_view line : Split(Trim(text), '\n')) {
    const Json json = ParseJson(line).value();
    told.push_back(json["act"].get<std::string>() + " " + json.value("target", "-") + " " +
                   json["result"].get<std::string>());
  }
  const std::vector<std::string> expected = {"RepositoryModelLoad - refused",
                                             "RepositoryModelLoad row ok",
                                             "SystemSharedMemoryRegister - failed"};
  EXPECT_EQ(told, expected);
}

// Bad input S5: every method at the listener that does not serve it, with the admin key
TEST(GrpcApi, BesideAnAdminListenerEachListenerHasItsMethods) {
  RpcWorld world(access::Gatekeeper::WithKey(access::AdminKey::FromText(RpcWorld::kKey).value(),
                                             access::Openness::kToThisMachine),
                 nullptr, nullptr, access::Door::kPublic);
  const std::vector<net::Header> key = {{"slipway-key", std::string(RpcWorld::kKey)}};
  for (const RpcMethod& method : Methods()) {
    if (method.handle == nullptr && method.open == nullptr) continue;
    EXPECT_EQ(world.AskRaw(RpcWorld::Head(method.path, key), "").status == "7",
              access::IsAdministrative(method.right))
        << method.path;
    const net::BodyPlan plan = world.api().admin().Plan(RpcWorld::Head(method.path, key));
    EXPECT_EQ(plan.reject.has_value(), method.right == access::Right::kInfer) << method.path;
  }
}

TEST(GrpcApi, ALoginIsCheckedBeforeItsCallIsServed) {
  const auto gate = std::make_shared<access::FakeGatekeeper>();
  gate->at_once = true;
  RpcWorld world(gate);
  gate->verdict = access::FakeGatekeeper::Admitted();
  EXPECT_EQ(world.Ask("ServerMetadata", "").status, "0");
  gate->verdict = {.status = Unauthenticated("wrong")};
  EXPECT_EQ(world.Ask("ServerMetadata", "").status, "16");
  gate->verdict = {.status = Unavailable("many wait"), .retry_after = std::chrono::seconds(2)};
  const RpcAnswer refused = world.Ask("ServerMetadata", "");
  EXPECT_EQ(refused.status, "14");
  EXPECT_EQ(refused.Header("grpc-retry-pushback-ms"), "2000");
}

TEST(GrpcApi, TheRepositoryNeedsTheKey) {
  RpcWorld world;
  for (const std::string_view method :
       {"RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload"}) {
    EXPECT_EQ(world.Ask(method, "").status, "16") << method;
    EXPECT_EQ(world.Ask(method, "", {{"authorization", "Bearer slw_admin_wrong"}}).status, "16");
  }
  const std::vector<net::Header> key = {{"authorization", "Bearer " + std::string(RpcWorld::kKey)}};
  const auto index =
      Read<inference::RepositoryIndexResponse>(world.Ask("RepositoryIndex", "", key));
  EXPECT_EQ(index.models(0).name(), "row");
  EXPECT_EQ(index.models(0).state(), "READY");
  inference::RepositoryModelLoadRequest kserve;  // the model's name is its field 1
  kserve.set_repository_name("row");
  const auto loaded = Read<inference::RepositoryModelLoadResponse>(
      world.Ask("RepositoryModelLoad", kserve.SerializeAsString(), key));
  EXPECT_EQ(loaded.model_name(), "row");
  EXPECT_TRUE(loaded.isloaded());
  (*kserve.mutable_parameters())["file:1/model.onnx"].set_bytes_param("x");
  EXPECT_EQ(world.Ask("RepositoryModelLoad", kserve.SerializeAsString(), key).status, "3");
}

TEST(GrpcApi, HealthOfTheServerAndOfAModel) {
  RpcWorld world;
  const auto check = [&](std::string service) {
    ::grpc::health::v1::HealthCheckRequest request;
    request.set_service(std::move(service));
    return world.AskRaw(world.Head("/grpc.health.v1.Health/Check"),
                        RpcWorld::Framed(request.SerializeAsString()));
  };
  using Health = ::grpc::health::v1::HealthCheckResponse;
  EXPECT_EQ(Read<Health>(check("")).status(), Health::SERVING);
  EXPECT_EQ(Read<Health>(check("row")).status(), Health::SERVING);
  EXPECT_EQ(check("nothing").status, "5");
  world.is_ready = false;
  EXPECT_EQ(Read<Health>(check("")).status(), Health::NOT_SERVING);
  EXPECT_EQ(Read<Health>(check("inference.GRPCInferenceService")).status(), Health::NOT_SERVING);
}

TEST(GrpcApi, ReflectionKnowsEveryServiceAndNothingElse) {
  RpcWorld world;
  namespace v1 = ::grpc::reflection::v1;
  const auto ask = [&](const v1::ServerReflectionRequest& request) {
    return Read<v1::ServerReflectionResponse>(
        world.AskRaw(world.Head("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"),
                     RpcWorld::Framed(request.SerializeAsString())));
  };
  v1::ServerReflectionRequest list;
  list.set_list_services("");
  EXPECT_EQ(ask(list).list_services_response().service_size(), 6);
  v1::ServerReflectionRequest symbol;
  symbol.set_file_containing_symbol("inference.GRPCInferenceService");
  EXPECT_EQ(ask(symbol).file_descriptor_response().file_descriptor_proto_size(), 2);
  symbol.set_file_containing_symbol("google.protobuf.FileDescriptorProto");
  EXPECT_EQ(ask(symbol).error_response().error_code(), 5);
}

TEST(GrpcApi, WhatIsNotServedSaysWhatToDo) {
  RpcWorld world;
  EXPECT_TRUE(world.Ask("CudaSharedMemoryRegister", "").Line().starts_with("12 memory of a GPU"));
}

// Bad input G11: hostile bytes in the methods that protobuf reads
TEST(GrpcApi, BytesThatAreNoMessageAreRefused) {
  RpcWorld world;
  const std::string deep(10'000, '\x0b');  // groups in groups
  for (const std::string& message : {deep, std::string("\x0a\xff\xff\xff\xff\x0f"),
                                     std::string("\x0a\x02\xff\xfe"), std::string("\x0a")}) {
    EXPECT_EQ(world.Ask("ModelMetadata", message).status, "3");
    EXPECT_EQ(world.Ask("ModelInfer", message).status, "3");
  }
}

TEST(GrpcApi, EveryMethodOfTheServicesIsInTheTable) {
  std::size_t methods = 0;
  for (const std::string_view name : ServiceNames()) {
    const auto* const service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(name));
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i, ++methods) {
      const std::string path = "/" + std::string(name) + "/" + service->method(i)->name();
      EXPECT_TRUE(FindMethod(path).has_value()) << path;
    }
  }
  EXPECT_EQ(methods, Methods().size());
}

TEST(GrpcApi, CallsAreCountedByMethodAndStatus) {
  RpcWorld world;
  (void)world.Ask("ServerLive", "");
  (void)world.Ask("ModelInfr", "");
  const auto snapshots = world.api().requests().Snapshots();
  ASSERT_EQ(snapshots.size(), 2U);
  EXPECT_EQ(snapshots[0].name.method, "ServerLive");
  EXPECT_EQ(snapshots[0].codes[0].code, 0);
  EXPECT_EQ(snapshots[1].name.method, "unknown");
  EXPECT_EQ(snapshots[1].codes[0].code, 12);
}

TEST(GrpcStatus, TextsArePercentEncodedAndCut) {
  EXPECT_EQ(PercentEncoded("50% \"x\"\né"), "50%25 \"x\"%0A%C3%A9");
  const net::Response answer = ErrorAnswer(InvalidArgument(std::string(10'000, 'x')));
  EXPECT_LE(RpcAnswer::Find(answer.headers, "grpc-message").size(), 2048U);
}

}  // namespace
}  // namespace slipway::serve::grpc
