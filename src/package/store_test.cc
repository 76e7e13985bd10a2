#include "package/store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/error_catalogue.h"
#include "package/store_file.h"

namespace slipway::package {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

enum class Verdict : int { kGood = 0, kBad = 1, kNotPossibleHere = 2 };

/// What `body` returns in a child process.
template <class Body>
Verdict InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(static_cast<int>(body()));
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? static_cast<Verdict>(WEXITSTATUS(status)) : Verdict::kBad;
}

Verdict GoodIf(bool condition) { return condition ? Verdict::kGood : Verdict::kBad; }

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<TemporaryDirectory> folder = TemporaryDirectory::Create("store-test-");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
    store_.emplace(*BlobStore::Open(Folder()));
  }
  std::string Folder() const { return folder_->path() + "/store"; }
  Blob Added(const std::string& content) const {
    const Result<Blob> blob = store_->Add(BytesOf(content));
    EXPECT_TRUE(blob.ok()) << blob.status().ToString();
    return blob.ok() ? *blob : Blob();
  }
  std::string Write(const std::string& name, const std::string& content) const {
    const std::string path = folder_->path() + "/" + name;
    std::ofstream(path) << content;
    return path;
  }
  void Damage(const Blob& blob, const std::string& content) const {
    fs::remove(store_->PathOf(blob.digest));
    std::ofstream(store_->PathOf(blob.digest)) << content;
  }
  void MakeOld(const Blob& blob) const {
    const timespec times[2] = {{.tv_sec = 1'000'000'000}, {.tv_sec = 1'000'000'000}};
    EXPECT_EQ(utimensat(AT_FDCWD, store_->PathOf(blob.digest).c_str(), times, 0), 0);
  }

  std::optional<TemporaryDirectory> folder_;
  std::optional<BlobStore> store_;
};

TEST_F(StoreTest, ContentIsFoundUnderItsDigest) {
  const Blob blob = Added("hello");
  EXPECT_EQ(blob.digest, Sha256Of("hello"));
  EXPECT_EQ(blob.size, 5U);
  EXPECT_TRUE(store_->Has(blob.digest));
  EXPECT_EQ(*store_->Read(blob, 100), "hello");
  EXPECT_THAT(*store_->List(), ElementsAre(blob.digest));
  EXPECT_EQ(store_->PathOf(blob.digest), Folder() + "/blobs/sha256/" + blob.digest.Hex());
}

TEST_F(StoreTest, EmptyContentIsContentToo) { EXPECT_EQ(*store_->Read(Added(""), 1), ""); }

