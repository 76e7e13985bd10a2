// Files that are damaged or mean harm: every one ends in an error that names it, or in a valid
// model; never in a crash, a hang or a stray file.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "graph/onnx_file.h"
#include "jobs/import_model.h"

namespace slipway::jobs {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kData = SLIPWAY_TESTDATA;

class HostileFile : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Result<std::unique_ptr<engine::Engine>> engine = engine::OpenOnnxRuntime({});
    ASSERT_TRUE(engine.ok()) << engine.status().ToString();
    engine_ = std::move(engine).value();
  }
  static void TearDownTestSuite() { engine_.reset(); }

  void SetUp() override {
    Result<TemporaryDirectory> folder = TemporaryDirectory::Create("hostile-test-");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
    ASSERT_TRUE(MakeDirectories(PathOf("models")).ok());
    ASSERT_TRUE(MakeDirectories(PathOf("work")).ok());
  }

  std::string PathOf(const std::string& name) const { return folder_->path() + "/" + name; }

  Result<ImportedModel> Import(const std::string& path) {
    return ImportModel(path, *engine_, {.work_folder = PathOf("work")}, nullptr);
  }

  /// Imports the bytes as a file of that name: an error must name it, leave nothing behind and be
  /// about the file.
  Status ImportBytes(const std::string& name, std::string_view bytes) {
    const std::string path = PathOf("models/" + name);
    EXPECT_TRUE(WriteFileAtomically(path, bytes).ok());
    const Result<ImportedModel> imported = Import(path);
    const bool left_weights =
        !fs::is_empty(PathOf("work")) && !imported.ok() && !fs::exists(PathOf("work/model.onnx"));
    EXPECT_FALSE(left_weights);
    fs::remove_all(PathOf("work"));
    EXPECT_TRUE(MakeDirectories(PathOf("work")).ok());
    if (imported.ok()) return {};
    EXPECT_THAT(imported.status().ToString(), HasSubstr(name));
    EXPECT_NE(imported.status().code(), Code::kInternal) << imported.status().ToString();
    EXPECT_NE(imported.status().number(), ErrorNumber::kNone) << imported.status().ToString();
    return imported.status();
  }

  static std::unique_ptr<engine::Engine> engine_;
  std::optional<TemporaryDirectory> folder_;
};

std::unique_ptr<engine::Engine> HostileFile::engine_;

class Mutated : public HostileFile, public ::testing::WithParamInterface<const char*> {
 protected:
  std::string Original() const { return *ReadFile(kData + "/" + GetParam()); }
  std::string Name() const { return fs::path(GetParam()).filename().string(); }
};

// Fault C9: cut short
TEST_P(Mutated, CutShortItIsRefused) {
  const std::string whole = Original();
  std::vector<std::size_t> lengths{0, 1, 7, 8, 96, 512, whole.size() - 1};
  for (std::size_t i = 1; i < 16; ++i) lengths.push_back(whole.size() * i / 16);
  for (const std::size_t length : lengths) {
    SCOPED_TRACE(length);
    EXPECT_FALSE(ImportBytes(Name(), std::string_view(whole).substr(0, length)).ok());
  }
}

// Fault C9: bytes changed
TEST_P(Mutated, WithBytesChangedItIsRefusedOrStillAModel) {
  const std::string whole = Original();
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    std::string changed = whole;
    // Structure stands at the beginning or the end of these formats; half of the changes go there.
    const std::size_t reach =
        round % 4 < 2 ? changed.size() : std::min<std::size_t>(changed.size(), 8192);
    for (int change = 0; change < 4; ++change) {
      const std::size_t at = random() % reach;
      changed[round % 4 == 2 ? at : changed.size() - 1 - at] = static_cast<char>(random());
    }
    (void)ImportBytes(Name(), changed).ok();
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Mutated,
                         ::testing::Values("mnist/mnist_k3.h5", "mnist/mnist.keras",
                                           "mnist/mnist_tf2onnx.onnx", "nets/iris.h5",
                                           "nets/iris.keras"));

