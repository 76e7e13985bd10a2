#include "cli/output.h"

#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

Listing Models() {
  return {.kind = "ModelList",
          .columns = {"NAME", "SIZE", "DIGEST"},
          .rows = {{"größe", "1 B", "aa"}, {"mnist", "340 B", "bb"}},
          .items = {{{"name", "größe"}}, {{"name", "mnist"}}},
          .names = {"größe:1", "mnist:2"},
          .wide_from = 2};
}

TEST(Output, ATableAlignsColumnsByCharacters) {
  EXPECT_EQ(Render(Models(), Format::kTable, true),
            "NAME   SIZE\n"
            "größe  1 B\n"
            "mnist  340 B\n");
}

TEST(Output, WideShowsMoreColumns) {
  EXPECT_EQ(Render(Models(), Format::kWide, false),
            "größe  1 B    aa\n"
            "mnist  340 B  bb\n");
}

TEST(Output, JsonStandsInAVersionedEnvelope) {
  const Result<Json> json = ParseJson(Render(Models(), Format::kJson, true));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["apiVersion"], "slipway/v1");
  EXPECT_EQ((*json)["kind"], "ModelList");
  EXPECT_EQ((*json)["items"].size(), 2U);
}

TEST(Output, AnEmptyListIsAnEmptyListAndNoName) {
  const Listing empty{.kind = "ModelList", .columns = {"NAME"}};
  EXPECT_EQ((*ParseJson(Render(empty, Format::kJson, true)))["items"], Json::array());
  EXPECT_EQ(Render(empty, Format::kName, true), "");
}

TEST(Output, NamesAreOneALine) {
  EXPECT_EQ(Render(Models(), Format::kName, true), "größe:1\nmnist:2\n");
}

TEST(Output, AnItemIsTextOrJson) {
  const OrderedJson item = {{"version", 3}};
  EXPECT_EQ(RenderItem("Model", item, "mnist:3\n", Format::kTable), "mnist:3\n");
  const Result<Json> json = ParseJson(RenderItem("Model", item, "", Format::kJson));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["kind"], "Model");
  EXPECT_EQ((*json)["item"]["version"], 3);
}

TEST(Output, FormatsHaveTheNamesThatTheFlagTakes) {
  EXPECT_EQ(ParseFormat("json"), Format::kJson);
  EXPECT_EQ(ParseFormat("wide"), Format::kWide);
  EXPECT_EQ(ParseFormat("name"), Format::kName);
  EXPECT_EQ(ParseFormat("table"), Format::kTable);
}

}  // namespace
}  // namespace slipway::cli