TEST_F(StoreTest, ContentThatIsThereIsNotWrittenAgainButCountsAsNew) {
  const Blob blob = Added("hello");
  struct stat before;
  struct stat after;
  MakeOld(blob);
  EXPECT_GT(*store_->AgeSeconds(blob.digest), 1'000'000);
  ASSERT_EQ(stat(store_->PathOf(blob.digest).c_str(), &before), 0);
  Added("hello");
  ASSERT_EQ(stat(store_->PathOf(blob.digest).c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_LT(*store_->AgeSeconds(blob.digest), 1000);
}

TEST_F(StoreTest, AddingAgainRepairsDamage) {
  const Blob blob = Added("hello");
  Damage(blob, "hallo");
  Added("hello");
  EXPECT_EQ(*store_->Read(blob, 100), "hello");
}

TEST_F(StoreTest, AFileOutsideIsCopiedAndStays) {
  const std::string path = Write("weights", "numbers");
  const Result<Blob> blob = store_->AddFile(path);
  ASSERT_TRUE(blob.ok()) << blob.status().ToString();
  EXPECT_EQ(*store_->Read(*blob, 100), "numbers");
  EXPECT_TRUE(fs::exists(path));
  std::ofstream(path) << "changed later";
  EXPECT_EQ(*store_->Read(*blob, 100), "numbers");
}

TEST_F(StoreTest, AFileInItsTemporaryFolderIsMoved) {
  const std::string path = store_->temporary_folder() + "/weights";
  std::ofstream(path) << "numbers";
  const Result<Blob> blob = store_->AddFile(path);
  ASSERT_TRUE(blob.ok()) << blob.status().ToString();
  EXPECT_EQ(*store_->Read(*blob, 100), "numbers");
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(StoreTest, OnlyRegularFilesAreAdded) {
  ASSERT_EQ(mkfifo((folder_->path() + "/pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder_->path() + "/pipe", folder_->path(),
                                  std::string("/dev/null"), folder_->path() + "/missing"}) {
    EXPECT_FALSE(store_->AddFile(path).ok()) << path;
  }
  EXPECT_TRUE(store_->List()->empty());
}

// Bad input P1: a blob that is shorter, longer or other than its digest says is a digest mismatch
// Fault A5: of one file
TEST_F(StoreTest, WhatIsNotWhatItsDigestSaysIsNotOpened) {
  const Blob blob = Added("hello");
  for (const char* damaged : {"hell", "hello!", "hallo", ""}) {
    Damage(blob, damaged);
    for (const Status& status :
         {store_->OpenVerified(blob).status(), store_->Read(blob, 100).status()}) {
      EXPECT_EQ(status.code(), Code::kDataLoss) << damaged;
      EXPECT_EQ(status.number(), errors::kDigestMismatch) << damaged;
      EXPECT_THAT(status.message(), HasSubstr("digest mismatch"));
    }
  }
}

TEST_F(StoreTest, AMissingBlobIsNotFound) {
  const Blob blob{Sha256Of("nowhere"), 7};
  EXPECT_FALSE(store_->Has(blob.digest));
  for (const Status& status :
       {store_->OpenVerified(blob).status(), store_->Read(blob, 100).status(),
        store_->Remove(blob.digest), store_->SizeOf(blob.digest).status(),
        store_->AgeSeconds(blob.digest).status()}) {
    EXPECT_EQ(status.code(), Code::kNotFound) << status.ToString();
  }
}

TEST_F(StoreTest, LargeBlobsAreNotReadWhole) {
  EXPECT_EQ(store_->Read(Added("hello"), 4).status().code(), Code::kResourceExhausted);
}

TEST_F(StoreTest, StrangersAmongTheBlobsAreNotListed) {
  const Blob blob = Added("hello");
  std::ofstream(Folder() + "/blobs/sha256/README") << "x";
  EXPECT_THAT(*store_->List(), ElementsAre(blob.digest));
}

// Fault A1: what a killed writer left
TEST_F(StoreTest, OpeningRemovesWhatAKilledWriterLeftAndNothingOfALivingOne) {
  const std::string dead = store_->temporary_folder() + "/1.0.part";
  std::ofstream(dead) << "half";
  const Result<StoreFile> living = StoreFile::Create(store_->temporary_folder(), 10);
  ASSERT_TRUE(living.ok());
  ASSERT_TRUE(BlobStore::Open(Folder()).ok());
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_EQ(std::distance(fs::directory_iterator(store_->temporary_folder()), {}), 1);
}

TEST_F(StoreTest, AFileThatIsNotPublishedLeavesNothing) {
  {
    Result<StoreFile> file = StoreFile::Create(store_->temporary_folder(), 5);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Write(BytesOf("hello")).ok());
  }
  EXPECT_TRUE(fs::is_empty(store_->temporary_folder()));
}

// Fault A7: the same content
TEST_F(StoreTest, ProcessesAddTheSameContentAtOnce) {
  const std::string content(300'000, 'x');
  std::vector<pid_t> children;
  for (int process = 0; process < 4; ++process) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    const Result<BlobStore> store = BlobStore::Open(Folder());
    bool good = store.ok();
    for (int i = 0; good && i < 20; ++i) good = store->Add(BytesOf(content)).ok();
    _exit(good ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(*store_->Read({Sha256Of(content), content.size()}, 1 << 20), content);
  EXPECT_EQ(store_->List()->size(), 1U);
  EXPECT_TRUE(fs::is_empty(store_->temporary_folder()));
}

// Fault A3: said with both numbers
TEST_F(StoreTest, AFullDiskIsSaidWithBothNumbersAndLeavesNothing) {
  const Verdict verdict = InChild([&] {
    const std::string small_disk = folder_->path() + "/disk";
    fs::create_directories(small_disk);
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", small_disk.c_str(), "tmpfs", 0, "size=256k") != 0) {
      return Verdict::kNotPossibleHere;
    }
    const Result<BlobStore> store = BlobStore::Open(small_disk);
    if (!store.ok() || !store->Add(BytesOf(std::string(50'000, 'a'))).ok()) return Verdict::kBad;
    const Status status = store->Add(BytesOf(std::string(500'000, 'b'))).status();
    return GoodIf(status.code() == Code::kResourceExhausted &&
                  status.number() == errors::kStoreFull &&
                  status.message().find("500000 bytes") != std::string::npos &&
                  status.message().find("free") != std::string::npos &&
                  fs::is_empty(store->temporary_folder()) && store->List()->size() == 1 &&
                  store->Add(BytesOf("still room for this")).ok());
  });
  if (verdict == Verdict::kNotPossibleHere) GTEST_SKIP() << "no mounts for this user";
  EXPECT_EQ(verdict, Verdict::kGood);
}

// Fault A3: while a file is written
TEST_F(StoreTest, ADiskThatFillsWhileWritingLeavesNothing) {
  const std::string path = Write("weights", std::string(200'000, 'w'));
  EXPECT_EQ(InChild([&] {
              signal(SIGXFSZ, SIG_IGN);
              const rlimit small{100'000, 100'000};
              setrlimit(RLIMIT_FSIZE, &small);
              for (const Status& status : {store_->Add(BytesOf(std::string(200'000, 'x'))).status(),
                                           store_->AddFile(path).status()}) {
                if (status.number() != errors::kStoreFull) return Verdict::kBad;
              }
              return GoodIf(fs::is_empty(store_->temporary_folder()) && store_->List()->empty());
            }),
            Verdict::kGood);
}

// Fault A11: read-only
TEST_F(StoreTest, AReadOnlyStoreIsReadAndSaysSoWhenWritten) {
  const Blob blob = Added("hello");
  ASSERT_EQ(chmod(folder_->path().c_str(), 0755), 0);
  EXPECT_EQ(InChild([&] {
              constexpr uid_t kNobody = 65534;
              if (geteuid() == 0) {
                if (seteuid(kNobody) != 0) return Verdict::kNotPossibleHere;
              } else {
                chmod(store_->temporary_folder().c_str(), 0555);
              }
              const Result<BlobStore> store = BlobStore::Open(Folder());
              if (!store.ok() || *store->Read(blob, 100) != "hello") return Verdict::kBad;
              const Status status = store->Add(BytesOf("more")).status();
              return GoodIf(status.code() == Code::kPermissionDenied &&
                            status.hint().find("read-only") != std::string::npos);
            }),
            Verdict::kGood);
}

class PackageTest : public StoreTest {
 protected:
  Manifest Described() const {
    Manifest manifest;
    manifest.name = "m";
    manifest.graph = Added("graph");
    manifest.weights = Added("weights");
    manifest.signature.outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1}}};
    return manifest;
  }
};

TEST_F(PackageTest, OpensWithEverythingVerified) {
  const Manifest manifest = Described();
  const Blob text = Added(EncodeManifest(manifest));
  const Result<Package> package = OpenPackage(*store_, text.digest);
  ASSERT_TRUE(package.ok()) << package.status().ToString();
  EXPECT_EQ(package->manifest, manifest);
  EXPECT_EQ(package->digest, text.digest);
  EXPECT_EQ(package->graph_path, store_->PathOf(manifest.graph->digest));
  EXPECT_EQ(package->total_bytes, text.size + 5 + 7);
}

TEST_F(PackageTest, ADamagedOrMissingFileIsNamed) {
  const Manifest manifest = Described();
  const Digest digest = Added(EncodeManifest(manifest)).digest;
  Damage(*manifest.weights, "waights");
  EXPECT_EQ(OpenPackage(*store_, digest).status().number(), errors::kDigestMismatch);
  ASSERT_TRUE(store_->Remove(manifest.weights->digest).ok());
  const Status status = OpenPackage(*store_, digest).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_THAT(status.ToString(), HasSubstr(manifest.weights->digest.Hex()));
}

TEST_F(PackageTest, ADamagedManifestIsDataLoss) {
  const Blob text = Added(EncodeManifest(Described()));
  Damage(text, std::string(text.size, ' '));
  EXPECT_EQ(OpenPackage(*store_, text.digest).status().number(), errors::kDigestMismatch);
}

TEST_F(PackageTest, AManifestThatCannotBeReadIsTheStoresFault) {
  const Status status = OpenPackage(*store_, Added("{\"schema\": \"other\"}").digest).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_EQ(status.number(), errors::kInvalidPackage);
}

TEST_F(PackageTest, AMissingOneIsNotFound) {
  EXPECT_EQ(OpenPackage(*store_, Sha256Of("nowhere")).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace slipway::package
