#include <gtest/gtest.h>

#include "inference.pb.h"
#include "serve/grpc/grpc_world.h"

namespace slipway::serve::grpc {
namespace {

TEST(ModelMethods, AnEnsembleIsShownWithItsSteps) {
  RpcWorld world;
  inference::ModelConfigRequest request;
  request.set_name("over_row");
  const RpcAnswer answer = world.Ask("ModelConfig", request.SerializeAsString());
  inference::ModelConfigResponse response;
  ASSERT_TRUE(response.ParseFromString(std::string(answer.Payload())));
  const inference::ModelConfig& config = response.config();
  EXPECT_EQ(config.platform(), "ensemble");
  EXPECT_EQ(config.backend(), "");
  ASSERT_EQ(config.ensemble_scheduling().step_size(), 1);
  const auto& step = config.ensemble_scheduling().step(0);
  EXPECT_EQ(step.model_name(), "row");
  EXPECT_EQ(step.model_version(), -1);
  EXPECT_EQ(step.input_map().at("x"), "x");
  EXPECT_EQ(step.output_map().at("out_x"), "y");
}

}  // namespace
}  // namespace slipway::serve::grpc
