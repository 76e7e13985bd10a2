#include "jobs/import_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/sha256.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "graph/onnx_file.h"
#include "jobs/export_model.h"
#include "jobs/publish_model.h"
#include "jobs/unpublished_package.h"
#include "tensor/npz.h"

namespace slipway::jobs {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string kData = SLIPWAY_TESTDATA;

std::vector<Sample> GoldenOf(const std::string& path) {
  Result<std::vector<NamedTensor>> arrays = ReadNpz(path);
  EXPECT_TRUE(arrays.ok()) << arrays.status().ToString();
  std::vector<Sample> samples(1);
  for (NamedTensor& array : *arrays) {
    auto& side = array.name.starts_with("out_") ? samples[0].expected : samples[0].inputs;
    if (array.name.starts_with("in_") || array.name.starts_with("out_"))
      side.emplace_back(array.name, std::move(array.tensor));
  }
  return samples;
}

class ImportModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<engine::Engine>> engine = engine::OpenOnnxRuntime({});
    ASSERT_TRUE(engine.ok()) << engine.status().ToString();
    engine_ = std::move(engine).value();
    Result<TemporaryDirectory> work = TemporaryDirectory::Create("jobs-test-");
    ASSERT_TRUE(work.ok());
    work_.emplace(std::move(work).value());
  }

  ImportOptions Options() const { return {.work_folder = work_->path()}; }
  Result<ImportedModel> Import(const std::string& path, const ImportOptions& options) {
    return ImportModel(path, *engine_, options, nullptr);
  }
  Result<ImportedModel> Import(const std::string& path) { return Import(path, Options()); }

  std::string Write(const std::string& name, std::string_view content) {
    const std::string path = work_->path() + "/" + name;
    EXPECT_TRUE(WriteFileAtomically(path, content).ok());
    return path;
  }

  std::size_t FilesInWork() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(work_->path()), fs::directory_iterator()));
  }

  std::unique_ptr<engine::Engine> engine_;
  std::optional<TemporaryDirectory> work_;
};

struct Network {
  const char* model;
  const char* golden;
};

void PrintTo(const Network& network, std::ostream* out) { *out << network.model; }

class WholeNetwork : public ImportModelTest, public ::testing::WithParamInterface<Network> {};

TEST_P(WholeNetwork, ComputesWhatItsFrameworkComputed) {
  ImportOptions options = Options();
  options.samples = GoldenOf(kData + "/" + GetParam().golden);
  options.relative_tolerance = options.absolute_tolerance = 1e-4;
  const Result<ImportedModel> imported = Import(kData + "/" + GetParam().model, options);
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_TRUE(imported->self_check.compared_with_samples);
  EXPECT_GE(imported->self_check.runs, 2U);
}

INSTANTIATE_TEST_SUITE_P(
    Data, WholeNetwork,
    ::testing::Values(Network{"mnist/mnist.keras", "mnist/mnist.npz"},
                      Network{"mnist/mnist_k3.h5", "mnist/mnist.npz"},
                      Network{"mnist/mnist_k2.h5", "mnist/mnist.npz"},
                      Network{"mnist/mnist_k2.keras", "mnist/mnist.npz"},
                      Network{"mnist/mnist_tf2onnx.onnx", "mnist/mnist.npz"},
                      Network{"fashion/fashion.h5", "fashion/fashion.npz"},
                      Network{"fashion/fashion.keras", "fashion/fashion.npz"},
                      Network{"nets/autoencoder.h5", "nets/autoencoder.npz"},
                      Network{"nets/autoencoder.keras", "nets/autoencoder.npz"},
                      Network{"nets/cifar_cnn.h5", "nets/cifar_cnn.npz"},
                      Network{"nets/cifar_cnn.keras", "nets/cifar_cnn.npz"},
                      Network{"nets/iris.h5", "nets/iris.npz"},
                      Network{"nets/iris.keras", "nets/iris.npz"},
                      Network{"nets/text_rnn.h5", "nets/text_rnn.npz"},
                      Network{"nets/text_rnn.keras", "nets/text_rnn.npz"},
                      Network{"nets/transformer_image.h5", "nets/transformer_image.npz"},
                      Network{"nets/transformer_image.keras", "nets/transformer_image.npz"},
                      Network{"nets/transformer_text.h5", "nets/transformer_text.npz"},
                      Network{"nets/transformer_text.keras", "nets/transformer_text.npz"},
                      Network{"tutorials/cifar_tutorial.h5", "tutorials/cifar_tutorial.npz"},
                      Network{"tutorials/cifar_tutorial.keras", "tutorials/cifar_tutorial.npz"},
                      Network{"tutorials/cifar_tutorial_wrong_loss.h5",
                              "tutorials/cifar_tutorial_wrong_loss.npz"},
                      Network{"tutorials/mlp_binary.h5", "tutorials/mlp_binary.npz"},
                      Network{"tutorials/mlp_binary.keras", "tutorials/mlp_binary.npz"},
                      Network{"tutorials/mlp_binary_k2.h5", "tutorials/mlp_binary.npz"},
                      Network{"tutorials/ort_dynamic.onnx", "tutorials/ort_dynamic.npz"},
                      Network{"tutorials/ort_static_qdq.onnx", "tutorials/ort_static_qdq.npz"},
                      Network{"torch/mnist_opset17.onnx", "torch/mnist.npz"},
                      Network{"torch/mnist_dynamo.onnx", "torch/mnist.npz"},
                      Network{"torch/residual_opset17.onnx", "torch/residual.npz"},
                      Network{"torch/residual_dynamo.onnx", "torch/residual.npz"},
                      Network{"torch/text_opset17.onnx", "torch/text.npz"},
                      Network{"torch/text_dynamo.onnx", "torch/text.npz"}));

