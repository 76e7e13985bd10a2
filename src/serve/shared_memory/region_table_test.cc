#include "serve/shared_memory/region_table.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <optional>
#include <thread>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

/// A folder of objects, as /dev/shm is one.
class RegionTableTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  void Create(const std::string& name, std::string_view content) {
    ASSERT_TRUE(WriteFileAtomically(Path(name), content).ok());
  }

  static std::string Text(const SharedRange& range) {
    std::string text(range.byte_size(), '\0');
    const Status status = range.Read(std::as_writable_bytes(std::span(text)));
    return status.ok() ? text : status.ToString();
  }

  TemporaryDirectory folder_ = TemporaryDirectory::Create("shm").value();
  RegionTable table_{{.max_regions = 3, .max_bytes = 24}, folder_.path()};
};

TEST_F(RegionTableTest, ARegionIsAPartOfAnObject) {
  Create("input", "0123456789");
  ASSERT_TRUE(table_.Register({.name = "r", .key = "/input", .offset = 2, .byte_size = 6}).ok());
  EXPECT_EQ(Text(table_.Find({.region = "r", .offset = 1, .byte_size = 3}).value()), "345");
  const SharedRange range = table_.Find({.region = "r", .offset = 4, .byte_size = 2}).value();
  ASSERT_TRUE(range.Write(std::as_bytes(std::span("AB", 2))).ok());
  EXPECT_EQ(ReadFile(Path("input")).value(), "012345AB89");
}

TEST_F(RegionTableTest, WhatIsRegisteredIsListedByName) {
  Create("o", "0123456789");
  ASSERT_TRUE(table_.Register({.name = "b", .key = "o", .byte_size = 1}).ok());
  ASSERT_TRUE(table_.Register({.name = "a", .key = "/o", .offset = 3, .byte_size = 2}).ok());
  const std::vector<RegionFacts> regions = table_.Regions();
  ASSERT_EQ(regions.size(), 2U);
  EXPECT_EQ(regions[0].name, "a");
  EXPECT_EQ(regions[0].key, "/o");
  EXPECT_EQ(regions[0].offset, 3U);
  EXPECT_EQ(table_.Facts("b").value().byte_size, 1U);
  EXPECT_EQ(table_.Facts("c").status().code(), Code::kNotFound);
}

TEST_F(RegionTableTest, AKeyIsOneNameInTheFolder) {
  Create("o", "0123456789");
  ASSERT_TRUE(MakeDirectories(Path("folder")).ok());
  Create("folder/o", "0123456789");
  const std::string nul("o\0", 2);
  for (const std::string& key :
       {std::string(), std::string("/"), std::string("//o"), std::string("."), std::string("/.."),
        std::string("../") + folder_.path(), std::string("folder/o"), std::string("/folder/../o"),
        nul, std::string(256, 'o')}) {
    const Status status = table_.Register({.name = "r", .key = key, .byte_size = 1});
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << key;
    EXPECT_THAT(status.message(), HasSubstr("not the key")) << key;
  }
}

TEST_F(RegionTableTest, OnlyPlainObjectsAreOpened) {
  Create("o", "0123456789");
  ASSERT_EQ(symlink(Path("o").c_str(), Path("link").c_str()), 0);
  ASSERT_EQ(symlink("/etc/passwd", Path("away").c_str()), 0);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  ASSERT_TRUE(MakeDirectories(Path("folder")).ok());
  for (const char* key : {"link", "away", "pipe", "folder"}) {
    const Status status = table_.Register({.name = "r", .key = key, .byte_size = 1});
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << key;
    EXPECT_THAT(status.message(), HasSubstr("is not a shared memory object")) << key;
  }
  const Status missing = table_.Register({.name = "r", .key = "/nothing", .byte_size = 1});
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_EQ(missing.ToString().find(folder_.path()), std::string::npos) << missing.ToString();
}

TEST_F(RegionTableTest, ANameIsShortAndPrintable) {
  Create("o", "0123456789");
  for (const std::string& name : {std::string(), std::string("a\nb"), std::string(129, 'a')})
    EXPECT_EQ(table_.Register({.name = name, .key = "o", .byte_size = 1}).code(),
              Code::kInvalidArgument);
}

TEST_F(RegionTableTest, ARegionLiesWithinItsObject) {
  Create("o", "0123456789");
  struct Case {
    std::uint64_t offset;
    std::uint64_t byte_size;
  };
  for (const auto& [offset, byte_size] :
       {Case{0, 0}, Case{0, 11}, Case{10, 1}, Case{9, 2}, Case{kMost, 1}, Case{1, kMost},
        Case{kMost, kMost}, Case{std::uint64_t{1} << 63, 1}}) {
    EXPECT_EQ(
        table_.Register({.name = "r", .key = "o", .offset = offset, .byte_size = byte_size}).code(),
        Code::kInvalidArgument)
        << offset << " " << byte_size;
  }
  EXPECT_TRUE(table_.Regions().empty());
}

