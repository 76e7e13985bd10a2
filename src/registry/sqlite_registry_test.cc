#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error_catalogue.h"
#include "registry/registry_test_store.h"
#include "registry/sqlite.h"

namespace slipway::registry {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(RegistryTest, ANewStoreIsEmpty) { EXPECT_THAT(*registry_->List(), IsEmpty()); }

TEST_F(RegistryTest, VersionsCountFromOne) {
  EXPECT_EQ(Published("a", "one"), 1);
  EXPECT_EQ(Published("a", "two"), 2);
  EXPECT_EQ(Published("b", "one"), 1);
}

TEST_F(RegistryTest, WhatIsPublishedIsThereAfterReopening) {
  const ModelVersion published = *Publish("a", "one");
  Reopen();
  const Result<std::vector<ModelVersion>> versions = registry_->List();
  ASSERT_EQ(versions->size(), 1U);
  EXPECT_EQ((*versions)[0].package, published.package);
  EXPECT_EQ((*versions)[0].total_bytes, published.total_bytes);
  EXPECT_EQ((*versions)[0].created_unix_seconds, published.created_unix_seconds);
  const Result<package::Package> package = registry_->Open((*versions)[0]);
  ASSERT_TRUE(package.ok()) << package.status().ToString();
  EXPECT_EQ(package->total_bytes, published.total_bytes);
}

TEST_F(RegistryTest, PublishingTheNewestAgainChangesNothing) {
  EXPECT_EQ(Published("a", "one"), 1);
  EXPECT_EQ(Published("a", "one"), 1);
  EXPECT_EQ(registry_->History("a")->size(), 1U);
}

TEST_F(RegistryTest, PublishingAnOlderPackageAgainIsANewVersion) {
  Published("a", "one");
  Published("a", "two");
  EXPECT_EQ(Published("a", "one"), 3);
}

TEST_F(RegistryTest, RemovedNumbersAreNeverUsedAgain) {
  Published("a", "one");
  Published("a", "two");
  ASSERT_TRUE(registry_->Remove("a", 2).ok());
  EXPECT_EQ(Published("a", "three"), 3);
  ASSERT_TRUE(registry_->Remove("a", std::nullopt).ok());
  Reopen();
  EXPECT_EQ(Published("a", "four"), 4);
}

TEST_F(RegistryTest, VersionsAreListedByModelThenNumber) {
  for (int i = 0; i < 11; ++i) Published("b", std::to_string(i));
  Published("a", "x");
  const std::vector<ModelVersion> versions = *registry_->List();
  ASSERT_EQ(versions.size(), 12U);
  EXPECT_EQ(versions[0].model, "a");
  EXPECT_EQ(versions[11].version, 11);
}

TEST_F(RegistryTest, AliasesMoveAndAreListedWithTheirVersion) {
  Published("a", "one");
  Published("a", "two");
  ASSERT_TRUE(registry_->SetAlias("a", "prod", 1).ok());
  ASSERT_TRUE(registry_->SetAlias("a", "blue", 2).ok());
  ASSERT_TRUE(registry_->SetAlias("a", "prod", 2).ok());
  const std::vector<ModelVersion> versions = *registry_->ListVersions("a");
  EXPECT_THAT(versions[0].aliases, IsEmpty());
  EXPECT_THAT(versions[1].aliases, ElementsAre("blue", "prod"));
  EXPECT_EQ(registry_->Resolve({.model = "a", .alias = "prod"})->version, 2);
}

TEST_F(RegistryTest, AnAliasGoesWhenItIsRemovedAndWithItsVersion) {
  Published("a", "one");
  Published("a", "two");
  ASSERT_TRUE(registry_->SetAlias("a", "prod", 1).ok());
  ASSERT_TRUE(registry_->SetAlias("a", "test", 2).ok());
  ASSERT_TRUE(registry_->RemoveAlias("a", "prod").ok());
  ASSERT_TRUE(registry_->Remove("a", 2).ok());
  EXPECT_FALSE(registry_->Resolve({.model = "a", .alias = "prod"}).ok());
  EXPECT_FALSE(registry_->Resolve({.model = "a", .alias = "test"}).ok());
  EXPECT_EQ(registry_->RemoveAlias("a", "prod").code(), Code::kNotFound);
}

TEST_F(RegistryTest, AnAliasNeedsAVersionThatExists) {
  Published("a", "one");
  EXPECT_EQ(registry_->SetAlias("a", "prod", 2).number(), errors::kModelNotFound);
  EXPECT_EQ(registry_->SetAlias("a", "latest", 1).number(), errors::kUsage);
}

TEST_F(RegistryTest, HistoryTellsWhatHappenedAlsoAfterRemoval) {
  Published("a", "one");
  ASSERT_TRUE(registry_->SetAlias("a", "prod", 1).ok());
  ASSERT_TRUE(registry_->RemoveAlias("a", "prod").ok());
  ASSERT_TRUE(registry_->Remove("a", std::nullopt).ok());
  const Result<std::vector<Event>> history = registry_->History("a");
  ASSERT_TRUE(history.ok());
  std::vector<std::string> what;
  for (const Event& event : *history) what.push_back(event.what);
  EXPECT_THAT(what, ElementsAre("published", "alias-set", "alias-removed", "removed"));
}

TEST_F(RegistryTest, UnknownModelsAreOfferedTheNearest) {
  Published("mnist", "one");
  for (const Status& status :
       {registry_->Resolve({.model = "mnits"}).status(), registry_->Remove("mnits", 1),
        registry_->ListVersions("mnits").status(), registry_->History("mnits").status(),
        registry_->SetAlias("mnits", "prod", 1)}) {
    EXPECT_EQ(status.code(), Code::kNotFound);
    EXPECT_EQ(status.number(), errors::kModelNotFound);
    EXPECT_THAT(status.hint(), HasSubstr("mnist"));
  }
}

TEST_F(RegistryTest, NamesOutsideThePatternAreRefused) {
  for (const char* name : {"", "../a", "a/b", "-a", "a."}) {
    EXPECT_EQ(Publish(name, "one").status().number(), errors::kUsage) << name;
  }
}

// Bad input P1: a package whose file is missing or of another size is not published
TEST_F(RegistryTest, APackageWithoutItsFilesIsNotPublished) {
  package::Manifest manifest = AddPackage(registry_->blobs(), "one");
  manifest.graph->size += 1;
  EXPECT_EQ(registry_->Publish("a", manifest).status().number(), errors::kInvalidPackage);
  manifest.graph = package::Blob{Sha256Of("nowhere"), 7};
  EXPECT_EQ(registry_->Publish("a", manifest).status().number(), errors::kInvalidPackage);
  EXPECT_THAT(*registry_->List(), IsEmpty());
}

// Bad input P1: changed, missing or extra bytes in a stored file are a digest mismatch
// Fault A5: changed, cut or empty files
TEST_F(RegistryTest, ADamagedFileIsFoundWhenItsVersionIsOpened) {
  const ModelVersion version = *Publish("a", "one");
  const std::string path = registry_->Open(version)->graph_path;
  const std::string content = *ReadFile(path);
  for (const std::string& damaged :
       {content + "x", content.substr(1), std::string(content.size(), 'x'), std::string()}) {
    fs::remove(path);
    std::ofstream(path) << damaged;
    const Status status = registry_->Open(version).status();
    EXPECT_EQ(status.number(), errors::kDigestMismatch) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr("digest mismatch"));
  }
}

