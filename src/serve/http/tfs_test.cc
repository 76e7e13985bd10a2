// TensorFlow Serving's REST API as transcripts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "serve/http/api_world.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string Post(const std::string& path, const std::string& body) {
  ApiWorld world;
  return world.Ask("POST", "/v1/models/" + path, body).Line();
}

TEST(TfsPredict, AnswersByRows) {
  EXPECT_EQ(Post("row:predict", R"({"instances":[[1,2,3],[4,5,6.5]]})"),
            "200 {\n    \"predictions\": [[1.0,2.0,3.0], [4.0,5.0,6.5]\n    ]\n}");
  EXPECT_EQ(
      Post("row:predict", R"({"signature_name":"serving_default","instances":[{"x":[1,2,3]}]})"),
      "200 {\n    \"predictions\": [[1.0,2.0,3.0]\n    ]\n}");
}

TEST(TfsPredict, AnswersByColumns) {
  EXPECT_EQ(Post("row:predict", R"({"inputs":[[1,2,3]]})"),
            "200 {\n    \"outputs\": [[1.0,2.0,3.0]]\n}");
  EXPECT_EQ(Post("row:predict", R"({"inputs":{"x":[[1,2,3]]}})"),
            "200 {\n    \"outputs\": [[1.0,2.0,3.0]]\n}");
  EXPECT_EQ(Post("scalar:predict", R"({"inputs":7})"), "200 {\n    \"outputs\": 7.0\n}");
}

TEST(TfsPredict, SeveralInputsAndOutputsHaveNames) {
  EXPECT_EQ(Post("pair:predict",
                 R"({"instances":[{"a":1,"s_bytes":{"b64":"YQ=="}},{"s_bytes":"b","a":2}]})"),
            "200 {\n    \"predictions\": [{\"out_a\": 1, \"out_s_bytes\": {\"b64\": \"YQ==\"}}, "
            "{\"out_a\": 2, \"out_s_bytes\": {\"b64\": \"Yg==\"}}\n    ]\n}");
  EXPECT_EQ(Post("pair:predict", R"({"inputs":{"a":[1,2],"s_bytes":["a","b"]}})"),
            "200 {\n    \"outputs\": {\n        \"out_a\": [1,2],\n        \"out_s_bytes\": "
            "[{\"b64\": \"YQ==\"},{\"b64\": \"Yg==\"}]\n    }\n}");
}

TEST(TfsPredict, AnEncodedStringIsAValue) {
  EXPECT_THAT(Post("text:predict", R"({"instances":[{"b64":"YWJj"},"d"]})"),
              HasSubstr("[\"abc\", \"d\"\n"));
  EXPECT_THAT(Post("text:predict", R"({"instances":[{"b64":"YWJj"},{"b64":"ZA=="}]})"),
              HasSubstr("[\"abc\", \"d\"\n"));
}

TEST(TfsPredict, TakesNumbersThatAreNotFinite) {
  EXPECT_THAT(Post("row:predict", R"({"instances":[[NaN,Infinity,-Infinity]]})"),
              HasSubstr("[NaN,Infinity,-Infinity]"));
}

// Bad input J5: nothing, or something else than one object
TEST(TfsPredict, RefusesWhatIsNotARequest) {
  EXPECT_THAT(Post("row:predict", ""), HasSubstr("JSON Parse error: The document is empty"));
  for (const char* body :
       {"{}", "[]", "null", "x", R"({"instances":[]})", R"({"instances":7})", R"({"instances":{}})",
        R"({"instances":[[1,2,3]],"inputs":[[1,2,3]]})", R"({"inputs":{}})",
        R"({"instances":[{}]})", R"({"instances":[{"y":1}]})",
        R"({"instances":[{"x":[1,2,3]},[1,2,3]]})", R"({"instances":[[1,2,3],[1,2]]})",
        R"({"instances":[[1,2]]})", R"({"instances":[["a",2,3]]})", R"({"instances":[[true,2,3]]})",
        R"({"signature_name":"other","instances":[[1,2,3]]})", R"({"instances":[[1,2,3]]} x)",
        R"({"instances":[{"x":[1,2,3],"x":[1,2,3]}]})"})
    EXPECT_THAT(Post("row:predict", body), StartsWith("400 {\"error\":")) << body;
  EXPECT_THAT(Post("pair:predict", R"({"instances":[1]})"), HasSubstr("2 inputs"));
  EXPECT_THAT(Post("pair:predict", R"({"instances":[{"a":1}]})"),
              HasSubstr("\\\"s_bytes\\\" is missing"));
  EXPECT_THAT(Post("pair:predict", R"({"instances":[{"a":1.0,"s_bytes":"x"}]})"),
              HasSubstr("not an integer within INT64 (at /instances/0/a)"));
}

