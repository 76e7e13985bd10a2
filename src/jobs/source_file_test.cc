#include "jobs/source_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::jobs {
namespace {

TEST(ModelNameFor, MakesAValidNameOfAnyFileName) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"mnist.keras", "mnist"},
      {"My model (1).h5", "My-model-1"},
      {"resnet50.v2.onnx", "resnet50.v2"},
      {".hidden.h5", "hidden"},
      {"模型.keras", "model"},
      {"--x--.h5", "x"},
      {"", "model"},
      {"a..onnx", "a"},
  };
  for (const auto& [file, name] : cases) EXPECT_EQ(ModelNameFor(file), name) << file;
  EXPECT_TRUE(IsModelName(ModelNameFor(std::string(300, 'a') + ".h5")));
}

TEST(OpenSourceFile, NamesTheFormatOfAFolder) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::Create("jobs-test-");
  ASSERT_TRUE(folder.ok());
  ASSERT_TRUE(WriteFileAtomically(folder->path() + "/saved_model.pb", std::string_view("x")).ok());
  const Result<SourceFile> source = OpenSourceFile(folder->path());
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.status().number(), errors::kUnrecognisedFormat);
  EXPECT_THAT(source.status().message(), ::testing::HasSubstr("SavedModel"));
}

TEST(OpenSourceFile, RefusesWhatIsNoFileWithoutWaitingForIt) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::Create("jobs-test-");
  ASSERT_TRUE(folder.ok());
  const std::string pipe = folder->path() + "/pipe.h5";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(OpenSourceFile(pipe).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenSourceFile("/dev/zero").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenSourceFile(folder->path() + "/missing.h5").status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace slipway::jobs
