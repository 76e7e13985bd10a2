#include "sandbox/wire/spoken.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::sandbox {
namespace {

using ::testing::HasSubstr;

Json Parsed(const OrderedJson& json) { return ParseJson(DumpJson(json)).value(); }

TEST(Spoken, AnErrorArrivesWhole) {
  const Status said =
      ResourceExhausted("too much").With(errors::kRunMemory).At("input \"x\"").Hint("send less");
  Status heard;
  ASSERT_TRUE(HearStatus(Parsed(SpeakStatus(said)), heard).ok());
  EXPECT_EQ(heard.code(), said.code());
  EXPECT_EQ(heard.number(), said.number());
  EXPECT_EQ(heard.ToString(), said.ToString());
  EXPECT_EQ(heard.hint(), said.hint());
}

TEST(Spoken, ControlCharactersOfAnErrorAreShown) {
  Status heard;
  ASSERT_TRUE(HearStatus(Parsed(SpeakStatus(Internal("red \x1b[31m"))), heard).ok());
  EXPECT_EQ(heard.message(), "red \\x1b[31m");
}

TEST(Spoken, TensorsArriveWhole) {
  const std::vector<TensorSpec> said = {
      {.name = "x", .dtype = DType::kF32, .shape = {-1, 2}, .axis_names = {"batch", ""}},
      {.name = "y", .dtype = DType::kString, .shape = {}}};
  const Result<std::vector<TensorSpec>> heard = HearTensors(Parsed(SpeakTensors(said)));
  ASSERT_TRUE(heard.ok()) << heard.status().ToString();
  EXPECT_EQ(*heard, said);
}

class BrokenSpeechTest : public ::testing::TestWithParam<const char*> {};

// Fault C12: tensors and errors that cannot be
TEST_P(BrokenSpeechTest, IsRefused) {
  const Json json = ParseJson(GetParam()).value();
  Status heard;
  const Status status = json.is_array() ? HearTensors(json).status() : HearStatus(json, heard);
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("broken"));
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenSpeechTest,
    ::testing::Values(R"({})", R"({"code":0,"number":0,"message":"","place":"","hint":""})",
                      R"({"code":17,"number":0,"message":"","place":"","hint":""})",
                      R"({"code":3,"number":9998,"message":"","place":"","hint":""})",
                      R"([{"name":"","dtype":1,"shape":[],"axes":[]}])",
                      R"([{"name":"x","dtype":99,"shape":[],"axes":[]}])",
                      R"([{"name":"x","dtype":1,"shape":[-2],"axes":[]}])",
                      R"([{"name":"x","dtype":1,"shape":[1],"axes":["a","b"]}])",
                      R"([{"name":"x","dtype":1,"shape":[],"axes":[]},)"
                      R"({"name":"x","dtype":1,"shape":[],"axes":[]}])"));

}  // namespace
}  // namespace slipway::sandbox
