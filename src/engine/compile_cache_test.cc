#include "engine/compile_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/file.h"

namespace slipway::engine {
namespace {

namespace fs = std::filesystem;
using Origin = CompileCache::Origin;

class NoModel final : public Executable {
 public:
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView>, std::span<const std::size_t>, std::span<TensorBuffer>,
             const RunLimits&) const override {
    return {};
  }

 private:
  Signature signature_;
};

/// Writes two files for a model, and loads only what it wrote.
class FileEngine final : public Engine {
 public:
  std::string form = "release 1";
  std::atomic<int> compiled = 0;
  std::atomic<int> written = 0;
  bool can_write = true;

  std::string_view name() const override { return "file"; }
  std::string version() const override { return "1"; }
  Result<std::unique_ptr<Executable>> Compile(const ModelSource& source,
                                              const CompileOptions&) override {
    ++compiled;
    if (source.path.find("broken") != std::string::npos) return InvalidArgument("no model");
    return std::unique_ptr<Executable>(std::make_unique<NoModel>());
  }
  std::string CompiledFormKey(const CompileOptions&) const override { return form; }
  Status WriteCompiled(const ModelSource& source, const CompileOptions&,
                       const std::string& folder) override {
    ++written;
    if (!can_write || source.path.find("broken") != std::string::npos)
      return InvalidArgument("it cannot be written");
    std::ofstream(folder + "/model") << "model of " << source.path;
    std::ofstream(folder + "/data") << std::string(1000, 'd');
    return {};
  }
  Result<std::unique_ptr<Executable>> LoadCompiled(const std::string& folder,
                                                   const CompileOptions&) override {
    if (!fs::exists(folder + "/data")) return DataLoss("no data");
    return std::unique_ptr<Executable>(std::make_unique<NoModel>());
  }
};

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

TEST_F(CompileCacheTest, AModelLargerThanAllThatMayBeKeptIsCompiled) {
  CompileCache cache = Open(500);
  EXPECT_EQ(Compile(cache, "a"), Origin::kCompiled);
  EXPECT_TRUE(Entries().empty());
}

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

TEST_F(CompileCacheTest, WhatKilledProcessesLeftGoesAfterAWhile) {
  CompileCache cache = Open();
  Compile(cache, "a");
  for (const std::string name : {"building-old", "building-new"})
    fs::create_directory(folder() + "/" + name);
  const timespec long_ago[] = {{.tv_sec = 1'000'000, .tv_nsec = 0},
                               {.tv_sec = 1'000'000, .tv_nsec = 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder() + "/building-old").c_str(), long_ago, 0), 0);
  Compile(cache, "b");
  EXPECT_FALSE(fs::exists(folder() + "/building-old"));
  EXPECT_TRUE(fs::exists(folder() + "/building-new"));
}

}  // namespace
}  // namespace slipway::engine
