#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/file.h"
#include "base/json.h"
#include "serve/http/api_world.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kRegion = "/v2/systemsharedmemory/region/r";
constexpr std::size_t kRoom = 64;  // bytes of the object: 24 of input, then output

/// A server whose machine has one shared memory object, "/o": the floats 1 to 6, then zeros.
class SharedMemoryHttp : public testing::Test {
 protected:
  SharedMemoryHttp() {
    std::string content(kRoom, '\0');
    const std::array<float, 6> values = {1, 2, 3, 4, 5, 6};
    std::memcpy(content.data(), values.data(), sizeof(values));
    Write(content);
  }

  void Write(std::string_view content) { EXPECT_TRUE(WriteFileAtomically(Path(), content).ok()); }
  std::string Path() const { return folder_.path() + "/o"; }
  std::string Ask(const char* method, std::string target, std::string body = "") {
    return world_.Ask(method, std::move(target), std::move(body), key_).Line();
  }
  std::string Register(std::string body = R"({"key":"/o","byte_size":64})") {
    return Ask("POST", std::string(kRegion) + "/register", std::move(body));
  }
  std::string Infer(std::string_view input, std::string_view outputs = "") {
    return world_
        .Ask("POST", "/v2/models/row/infer",
             R"({"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","parameters":{)" +
                 std::string(input) + "}}]" + std::string(outputs) + "}")
        .Line();
  }

  TemporaryDirectory folder_ = TemporaryDirectory::Create("shm").value();
  RegionTable regions_{{}, folder_.path()};
  ApiWorld world_{regions_};
  const std::vector<net::Header> key_ = {{"Slipway-Key", std::string(ApiWorld::kKey)}};
};

constexpr std::string_view kInput = R"("shared_memory_region":"r","shared_memory_byte_size":24)";

TEST_F(SharedMemoryHttp, RegionsAreRegisteredListedAndForgotten) {
  EXPECT_EQ(Ask("GET", "/v2/systemsharedmemory/status"), "200 []");
  EXPECT_EQ(Register(R"({"key":"/o","offset":8,"byte_size":16})"), "200 ");
  const std::string row = R"(200 [{"name":"r","key":"/o","offset":8,"byte_size":16}])";
  EXPECT_EQ(Ask("GET", "/v2/systemsharedmemory/status"), row);
  EXPECT_EQ(Ask("GET", std::string(kRegion) + "/status"), row);
  EXPECT_THAT(Register(), StartsWith("409 "));
  EXPECT_EQ(Ask("POST", std::string(kRegion) + "/unregister"), "200 ");
  EXPECT_THAT(Ask("GET", std::string(kRegion) + "/status"), StartsWith("404 "));
  EXPECT_EQ(Register(), "200 ");
  EXPECT_EQ(Ask("POST", "/v2/systemsharedmemory/unregister"), "200 ");
  EXPECT_EQ(Ask("GET", "/v2/systemsharedmemory/status"), "200 []");
}

TEST_F(SharedMemoryHttp, ABodyThatRegistersNothingIsRefused) {
  for (const char* body :
       {"", "[]", "{}", R"({"key":7,"byte_size":1})", R"({"key":"/o"})",
        R"({"key":"/o","byte_size":-1})", R"({"key":"/o","byte_size":1.5})",
        R"({"key":"/o","byte_size":65})", R"({"key":"/o","byte_size":1,"offset":-1})",
        R"({"key":"/o","byte_size":18446744073709551615,"offset":1})",
        R"({"key":"/../etc/passwd","byte_size":1})"})
    EXPECT_THAT(Register(body), StartsWith("400 ")) << body;
  EXPECT_THAT(Register(R"({"key":"/nothing","byte_size":1})"), StartsWith("404 "));
}

