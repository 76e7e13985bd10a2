// The Open Inference protocol as transcripts: a request's text, and the text of its answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/json.h"
#include "serve/http/api_world.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kInput =
    R"({"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]})";

std::string Inputs(const std::string& inputs, const std::string& more = "") {
  return "{\"inputs\":[" + inputs + "]" + more + "}";
}

std::string Infer(const std::string& body, const std::string& model = "row") {
  ApiWorld world;
  return world.Ask("POST", "/v2/models/" + model + "/infer", body).Line();
}

template <class T>
std::string Bytes(std::initializer_list<T> values) {
  std::string bytes;
  for (const T value : values) {
    bytes.resize(bytes.size() + sizeof(T));
    std::memcpy(bytes.data() + bytes.size() - sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

WorldAnswer InferBinary(const std::string& json, const std::string& binary,
                        const std::string& model = "row") {
  ApiWorld world;
  return world.Ask("POST", "/v2/models/" + model + "/infer", json + binary,
                   {{"Inference-Header-Content-Length", std::to_string(json.size())}});
}

TEST(V2Infer, AnswersInJson) {
  EXPECT_EQ(Infer(Inputs(std::string(kInput), R"(,"id":"17")")),
            R"(200 {"id":"17","model_name":"row","model_version":"2","outputs":[)"
            R"({"name":"out_x","datatype":"FP32","shape":[1,3],"data":[1.0,2.0,3.0]}]})");
}

TEST(V2Infer, TakesNestedDataAndFieldsInAnyOrder) {
  const std::string answer = Infer(Inputs(std::string(kInput)));
  EXPECT_EQ(Infer(Inputs(R"({"data":[[1,2,3]],"datatype":"FP32","shape":[1,3],"name":"x"})")),
            answer);
  EXPECT_EQ(Infer(Inputs(R"({"shape":[1,3],"name":"x","data":[[1,2,3]],"datatype":"FP32"})")),
            answer);
  EXPECT_EQ(Infer(R"({"unknown":{"a":[1]},"inputs":[)" + std::string(kInput) + "]}"), answer);
}

TEST(V2Infer, AnswersForAVersion) {
  ApiWorld world;
  EXPECT_THAT(
      world.Ask("POST", "/v2/models/row/versions/1/infer", Inputs(std::string(kInput))).body,
      HasSubstr(R"("model_version":"1")"));
}

TEST(V2Infer, GivesTheOutputsThatAreAskedFor) {
  const std::string inputs =
      R"({"name":"a","shape":[2],"datatype":"INT64","data":[1,-2]},)"
      R"({"name":"s_bytes","shape":[2],"datatype":"BYTES","data":["x","\u00e9"]})";
  EXPECT_THAT(Infer(Inputs(inputs), "pair"),
              HasSubstr(R"("data":[1,-2]},{"name":"out_s_bytes","datatype":"BYTES","shape":[2],)"
                        R"("data":["x",")"
                        "\xC3\xA9\"]}]}"));
  EXPECT_THAT(
      Infer(Inputs(inputs, R"(,"outputs":[{"name":"out_a"}])"), "pair"),
      HasSubstr(R"("outputs":[{"name":"out_a","datatype":"INT64","shape":[2],"data":[1,-2]}]})"));
}

TEST(V2Infer, TakesAndGivesBinaryTensors) {
  const WorldAnswer answer = InferBinary(
      R"({"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]})",
      Bytes<float>({1, 2, 3}));
  EXPECT_EQ(answer.status, 200) << answer.body;
  const std::string json =
      R"({"model_name":"row","model_version":"2","outputs":[{"name":"out_x","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}}]})";
  EXPECT_EQ(answer.body, json + Bytes<float>({1, 2, 3}));
  EXPECT_EQ(answer.Header("Inference-Header-Content-Length"), std::to_string(json.size()));
  EXPECT_EQ(answer.Header("Content-Type"), "application/octet-stream");
}

