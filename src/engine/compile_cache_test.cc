#include "engine/compile_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/file.h"
#include "engine/failpoints.h"
#include "engine/file_engine.h"
#include "engine/folder_lock.h"

namespace slipway::engine {
namespace {

namespace fs = std::filesystem;
using Origin = CompileCache::Origin;

class CompileCacheTest : public ::testing::Test {
 protected:
  CompileCache Open(std::uint64_t max_bytes = 1'000'000) const {
    return CompileCache({.folder = folder(), .max_bytes = max_bytes, .least_model_bytes = 10});
  }
  std::string folder() const { return place_.path() + "/cache"; }

  Origin Compile(CompileCache& cache, const std::string& identity, std::uint64_t bytes = 100) {
    auto compiled = cache.Compile(engine_, {identity + ".onnx", identity, bytes}, {});
    EXPECT_TRUE(compiled.ok()) << compiled.status().ToString();
    if (!compiled.ok()) return Origin::kCompiled;
    EXPECT_NE(compiled->executable, nullptr);
    return compiled->origin;
  }

  std::vector<fs::path> Entries() const {
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(folder())) entries.push_back(entry.path());
    return entries;
  }

  TemporaryDirectory place_ = TemporaryDirectory::Create("cache-").value();
  FileEngine engine_;
};

TEST_F(CompileCacheTest, AModelIsBuiltOnceAndFoundFromThenOn) {
  CompileCache cache = Open();
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
  EXPECT_EQ(Compile(cache, "a"), Origin::kFound);
  CompileCache another = Open();
  EXPECT_EQ(Compile(another, "a"), Origin::kFound);
  EXPECT_EQ(engine_.written, 1);
  EXPECT_EQ(engine_.compiled, 0);
  EXPECT_EQ(cache.counts().built, 1U);
  EXPECT_EQ(cache.counts().found, 1U);
}

TEST_F(CompileCacheTest, TwoUsersOfOneEntryKnowThatTheyShareItsBytes) {
  CompileCache cache = Open();
  const auto one = cache.Compile(engine_, {"a.onnx", "a", 100}, {});
  const auto other = cache.Compile(engine_, {"b.onnx", "a", 100}, {});
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_FALSE(one->entry.empty());
  EXPECT_EQ(one->entry, other->entry);
  EXPECT_GE(one->mapped_bytes, 1000U);
}

TEST_F(CompileCacheTest, AnotherReleaseOrModelFindsNothing) {
  CompileCache cache = Open();
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
  EXPECT_EQ(Compile(cache, "b"), Origin::kBuilt);
  engine_.form = "release 2";
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
  engine_.form = "";
  EXPECT_EQ(Compile(cache, "a"), Origin::kCompiled);
}

TEST_F(CompileCacheTest, SmallAndUnnamedModelsAreCompiledAndNotKept) {
  CompileCache cache = Open();
  EXPECT_EQ(Compile(cache, "small", 9), Origin::kCompiled);
  EXPECT_EQ(Compile(cache, "", 100), Origin::kCompiled);
  EXPECT_FALSE(fs::exists(folder()));
  EXPECT_EQ(cache.counts().compiled, 2U);
}

TEST_F(CompileCacheTest, NothingIsKeptWithoutAFolderOrBytes) {
  CompileCache nowhere({.folder = "", .least_model_bytes = 10});
  EXPECT_EQ(Compile(nowhere, "a"), Origin::kCompiled);
  CompileCache empty = Open(0);
  EXPECT_EQ(Compile(empty, "a"), Origin::kCompiled);
}

// Fault A5: of what was compiled
TEST_F(CompileCacheTest, ADamagedFileIsNeverLoadedAndBuiltAnew) {
  for (const std::string file : {"data", "model", "entry.json"}) {
    CompileCache cache = Open();
    Compile(cache, "a");
    ASSERT_EQ(Entries().size(), 1U);
    const std::string path = (Entries().front() / file).string();
    std::fstream(path, std::ios::in | std::ios::out) << "X";  // the same size
    CompileCache another = Open();
    EXPECT_EQ(Compile(another, "a"), Origin::kBuilt) << file;
    EXPECT_EQ(another.counts().damaged, 1U) << file;
    EXPECT_EQ(Compile(another, "a"), Origin::kFound) << file;
  }
}

TEST_F(CompileCacheTest, ATruncatedOrMissingFileIsBuiltAnew) {
  CompileCache cache = Open();
  Compile(cache, "a");
  fs::resize_file(Entries().front() / "data", 10);
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
  fs::remove(Entries().front() / "entry.json");
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
  fs::remove(Entries().front() / "model");
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
  EXPECT_EQ(Compile(cache, "a"), Origin::kFound);
}

TEST_F(CompileCacheTest, AnEntryOfSomethingElseUnderThisNameIsNotUsed) {
  CompileCache cache = Open();
  Compile(cache, "a");
  const fs::path a = Entries().front();
  Compile(cache, "b");
  const fs::path b = Entries().front() == a ? Entries().back() : Entries().front();
  fs::remove_all(a);
  fs::rename(b, a);
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
  EXPECT_EQ(cache.counts().damaged, 1U);
}

TEST_F(CompileCacheTest, FilesThatLieElsewhereAreNotRead) {
  CompileCache cache = Open();
  Compile(cache, "a");
  const std::string path = (Entries().front() / "entry.json").string();
  std::string text = *ReadFile(path);
  const std::size_t at = text.find("\"data\"");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 6, "\"../data\"");
  ASSERT_TRUE(WriteFileAtomically(path, text).ok());
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
}

