#include "serve/model/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::serve {
namespace {

using testing::HasSubstr;

TEST(ModelConfig, APriorityThatIsNotThereMeansTheDefault) {
  const ModelConfig config{.dynamic_batching =
                               DynamicBatching{.priority_levels = 3, .default_priority = 2}};
  EXPECT_EQ(PriorityLevel(config, 0), 2u);
  EXPECT_EQ(PriorityLevel(config, 1), 1u);
  EXPECT_EQ(PriorityLevel(config, 3), 3u);
  EXPECT_EQ(PriorityLevel(config, 4), 2u);
  EXPECT_EQ(PriorityLevel({}, 4), 0u);
}

TEST(ModelConfig, ABatchSizeNeedsABatchDimension) {
  const Signature rows{.inputs = {{.name = "x", .shape = {-1, 2}}},
                       .outputs = {{.name = "y", .shape = {-1}}}};
  Signature fixed = rows;
  fixed.outputs[0].shape = {1};
  EXPECT_TRUE(CheckConfig({.max_batch_size = 4}, rows).ok());
  EXPECT_TRUE(CheckConfig({}, fixed).ok());
  EXPECT_THAT(CheckConfig({.max_batch_size = 4}, fixed).message(), HasSubstr("y f32[1]"));
}

}  // namespace
}  // namespace slipway::serve
