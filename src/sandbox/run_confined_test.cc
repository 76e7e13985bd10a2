#include "sandbox/run_confined.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

namespace slipway::sandbox {
namespace {

using Kind = ConfinedEnd::Kind;
using ::testing::HasSubstr;

ConfinedProgram Probe(const std::string& what) {
  return {.path = SLIPWAY_BINARY_DIR "/tests/sandbox_probe",
          .arguments = {what},
          .result_descriptor = 5,
          .max_file_bytes = 64 << 10,
          .time_limit = std::chrono::seconds(60)};
}

ConfinedEnd Confine(const ConfinedProgram& program) {
  Result<ConfinedEnd> end = RunConfined(program);
  EXPECT_TRUE(end.ok()) << end.status().ToString();
  return end.ok() ? std::move(end).value() : ConfinedEnd{};
}

FileDescriptor FileInMemory(std::string_view content) {
  FileDescriptor file(memfd_create("input", MFD_CLOEXEC));
  EXPECT_TRUE(WriteAll(file.get(), std::as_bytes(std::span(content))).ok());
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

TEST(RunConfined, GivesTheProgramItsDescriptorsAndBringsBackItsResult) {
  const FileDescriptor input = FileInMemory("hello");
  ConfinedProgram program = Probe("copy-input");
  program.descriptors = {{input.get(), 3}};
  const ConfinedEnd end = Confine(program);
  EXPECT_EQ(end.kind, Kind::kExited) << end.Describe();
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_EQ(end.result, "hello");
  EXPECT_GT(end.peak_bytes, 100'000U);
}

TEST(RunConfined, DescriptorsMayTradePlaces) {
  const FileDescriptor first = FileInMemory("first");
  const FileDescriptor second = FileInMemory("second");
  ConfinedProgram program = Probe("copy-input");
  program.descriptors = {{first.get(), 4}, {second.get(), 3}};
  EXPECT_EQ(Confine(program).result, "second");
}

TEST(RunConfined, NothingElseIsInherited) {
  const FileDescriptor stray(
      fcntl(STDIN_FILENO, F_DUPFD, 20));  // without close-on-exec, as a careless library opens it
  EXPECT_EQ(Confine(Probe("count-descriptors")).result, "4");  // 0, 1, 2 and the result
  EXPECT_EQ(Confine(Probe("environment")).result, "empty");
  EXPECT_EQ(Confine(Probe("session")).result, "own");
}

class Forbidden : public ::testing::TestWithParam<const char*> {};

TEST_P(Forbidden, EndsTheProgram) {
  const ConfinedEnd end = Confine(Probe(GetParam()));
  EXPECT_EQ(end.kind, Kind::kForbiddenCall)
      << end.Describe() << ", code " << end.exit_code << end.errors;
  EXPECT_EQ(end.signal, SIGSYS);
}

INSTANTIATE_TEST_SUITE_P(Calls, Forbidden,
                         ::testing::Values("open-for-writing", "socket", "execute", "fork",
                                           "ptrace", "executable-memory", "signal-others"));

TEST(RunConfined, OpeningToReadIsRefusedSoThatLibrariesMayProbe) {
  const ConfinedEnd end = Confine(Probe("open-for-reading"));
  EXPECT_EQ(end.kind, Kind::kExited) << end.Describe();
  EXPECT_EQ(end.exit_code, 0);
}

TEST(RunConfined, TellsACrashByItsSignal) {
  const ConfinedEnd end = Confine(Probe("abort"));
  EXPECT_EQ(end.kind, Kind::kKilledBySignal);
  EXPECT_EQ(end.signal, SIGABRT);
  EXPECT_THAT(end.Describe(), HasSubstr("signal 6"));
}

// Fault C9: time is bounded
TEST(RunConfined, StopsAtTheTimeLimit) {
  ConfinedProgram program = Probe("wait");
  program.time_limit = std::chrono::milliseconds(50);
  const ConfinedEnd end = Confine(program);
  EXPECT_EQ(end.kind, Kind::kTimeLimit);
  EXPECT_EQ(end.signal, SIGKILL);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Fault C9: memory is bounded
TEST(RunConfined, MemoryIsBounded) {
  ConfinedProgram program = Probe("take-memory");
  program.max_memory_bytes = std::uint64_t{256} << 20;
  const ConfinedEnd end = Confine(program);
  EXPECT_EQ(end.kind, Kind::kKilledBySignal) << end.Describe();  // bad_alloc, which nothing catches
  EXPECT_LT(end.peak_bytes, program.max_memory_bytes);
}
#endif

TEST(RunConfined, FilesAreBounded) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::Create("sandbox-test-");
  ASSERT_TRUE(folder.ok());
  const std::string path = folder->path() + "/output";
  const FileDescriptor output(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ConfinedProgram program = Probe("write-much");
  program.descriptors = {{output.get(), 4}};
  Confine(program);
  EXPECT_LE(*FileSize(output.get()), program.max_file_bytes);
}

TEST(RunConfined, ResultsAreBounded) {
  EXPECT_EQ(Confine(Probe("say-much")).kind, Kind::kResultTooLarge);
}

TEST(RunConfined, KeepsWhatTheProgramSaidOnStandardError) {
  const ConfinedEnd end = Confine(Probe("complain"));
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_EQ(end.errors, "something is wrong\n");
}

TEST(RunConfined, AMissingProgramIsAnError) {
  ConfinedProgram program = Probe("copy-input");
  program.path = "/nowhere/program";
  const Result<ConfinedEnd> end = RunConfined(program);
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.status().code(), Code::kNotFound);
  EXPECT_THAT(end.status().message(), HasSubstr("/nowhere/program"));
}

}  // namespace
}  // namespace slipway::sandbox
