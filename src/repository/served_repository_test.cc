#include "repository/served_repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"

namespace slipway::repository {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

struct World {
  TemporaryDirectory folder = TemporaryDirectory::Create("slipway-served-").value();

  void Write(const std::string& path, std::string_view text) const {
    const fs::path whole = fs::path(folder.path()) / path;
    fs::create_directories(whole.parent_path());
    ASSERT_TRUE(WriteFileAtomically(whole.string(), text).ok());
  }
  static std::string ListOf(const std::string& name, const std::string& base_path) {
    return "model_config_list { config { name: '" + name + "' base_path: '" + base_path + "' } }";
  }
};

std::vector<std::string> Names(const RepositoryLayout& layout) {
  std::vector<std::string> names;
  for (const FoundModel& model : layout.models)
    names.push_back(model.name + (model.refusal.empty() ? "" : " refused"));
  return names;
}

TEST(ServedRepository, AListTakesThePlaceOfAFolder) {
  World world;
  world.Write("m/1/model.onnx", "one");
  ServedRepository served(world.folder.path());
  EXPECT_THAT(Names(served.Read().value()), ElementsAre("m"));
  auto candidate = served.Consider(World::ListOf("n", "m")).value();
  EXPECT_THAT(Names(served.Read().value()), ElementsAre("m"));
  served.Replace(std::move(candidate));
  EXPECT_THAT(Names(served.Read().value()), ElementsAre("n"));
  EXPECT_THAT(Names(served.TakeReplaced().value()), ElementsAre("n"));
  EXPECT_EQ(served.TakeReplaced(), std::nullopt);
}

TEST(ServedRepository, TheListOnTheDiskCountsOnceItSaysSomethingElse) {
  World world;
  world.Write("m/1/model.onnx", "one");
  world.Write("models.config", World::ListOf("a", "m"));
  ServedRepository served(world.folder.path());
  served.Replace(served.Consider(World::ListOf("b", "m")).value());
  EXPECT_THAT(Names(served.Read().value()), ElementsAre("b"));
  world.Write("models.config", World::ListOf("c", "m"));
  EXPECT_THAT(Names(served.Read().value()), ElementsAre("c"));
  world.Write("models.config", World::ListOf("a", "m"));
  EXPECT_THAT(Names(served.Read().value()), ElementsAre("a"));
}

// Bad input S13: a list that is given may leave the folder no more than one that lies in it
TEST(ServedRepository, AListLeavesNoFolderThatIsServed) {
  World world;
  World elsewhere;
  elsewhere.Write("m/1/model.onnx", "one");
  world.Write("models.config", World::ListOf("a", "m"));
  const std::string outside = World::ListOf("b", elsewhere.folder.path() + "/m");
  const ServedRepository folder(world.folder.path());
  EXPECT_THAT(Names(folder.Consider(outside)->layout), ElementsAre("b refused"));
  const ServedRepository file(world.folder.path() + "/models.config");
  EXPECT_THAT(Names(file.Consider(outside)->layout), ElementsAre("b"));
}

}  // namespace
}  // namespace slipway::repository
