#include "engine/worker/worker_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::engine {
namespace {

TEST(WorkerWords, ATaskArrivesWhole) {
  const WorkerTask said{.kind = WorkerTask::Kind::kWriteCompiled,
                        .library = "/lib/engine.so",
                        .path = "/models/\xff\n.onnx",
                        .folder = "/kept",
                        .files = {"/models/a", "/models/b"},
                        .options = {.intra_op_threads = 3, .optimize = false, .title = "m:1"},
                        .memory = {.slots = 5, .region_bytes = 4096}};
  const std::vector<std::string> arguments = EncodeTask(said);
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  const Result<WorkerTask> heard = DecodeTask(pointers);
  ASSERT_TRUE(heard.ok()) << heard.status().ToString();
  EXPECT_EQ(heard->kind, said.kind);
  EXPECT_EQ(heard->library, said.library);
  EXPECT_EQ(heard->path, said.path);
  EXPECT_EQ(heard->folder, said.folder);
  EXPECT_EQ(heard->files, said.files);
  EXPECT_EQ(heard->options.intra_op_threads, 3U);
  EXPECT_FALSE(heard->options.optimize);
  EXPECT_EQ(heard->options.title, "m:1");
  EXPECT_EQ(heard->memory.slots, 5U);
  EXPECT_EQ(heard->memory.region_bytes, 4096U);
}

TEST(WorkerWords, ArgumentsOfSomebodyElseAreRefused) {
  const std::vector<const char*> none;
  EXPECT_FALSE(DecodeTask(none).ok());
  const std::vector<const char*> others = {"--help", "a", "b", "c", "d"};
  EXPECT_FALSE(DecodeTask(others).ok());
}

TEST(WorkerWords, AReadyWorkerSaysItsSignature) {
  const WorkerReady said{.signature = {.inputs = {{.name = "x", .shape = {-1, 2}}},
                                       .outputs = {{.name = "y", .shape = {-1}}}},
                         .landlock = true};
  const Result<WorkerReady> heard = DecodeReady(EncodeReady(said));
  ASSERT_TRUE(heard.ok()) << heard.status().ToString();
  EXPECT_EQ(heard->signature, said.signature);
  EXPECT_TRUE(heard->landlock);
}

TEST(WorkerWords, AFailureIsTheEnginesOwn) {
  const Status status = DecodeReady(EncodeLoadFailure(InvalidArgument("no kernel"))).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(), "no kernel");
}

// Fault C12: when it should say that it is ready
TEST(WorkerWords, AnythingElseIsBroken) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"failure":{}})", R"({"inputs":[],"outputs":[]})"})
    EXPECT_EQ(DecodeReady(text).status().code(), Code::kDataLoss) << text;
}

}  // namespace
}  // namespace slipway::engine