TEST_F(SharedMemoryHttp, TensorsAreReadAndWrittenThere) {
  ASSERT_EQ(Register(), "200 ");
  EXPECT_THAT(Infer(kInput), HasSubstr(R"("data":[1.0,2.0,3.0,4.0,5.0,6.0])"));
  EXPECT_THAT(
      Infer(
          kInput,
          R"(,"outputs":[{"name":"out_x","parameters":{"shared_memory_region":"r","shared_memory_offset":32,"shared_memory_byte_size":32}}])"),
      HasSubstr(
          R"("outputs":[{"name":"out_x","datatype":"FP32","shape":[2,3],"parameters":{"shared_memory_region":"r","shared_memory_offset":32,"shared_memory_byte_size":24}}])"));
  const std::string content = ReadFile(Path()).value();
  EXPECT_EQ(content.substr(32, 24), content.substr(0, 24));
  EXPECT_EQ(content.substr(56), std::string(8, '\0'));
}

TEST_F(SharedMemoryHttp, ATensorIsInOnePlaceOnly) {
  ASSERT_EQ(Register(), "200 ");
  EXPECT_THAT(Infer(std::string(kInput) + R"(,"binary_data_size":24)"),
              HasSubstr("more than one of"));
  EXPECT_THAT(
      Infer(
          kInput,
          R"(,"outputs":[{"name":"out_x","parameters":{"classification":1,"shared_memory_region":"r","shared_memory_byte_size":24}}])"),
      HasSubstr("no \\\"classification\\\""));
  EXPECT_THAT(Infer(kInput, R"(,"parameters":{"shared_memory_region":"r"})"),
              HasSubstr("is no parameter of this"));
}

TEST_F(SharedMemoryHttp, APlaceThatIsNotThereIsRefused) {
  EXPECT_THAT(Infer(kInput), StartsWith("404 "));
  ASSERT_EQ(Register(), "200 ");
  for (const std::string& input :
       {std::string(R"("shared_memory_region":"r")"),
        std::string(R"("shared_memory_byte_size":24)"),
        std::string(kInput) + R"(,"shared_memory_offset":41)",
        std::string(kInput) + R"(,"shared_memory_offset":18446744073709551615)",
        std::string(R"("shared_memory_region":"r","shared_memory_byte_size":20)"),
        std::string(R"("shared_memory_region":7,"shared_memory_byte_size":24)")})
    EXPECT_THAT(Infer(input), testing::AnyOf(StartsWith("400 "), StartsWith("404 "))) << input;
  for (const char* size : {"23", "65"}) {
    EXPECT_THAT(
        Infer(
            kInput,
            std::string(
                R"(,"outputs":[{"name":"out_x","parameters":{"shared_memory_region":"r","shared_memory_byte_size":)") +
                size + "}}]"),
        StartsWith("400 "))
        << size;
  }
}

TEST_F(SharedMemoryHttp, AClientThatShrinksTheObjectIsToldSo) {
  ASSERT_EQ(Register(), "200 ");
  ASSERT_EQ(truncate(Path().c_str(), 7), 0);
  EXPECT_THAT(Infer(kInput), HasSubstr("has become shorter"));
  EXPECT_EQ(ReadFile(Path()).value().size(), 7U);
}

TEST_F(SharedMemoryHttp, TheMetadataSaysThatItIsThere) {
  EXPECT_THAT(Ask("GET", "/v2"), HasSubstr("system_shared_memory"));
  ApiWorld without;
  EXPECT_THAT(without.Ask("GET", "/v2").body, testing::Not(HasSubstr("shared_memory")));
  EXPECT_THAT(without.Ask("GET", "/v2/systemsharedmemory/status", "", key_).Line(),
              HasSubstr("shared memory is not available"));
}

TEST_F(SharedMemoryHttp, RegisteringNeedsTheAdminKey) {
  EXPECT_EQ(world_.Ask("POST", std::string(kRegion) + "/register", R"({"key":"/o","byte_size":64})")
                .status,
            401);
  EXPECT_TRUE(regions_.Regions().empty());
}

}  // namespace
}  // namespace slipway::serve