/// libhdf5 1.10.8 believes the length of a string and reads as far; a later one may refuse it.
// Fault C9: one that ends its importer
TEST_F(HostileFile, AStringThatLeadsLibhdf5OutOfItsMemoryIsAnErrorThatNamesTheFile) {
  std::string file = *ReadFile(kData + "/keras/small.h5");
  const std::size_t collection = file.find("GCOL");
  ASSERT_NE(collection, std::string::npos);
  file[collection + 16 + 8 + 2] = '\x10';  // the first object's size, a little-endian number
  const Status status = ImportBytes("small.h5", file);
  EXPECT_TRUE(status.number() == errors::kImporterDied ||
              status.number() == errors::kCorruptModelFile)
      << status.ToString();
}

/// y = x + w, with w's bytes in a file of its own.
std::string ModelWithDataAt(const std::string& location, std::uint64_t bytes_before) {
  graph::Model model{.ir_version = 8, .opset_imports = {{"", 17}}};
  const std::int64_t rows[] = {-1, 256};
  const graph::ValueId x = model.main.AddValue("x", graph::TensorType(DType::kF32, rows));
  const std::vector<float> numbers(256, 1.0F);
  const graph::ValueId w =
      model.main.AddInitializer(graph::Tensor::FromFloats("w", {256}, numbers));
  const graph::ValueId y = model.main.AddValue("y", graph::TensorType(DType::kF32, rows));
  model.main.name = "sum";
  model.main.inputs = {x};
  model.main.outputs = {y};
  model.main.AddNode({.op = "Add", .inputs = {x, w}, .outputs = {y}});
  const FileDescriptor data(open("/dev/null", O_WRONLY | O_CLOEXEC));
  model.main.initializers[0].external =
      graph::ExternalData{.location = location, .offset = bytes_before, .length = 1024};
  model.main.initializers[0].data = {};
  const Result<std::string> bytes = graph::EncodeWithWeights(model, location, 1 << 20, data.get());
  EXPECT_TRUE(bytes.ok()) << bytes.status().ToString();
  return bytes.ok() ? *bytes : "";
}

TEST_F(HostileFile, ExternalDataBesideTheModelAreRead) {
  ASSERT_TRUE(WriteFileAtomically(PathOf("models/w.bin"), std::string(2048, '\0')).ok());
  EXPECT_EQ(ImportBytes("sum.onnx", ModelWithDataAt("w.bin", 512)).ToString(), "OK");
}

TEST_F(HostileFile, ExternalDataOutsideTheFolderAreRefused) {
  ASSERT_TRUE(WriteFileAtomically(PathOf("secret"), std::string(4096, '\0')).ok());
  for (const std::string location : {"../secret", "/etc/passwd", "a/../../secret", "..\\secret"}) {
    SCOPED_TRACE(location);
    const Status status = ImportBytes("sum.onnx", ModelWithDataAt(location, 0));
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.ToString().find(folder_->path()), std::string::npos) << status.ToString();
  }
}

TEST_F(HostileFile, ExternalDataBehindLinksAndDevicesAreRefused) {
  const std::string secret = PathOf("secret");
  ASSERT_TRUE(WriteFileAtomically(secret, std::string(4096, '\0')).ok());
  ASSERT_EQ(symlink(secret.c_str(), PathOf("models/link").c_str()), 0);
  ASSERT_EQ(symlink(folder_->path().c_str(), PathOf("models/folder").c_str()), 0);
  ASSERT_EQ(link(secret.c_str(), PathOf("models/second").c_str()), 0);
  ASSERT_EQ(mkfifo(PathOf("models/pipe").c_str(), 0600), 0);
  for (const std::string location : {"link", "folder/secret", "second", "pipe", "."}) {
    SCOPED_TRACE(location);
    const Status status = ImportBytes("sum.onnx", ModelWithDataAt(location, 0));
    EXPECT_EQ(status.number(), errors::kForbiddenContent) << status.ToString();
  }
}

TEST_F(HostileFile, ExternalDataThatAreTooShortAreRefusedBeforeTheyAreRead) {
  ASSERT_TRUE(WriteFileAtomically(PathOf("models/w.bin"), std::string(1024, '\0')).ok());
  for (const std::uint64_t offset :
       {std::uint64_t{1}, std::uint64_t{1} << 50, ~std::uint64_t{0} - 100}) {
    SCOPED_TRACE(offset);
    EXPECT_FALSE(ImportBytes("sum.onnx", ModelWithDataAt("w.bin", offset)).ok());
  }
  EXPECT_FALSE(ImportBytes("sum.onnx", ModelWithDataAt("missing.bin", 0)).ok());
}

}  // namespace
}  // namespace slipway::jobs