TEST_F(RegionTableTest, ATensorLiesWithinItsRegion) {
  Create("o", "0123456789");
  ASSERT_TRUE(table_.Register({.name = "r", .key = "o", .offset = 2, .byte_size = 4}).ok());
  const auto find = [&](std::uint64_t offset, std::optional<std::uint64_t> byte_size) {
    return table_.Find({.region = "r", .offset = offset, .byte_size = byte_size}).status().code();
  };
  EXPECT_EQ(find(0, 4), Code::kOk);
  EXPECT_EQ(find(4, 0), Code::kOk);
  for (const auto& [offset, byte_size] :
       {std::pair{0UL, 5UL}, {4UL, 1UL}, {1UL, kMost}, {kMost, 1UL}})
    EXPECT_EQ(find(offset, byte_size), Code::kInvalidArgument) << offset << " " << byte_size;
  EXPECT_EQ(find(0, std::nullopt), Code::kInvalidArgument);
  EXPECT_EQ(table_.Find({.region = "q", .byte_size = 1}).status().code(), Code::kNotFound);
}

TEST_F(RegionTableTest, RegionsAndTheirBytesAreBounded) {
  Create("o", "0123456789");
  ASSERT_TRUE(table_.Register({.name = "a", .key = "o", .byte_size = 10}).ok());
  ASSERT_TRUE(table_.Register({.name = "b", .key = "o", .byte_size = 10}).ok());
  EXPECT_EQ(table_.Register({.name = "a", .key = "o", .byte_size = 1}).code(),
            Code::kAlreadyExists);
  EXPECT_EQ(table_.Register({.name = "c", .key = "o", .byte_size = 5}).code(),
            Code::kResourceExhausted);
  ASSERT_TRUE(table_.Register({.name = "c", .key = "o", .byte_size = 4}).ok());
  table_.Unregister("a");
  ASSERT_TRUE(table_.Register({.name = "d", .key = "o", .byte_size = 1}).ok());
  EXPECT_EQ(table_.Register({.name = "e", .key = "o", .byte_size = 1}).code(),
            Code::kResourceExhausted);
  table_.UnregisterAll();
  EXPECT_TRUE(table_.Regions().empty());
  EXPECT_TRUE(table_.Register({.name = "a", .key = "o", .byte_size = 10}).ok());
  table_.Unregister("nothing");
}

TEST_F(RegionTableTest, AnUnregisteredRegionLivesAsLongAsItsRequests) {
  Create("o", "0123456789");
  ASSERT_TRUE(table_.Register({.name = "r", .key = "o", .byte_size = 10}).ok());
  const SharedRange range = table_.Find({.region = "r", .byte_size = 4}).value();
  table_.Unregister("r");
  ASSERT_EQ(unlink(Path("o").c_str()), 0);
  EXPECT_EQ(Text(range), "0123");
  EXPECT_EQ(table_.Find({.region = "r", .byte_size = 4}).status().code(), Code::kNotFound);
}

TEST_F(RegionTableTest, AnObjectThatShrankIsAnErrorAndDoesNotGrowAgain) {
  Create("o", "0123456789");
  ASSERT_TRUE(table_.Register({.name = "r", .key = "o", .byte_size = 10}).ok());
  const SharedRange range = table_.Find({.region = "r", .offset = 2, .byte_size = 6}).value();
  ASSERT_EQ(truncate(Path("o").c_str(), 5), 0);
  std::array<std::byte, 6> bytes{};
  for (const Status& status : {range.Read(bytes), range.Write(bytes)}) {
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_THAT(status.message(), HasSubstr("has become shorter"));
  }
  EXPECT_EQ(ReadFile(Path("o")).value(), "01234");
}

TEST_F(RegionTableTest, AnObjectMayShrinkAndGrowWhileItIsRead) {
  constexpr std::size_t kPages = 64;
  const std::string content(kPages * 4096, 'x');
  RegionTable table({}, folder_.path());
  Create("o", content);
  ASSERT_TRUE(table.Register({.name = "r", .key = "o", .byte_size = content.size()}).ok());
  const SharedRange range = table.Find({.region = "r", .byte_size = content.size()}).value();
  std::jthread client([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      EXPECT_EQ(truncate(Path("o").c_str(), 1), 0);
      EXPECT_EQ(truncate(Path("o").c_str(), static_cast<off_t>(content.size())), 0);
    }
  });
  std::vector<std::byte> bytes(content.size());
  for (int i = 0; i < 200; ++i) {
    const Code read = range.Read(bytes).code();
    EXPECT_TRUE(read == Code::kOk || read == Code::kFailedPrecondition);
    const Code written = range.Write(bytes).code();
    EXPECT_TRUE(written == Code::kOk || written == Code::kFailedPrecondition);
  }
}

}  // namespace
}  // namespace slipway::serve
