#include "serve/control/load_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;

TEST(SetLoadConfig, ChoosesVersionsAndSaysHowToServeThem) {
  LoadRequest request;
  ASSERT_TRUE(SetLoadConfig(R"({"name": "m", "version_policy": {"latest": {"num_versions": 2}},
                                "max_batch_size": 8})",
                            request)
                  .ok());
  EXPECT_EQ(request.choice->count, 2);
  ASSERT_TRUE(request.config.has_value());
  EXPECT_EQ(request.config->max_batch_size, 8);
}

TEST(SetLoadConfig, SaysWhereItIsWrong) {
  LoadRequest request;
  const Status status =
      SetLoadConfig(R"({"dynamic_batching": {"priority_levels": "many"}})", request);
  EXPECT_EQ(status.number(), errors::kRequestFieldInvalid);
  EXPECT_EQ(status.place(), "parameter config, dynamic_batching, priority_levels");
  EXPECT_THAT(SetLoadConfig("[]", request).message(), HasSubstr("expected a JSON object"));
  EXPECT_FALSE(request.config.has_value());
}

}  // namespace
}  // namespace slipway::serve