TEST(TfsClassify, NamesTheClasses) {
  EXPECT_EQ(Post("scores:classify", R"({"examples":[{"x":[0.25,0.75]},{"x":[1,0]}]})"),
            "200 {\n    \"results\": [[[\"cat\", 0.25], [\"dog\", 0.75]], [[\"cat\", 1.0], "
            "[\"dog\", 0.0]]\n    ]\n}");
  EXPECT_THAT(Post("row:classify", R"({"examples":[{"x":[1,2,3]}]})"), HasSubstr("[\"2\", 3.0]"));
}

TEST(TfsRegress, GivesOneNumberForEachExample) {
  EXPECT_EQ(Post("one:regress", R"({"examples":[{"x":1},{"x":[2.5]}]})").substr(0, 4), "400 ");
  EXPECT_EQ(Post("one:regress", R"({"examples":[{"x":[1]},{"x":[2.5]}]})"),
            "200 {\n    \"results\": [1.0, 2.5]\n}");
  EXPECT_EQ(Post("one:regress", R"({"examples":[{"x":1},{"x":2}]})"),
            "200 {\n    \"results\": [1.0, 2.0]\n}");
  EXPECT_EQ(Post("one:regress", R"({"context":{"x":3},"examples":[{},{}]})"),
            "200 {\n    \"results\": [3.0, 3.0]\n}");
  EXPECT_THAT(Post("row:regress", R"({"examples":[{"x":[1,2,3]}]})"), StartsWith("400 "));
  for (const char* body :
       {"{}", R"({"examples":[]})", R"({"examples":[{}]})", R"({"examples":[7]})",
        R"({"examples":[{"y":1}]})", R"({"context":{"x":3},"examples":[{"x":1}]})"})
    EXPECT_THAT(Post("one:regress", body), StartsWith("400 {\"error\":")) << body;
}

TEST(Tfs, TellsTheStatusOfVersions) {
  ApiWorld world;
  EXPECT_EQ(
      world.Ask("GET", "/v1/models/row/versions/2").body,
      "{\n \"model_version_status\": [\n  {\n   \"version\": \"2\",\n   \"state\": "
      "\"AVAILABLE\",\n   "
      "\"status\": {\n    \"error_code\": \"OK\",\n    \"error_message\": \"\"\n   }\n  }\n ]\n}");
  EXPECT_EQ(
      ParseJson(world.Ask("GET", "/v1/models/row").body).value()["model_version_status"].size(),
      2u);
  EXPECT_EQ(world.Ask("GET", "/v1/models/nothing").status, 404);
  EXPECT_EQ(world.Ask("GET", "/v1/models").Line(),
            R"(400 {"error":"Missing model name in request."})");
  EXPECT_EQ(world.Ask("GET", "/v1/other").Line(),
            R"(400 {"error":"Malformed request: GET /v1/other"})");
}

TEST(Tfs, InKServesDialectAModelIsReadyOrNot) {
  ApiWorld world(Dialect::kKServe);
  EXPECT_EQ(world.Ask("GET", "/v1/models/row").Line(), R"(200 {"name":"row","ready":true})");
  EXPECT_EQ(world.Ask("GET", "/v1/models/nothing").status, 404);
  const Json names = ParseJson(world.Ask("GET", "/v1/models").body).value()["models"];
  EXPECT_EQ(std::ranges::count(names, Json("row")), 1);
  EXPECT_GT(names.size(), 3u);
}

TEST(Tfs, InKServesDialectAVersionHasTheStatusOfTensorFlowServing) {
  ApiWorld world(Dialect::kKServe);
  EXPECT_TRUE(ParseJson(world.Ask("GET", "/v1/models/row/versions/2").body)
                  .value()
                  .contains("model_version_status"));
  EXPECT_EQ(world.Ask("POST", "/v1/models/row:predict", R"({"instances":[[1,2,3]]})").status, 200);
}

TEST(Tfs, MetadataHasSignatureDefTwice) {
  ApiWorld world;
  const Json metadata = ParseJson(world.Ask("GET", "/v1/models/row/metadata").body).value();
  EXPECT_EQ(metadata["model_spec"]["version"], "2");
  const Json& signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"];
  EXPECT_EQ(signature["inputs"]["x"]["dtype"], "DT_FLOAT");
  EXPECT_EQ(signature["inputs"]["x"]["tensor_shape"]["dim"][0]["size"], "-1");
}

TEST(Tfs, ALabelNamesAVersion) {
  ApiWorld world;
  EXPECT_EQ(
      world.Ask("POST", "/v1/models/row/labels/prod:predict", R"({"inputs":[[1,2,3]]})").status,
      200);
  EXPECT_EQ(ParseJson(world.Ask("GET", "/v1/models/row/labels/prod/metadata").body)
                .value()["model_spec"]["version"],
            "1");
  EXPECT_EQ(world.control.lookups, 1);
  EXPECT_EQ(world.Ask("GET", "/v1/models/row/labels/none").status, 404);
  EXPECT_EQ(world.Ask("GET", "/v1/models/row/labels/-x").status, 400);
}

}  // namespace
}  // namespace slipway::serve