TEST(V2Infer, AnOutputsOwnWishWins) {
  const std::string inputs = std::string(kInput);
  EXPECT_THAT(
      Infer(Inputs(inputs, R"(,"parameters":{"binary_data_output":true},)"
                           R"("outputs":[{"name":"out_x","parameters":{"binary_data":false}}])")),
      HasSubstr("\"data\":[1.0"));
  EXPECT_THAT(
      Infer(Inputs(inputs, R"(,"outputs":[{"name":"out_x","parameters":{"binary_data":true}}])")),
      HasSubstr("binary_data_size"));
}

TEST(V2Infer, ASecondTensorMayBeginAtAnOddByte) {
  const WorldAnswer answer = InferBinary(
      R"({"inputs":[{"name":"b","shape":[2],"datatype":"UINT8","parameters":{"binary_data_size":2}},)"
      R"({"name":"x","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}}]})",
      Bytes<std::uint8_t>({7, 8}) + Bytes<float>({1.5F, 2.5F}), "odd");
  EXPECT_THAT(answer.body, HasSubstr("\"data\":[1.5,2.5]"));
}

TEST(V2Infer, ARawBodyIsTheOneInput) {
  ApiWorld world;
  const WorldAnswer answer = world.Ask("POST", "/v2/models/row/infer", Bytes<float>({1, 2, 3}),
                                       {{"Inference-Header-Content-Length", "0"}});
  EXPECT_THAT(answer.body, HasSubstr(R"("shape":[1,3],"parameters":{"binary_data_size":12})"));
  const WorldAnswer text =
      world.Ask("POST", "/v2/models/text/infer", "abc", {{"Inference-Header-Content-Length", "0"}});
  EXPECT_THAT(text.body, HasSubstr(R"("shape":[1],"parameters":{"binary_data_size":7})"));
  EXPECT_EQ(
      world.Ask("POST", "/v2/models/pair/infer", "abc", {{"Inference-Header-Content-Length", "0"}})
          .status,
      400);
}

TEST(V2Infer, ClassifiesWithLabels) {
  const std::string body =
      Inputs(R"({"name":"x","shape":[2,2],"datatype":"FP32","data":[0.25,0.75,3,1]})",
             R"(,"outputs":[{"name":"out_x","parameters":{"classification":1}}])");
  EXPECT_THAT(
      Infer(body, "scores"),
      HasSubstr(R"("datatype":"BYTES","shape":[2,1],"data":["0.750000:1:dog","3.000000:0:cat"])"));
}

TEST(V2Infer, TheBinaryPartWantsToBeAligned) {
  ApiWorld world;
  world.Ask("POST", "/v2/models/row/infer", Inputs(std::string(kInput)),
            {{"Inference-Header-Content-Length", "41"}});
  EXPECT_EQ(world.plan.aligned_offset, 41u);
}

// Bad input T1: shapes whose products overflow
TEST(V2Infer, RefusesShapesThatOverflow) {
  for (const char* shape : {"[16,1152921504606846978]", "[4,1152921504606846978]", "[4294967296]",
                            "[9223372036854775807,9223372036854775807]"}) {
    EXPECT_THAT(Infer(Inputs(std::string(R"({"name":"x","shape":)") + shape +
                             R"(,"datatype":"FP32","data":[1,2,3]})")),
                StartsWith("400 "))
        << shape;
  }
}

// Bad input T2: dimensions that are negative, too many, or not the model's
TEST(V2Infer, RefusesDimensionsThatCannotBe) {
  std::string many = "[1";
  for (int i = 0; i < 1'000'000; ++i) many += ",1";
  for (const std::string& shape : {std::string("[-1,3]"), std::string("[1,-1]"), many + "]",
                                   std::string("[]"), std::string("[3]"), std::string("[1,4]"),
                                   std::string("[1.0,3]"), std::string("[\"1\",3]")}) {
    EXPECT_THAT(
        Infer(Inputs(R"({"name":"x","shape":)" + shape + R"(,"datatype":"FP32","data":[1,2,3]})")),
        StartsWith("400 {\"error\":"))
        << shape.substr(0, 20);
  }
}