TEST_F(RegistryTest, AManifestThatCouldNotBeReadAgainIsNotPublished) {
  package::Manifest manifest = AddPackage(registry_->blobs(), "one");
  manifest.labels["no_such_output"] = {"a"};
  EXPECT_EQ(registry_->Publish("a", manifest).status().number(), errors::kInvalidPackage);
}

TEST_F(RegistryTest, GarbageIsWhatNoVersionNames) {
  Published("a", "one");
  Published("a", "two");
  ASSERT_TRUE(registry_->Remove("a", 1).ok());
  const GarbageReport planned = *registry_->CollectGarbage(0, true);
  EXPECT_EQ(planned.blobs_removed, 3U);  // graph, weights, manifest
  EXPECT_EQ(registry_->blobs().List()->size(), 6U);
  const GarbageReport done = *registry_->CollectGarbage(0, false);
  EXPECT_EQ(done.bytes_removed, planned.bytes_removed);
  EXPECT_EQ(done.blobs_kept, 3U);
  EXPECT_TRUE(registry_->Open(*registry_->Resolve({.model = "a"})).ok());
}

// Fault A8: what is being published stays
TEST_F(RegistryTest, YoungGarbageStays) {
  AddPackage(registry_->blobs(), "being published");
  EXPECT_EQ(registry_->CollectGarbage(3600, false)->blobs_removed, 0U);
  EXPECT_EQ(registry_->blobs().List()->size(), 2U);
}

