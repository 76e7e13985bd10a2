// Every whole Keras network of tests/data, imported and run: the numbers of the original framework.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/onnxruntime/onnxruntime_engine.h"
#include "import/keras/keras_importer.h"
#include "import/source_of_bytes.h"
#include "tensor/npz.h"

namespace slipway::import {
namespace {

constexpr double kTolerance = 1e-4;

struct Network {
  const char* file;
  const char* golden;
};

class KerasNetwork : public ::testing::TestWithParam<Network> {
 protected:
  static void SetUpTestSuite() {
    Result<std::unique_ptr<engine::Engine>> opened = engine::OpenOnnxRuntime({});
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    engine_ = std::move(opened).value();
  }
  static void TearDownTestSuite() { engine_.reset(); }

  static std::string Path(const std::string& name) {
    return std::string(SLIPWAY_TESTDATA) + "/" + name;
  }

  static Result<Imported> ImportFile(const std::string& name) {
    SLIPWAY_TRY(MappedFile mapped, MappedFile::Open(Path(name)));
    const auto file = std::make_shared<const MappedFile>(std::move(mapped));
    return MakeKerasImporter()->Import({.file = file, .name = name}, {});
  }

  static std::unique_ptr<engine::Engine> engine_;
};

std::unique_ptr<engine::Engine> KerasNetwork::engine_;

const TensorBuffer* Find(const std::vector<NamedTensor>& arrays, const std::string& name) {
  const auto found = std::ranges::find(arrays, name, &NamedTensor::name);
  return found == arrays.end() ? nullptr : &found->tensor;
}

/// max |a - b| / max(1, max |b|).
double ErrorOf(const TensorBuffer& got, const TensorBuffer& golden) {
  const std::vector<double> a = ToDoubles(got.view()).value();
  const std::vector<double> b = ToDoubles(golden.view()).value();
  if (a.size() != b.size()) return INFINITY;
  double difference = 0;
  double largest = 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::abs(a[i] - b[i]));
    largest = std::max(largest, std::abs(b[i]));
  }
  return difference / largest;
}

TEST_P(KerasNetwork, EqualsItsFramework) {
  const Result<Imported> imported = ImportFile(GetParam().file);
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  const Result<std::string> model = graph::EncodeModel(imported->model);
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  const auto compiled = engine_->Compile({.bytes = std::as_bytes(std::span(*model))}, {});
  ASSERT_TRUE(compiled.ok()) << compiled.status().ToString();
  EXPECT_EQ((*compiled)->signature().inputs.size(), imported->signature.inputs.size());

  const auto golden = ReadNpz(Path(GetParam().golden));
  ASSERT_TRUE(golden.ok()) << golden.status().ToString();
  std::vector<TensorBuffer> inputs;
  std::vector<TensorView> views;
  for (std::size_t i = 0; i < imported->signature.inputs.size(); ++i) {
    const TensorBuffer* array = Find(*golden, "in_" + std::to_string(i));
    ASSERT_NE(array, nullptr);
    inputs.push_back(ConvertTensor(array->view(), imported->signature.inputs[i].dtype).value());
  }
  for (const TensorBuffer& input : inputs) views.push_back(input.view());
  const Result<std::vector<TensorBuffer>> outputs = (*compiled)->RunAll(views);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  for (std::size_t i = 0; i < outputs->size(); ++i) {
    const TensorBuffer* expected = Find(*golden, "out_" + std::to_string(i));
    ASSERT_NE(expected, nullptr);
    EXPECT_TRUE(imported->signature.outputs[i].shape.Admits((*outputs)[i].shape()));
    EXPECT_LE(ErrorOf((*outputs)[i], *expected), kTolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, KerasNetwork,
    ::testing::Values(Network{"mnist/mnist.keras", "mnist/mnist.npz"},
                      Network{"mnist/mnist_k2.keras", "mnist/mnist.npz"},
                      Network{"mnist/mnist_k2.h5", "mnist/mnist.npz"},
                      Network{"mnist/mnist_k3.h5", "mnist/mnist.npz"},
                      Network{"fashion/fashion.keras", "fashion/fashion.npz"},
                      Network{"fashion/fashion.h5", "fashion/fashion.npz"},
                      Network{"nets/autoencoder.keras", "nets/autoencoder.npz"},
                      Network{"nets/autoencoder.h5", "nets/autoencoder.npz"},
                      Network{"nets/cifar_cnn.keras", "nets/cifar_cnn.npz"},
                      Network{"nets/cifar_cnn.h5", "nets/cifar_cnn.npz"},
                      Network{"nets/iris.keras", "nets/iris.npz"},
                      Network{"nets/iris.h5", "nets/iris.npz"},
                      Network{"nets/text_rnn.keras", "nets/text_rnn.npz"},
                      Network{"nets/text_rnn.h5", "nets/text_rnn.npz"},
                      Network{"nets/transformer_image.keras", "nets/transformer_image.npz"},
                      Network{"nets/transformer_image.h5", "nets/transformer_image.npz"},
                      Network{"nets/transformer_text.keras", "nets/transformer_text.npz"},
                      Network{"nets/transformer_text.h5", "nets/transformer_text.npz"},
                      Network{"tutorials/cifar_tutorial.keras", "tutorials/cifar_tutorial.npz"},
                      Network{"tutorials/cifar_tutorial.h5", "tutorials/cifar_tutorial.npz"},
                      Network{"tutorials/cifar_tutorial_wrong_loss.h5",
                              "tutorials/cifar_tutorial_wrong_loss.npz"},
                      Network{"tutorials/mlp_binary.keras", "tutorials/mlp_binary.npz"},
                      Network{"tutorials/mlp_binary.h5", "tutorials/mlp_binary.npz"},
                      Network{"tutorials/mlp_binary_k2.h5", "tutorials/mlp_binary.npz"}),
    [](const auto& info) {
      std::string name = std::filesystem::path(info.param.file).filename();
      std::ranges::replace(name, '.', '_');
      return name;
    });

}  // namespace
}  // namespace slipway::import