// Bad input T3: another number of values than the shape has, lists of another form
TEST(V2Infer, RefusesDataThatIsNotTheShapes) {
  EXPECT_THAT(
      Infer(Inputs(R"({"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2]})")),
      StartsWith(
          R"(400 {"error":"shape [1,3] has 3 elements, \"data\" has 2 as [2] (at /inputs/0)"));
  for (const char* data : {"[1,2,3,4]", "[[1],[2],[3]]", "[[1,2],[3]]", "[[[1,2,3]]]", "[]", "7",
                           "[[1,2,3],[4,5,6]]", "\"x\"", "null"}) {
    EXPECT_THAT(Infer(Inputs(std::string(R"({"name":"x","shape":[1,3],"datatype":"FP32","data":)") +
                             data + "}")),
                StartsWith("400 "))
        << data;
  }
}

// Bad input T5: BYTES whose lengths reach past the end
TEST(V2Infer, RefusesStringsThatReachPastTheEnd) {
  for (const std::string& bytes :
       {Bytes<std::uint32_t>({5}) + "abc", Bytes<std::uint32_t>({0xFFFFFFFF}) + "abc",
        Bytes<std::uint32_t>({0x80000000}), Bytes<std::uint32_t>({1}) + "ab", std::string("abc")}) {
    const WorldAnswer answer = InferBinary(
        R"({"inputs":[{"name":"t","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":)" +
            std::to_string(bytes.size()) + "}}]}",
        bytes, "text");
    EXPECT_EQ(answer.status, 400) << answer.body;
  }
}

// Bad input T6: binary sizes that are not the body's
TEST(V2Infer, RefusesBinarySizesThatAreNotTheBodys) {
  const auto with_size = [](const std::string& size, std::size_t bytes) {
    return InferBinary(
               R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":)" +
                   size + "}}]}",
               std::string(bytes, '\0'))
        .Line();
  };
  EXPECT_THAT(with_size("12", 16), HasSubstr("unexpected additional input data for model"));
  EXPECT_THAT(with_size("16", 12), HasSubstr("unexpected size for input"));
  EXPECT_THAT(with_size("8", 8), StartsWith("400 "));
  for (const char* size : {"-1", "18446744073709551616", "12.0", "\"12\"", "true"})
    EXPECT_THAT(with_size(size, 12), StartsWith("400 ")) << size;
}

// Bad input T7: numbers that are not finite, in binary form
// Fault C8: NaN, an infinity, a denormal
TEST(V2Infer, NumbersThatAreNotFiniteAreValues) {
  const WorldAnswer answer = InferBinary(
      R"({"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]})",
      Bytes<float>({std::numeric_limits<float>::quiet_NaN(),
                    -std::numeric_limits<float>::infinity(), 1e-45F}));
  EXPECT_THAT(answer.Line(), HasSubstr("[NaN,-Infinity,1e-45]"));
}

// Bad input T9: a classification with a number of classes that cannot be
TEST(V2Infer, RefusesClassCountsThatCannotBe) {
  for (const char* count : {"0", "-1", "2147483648", "1.5", "\"1\""}) {
    EXPECT_THAT(
        Infer(Inputs(R"({"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]})",
                     std::string(R"(,"outputs":[{"name":"out_x","parameters":{"classification":)") +
                         count + "}}]"),
              "scores"),
        StartsWith("400 "))
        << count;
  }
}

