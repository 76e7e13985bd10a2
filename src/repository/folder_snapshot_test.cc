#include "repository/folder_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace slipway::repository {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

struct World {
  TemporaryDirectory outside = TemporaryDirectory::Create("slipway-outside-").value();
  TemporaryDirectory folder = TemporaryDirectory::Create("slipway-repository-").value();

  void Write(const std::string& path, std::string_view text = "x") const {
    const fs::path whole = fs::path(folder.path()) / path;
    fs::create_directories(whole.parent_path());
    ASSERT_TRUE(WriteFileAtomically(whole.string(), text).ok());
  }
  void Link(const std::string& target, const std::string& path) const {
    fs::create_symlink(target, fs::path(folder.path()) / path);
  }
  FolderSnapshot Read(const FolderLimits& limits = {}) const {
    return ReadFolder(folder.path(), limits).value();
  }
};

TEST(ReadFolder, SeesFilesWhereModelsLieAndTheTextOfConfigurations) {
  const World world;
  world.Write("m/1/model.onnx", "1234");
  world.Write("m/config.pbtxt", "name: \"m\"");
  world.Write("m/.hidden");
  world.Write("m/docs/deep/file");
  const FolderSnapshot snapshot = world.Read();
  EXPECT_EQ(snapshot.Find("m/1/model.onnx")->size, 4U);
  EXPECT_GT(snapshot.Find("m/1/model.onnx")->modified_ns, 0);
  EXPECT_EQ(snapshot.texts.at("m/config.pbtxt"), "name: \"m\"");
  EXPECT_THAT(snapshot.NamesIn("m"), ElementsAre("1", "config.pbtxt", "docs"));
  EXPECT_EQ(snapshot.Find("m/docs/deep"), nullptr);
}

TEST(ReadFolder, FollowsLinksThatStay) {
  const World world;
  world.Write("data/model.onnx", "1234");
  world.Write("m/1/notes");
  world.Link("../../data/model.onnx", "m/1/model.onnx");
  EXPECT_EQ(world.Read().Find("m/1/model.onnx")->size, 4U);
  EXPECT_EQ(RealPathBeneath(world.folder.path(), "m/1/model.onnx").value(),
            fs::canonical(world.folder.path()) / "data/model.onnx");
}

// Bad input S13: a link that leaves the folder is refused, and what it points to is not read
TEST(ReadFolder, RefusesLinksThatLeave) {
  const World world;
  const std::string secret = world.outside.path() + "/secret.onnx";
  ASSERT_TRUE(WriteFileAtomically(secret, "secret").ok());
  world.Write("m/1/notes");
  world.Link(secret, "m/1/model.onnx");
  world.Link(world.outside.path(), "n");
  world.Link("../../../../../../etc/passwd", "m/config.pbtxt");
  const FolderSnapshot snapshot = world.Read();
  for (const char* path : {"m/1/model.onnx", "n", "m/config.pbtxt"}) {
    EXPECT_THAT(snapshot.Find(path)->refusal, HasSubstr("leaves the folder")) << path;
    EXPECT_EQ(snapshot.Find(path)->size, 0U);
  }
  EXPECT_TRUE(snapshot.texts.empty());
  EXPECT_EQ(OpenFileBeneath(world.folder.path(), "m/1/model.onnx").status().code(),
            Code::kPermissionDenied);
  EXPECT_FALSE(OpenFileBeneath(world.folder.path(), "../" + secret).ok());
}

TEST(ReadFolder, EndsInAFolderThatHoldsItself) {
  const World world;
  world.Write("m/1/model.onnx");
  world.Link("..", "m/2");
  EXPECT_LT(world.Read().entries.size(), 20U);
}

TEST(ReadModelFolder, SeesOneModelWithTheSamePaths) {
  const World world;
  world.Write("m/1/model.onnx");
  world.Write("n/1/model.onnx");
  const FolderSnapshot snapshot = ReadModelFolder(world.folder.path(), "m").value();
  EXPECT_TRUE(snapshot.IsFile("m/1/model.onnx"));
  EXPECT_FALSE(snapshot.IsFolder("n"));
}

TEST(ReadFolder, IsBounded) {
  const World world;
  for (int i = 0; i < 5; ++i) world.Write("f" + std::to_string(i));
  world.Write("m/config.pbtxt", "12345");
  EXPECT_EQ(ReadFolder(world.folder.path(), {.max_entries = 5}).status().code(),
            Code::kResourceExhausted);
  EXPECT_EQ(ReadFolder(world.folder.path(), {.max_all_text_bytes = 4}).status().code(),
            Code::kResourceExhausted);
  EXPECT_NE(world.Read({.max_text_bytes = 4}).Find("m/config.pbtxt")->refusal, "");
  EXPECT_EQ(ReadFolder(world.folder.path() + "/none").status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace slipway::repository