// Fault A8: what another version needs stays
TEST_F(RegistryTest, AFileThatTwoVersionsShareStaysForTheOther) {
  Published("a", "one");
  Published("b", "one");
  ASSERT_TRUE(registry_->Remove("a", std::nullopt).ok());
  ASSERT_TRUE(registry_->CollectGarbage(0, false).ok());
  EXPECT_TRUE(registry_->Open(*registry_->Resolve({.model = "b"})).ok());
}

// Fault B2: damaged
TEST_F(RegistryTest, ADamagedCatalogueIsRefusedWithWhatToDo) {
  Published("a", "one");
  registry_.reset();
  std::ofstream(Folder() + "/catalogue.db") << std::string(8192, 'x');
  fs::remove(Folder() + "/catalogue.db-wal");
  const Status status = Registry::Open(Folder()).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.number(), errors::kStoreCorrupt);
  EXPECT_THAT(status.hint(), HasSubstr("catalogue.db"));
}

// Fault B2: gone
TEST_F(RegistryTest, ALostCatalogueDoesNotMakeItsFilesGarbage) {
  Published("a", "one");
  registry_.reset();
  for (const char* name : {"catalogue.db", "catalogue.db-wal", "catalogue.db-shm"}) {
    fs::remove(Folder() + "/" + name);
  }
  const Status status = Registry::Open(Folder()).status();
  EXPECT_EQ(status.number(), errors::kStoreCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("3 files"));
}

// Fault B4: newer
TEST_F(RegistryTest, ANewerCatalogueIsRefusedUnchanged) {
  registry_.reset();
  {
    Database database = *Database::Open(Folder() + "/catalogue.db", Database::Access::kReadWrite);
    ASSERT_TRUE(database.Execute("PRAGMA user_version = 99").ok());
  }
  const Status status = Registry::Open(Folder()).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_EQ(status.number(), errors::kStoreNewer);
}

/// Runs `body` in a child; true if it returned true there.
template <class Body>
bool InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// A user who owns nothing.
bool BecomeNobody() {
  constexpr uid_t kNobody = 65534;
  return geteuid() != 0 || seteuid(kNobody) == 0;
}

// Fault A11: somebody else's store
TEST_F(RegistryTest, AStoreThatMayOnlyBeReadIsReadAndSaysSoWhenWritten) {
  Published("a", "one");
  registry_.reset();  // closes the log: what a medium that nobody writes to holds
  ASSERT_EQ(chmod(Folder().c_str(), 0555), 0);
  EXPECT_TRUE(InChild([&] {
    if (!BecomeNobody()) return false;
    const Result<std::unique_ptr<Registry>> registry = Registry::Open(Folder());
    if (!registry.ok() || !(*registry)->Open(*(*registry)->Resolve({.model = "a"})).ok()) {
      return false;
    }
    const Status status = (*registry)->SetAlias("a", "prod", 1);
    return status.code() == Code::kPermissionDenied &&
           status.message().find("read-only") != std::string::npos;
  }));
  ASSERT_EQ(chmod(Folder().c_str(), 0755), 0);
}