// Bad input J1: nesting deeper than the limit, anywhere
TEST(V2Infer, BoundsTheDepthEverywhere) {
  for (const std::size_t depth :
       {std::size_t{101}, std::size_t{250'000}, std::size_t{10'000'000}}) {
    const std::string deep(depth, '[');
    EXPECT_THAT(Infer("{\"a\":" + deep), HasSubstr("JSON nesting depth exceeds 64"));
    EXPECT_THAT(Infer("{\"parameters\":{\"a\":" + deep), StartsWith("400 "));
    EXPECT_THAT(Infer(Inputs(R"({"name":"x","shape":[1],"datatype":"FP32","data":)" + deep)),
                StartsWith("400 "));
  }
}

// Bad input J2: duplicate keys
TEST(V2Infer, RefusesDuplicateKeys) {
  EXPECT_THAT(Infer(R"({"inputs":[],"inputs":[]})"), HasSubstr("duplicate key"));
  EXPECT_THAT(Infer(Inputs(R"({"name":"x","name":"y"})")), HasSubstr("duplicate key"));
}

// Bad input J3: numbers that JSON does not have, or that the type cannot hold
TEST(V2Infer, RefusesNumbersThatAreNotJson) {
  for (const std::string& number :
       {std::string("1e400"), std::string(400, '1'), std::string("NaN"), std::string("Infinity"),
        std::string("-Infinity"), std::string("0x1"), std::string("01"), std::string("1.")}) {
    EXPECT_THAT(Infer(Inputs(R"({"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,)" +
                             number + "]}")),
                StartsWith("400 "))
        << number;
  }
}

// Bad input J4: text that is not UTF-8, NUL in a name
TEST(V2Infer, RefusesNamesThatAreNotText) {
  for (const char* name : {"\xFF", "\\ud800", "a\\u0000b", ""}) {
    EXPECT_THAT(Infer(Inputs(std::string(R"({"name":")") + name +
                             R"(","shape":[1,3],"datatype":"FP32","data":[1,2,3]})")),
                StartsWith("400 "))
        << name;
  }
  EXPECT_THAT(Infer("\xEF\xBB\xBF" + Inputs(std::string(kInput))), StartsWith("400 "));
}

// Bad input J5: garbage around or instead of a document
TEST(V2Infer, RefusesWhatIsNotOneObject) {
  for (const char* body : {"", "  ", "null", "[]", "\"x\"", "{}", "{}{}", "{\"inputs\":7}",
                           "{\"inputs\":[7]}", "{\"inputs\":[{}]}"})
    EXPECT_THAT(Infer(body), StartsWith("400 {\"error\":")) << body;
  EXPECT_THAT(Infer(Inputs(std::string(kInput)) + "x"), HasSubstr("not valid JSON at byte"));
}

// Bad input J6: more inputs and outputs than the model has
TEST(V2Infer, BoundsInputsAndOutputs) {
  std::string inputs(kInput);
  std::string outputs = R"({"name":"out_x"})";
  for (int i = 0; i < 100'000; ++i) {
    inputs += "," + std::string(kInput);
    outputs += R"(,{"name":"out_x"})";
  }
  EXPECT_THAT(Infer(Inputs(inputs)),
              HasSubstr("more inputs than the 1 of the model (at /inputs/1)"));
  EXPECT_THAT(Infer(Inputs(std::string(kInput), ",\"outputs\":[" + outputs + "]")),
              HasSubstr("more outputs than the 1 of the model"));
}

// Bad input J7: names that no model has
TEST(V2Infer, RefusesNamesThatNoModelHas) {
  ApiWorld world;
  for (const std::string& name :
       {std::string("%20"), std::string("a%20b"), std::string("a%2fb"), std::string("%00"),
        std::string(300, 'a'), std::string("-a"), std::string("a."), std::string("r%C3%B6w")}) {
    EXPECT_EQ(
        world.Ask("POST", "/v2/models/" + name + "/infer", Inputs(std::string(kInput))).status, 400)
        << name;
  }
  EXPECT_EQ(world.Ask("POST", "/v2/models/CON/infer", Inputs(std::string(kInput))).status, 404);
}

// Bad input J8: versions that cannot be
TEST(V2Infer, RefusesVersionsThatCannotBe) {
  ApiWorld world;
  for (const char* version : {"0", "-1", "1.0", "01", "latest", "18446744073709551616", "+1"}) {
    const std::string path = std::string("/v2/models/row/versions/") + version;
    EXPECT_EQ(world.Ask("POST", path + "/infer", Inputs(std::string(kInput))).status, 400) << path;
    EXPECT_EQ(world.Ask("GET", path).status, 400) << path;
  }
  EXPECT_EQ(world.Ask("GET", "/v2/models/row/versions/7").status, 404);
}

// Bad input J9: reserved parameter keys
TEST(V2Infer, RefusesReservedKeys) {
  for (const char* key : {"triton_enable_empty_final_response", "_tenant"}) {
    EXPECT_THAT(
        Infer(Inputs(std::string(kInput), std::string(R"(,"parameters":{")") + key + "\":1}")),
        HasSubstr("reserved parameter key"))
        << key;
  }
  EXPECT_THAT(
      Infer(Inputs(
          std::string(kInput),
          R"(,"parameters":{"sequence_id":7,"sequence_start":true,"priority":0,"timeout":5000000,"x":"y"})")),
      StartsWith("200 "));
  EXPECT_THAT(
      Infer(Inputs(
          R"({"name":"x","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r"}})")),
      StartsWith("501 {\"error\":\"shared memory is not available"));
  EXPECT_THAT(Infer(Inputs(std::string(kInput), R"(,"parameters":{"x":[1]})")), StartsWith("400 "));
}

std::string Ranked(std::string_view parameters, std::string_view query = "?explain=1") {
  ApiWorld world;
  return world
      .Ask("POST", "/v2/models/levels/infer" + std::string(query),
           Inputs(R"({"name":"x","shape":[2],"datatype":"FP32","data":[1,2]})",
                  std::string(parameters)))
      .Line();
}

TEST(V2Infer, ExplainsHowItRan) {
  EXPECT_THAT(
      Ranked(""),
      testing::MatchesRegex(R"(200 \{"model_name":"levels","model_version":"1","parameters":\{)"
                            R"("queue_us":[0-9]+,"compute_us":[0-9]+,"priority":2,"batch_rows":2,)"
                            R"("batch_end":"not_known","cached":false\},"outputs":.*)"));
  EXPECT_THAT(Ranked("", ""), testing::Not(HasSubstr("parameters")));
  EXPECT_THAT(Ranked("", "?explain=0&x=1"), testing::Not(HasSubstr("parameters")));
  EXPECT_THAT(Ranked("", "?explain=maybe"),
              StartsWith(R"(400 {"error":"explain is 0 or 1 in the query, got \"maybe\"")"));
}

TEST(V2Infer, ExplainsInAHeaderToo) {
  ApiWorld world;
  const WorldAnswer answer =
      world.Ask("POST", "/v2/models/row/infer?explain=1", Inputs(std::string(kInput)));
  EXPECT_THAT(answer.Header("Server-Timing"),
              testing::MatchesRegex(R"(queue;dur=[0-9.]+, batch;desc="not_known of 1", )"
                                    R"(compute;dur=[0-9.]+)"));
}

TEST(V2Infer, ServesAtTheRequestsPriority) {
  EXPECT_THAT(Ranked(R"(,"parameters":{"priority":1})"), HasSubstr(R"("priority":1)"));
  EXPECT_THAT(Ranked(R"(,"parameters":{"priority":0})"), HasSubstr(R"("priority":2)"));
  EXPECT_THAT(Ranked(R"(,"parameters":{"priority":-1})"), StartsWith("400 "));
  EXPECT_THAT(Ranked(R"(,"parameters":{"priority":"high"})"), StartsWith("400 "));
}

TEST(V2Infer, ReadsWhereARequestStandsInItsSequence) {
  EXPECT_THAT(Ranked(R"(,"parameters":{"sequence_id":"a b","sequence_start":true})"),
              StartsWith("200 "));
  for (const char* parameter :
       {R"("sequence_id":-1)", R"("sequence_id":true)", R"("sequence_id":"\u0007")",
        R"("sequence_start":1)", R"("sequence_end":"yes")"})
    EXPECT_THAT(Ranked(std::string(R"(,"parameters":{)") + parameter + "}"), StartsWith("400 "))
        << parameter;
}

// Bad input T4: a batch beyond the maximum
// Fault C8: too many rows
TEST(V2Infer, RefusesMoreRowsThanTheConfiguredBatch) {
  ApiWorld world;
  EXPECT_THAT(
      world
          .Ask("POST", "/v2/models/levels/infer",
               Inputs(R"({"name":"x","shape":[5],"datatype":"FP32","data":[1,2,3,4,5]})"))
          .Line(),
      StartsWith(
          R"(400 {"error":"the request has 5 rows, max_batch_size of model \"levels\" is 4)"));
}

TEST(V2Config, ShowsHowAModelIsScheduled) {
  ApiWorld world;
  const std::string config = world.Ask("GET", "/v2/models/levels/config").body;
  EXPECT_THAT(config, HasSubstr(R"("max_batch_size":4,"dynamic_batching":{)"));
  EXPECT_THAT(config, HasSubstr(R"("priority_levels":2,"default_priority_level":2)"));
  EXPECT_THAT(config, HasSubstr(R"("dims":[])"));
}

// Bad input J10: request ids that are too long or not printable
TEST(V2Infer, RefusesIdsThatCannotBeEchoed) {
  for (const std::string& id : {std::string(1 << 20, 'a'), std::string("a\\r\\nb"),
                                std::string("\xC3\xA9"), std::string(129, 'a')})
    EXPECT_THAT(Infer(Inputs(std::string(kInput), ",\"id\":\"" + id + "\"")), StartsWith("400 "));
  EXPECT_THAT(Infer(Inputs(std::string(kInput), R"(,"id":"<\"&>")")), HasSubstr(R"("id":"<\"&>")"));
  EXPECT_THAT(Infer(Inputs(std::string(kInput), R"(,"id":7)")), StartsWith("400 "));
}

// Bad input H27: a length of the JSON part that cannot be
TEST(V2Infer, RefusesJsonLengthsThatCannotBe) {
  ApiWorld world;
  const auto with_length = [&](const std::string& length) {
    return world.Ask("POST", "/v2/models/row/infer", Inputs(std::string(kInput)),
                     {{"Inference-Header-Content-Length", length}});
  };
  for (const char* length : {"99999999999", "-1", "abc", "18446744073709551616", "", "1 2", "+1"}) {
    EXPECT_EQ(with_length(length).status, 400) << length;
    EXPECT_TRUE(world.plan.reject.has_value()) << length;
  }
  EXPECT_EQ(
      world
          .Ask("POST", "/v2/models/row/infer", Inputs(std::string(kInput)),
               {{"Inference-Header-Content-Length", "5"}, {"Inference-Header-Content-Length", "5"}})
          .status,
      400);
}

// Bad input H20: types that are not JSON's
TEST(V2Infer, RefusesTypesThatAreNotJson) {
  ApiWorld world;
  const auto with_type = [&](const std::string& type) {
    return world
        .Ask("POST", "/v2/models/row/infer", Inputs(std::string(kInput)), {{"Content-Type", type}})
        .status;
  };
  for (const char* type :
       {"text/html", "application/json; charset=utf-16", "multipart/form-data; boundary=x",
        "application/json; charset=\"utf-7\"", "application/jsonp", ""})
    EXPECT_EQ(with_type(type), 415) << type;
  for (const char* type :
       {"application/json", "application/json; charset=UTF-8", "APPLICATION/JSON;x=y",
        "application/x-www-form-urlencoded", "application/octet-stream"})
    EXPECT_EQ(with_type(type), 200) << type;
}

TEST(V2Infer, RefusesFieldsByTheirPointer) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"shape":[1,3],"datatype":"FP32","data":[1,2,3]})",
       "the input has no \\\"name\\\" (at /inputs/0)"},
      {R"({"name":"x","datatype":"FP32","data":[1]})", "no \\\"shape\\\""},
      {R"({"name":"x","shape":[1,3],"data":[1]})", "no \\\"datatype\\\""},
      {R"({"name":"x","shape":[1,3],"datatype":"FP32"})", "none of"},
      {R"({"name":"x","shape":[1,3],"datatype":"FP31","data":[1]})", "(at /inputs/0/datatype)"},
      {R"({"name":"x","shape":[1,3],"datatype":"FP32","data":[1,"a",3]})", "(at /inputs/0/data/1)"},
      {R"({"name":"y","shape":[1,3],"datatype":"FP32","data":[1,2,3]})", "the model has no input"},
      {R"({"name":"x","shape":[1,3],"datatype":"INT32","data":[1,2,3]})", "expected type FP32"}};
  for (const auto& [input, message] : cases) {
    EXPECT_THAT(Infer(Inputs(input)), StartsWith("400 ")) << input;
    EXPECT_THAT(Infer(Inputs(input)), HasSubstr(message)) << input;
  }
}