TEST_F(ImportModelTest, SaysWhereTheModelCameFrom) {
  const std::string path = kData + "/mnist/mnist_k3.h5";
  const Result<ImportedModel> imported = Import(path);
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  const package::Lineage& lineage = imported->manifest.lineage;
  EXPECT_EQ(imported->manifest.name, "mnist_k3");
  EXPECT_EQ(lineage.source_name, "mnist_k3.h5");
  EXPECT_EQ(lineage.source_digest, Sha256Of(*ReadFile(path)));
  EXPECT_EQ(lineage.source_format, "keras-h5");
  EXPECT_THAT(lineage.framework, HasSubstr("Keras 3"));
  EXPECT_THAT(lineage.self_check, HasSubstr("numbers not compared with the source"));
  EXPECT_GT(imported->parameters, 10'000U);
}

TEST_F(ImportModelTest, LeavesOneStructureAndItsWeightsNamedByTheirDigests) {
  const Result<ImportedModel> imported = Import(kData + "/mnist/mnist.keras");
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_EQ(FilesInWork(), 2U);
  const package::Manifest& manifest = imported->manifest;
  ASSERT_TRUE(manifest.weights);
  EXPECT_EQ(imported->weights_path, work_->path() + "/" + manifest.weights->digest.Hex());
  EXPECT_EQ(Sha256Of(*ReadFile(imported->weights_path)), manifest.weights->digest);
  EXPECT_EQ(Sha256Of(*ReadFile(imported->graph_path)), manifest.graph->digest);
  EXPECT_LT(manifest.graph->size, 20'000U);
  EXPECT_EQ(UnpublishedPackage(*imported).graph_path, imported->graph_path);
}

TEST_F(ImportModelTest, TheSameFileGivesTheSamePackage) {
  const Result<ImportedModel> first = Import(kData + "/mnist/mnist.keras");
  const Result<ImportedModel> second = Import(kData + "/mnist/mnist.keras");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(UnpublishedPackage(*first).digest, UnpublishedPackage(*second).digest);
}

TEST_F(ImportModelTest, ExportsOneFileThatStandsAlone) {
  const Result<ImportedModel> imported = Import(kData + "/mnist/mnist_k3.h5");
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  const Result<TemporaryDirectory> elsewhere = TemporaryDirectory::Create("jobs-export-");
  const std::string path = elsewhere->path() + "/mnist.onnx";
  ASSERT_TRUE(ExportOnnx(*imported, path).ok());
  ImportOptions options = Options();
  options.samples = GoldenOf(kData + "/mnist/mnist.npz");
  const Result<ImportedModel> again = Import(path, options);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->format, "onnx");
  EXPECT_EQ(again->manifest.signature, imported->manifest.signature);
}

TEST_F(ImportModelTest, PublishesAModelThatCanBeOpenedAndRun) {
  ImportOptions options = Options();
  options.samples = GoldenOf(kData + "/mnist/mnist.npz");
  const Result<ImportedModel> imported = Import(kData + "/mnist/mnist.keras", options);
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  const Result<TemporaryDirectory> store = TemporaryDirectory::Create("jobs-store-");
  Result<std::unique_ptr<registry::Registry>> registry = registry::Registry::Open(store->path());
  ASSERT_TRUE(registry.ok()) << registry.status().ToString();
  const std::vector<std::string> digits{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  const std::string output = imported->manifest.signature.outputs[0].name;
  const Result<registry::ModelVersion> version =
      PublishModel(**registry, *imported, "digits", {.labels = {{output, digits}}});
  ASSERT_TRUE(version.ok()) << version.status().ToString();
  EXPECT_EQ(version->version, 1);
  const Result<package::Package> package = (*registry)->Open(*version);
  ASSERT_TRUE(package.ok()) << package.status().ToString();
  EXPECT_EQ(package->manifest.labels.at(output), digits);
  EXPECT_TRUE(package->manifest.samples);
  EXPECT_TRUE(engine_->Compile({.path = package->graph_path}, {}).ok());
  const auto wrong =
      PublishModel(**registry, *imported, "digits", {.labels = {{output, {"0", "1", "2"}}}});
  EXPECT_EQ(wrong.status().code(), Code::kInvalidArgument);
}

TEST_F(ImportModelTest, AWrongSampleFailsAndLeavesNoWeights) {
  ImportOptions options = Options();
  options.samples = GoldenOf(kData + "/mnist/mnist.npz");
  for (float& score : options.samples[0].expected[0].second.As<float>()) score += 0.5F;
  const Result<ImportedModel> imported = Import(kData + "/mnist/mnist.keras", options);
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().number(), errors::kSelfCheckFailed);
  EXPECT_THAT(imported.status().ToString(), HasSubstr("mnist.keras"));
  EXPECT_LE(FilesInWork(), 1U);
}

TEST_F(ImportModelTest, FilesOfNoKnownFormatAreRefusedByName) {
  for (const std::string_view content : {"", "hello", "{\"a\": 1}", "\x80\x04\x95 a pickle"}) {
    const Result<ImportedModel> imported = Import(Write("model.bin", content));
    ASSERT_FALSE(imported.ok());
    EXPECT_THAT(imported.status().ToString(), HasSubstr("model.bin"));
    EXPECT_NE(imported.status().number(), errors::kImporterDied) << imported.status().ToString();
  }
}

TEST_F(ImportModelTest, TheTimeLimitIsKept) {
  ImportOptions options = Options();
  options.time_limit = std::chrono::seconds(0);
  const Result<ImportedModel> imported = Import(kData + "/mnist/mnist.keras", options);
  ASSERT_FALSE(imported.ok());
  EXPECT_EQ(imported.status().number(), errors::kImportLimit);
}

}  // namespace
}  // namespace slipway::jobs