TEST_F(CompileCacheTest, TheLeastRecentlyUsedGoWhenThereIsTooMuch) {
  // Room for three entries of 1.2 to 1.4 kB.
  CompileCache cache = Open(4500);
  for (const std::string model : {"a", "b", "c"}) Compile(cache, model);
  EXPECT_EQ(Entries().size(), 3U);
  EXPECT_EQ(Compile(cache, "a"), Origin::kFound);
  EXPECT_EQ(Compile(cache, "d"), Origin::kBuilt);
  EXPECT_EQ(Compile(cache, "a"), Origin::kFound);
  EXPECT_EQ(Compile(cache, "c"), Origin::kFound);
  EXPECT_EQ(cache.counts().removed, 1U);
  EXPECT_EQ(Compile(cache, "b"), Origin::kBuilt);
}

// Fault A8: what was compiled and is in use
TEST_F(CompileCacheTest, WhatIsInUseStays) {
  CompileCache cache = Open(3000);
  Compile(cache, "a");
  Result<FileDescriptor> use = LockFolder(Entries().front().string(), FolderLock::kInUse);
  ASSERT_TRUE(use.ok()) << use.status().ToString();
  for (const std::string model : {"b", "c", "d"}) Compile(cache, model);
  EXPECT_EQ(Compile(cache, "a"), Origin::kFound);
  for (const std::string model : {"b", "c"}) Compile(cache, model);
  use->Close();
  for (const std::string model : {"d", "b", "c"}) Compile(cache, model);
  EXPECT_EQ(Compile(cache, "a"), Origin::kBuilt);
}

TEST_F(CompileCacheTest, AModelLargerThanAllThatMayBeKeptIsCompiled) {
  CompileCache cache = Open(500);
  EXPECT_EQ(Compile(cache, "a"), Origin::kCompiled);
  EXPECT_TRUE(Entries().empty());
}

// Fault A11: compiled models that cannot be kept
TEST_F(CompileCacheTest, AFolderThatCannotBeWrittenIsNoError) {
  ASSERT_TRUE(WriteFileAtomically(folder(), "a file where the folder would be").ok());
  CompileCache cache = Open();
  EXPECT_EQ(Compile(cache, "a"), Origin::kCompiled);
}

TEST_F(CompileCacheTest, AnEngineThatCannotWriteIsNoError) {
  engine_.can_write = false;
  CompileCache cache = Open();
  EXPECT_EQ(Compile(cache, "a"), Origin::kCompiled);
  EXPECT_TRUE(Entries().empty());
}

TEST_F(CompileCacheTest, AModelThatCannotBeCompiledIsTheEnginesError) {
  CompileCache cache = Open();
  const auto compiled = cache.Compile(engine_, {"broken.onnx", "broken", 100}, {});
  ASSERT_FALSE(compiled.ok());
  EXPECT_EQ(compiled.status().message(), "no model");
  EXPECT_TRUE(Entries().empty());
}

