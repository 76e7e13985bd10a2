#include "access/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/fake_clock.h"
#include "base/json.h"
#include "base/text.h"

namespace slipway::access {
namespace {

using testing::HasSubstr;

class AuditLogTest : public testing::Test {
 protected:
  AuditLog& log() {
    if (log_ == nullptr) log_ = AuditLog::Open(path(), clock).value();
    return *log_;
  }
  std::string path() const { return folder_.path() + "/audit.log"; }
  static std::vector<Json> Lines(const std::string& path) {
    std::vector<Json> lines;
    const std::string text = ReadFile(path).value();
    for (const std::string_view line : Split(Trim(text), '\n'))
      lines.push_back(ParseJson(line).value());
    return lines;
  }

  FakeClock clock;

 private:
  TemporaryDirectory folder_ = TemporaryDirectory::Create("audit").value();
  std::unique_ptr<AuditLog> log_;
};

constexpr AuditEvent kLoad{.from = "127.0.0.1:4000",
                           .protocol = "http",
                           .act = "load",
                           .target = "/v2/repository/models/a/load",
                           .result = "ok",
                           .code = 200};

TEST_F(AuditLogTest, SaysWhoDidWhatWithWhatResult) {
  Caller caller;
  caller.kind = CallerKind::kKey;
  caller.id = "0123abcd";
  caller.name = "operator";
  AuditEvent event = kLoad;
  event.caller = &caller;
  log().Record(event);
  const Json line = Lines(path()).at(0);
  EXPECT_EQ(line["by"], "key");
  EXPECT_EQ(line["name"], "operator");
  EXPECT_EQ(line["id"], "0123abcd");
  EXPECT_EQ(line["from"], "127.0.0.1:4000");
  EXPECT_EQ(line["act"], "load");
  EXPECT_EQ(line["target"], "/v2/repository/models/a/load");
  EXPECT_EQ(line["result"], "ok");
  EXPECT_EQ(line["code"], 200);
  EXPECT_THAT(line["time"].get<std::string>(), testing::MatchesRegex("....-..-..T..:..:..\\....Z"));
}

TEST_F(AuditLogTest, IsAppendedToAndReadByItsOwnerAlone) {
  ASSERT_TRUE(WriteFileAtomically(path(), "{}\n", 0600).ok());
  log().Record(kLoad);
  EXPECT_EQ(Lines(path()).size(), 2U);
  struct stat file{};
  ASSERT_EQ(stat(path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777u, 0600u);
}

// Bad input S12: CRLF, an ANSI escape and JSON in a name that is written to a log
TEST_F(AuditLogTest, AClientsTextCannotMakeALine) {
  AuditEvent event = kLoad;
  const std::string target = "a\r\n{\"by\":\"admin key\"}\x1b[31m\xff\"" + std::string(1000, 'x');
  event.target = target;
  log().Record(event);
  const std::vector<Json> lines = Lines(path());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0]["target"].get<std::string>(), HasSubstr("\\x0d\\x0a{\"by\""));
  EXPECT_LT(lines[0].dump().size(), 600U);
}

TEST_F(AuditLogTest, AFileThatIsRenamedIsFollowedByANewOne) {
  log().Record(kLoad);
  ASSERT_EQ(rename(path().c_str(), (path() + ".1").c_str()), 0);
  log().Record(kLoad);
  log().Record(kLoad);
  EXPECT_EQ(Lines(path() + ".1").size(), 1U);
  EXPECT_EQ(Lines(path()).size(), 2U);
}

TEST_F(AuditLogTest, AFullDiskIsSaidOnceAndStopsNobody) {
  const auto full = AuditLog::Open("/dev/full", clock).value();
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) full->Record(kLoad);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("acts are not recorded"));
  EXPECT_EQ(said.find("not recorded"), said.rfind("not recorded"));
  EXPECT_EQ(full->lost(), 3U);
}

TEST_F(AuditLogTest, WhoIsRefusedCannotFillADisk) {
  AuditEvent event = kLoad;
  event.result = "refused";
  clock.Advance(std::chrono::hours(1));
  for (int i = 0; i < 5000; ++i) log().Record(event);
  EXPECT_EQ(Lines(path()).size(), 100U);
  log().Record(kLoad);
  EXPECT_EQ(Lines(path()).back()["left_out"], 4900);
}

TEST_F(AuditLogTest, AFileThatCannotBeMadeIsSaid) {
  EXPECT_FALSE(AuditLog::Open("/nowhere/audit.log", clock).ok());
}

}  // namespace
}  // namespace slipway::access
