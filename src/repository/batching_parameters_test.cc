#include "repository/batching_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::repository {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ParseBatchingParameters, SaysTheSameInTheWordsOfAConfiguration) {
  const BatchingParameters read = ParseBatchingParameters(R"(
      max_batch_size { value: 128 }
      batch_timeout_micros { value: 500 }
      max_enqueued_batches { value: 10 })")
                                      .value();
  EXPECT_EQ(read.config_json,
            R"({"max_batch_size": 128, "dynamic_batching": {"max_queue_delay_microseconds": 500, )"
            R"("default_queue_policy": {"max_queue_size": 1280}}})");
  EXPECT_THAT(read.ignored, IsEmpty());
}

TEST(ParseBatchingParameters, AnEmptyFileHasTheDefaultsOfTensorFlowServing) {
  EXPECT_EQ(ParseBatchingParameters("")->config_json,
            R"({"max_batch_size": 1000, "dynamic_batching": {"max_queue_delay_microseconds": 0, )"
            R"("default_queue_policy": {"max_queue_size": 0}}})");
}

TEST(ParseBatchingParameters, NamesWhatHasNoEffect) {
  EXPECT_THAT(
      ParseBatchingParameters(R"(
      max_batch_size { value: 8 }
      num_batch_threads { value: 4 }
      thread_pool_name { value: "pool" }
      allowed_batch_sizes: 2 allowed_batch_sizes: 8
      pad_variable_length_inputs: true
      enable_large_batch_splitting { value: true }
      max_execution_batch_size { value: 4 })")
          ->ignored,
      ElementsAre(HasSubstr("num_batch_threads: "), HasSubstr("thread_pool_name: "),
                  HasSubstr("allowed_batch_sizes: "), HasSubstr("pad_variable_length_inputs: "),
                  HasSubstr("enable_large_batch_splitting: "),
                  HasSubstr("max_execution_batch_size: ")));
  EXPECT_THAT(ParseBatchingParameters("pad_variable_length_inputs: false")->ignored, IsEmpty());
}

// Bad input S8: batching parameters that TensorFlow Serving refuses are refused with line and field
TEST(ParseBatchingParameters, RefusesWhatTensorFlowServingWould) {
  const struct {
    std::string_view text;
    std::string_view message;
  } kCases[] = {
      {"max_batch_size: 8", "line 1, column"},
      {"max_batch_sise { value: 8 }", "max_batch_sise"},
      {"max_batch_size { value: 0 }", "max_batch_size is 0, less than 1"},
      {"batch_timeout_micros { value: -1 }", "batch_timeout_micros is -1"},
      {"num_batch_threads { value: 0 }", "num_batch_threads is 0"},
      {"max_enqueued_batches { value: 0 }", "max_enqueued_batches is 0"},
      {"max_batch_size { value: 8 } allowed_batch_sizes: 4", "allowed_batch_sizes is 4"},
      {"max_batch_size { value: 8 } allowed_batch_sizes: 8 allowed_batch_sizes: 8", "ascending"},
      {"max_batch_size { value: 99999999999999999999 }", "line 1, column"},
  };
  for (const auto& [text, message] : kCases) {
    const Status refusal = ParseBatchingParameters(text).status();
    EXPECT_EQ(refusal.number(), errors::kInvalidPackage) << text;
    EXPECT_THAT(refusal.ToString(), HasSubstr(std::string(message))) << text;
  }
  EXPECT_FALSE(ParseBatchingParameters(std::string(70'000, ' ')).ok());
}

TEST(ParseBatchingParameters, AQueueOfAnyLengthFits) {
  EXPECT_THAT(
      ParseBatchingParameters("max_enqueued_batches { value: 9223372036854775807 }")->config_json,
      HasSubstr(R"("max_queue_size": 4294967295)"));
}

}  // namespace
}  // namespace slipway::repository
