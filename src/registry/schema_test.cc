#include "registry/schema.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "base/error_catalogue.h"
#include "base/file.h"

namespace slipway::registry {
namespace {

constexpr std::string_view kFirst[] = {"CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7)"};
constexpr std::string_view kBoth[] = {kFirst[0], "ALTER TABLE t ADD COLUMN b INTEGER DEFAULT 8"};
constexpr std::string_view kBroken[] = {kFirst[0],
                                        "UPDATE t SET a = 9; SELECT * FROM no_such_table"};

class SchemaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<TemporaryDirectory> folder = TemporaryDirectory::Create("schema-test-");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
  }
  std::string Path() const { return folder_->path() + "/catalogue.db"; }
  Database Opened() const { return *Database::Open(Path(), Database::Access::kReadWrite); }
  std::int64_t Ask(std::string_view sql) const {
    Database database = Opened();
    const Result<std::int64_t> answer = database.QueryInteger(sql);
    return answer.ok() ? *answer : -1;
  }
  std::optional<TemporaryDirectory> folder_;
};

TEST_F(SchemaTest, ANewCatalogueTakesEveryStepAndNeedsNoBackup) {
  Database database = Opened();
  ASSERT_TRUE(Migrate(database, Path(), kBoth).ok());
  EXPECT_EQ(Ask("PRAGMA user_version"), 2);
  EXPECT_EQ(Ask("SELECT b FROM t"), 8);
  EXPECT_FALSE(std::filesystem::exists(Path() + ".before-1"));
}

// Fault B4: older
TEST_F(SchemaTest, AnOlderOneKeepsItsRowsAndACopyOfWhatItWas) {
  {
    Database database = Opened();
    ASSERT_TRUE(Migrate(database, Path(), kFirst).ok());
    ASSERT_TRUE(Migrate(database, Path(), kBoth).ok());
  }
  EXPECT_EQ(Ask("SELECT a + b FROM t"), 15);
  Database copy = *Database::Open(Path() + ".before-2", Database::Access::kReadOnly);
  EXPECT_EQ(*copy.QueryInteger("PRAGMA user_version"), 1);
  EXPECT_EQ(*copy.QueryInteger("SELECT a FROM t"), 7);
}

// Fault B4: a step that fails
TEST_F(SchemaTest, AStepThatFailsChangesNothing) {
  {
    Database database = Opened();
    ASSERT_TRUE(Migrate(database, Path(), kFirst).ok());
    EXPECT_FALSE(Migrate(database, Path(), kBroken).ok());
  }
  EXPECT_EQ(Ask("PRAGMA user_version"), 1);
  EXPECT_EQ(Ask("SELECT a FROM t"), 7);
}

// Fault B4: newer
TEST_F(SchemaTest, ANewerOneIsRefusedUnchanged) {
  Database database = Opened();
  ASSERT_TRUE(Migrate(database, Path(), kBoth).ok());
  for (const Status& status : {Migrate(database, Path(), kFirst), CheckSchema(database, kFirst)}) {
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_EQ(status.number(), errors::kStoreNewer);
  }
  EXPECT_EQ(Ask("PRAGMA user_version"), 2);
}

TEST_F(SchemaTest, AReaderRefusesAnOlderOne) {
  Database database = Opened();
  ASSERT_TRUE(Migrate(database, Path(), kFirst).ok());
  EXPECT_FALSE(CheckSchema(database, kBoth).ok());
  EXPECT_TRUE(CheckSchema(database, kFirst).ok());
}

}  // namespace
}  // namespace slipway::registry
