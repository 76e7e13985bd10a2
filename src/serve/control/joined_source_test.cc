#include "serve/control/joined_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/control/fixed_source.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ModelPackage Package(std::string name, std::int64_t version, std::string path) {
  return {.name = std::move(name), .version = version, .graph_path = std::move(path)};
}

JoinedSource TwoSources() {
  std::vector<std::unique_ptr<const ModelSource>> sources;
  sources.push_back(std::make_unique<FixedSource>(
      std::vector{Package("a", 1, "first"), Package("a", 2, "first")}));
  sources.push_back(std::make_unique<FixedSource>(
      std::vector{Package("a", 7, "second"), Package("resnet", 1, "second")}));
  return JoinedSource(std::move(sources));
}

TEST(JoinedSource, ANameIsThatOfTheFirstSourceThatKnowsIt) {
  const JoinedSource source = TwoSources();
  EXPECT_THAT(source.Versions("a").value(), ElementsAre(1, 2));
  EXPECT_THAT(source.Wanted("a").value(), ElementsAre(2));
  EXPECT_EQ(source.Resolve("resnet", 1)->graph_path, "second");
  EXPECT_EQ(source.Resolve("a", 7).status().code(), Code::kNotFound);
  EXPECT_EQ(source.List()->size(), 2U);
}

TEST(JoinedSource, AnUnknownNameIsAnsweredWithANearOne) {
  const Status unknown = TwoSources().Versions("resnte").status();
  EXPECT_EQ(unknown.code(), Code::kNotFound);
  EXPECT_THAT(unknown.hint(), HasSubstr("\"resnet\""));
}

}  // namespace
}  // namespace slipway::serve