TEST_F(CompileCacheTest, AModelsFilesAreVerifiedBeforeTheyAreReadAndNotWhereTheyAreNot) {
  CompileCache cache = Open();
  int asked = 0;
  Status said = DataLoss("a bit of it flipped");
  const CacheableModel model{"a.onnx", "a", 100, [&] { return ++asked, said; }};
  EXPECT_EQ(cache.Compile(engine_, model, {}).status().message(), said.message());
  EXPECT_FALSE(fs::exists(folder()));
  said = {};
  EXPECT_EQ(cache.Compile(engine_, model, {})->origin, Origin::kBuilt);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(cache.Compile(engine_, model, {})->origin, Origin::kFound);
  EXPECT_EQ(asked, 2);
  const CacheableModel unnamed{"a.onnx", "", 100, model.verify};
  EXPECT_EQ(cache.Compile(engine_, unnamed, {})->origin, Origin::kCompiled);
  EXPECT_EQ(asked, 3);
}

TEST_F(CompileCacheTest, NotesComeBackWithTheEntry) {
  CompileCache cache = Open();
  const auto built = cache.Compile(engine_, {"a.onnx", "a", 100}, {});
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(built->notes, "");
  cache.Note(built->entry, "{\"run\": 1}");
  const auto found = cache.Compile(engine_, {"a.onnx", "a", 100}, {});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->origin, Origin::kFound);
  EXPECT_EQ(found->notes, "{\"run\": 1}");
}

TEST_F(CompileCacheTest, ManyThreadsAndCachesBuildOneEntry) {
  std::vector<std::thread> threads;
  std::atomic<int> loaded = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      CompileCache cache = Open();
      for (int round = 0; round < 10; ++round)
        loaded += Compile(cache, "a") == Origin::kCompiled ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(loaded, 40);
  EXPECT_EQ(Entries().size(), 1U);
}

/// How a process ended that keeps a model and loads it, with that failpoint armed.
int EndOfProbe(const std::string& folder, const std::string& identity, const std::string& armed) {
  const std::string probe = std::string(SLIPWAY_BINARY_DIR) + "/tests/compile_probe";
  const std::string set = "SLIPWAY_FAILPOINTS_SET=" + armed;
  const std::array<const char*, 4> words = {probe.c_str(), folder.c_str(), identity.c_str(),
                                            nullptr};
  const std::array<const char*, 2> environment = {set.c_str(), nullptr};
  pid_t process = -1;
  EXPECT_EQ(
      posix_spawn(&process, probe.c_str(), nullptr, nullptr, const_cast<char* const*>(words.data()),
                  const_cast<char* const*>(environment.data())),
      0);
  int status = 0;
  waitpid(process, &status, 0);
  return status;
}

// Fault A1: a server killed while it compiles a model, or loads what was kept.
TEST_F(CompileCacheTest, KilledAtEveryFailpointTheNextProcessFindsNothingOrTheWhole) {
  ASSERT_EQ(EndOfProbe(folder(), "first", ""), 0);
  for (const std::string_view name : kCompileFailpoints) {
    SCOPED_TRACE(name);
    const std::string identity(name);
    const int status = EndOfProbe(folder(), identity, fmt::format("{}=crash@1", name));
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    CompileCache cache = Open();
    for (const fs::path& entry : Entries())
      EXPECT_EQ(entry.filename().string().find("building-"), std::string::npos) << entry;
    const bool is_kept = name == "compile.kept" || name == "compile.verified";
    EXPECT_EQ(Compile(cache, identity), is_kept ? Origin::kFound : Origin::kBuilt);
    EXPECT_EQ(cache.counts().damaged, 0U);
  }
}

// Fault A1: what killed processes left
TEST_F(CompileCacheTest, WhatKilledProcessesLeftGoesWithWhoComesNext) {
  CompileCache cache = Open();
  Compile(cache, "a");
  const std::string left = folder() + "/building-left";
  const std::string used = folder() + "/building-used";
  for (const std::string& path : {left, used}) fs::create_directory(path);
  const FileDescriptor lock(open(used.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);  // as another process that is at work
  Compile(cache, "b");
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(used));
  fs::create_directory(left);
  Open();
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(used));
}

}  // namespace
}  // namespace slipway::engine
