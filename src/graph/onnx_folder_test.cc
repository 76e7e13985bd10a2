// ONNX models on a disk: weights beside the file, links, and files above 2 GiB.

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/error_catalogue.h"
#include "graph/onnx_encoder.h"
#include "graph/onnx_test_models.h"

namespace slipway::graph {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class OnnxFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<TemporaryDirectory> folder = TemporaryDirectory::Create("onnx-test-");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
  }
  std::string PathOf(const std::string& name) const { return folder_->path() + "/" + name; }

  /// Reads a sum whose constant lies at `location`, 8 bytes at `offset`.
  Status ReadWithDataAt(const std::string& location, std::uint64_t offset = 0) {
    Model model = Sum();
    model.main.initializers[0].data = {};
    model.main.initializers[0].external =
        ExternalData{.location = location, .offset = offset, .length = 8};
    const Result<std::string> bytes = EncodeWithWeights(model, location, 1 << 20, -1);
    EXPECT_TRUE(WriteFileAtomically(PathOf("m.onnx"), *bytes).ok());
    return ReadModelFile(PathOf("m.onnx")).status();
  }

  std::optional<TemporaryDirectory> folder_;
};

TEST_F(OnnxFolder, WeightsBesideTheModelComeBackMapped) {
  const Model model = Sum(1000);
  ASSERT_TRUE(WriteModelFile(model, PathOf("m.onnx"), {.external_threshold = 1024}).ok());
  EXPECT_EQ(fs::file_size(PathOf("m.onnx.data")), 4000U);
  EXPECT_LT(fs::file_size(PathOf("m.onnx")), 400U);
  const Result<Model> back = ReadModelFile(PathOf("m.onnx"));
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_FALSE(back->main.initializers[0].external);
  EXPECT_EQ(EncodeModel(*back).value(), EncodeModel(model).value());
}

TEST_F(OnnxFolder, OneFileHoldsEverythingUnlessAskedOtherwise) {
  ASSERT_TRUE(WriteModelFile(Sum(1000), PathOf("m.onnx")).ok());
  EXPECT_FALSE(fs::exists(PathOf("m.onnx.data")));
  EXPECT_EQ(*ReadFile(PathOf("m.onnx")), EncodeModel(Sum(1000)).value());
}