TEST_F(RegistryTest, ACatalogueThatCannotBeOpenedSaysWhy) {
  registry_.reset();
  fs::remove_all(Folder() + "/catalogue.db");
  fs::create_directory(Folder() + "/catalogue.db");
  const Result<std::unique_ptr<Registry>> registry = Registry::Open(Folder());
  ASSERT_FALSE(registry.ok());
  EXPECT_THAT(registry.status().ToString(), HasSubstr("cannot be opened: Is a directory"));
}

TEST_F(RegistryTest, AReaderSeesWhatAnotherProcessPublishesLater) {
  Published("a", "one");
  ASSERT_EQ(chmod(Folder().c_str(), 0755), 0);
  int begin[2];
  int done[2];
  ASSERT_EQ(pipe(begin), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    registry_.release();  // NOLINT: the parent's connection must not be closed here
    Result<std::unique_ptr<Registry>> registry = Registry::Open(Folder());
    char byte = registry.ok() ? 'r' : 'x';
    static_cast<void>(write(begin[1], &byte, 1) + read(done[0], &byte, 1));
    _exit(registry.ok() && (*registry)->Resolve({.model = "a"})->version == 2 ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(read(begin[0], &byte, 1), 1);
  EXPECT_EQ(Published("a", "two"), 2);
  ASSERT_EQ(write(done[1], &byte, 1), 1);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// Fault A7: from several processes
TEST_F(RegistryTest, ProcessesPublishAtOnceAndEveryNumberIsUsedOnce) {
  constexpr int kProcesses = 4;
  constexpr int kEach = 10;
  registry_.reset();
  fs::remove_all(Folder() + "/catalogue.db");  // they race for its creation too
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    bool good = true;
    const Result<std::unique_ptr<Registry>> registry = Registry::Open(Folder());
    for (int i = 0; good && i < kEach; ++i) {
      const std::string content = std::to_string(process) + "/" + std::to_string(i);
      good = registry.ok() &&
             (*registry)->Publish("a", AddPackage((*registry)->blobs(), content)).ok();
    }
    _exit(good ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  Reopen();
  const std::vector<std::int64_t> numbers = Numbers("a");
  ASSERT_EQ(numbers.size(), std::size_t{kProcesses * kEach});
  EXPECT_EQ(numbers.front(), 1);
  EXPECT_EQ(numbers.back(), kProcesses * kEach);
}

TEST_F(RegistryTest, ThreadsShareOneRegistry) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 5; ++i) {
        Published("a", std::to_string(thread) + "/" + std::to_string(i));
        EXPECT_TRUE(registry_->Resolve({.model = "a"}).ok());
      }
    });
  }
  threads.clear();
  EXPECT_EQ(Numbers("a").size(), 20U);
}

// Fault A3: in a publish
TEST_F(RegistryTest, AFullDiskFailsThePublishAndChangesNothing) {
  Published("a", "one");
  registry_.reset();
  EXPECT_TRUE(InChild([&] {
    signal(SIGXFSZ, SIG_IGN);  // the limit of a file's size stands for the end of the disk
    const Result<std::unique_ptr<Registry>> registry = Registry::Open(Folder());
    if (!registry.ok()) return false;
    const rlimit small{16384, 16384};
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string large(100'000, 'x');
    const Status status = (*registry)->blobs().Add(std::as_bytes(std::span(large))).status();
    return status.code() == Code::kResourceExhausted && status.number() == errors::kStoreFull;
  }));
  Reopen();
  EXPECT_THAT(Numbers("a"), ElementsAre(1));
  EXPECT_TRUE(fs::is_empty(registry_->blobs().temporary_folder()));
  EXPECT_EQ(Published("a", "two"), 2);
}

}  // namespace
}  // namespace slipway::registry