TEST(V2, DescribesServerAndModels) {
  ApiWorld world;
  EXPECT_EQ(world.Ask("GET", "/v2/health/live").Line(), R"(200 {"live":true})");
  EXPECT_EQ(world.Ask("GET", "/v2/health/ready").Line(), R"(200 {"ready":true})");
  world.is_ready = false;
  EXPECT_EQ(world.Ask("GET", "/v2/health/ready").Line(), R"(503 {"ready":false})");
  EXPECT_EQ(world.Ask("GET", "/v2/models/row/ready").Line(), R"(200 {"name":"row","ready":true})");
  EXPECT_EQ(
      world.Ask("GET", "/v2/models/row").body,
      R"({"name":"row","versions":["1","2"],"platform":"onnxruntime_onnx","inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[{"name":"out_x","datatype":"FP32","shape":[-1,3]}]})");
  EXPECT_THAT(world.Ask("GET", "/v2/models/row/versions/1").body, HasSubstr(R"("versions":["1"])"));
  EXPECT_THAT(world.Ask("GET", "/v2").body, HasSubstr("binary_tensor_data"));
  EXPECT_THAT(world.Ask("GET", "/v2/models").body, StartsWith(R"({"models":["row","pair")"));
  EXPECT_THAT(world.Ask("GET", "/v2/models/row/config").body,
              HasSubstr(R"("data_type":"TYPE_FP32","format":"FORMAT_NONE","dims":[-1,3])"));
  EXPECT_EQ(world.Ask("GET", "/v2/models/nothing").status, 404);
  EXPECT_EQ(world.Ask("GET", "/v2/models/row/").status, 200);
}

TEST(V2, CountsWhatTheModelsDid) {
  ApiWorld world;
  world.Ask("POST", "/v2/models/row/infer",
            Inputs(R"({"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3,4,5,6]})"));
  const Json statistics =
      ParseJson(world.Ask("GET", "/v2/models/row/versions/2/stats").body).value();
  const Json& row = statistics["model_stats"][0];
  EXPECT_EQ(row["inference_count"], 2);
  EXPECT_EQ(row["execution_count"], 1);
  EXPECT_EQ(row["inference_stats"]["success"]["count"], 1);
  EXPECT_EQ(ParseJson(world.Ask("GET", "/v2/models/stats").body).value()["model_stats"].size(),
            10u);
}

}  // namespace
}  // namespace slipway::serve
