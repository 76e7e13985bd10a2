#include "repository/folder_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/test_snapshot.h"

namespace slipway::repository {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct World {
  FolderSnapshot snapshot = SnapshotOf({"m/1/model.onnx", "n/1/model.onnx"});
  FolderWatch watch{Layout()};

  RepositoryLayout Layout() const { return Understand(snapshot, "models"); }
  std::vector<std::string> Look(bool at_once = false) {
    return watch.Compare(Layout(), at_once).to_load;
  }
  void Copy(const std::string& path, std::uint64_t size) {
    snapshot.entries[path.substr(0, path.rfind('/'))].is_folder = true;
    snapshot.entries[path] = {.is_folder = false, .size = size, .refusal = ""};
  }
};

TEST(FolderWatch, NothingChangedIsNothingToDo) {
  World world;
  EXPECT_THAT(world.Look(), IsEmpty());
  EXPECT_THAT(world.Look(true), IsEmpty());
}

// Bad input S13: a version that is still being copied is let alone
// Fault A6: a version that grows
TEST(FolderWatch, ANewVersionCountsWhenTwoLooksSawTheSame) {
  World world;
  world.Copy("m/2/model.onnx", 10);
  EXPECT_THAT(world.Look(), IsEmpty());
  world.Copy("m/2/model.onnx", 20);
  EXPECT_THAT(world.Look(), IsEmpty());
  EXPECT_THAT(world.Look(), ElementsAre("m"));
  EXPECT_THAT(world.Look(), IsEmpty());
}

TEST(FolderWatch, ASignalDoesNotWait) {
  World world;
  world.Copy("m/2/model.onnx", 10);
  EXPECT_THAT(world.Look(true), ElementsAre("m"));
  EXPECT_THAT(world.Look(true), IsEmpty());
}

TEST(FolderWatch, AVersionThatThePolicyDoesNotSelectChangesNothing) {
  World world;
  world.Copy("m/2/model.onnx", 10);
  ASSERT_THAT(world.Look(true), ElementsAre("m"));
  world.Copy("m/1/model.onnx", 99);
  EXPECT_THAT(world.Look(true), IsEmpty());
}

TEST(FolderWatch, GoingBackIsAChangeToo) {
  World world;
  world.Copy("m/2/model.onnx", 10);
  ASSERT_THAT(world.Look(true), ElementsAre("m"));
  world.snapshot.entries.erase("m/2");
  world.snapshot.entries.erase("m/2/model.onnx");
  EXPECT_THAT(world.Look(true), ElementsAre("m"));
}

TEST(FolderWatch, ModelsThatAppearAreLoadedAndThoseThatVanishAreToldOnce) {
  World world;
  world.Copy("k/1/model.onnx", 1);
  world.snapshot.entries["k"].is_folder = true;
  for (const char* path : {"n", "n/1", "n/1/model.onnx"}) world.snapshot.entries.erase(path);
  const WatchNews news = world.watch.Compare(world.Layout(), true);
  EXPECT_THAT(news.to_load, ElementsAre("k"));
  EXPECT_THAT(news.gone, ElementsAre("n"));
  EXPECT_THAT(world.watch.Compare(world.Layout(), true), WatchNews());
}

}  // namespace
}  // namespace slipway::repository
