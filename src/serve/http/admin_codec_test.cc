#include "serve/http/admin_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseLoadRequest, NoBodyAsksForWhatTheSourceSays) {
  for (const char* body : {"", "{}", " ", R"({"parameters":{}})"}) {
    const LoadRequest request = ParseLoadRequest(body).value();
    EXPECT_FALSE(request.choice.has_value()) << body;
    EXPECT_FALSE(request.version.has_value()) << body;
  }
}

TEST(ParseLoadRequest, ReadsAVersionOrAnAlias) {
  EXPECT_EQ(ParseLoadRequest(R"({"parameters":{"version":3}})").value().version, 3);
  EXPECT_EQ(ParseLoadRequest(R"({"parameters":{"version":"3"}})").value().version, 3);
  EXPECT_EQ(ParseLoadRequest(R"({"parameters":{"version":"prod"}})").value().alias, "prod");
}

TEST(ParseLoadRequest, ReadsTheVersionPolicyOfAModelConfig) {
  const auto choice = [](const char* policy) {
    return ParseLoadRequest(
               std::string(R"({"parameters":{"config":"{\"name\":\"m\",\"version_policy\":)") +
               policy + "}\"}}")
        .value()
        .choice.value();
  };
  EXPECT_EQ(choice(R"({\"all\":{}})").kind, VersionChoice::Kind::kAll);
  EXPECT_EQ(choice(R"({\"latest\":{\"num_versions\":2}})").count, 2);
  EXPECT_THAT(choice(R"({\"specific\":{\"versions\":[1,3]}})").versions, ElementsAre(1, 3));
}

TEST(ParseLoadRequest, RefusesWhatItDoesNotKnowByName) {
  for (const char* body :
       {R"({"parameters":{"file:1/model.onnx":"AAAA"}})", R"({"parameters":{"colour":1}})",
        R"({"version":1})", R"({"parameters":{"config":"{\"instance_group\":[{}]}"}})",
        R"({"parameters":{"config":7}})", R"({"parameters":{"version":0}})",
        R"({"parameters":{"version":true}})", R"({"parameters":[]})", "[]"}) {
    const Status refusal = ParseLoadRequest(body).status();
    EXPECT_EQ(refusal.code(), Code::kInvalidArgument) << body;
    EXPECT_EQ(refusal.number(), errors::kRequestFieldInvalid) << body;
  }
  EXPECT_EQ(ParseLoadRequest("{").status().number(), errors::kRequestNotJson);
}

TEST(ParseUnloadRequest, TakesUnloadDependentsOnly) {
  EXPECT_FALSE(ParseUnloadRequest("").value());
  EXPECT_FALSE(ParseUnloadRequest(R"({"parameters":{"unload_dependents":false}})").value());
  EXPECT_TRUE(ParseUnloadRequest(R"({"parameters":{"unload_dependents":true}})").value());
  EXPECT_FALSE(ParseUnloadRequest(R"({"parameters":{"unload_dependents":1}})").ok());
  EXPECT_FALSE(ParseUnloadRequest(R"({"parameters":{"force":true}})").ok());
}

TEST(ParseIndexRequest, ReadsTheFilter) {
  EXPECT_FALSE(ParseIndexRequest("").value());
  EXPECT_TRUE(ParseIndexRequest(R"({"ready":true})").value());
  EXPECT_FALSE(ParseIndexRequest(R"({"ready":"yes"})").ok());
  EXPECT_FALSE(ParseIndexRequest(R"({"redy":true})").ok());
}

TEST(EncodeIndex, IsABareArrayWithVersionsAsText) {
  const std::vector<IndexRow> rows = {{"mnist", 3, "READY", ""}};
  EXPECT_EQ(EncodeIndex(rows), R"([{"name":"mnist","version":"3","state":"READY","reason":""}])");
  EXPECT_EQ(EncodeIndex({}), "[]");
}

TEST(EncodeConfiguration, SaysEveryLimitWithItsUnit) {
  const Configuration configuration{
      .facts = {{"engine", "x 1"}},
      .limits = {{"body_bytes", 64, "bytes", "413", "--max-body"}, {"depth", 64, "levels", "400"}}};
  EXPECT_EQ(
      EncodeConfiguration(configuration),
      R"({"facts":{"engine":"x 1"},"limits":{"body_bytes":{"value":64,"unit":"bytes","meaning":"413","setting":"--max-body"},)"
      R"("depth":{"value":64,"unit":"levels","meaning":"400"}}})");
}

TEST(ParseLogQuery, TakesNumbersOnly) {
  EXPECT_EQ(ParseLogQuery("").value().after, 0U);
  EXPECT_EQ(ParseLogQuery("").value().most, kMostKeptLines);
  const LogQuery wished = ParseLogQuery("after=12&most=3&other=x").value();
  EXPECT_EQ(wished.after, 12U);
  EXPECT_EQ(wished.most, 3U);
  EXPECT_EQ(ParseLogQuery("most=99999999999").value().most, kMostKeptLines);
  for (const std::string_view query : {"after=-1", "most=", "after", "most=1x"})
    EXPECT_EQ(ParseLogQuery(query).status().number(), errors::kRequestFieldInvalid) << query;
}

TEST(EncodeLog, SaysWhichLineIsTheLast) {
  const RecentLog log{
      .lines = {{.number = 7, .time = {}, .level = LogLevel::kInfo, .message = "a \"b\""}},
      .last = 9};
  EXPECT_EQ(
      EncodeLog(log),
      R"({"lines":[{"number":7,"ts":"1970-01-01T00:00:00.000Z","level":"info","msg":"a \"b\""}],"last":9})");
}

}  // namespace
}  // namespace slipway::serve