TEST_F(OnnxFolder, TheSinkAlignsAndTheStructurePointsThere) {
  const FileDescriptor data(open(PathOf("w").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  Model model = Sum(300);
  model.main.AddInitializer(Packed("v", DType::kU8, {2000}, std::string(2000, 'v')));
  const Result<std::string> bytes = EncodeWithWeights(model, "w", 1024, data.get());
  ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
  Result<Model> back = Decode(*bytes);
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back->main.initializers[0].external,
            (ExternalData{.location = "w", .offset = 0, .length = 1200}));
  EXPECT_EQ(back->main.initializers[1].external,
            (ExternalData{.location = "w", .offset = 1216, .length = 2000}));
  Result<MappedFile> mapped = MappedFile::Map(data.get());
  ASSERT_TRUE(mapped.ok());
  ASSERT_TRUE(
      AttachExternalData(*back, std::make_shared<const MappedFile>(std::move(mapped).value()))
          .ok());
  EXPECT_EQ(EncodeModel(*back).value(), EncodeModel(model).value());
}

TEST_F(OnnxFolder, WithoutItsWeightsAModelIsNotWritten) {
  Model model = Sum();
  model.main.initializers[0].data = {};
  model.main.initializers[0].external = ExternalData{.location = "w"};
  EXPECT_EQ(EncodeModel(model).status().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(WriteModelFile(model, PathOf("m.onnx")).ok());
  EXPECT_FALSE(fs::exists(PathOf("m.onnx")));
}

// Bad input O2: external data behind links, devices and folders are refused
TEST_F(OnnxFolder, LinksAndDevicesAreNotFollowed) {
  ASSERT_TRUE(MakeDirectories(PathOf("folder")).ok());
  ASSERT_TRUE(WriteFileAtomically(PathOf("plain"), std::string(8, '\0')).ok());
  ASSERT_TRUE(WriteFileAtomically(PathOf("twin"), std::string(8, '\0')).ok());
  ASSERT_EQ(symlink("plain", PathOf("link").c_str()), 0);
  ASSERT_EQ(symlink(folder_->path().c_str(), PathOf("linked").c_str()), 0);
  ASSERT_EQ(link(PathOf("twin").c_str(), PathOf("second").c_str()), 0);
  ASSERT_EQ(mkfifo(PathOf("pipe").c_str(), 0600), 0);
  EXPECT_TRUE(ReadWithDataAt("plain").ok());
  for (const std::string location : {"link", "linked/plain", "second", "twin", "pipe", "folder"}) {
    const Status status = ReadWithDataAt(location);
    EXPECT_EQ(status.number(), errors::kForbiddenContent) << location << status.ToString();
    EXPECT_EQ(status.ToString().find(folder_->path()), std::string::npos);
  }
}

// Bad input O3: external data that reach past the end of their file are refused
TEST_F(OnnxFolder, DataThatAreTooShortAreRefused) {
  ASSERT_TRUE(WriteFileAtomically(PathOf("w"), std::string(16, '\0')).ok());
  EXPECT_TRUE(ReadWithDataAt("w", 8).ok());
  EXPECT_TRUE(ReadWithDataAt("w", 3).ok());  // unaligned is slow, not wrong
  EXPECT_EQ(ReadWithDataAt("w", 9).number(), errors::kCorruptModelFile);
  EXPECT_EQ(ReadWithDataAt("w", std::uint64_t{1} << 60).number(), errors::kCorruptModelFile);
  EXPECT_EQ(ReadWithDataAt("missing").number(), errors::kCorruptModelFile);
}

/// Counts instead of keeping.
class CountingSink final : public WeightSink {
 public:
  Result<ExternalData> Put(std::span<const std::byte> bytes) override {
    largest_ = std::max<std::uint64_t>(largest_, bytes.size());
    const ExternalData place{.location = "w", .offset = bytes_, .length = bytes.size()};
    bytes_ += bytes.size();
    return place;
  }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t largest() const { return largest_; }

 private:
  std::uint64_t bytes_ = 0;
  std::uint64_t largest_ = 0;
};

/// A model of 3 GiB of zeros that costs no memory: pages that nobody touches.
class LargeModel : public OnnxFolder {
 protected:
  static constexpr std::uint64_t kPart = std::uint64_t{1} << 30;

  void SetUp() override {
    OnnxFolder::SetUp();
    const auto file = OpenSparse();
    model_ = Sum();
    for (int part = 0; part < 3; ++part) {
      Tensor tensor{.name = fmt::format("large_{}", part), .dtype = DType::kU8};
      tensor.dims = {static_cast<std::int64_t>(kPart)};
      tensor.data = Bytes(file->bytes(), file);
      model_.main.AddInitializer(std::move(tensor));
    }
  }

  std::shared_ptr<const MappedFile> OpenSparse() {
    const FileDescriptor file(memfd_create("zeros", MFD_CLOEXEC));
    EXPECT_EQ(ftruncate(file.get(), static_cast<off_t>(kPart)), 0);
    return std::make_shared<const MappedFile>(MappedFile::Map(file.get()).value());
  }

  Model model_;
};

TEST_F(LargeModel, IsStreamedTensorByTensor) {
  CountingSink sink;
  const Result<WireWriter> message = EncodeMessage(model_, {.sink = &sink, .threshold = 1024});
  ASSERT_TRUE(message.ok()) << message.status().ToString();
  EXPECT_EQ(sink.bytes(), 3 * kPart);
  EXPECT_EQ(sink.largest(), kPart);
  EXPECT_LT(message->size(), 1000U);
}

// Bad input O10: a protobuf message above 2 GiB is refused before it is read
TEST_F(LargeModel, IsNotReadAsOneMessage) {
  const FileDescriptor zeros(memfd_create("large", MFD_CLOEXEC));
  ASSERT_EQ(ftruncate(zeros.get(), static_cast<off_t>(3 * kPart)), 0);
  ASSERT_EQ(pwrite(zeros.get(), "\x08\x08", 2, 0), 2);
  const auto file = std::make_shared<const MappedFile>(MappedFile::Map(zeros.get()).value());
  const Status status = DecodeMappedModel(file).status();
  EXPECT_EQ(status.number(), errors::kImportLimit);
  EXPECT_THAT(status.message(), HasSubstr("2 GiB"));
}

TEST_F(LargeModel, IsNotOneMessage) {
  EXPECT_EQ(EncodeModel(model_).status().number(), errors::kImportLimit);
}

TEST_F(LargeModel, ComesBackFromASparseFileBesideIt) {
  Model outside = Sum();
  for (int part = 0; part < 3; ++part) {
    Tensor tensor{.name = fmt::format("large_{}", part), .dtype = DType::kU8};
    tensor.dims = {static_cast<std::int64_t>(kPart)};
    tensor.external = ExternalData{.location = "zeros", .offset = part * kPart, .length = kPart};
    outside.main.AddInitializer(std::move(tensor));
  }
  const FileDescriptor zeros(open(PathOf("zeros").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(ftruncate(zeros.get(), static_cast<off_t>(3 * kPart)), 0);
  const Result<std::string> structure = EncodeWithWeights(outside, "zeros", 1024, -1);
  ASSERT_TRUE(WriteFileAtomically(PathOf("m.onnx"), structure.value()).ok());
  const Result<Model> back = ReadModelFile(PathOf("m.onnx"));
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back->main.initializers[3].data.size(), kPart);
}

}  // namespace
}  // namespace slipway::graph
