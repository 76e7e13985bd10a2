// Triton's log and trace settings over gRPC.
#include <gtest/gtest.h>

#include <string>

#include "base/log.h"
#include "inference.pb.h"
#include "serve/grpc/grpc_world.h"

namespace slipway::serve::grpc {
namespace {

template <class Request>
RpcAnswer Ask(RpcWorld& world, std::string_view method, const Request& request) {
  return world.Ask(method, request.SerializeAsString(),
                   {{"authorization", "Bearer " + std::string(RpcWorld::kKey)}});
}

TEST(LogSettingsOverGrpc, AreShownAndChanged) {
  ConfigureLog(LogLevel::kWarning, LogFormat::kText);
  RpcWorld world;
  inference::LogSettingsRequest request;
  (*request.mutable_settings())["log_verbose_level"].set_uint32_param(3);
  (*request.mutable_settings())["log_error"].set_bool_param(false);
  (*request.mutable_settings())["log_info"];
  const RpcAnswer answer = Ask(world, "LogSettings", request);
  inference::LogSettingsResponse response;
  ASSERT_TRUE(response.ParseFromString(std::string(answer.Payload())));
  EXPECT_EQ(response.settings_size(), 6);
  EXPECT_EQ(response.settings().at("log_verbose_level").uint32_param(), 3U);
  EXPECT_FALSE(response.settings().at("log_error").bool_param());
  EXPECT_EQ(response.settings().at("log_format").string_param(), "default");
  EXPECT_TRUE(LogEnabled(LogLevel::kDebug));
  EXPECT_FALSE(LogEnabled(LogLevel::kError));
  (*request.mutable_settings())["log_file"].set_string_param("/tmp/log");
  EXPECT_EQ(Ask(world, "LogSettings", request).status, "12");
  ConfigureLog(LogLevel::kWarning, LogFormat::kText);
}

TEST(TraceSettingsOverGrpc, AreShownAndChanged) {
  RpcWorld world;
  inference::TraceSettingRequest request;
  request.set_model_name("row");
  (*request.mutable_settings())["trace_rate"].add_value("5");
  (*request.mutable_settings())["trace_count"];
  const RpcAnswer answer = Ask(world, "TraceSetting", request);
  inference::TraceSettingResponse response;
  ASSERT_TRUE(response.ParseFromString(std::string(answer.Payload())));
  EXPECT_EQ(response.settings_size(), 6);
  EXPECT_EQ(response.settings().at("trace_rate").value(0), "5");
  EXPECT_EQ(response.settings().at("trace_level").value(0), "TIMESTAMPS");
  request.set_model_name("nothing");
  EXPECT_EQ(Ask(world, "TraceSetting", request).status, "5");
}

TEST(SettingsOverGrpc, AreForAdministrators) {
  RpcWorld world;
  EXPECT_EQ(world.Ask("LogSettings", "").status, "16");
  EXPECT_EQ(world.Ask("TraceSetting", "").status, "16");
}

}  // namespace
}  // namespace slipway::serve::grpc
