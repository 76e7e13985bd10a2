// What Keras files say besides numbers, and the files that are refused.

#include "import/keras/keras_importer.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error_catalogue.h"
#include "graph/verify.h"
#include "import/keras/saved_network.h"
#include "import/keras/weight_binding.h"
#include "import/source_of_bytes.h"

namespace slipway::import {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string FileBytes(const std::string& name) {
  return *ReadFile(std::string(SLIPWAY_TESTDATA) + "/" + name);
}

Result<Imported> ImportBytes(const std::string& name, std::string_view bytes) {
  return MakeKerasImporter()->Import(SourceOfBytes(name, bytes), {});
}

Result<Imported> ImportFile(const std::string& name) { return ImportBytes(name, FileBytes(name)); }

/// The error of a file in tests/data/keras.
Status Refusal(const std::string& name) {
  const Result<Imported> imported = ImportFile("keras/" + name);
  EXPECT_FALSE(imported.ok()) << name;
  return imported.status();
}

struct Member {
  std::string name;
  std::string content;
  bool deflated = false;
};

/// A zip of these members.
std::string Zip(const std::vector<Member>& members) {
  std::string bytes(std::size_t{8} << 20, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  for (const Member& member : members) {
    if (member.deflated) {
      archive_write_zip_set_compression_deflate(writer);
    } else {
      archive_write_zip_set_compression_store(writer);
    }
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(writer, entry);
    archive_write_data(writer, member.content.data(), member.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

/// A .keras archive around this configuration, with the weights of small.h5, which fit nothing.
std::string ArchiveOf(const std::string& config) {
  return Zip({{"metadata.json", R"({"keras_version": "3.15.1"})"},
              {"config.json", config},
              {"model.weights.h5", FileBytes("keras/small.h5")}});
}

/// A Sequential configuration of an input and this layer.
std::string SequentialOf(const std::string& layer) {
  return R"({"class_name": "Sequential", "config": {"name": "net", "layers": [)"
         R"({"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, 4]}}, )" +
         layer + "]}}";
}

Status RefusalOfLayer(const std::string& layer) {
  const Result<Imported> imported = ImportBytes("net.keras", ArchiveOf(SequentialOf(layer)));
  EXPECT_FALSE(imported.ok()) << layer;
  return imported.status();
}

TEST(KerasImporter, KeepsTheNamesAndTheLayoutThatTheUserKnows) {
  const Result<Imported> imported = ImportFile("mnist/mnist_k3.h5");
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_EQ(ToString(imported->signature.inputs[0]), "image f32[N,28,28,1]");
  EXPECT_EQ(ToString(imported->signature.outputs[0]), "dense f32[N,10]");
  EXPECT_EQ(imported->report.parameters, 34826U);
  EXPECT_EQ(imported->report.framework, "Keras 3.15.1");
  EXPECT_TRUE(imported->signature.IsBatchable());
  EXPECT_THAT(graph::Verify(imported->model), IsEmpty());
}

TEST(KerasImporter, TransposesOnceAtTheInputOfAConvolutionalNetwork) {
  const Result<Imported> imported = ImportFile("mnist/mnist.keras");
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_EQ(std::ranges::count(imported->model.main.nodes, "Transpose", &graph::Node::op), 1);
}

TEST(KerasImporter, RecurrentLayersStayRecurrent) {
  const Result<Imported> imported = ImportFile("nets/text_rnn.h5");
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  const auto& nodes = imported->model.main.nodes;
  EXPECT_EQ(std::ranges::count(nodes, "LSTM", &graph::Node::op), 3);
  EXPECT_EQ(std::ranges::count(nodes, "GRU", &graph::Node::op), 2);
  EXPECT_EQ(std::ranges::count(nodes, "Loop", &graph::Node::op), 0);
}

TEST(KerasImporter, WarnsOfALossThatContradictsTheLastLayer) {
  const Result<Imported> wrong = ImportFile("tutorials/cifar_tutorial_wrong_loss.h5");
  const Result<Imported> right = ImportFile("tutorials/cifar_tutorial.h5");
  ASSERT_TRUE(wrong.ok() && right.ok());
  EXPECT_THAT(wrong->report.warnings, Contains(HasSubstr("gives logits")));
  EXPECT_THAT(right->report.warnings, Each(Not(HasSubstr("loss"))));
}

TEST(KerasImporter, SaysWhichImagesHaveNoDeclaredRange) {
  EXPECT_THAT(ImportFile("mnist/mnist.keras")->report.warnings, Contains(HasSubstr("range")));
  EXPECT_THAT(ImportFile("nets/cifar_cnn.keras")->report.warnings, IsEmpty());
}

TEST(KerasImporter, NotesWhatIsInertAtInference) {
  EXPECT_THAT(ImportFile("nets/cifar_cnn.keras")->report.notes,
              Contains(HasSubstr("Dropout, SpatialDropout2D")));
}

TEST(KerasImporter, LargeConstantsGoToTheSink) {
  const FileDescriptor file(memfd_create("weights", MFD_CLOEXEC));
  const auto sink = graph::MakeFileSink(file.get(), "weights.bin");
  const Result<Imported> imported = MakeKerasImporter()->Import(
      SourceOfBytes("fashion.h5", FileBytes("fashion/fashion.h5")), {.weights = sink.get()});
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  for (const graph::Tensor& tensor : imported->model.main.initializers) {
    EXPECT_EQ(tensor.external.has_value(), *tensor.ElementCount() * 4 >= 1024) << tensor.name;
  }
}

TEST(KerasImporter, ReadsEveryFormOfNumbersAndAttributes) {
  for (const char* name :
       {"small.h5", "split_attributes.h5", "packed.h5", "doubles.h5", "halves.h5"}) {
    SCOPED_TRACE(name);
    const Result<Imported> imported = ImportFile(std::string("keras/") + name);
    ASSERT_TRUE(imported.ok()) << imported.status().ToString();
    EXPECT_EQ(imported->report.parameters, 9U);
  }
}

// Bad input K1: a .keras file whose layer holds code or is no class of Keras's own is refused by
// name
TEST(KerasImporter, RefusesLayersOutsideTheAllowedList) {
  for (
      const char* layer : {
          R"({"class_name": "Lambda", "config": {"name": "f", "function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}})",
          R"({"class_name": "Dense", "module": "os.path", "config": {"name": "f", "units": 2}})",
          R"({"class_name": "Exploit", "module": "keras.layers", "config": {"name": "f"}})",
          R"({"class_name": "Dense", "registered_name": "mine>Dense", "config": {"name": "f", "units": 2}})",
      }) {
    const Status status = RefusalOfLayer(layer);
    EXPECT_EQ(status.number(), errors::kUnsupportedLayers) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr("\"f\""));
    EXPECT_THAT(status.hint(), Not(IsEmpty()));
  }
}

// Bad input K2: an .h5 file with a Lambda layer is refused as a .keras file is
TEST(KerasImporter, RefusesALambdaInAnH5File) {
  const Status status = Refusal("lambda.h5");
  EXPECT_EQ(status.number(), errors::kUnsupportedLayers);
  EXPECT_THAT(status.message(), HasSubstr("Python code, which is never executed"));
}

// Bad input K3: layers that load modules, other models or vocabularies from a path are refused
TEST(KerasImporter, RefusesLayersThatReachOutsideTheFile) {
  for (
      const char* layer : {
          R"({"class_name": "TorchModuleWrapper", "config": {"name": "f", "module": "gASV"}})",
          R"({"class_name": "TFSMLayer", "config": {"name": "f", "filepath": "/etc"}})",
          R"({"class_name": "StringLookup", "config": {"name": "f", "vocabulary": "/etc/passwd"}})",
      }) {
    const Status status = RefusalOfLayer(layer);
    EXPECT_EQ(status.number(), errors::kUnsupportedLayers) << status.ToString();
    EXPECT_EQ(status.message().find("/etc"), std::string::npos);
  }
}

TEST(KerasImporter, NamesEverythingUnsupportedAtOnce) {
  const Status status = RefusalOfLayer(
      R"({"class_name": "First", "config": {"name": "a"}},
         {"class_name": "Activation", "config": {"name": "b", "activation": "relu"}},
         {"class_name": "Second", "config": {"name": "c"}})");
  EXPECT_THAT(status.message(), HasSubstr("\"a\" (First)"));
  EXPECT_THAT(status.message(), HasSubstr("\"c\" (Second)"));
}

// Bad input K4: a zip that inflates to far more than its size is refused before memory is taken
TEST(KerasImporter, RefusesAZipBomb) {
  const std::string bomb =
      Zip({{"config.json", std::string(std::size_t{80} << 20, ' '), /*deflated=*/true}});
  ASSERT_LT(bomb.size(), std::size_t{1} << 17);
  const Status status = ImportBytes("bomb.keras", bomb).status();
  EXPECT_EQ(status.number(), errors::kImportLimit) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr("80.0 MiB"));
}

TEST(KerasImporter, RefusesTwoMembersOfOneName) {
  const Status status =
      ImportBytes("two.keras", Zip({{"config.json", "{}"}, {"config.json", "[]"}})).status();
  EXPECT_EQ(status.number(), errors::kCorruptModelFile);
}

struct HostileFile {
  const char* name;
  ErrorNumber number;
  const char* says;
};

class HostileHdf5 : public ::testing::TestWithParam<HostileFile> {};

// Bad input K5: external links and storage, soft-link loops, cycles, virtual datasets, unknown
// filters, shape and inflation bombs
TEST_P(HostileHdf5, IsRefusedByName) {
  const Status status = Refusal(GetParam().name);
  EXPECT_EQ(status.number(), GetParam().number) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Files, HostileHdf5,
    ::testing::Values(
        HostileFile{"external_link.h5", errors::kForbiddenContent, "a link to another file"},
        HostileFile{"soft_link.h5", errors::kForbiddenContent, "a symbolic link"},
        HostileFile{"cycle.h5", errors::kForbiddenContent, "a group that contains itself"},
        HostileFile{"virtual.h5", errors::kForbiddenContent, "a virtual dataset"},
        HostileFile{"external_storage.h5", errors::kForbiddenContent, "stored in another file"},
        HostileFile{"user_filter.h5", errors::kForbiddenContent, "filter 32000"},
        HostileFile{"shape_bomb.h5", errors::kImportLimit, "TiB declared"},
        HostileFile{"inflating.h5", errors::kImportLimit, "128.0 MiB declared"},
        HostileFile{"unstored.h5", errors::kCorruptModelFile, "nothing stored"}));

// Bad input K6: weights whose shape contradicts the configuration are refused, naming the layer
TEST(KerasImporter, NamesTheLayerWhoseWeightsDoNotFit) {
  const Status status = Refusal("other_shape.h5");
  EXPECT_EQ(status.number(), errors::kCorruptModelFile);
  EXPECT_THAT(status.ToString(), HasSubstr("dense"));
  EXPECT_THAT(status.message(), HasSubstr("expected shape [2,3], the file holds [5,3]"));
}

// Bad input K6: a configuration nested without end is refused
TEST(KerasImporter, RefusesAConfigurationNestedTooDeep) {
  const Status deep = ImportBytes("deep.keras", ArchiveOf(std::string(100'000, '['))).status();
  EXPECT_EQ(deep.number(), errors::kCorruptModelFile) << deep.ToString();
  std::string models = R"({"class_name": "Dense", "config": {"name": "d", "units": 1}})";
  for (int i = 0; i < 30; ++i) {
    models = R"({"class_name": "Sequential", "config": {"name": "s", "layers": [)" + models + "]}}";
  }
  EXPECT_FALSE(ImportBytes("deep.keras", ArchiveOf(models)).ok());
}

// Bad input K6: layers whose inputs depend on their own output are refused, naming one
TEST(KerasImporter, RefusesCallsInACircle) {
  const auto call = [](const std::string& layer) {
    return R"([{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": [")" +
           layer + R"(", 0, 0]}}], "kwargs": {}}])";
  };
  const std::string config =
      R"({"class_name": "Functional", "config": {"name": "net", "layers": [)"
      R"({"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [null, 4]}, "inbound_nodes": []},)"
      R"({"class_name": "ReLU", "name": "a", "config": {"name": "a"}, "inbound_nodes": )" +
      call("b") +
      R"(}, {"class_name": "ReLU", "name": "b", "config": {"name": "b"}, "inbound_nodes": )" +
      call("a") + R"(}], "input_layers": [["x", 0, 0]], "output_layers": [["b", 0, 0]]}})";
  const Status status = ImportBytes("circle.keras", ArchiveOf(config)).status();
  EXPECT_EQ(status.number(), errors::kCorruptModelFile);
  EXPECT_THAT(status.ToString(), HasSubstr("depend on its own output"));
}

// Bad input K11: what a file is, its first bytes say, not its name
TEST(KerasImporter, RecognisesByContent) {
  const auto importer = MakeKerasImporter();
  const std::string h5 = FileBytes("mnist/mnist_k3.h5");
  EXPECT_TRUE(importer->Recognises(SourceOfBytes("model.keras", h5)));
  EXPECT_TRUE(importer->Import(SourceOfBytes("model.keras", h5), {}).ok());
  EXPECT_TRUE(importer->Recognises(SourceOfBytes("model.h5", FileBytes("mnist/mnist.keras"))));
  EXPECT_FALSE(importer->Recognises(SourceOfBytes("x.keras", FileBytes("mnist/mnist.npz"))));
  EXPECT_FALSE(importer->Recognises(SourceOfBytes("x.h5", "words")));
}

TEST(SnakeCase, NamesPathsAsKerasDoes) {
  EXPECT_EQ(keras::SnakeCase("Conv2DTranspose"), "conv2d_transpose");
  EXPECT_EQ(keras::SnakeCase("PReLU"), "p_re_lu");
  EXPECT_EQ(keras::SnakeCase("LeakyReLU"), "leaky_re_lu");
  EXPECT_EQ(keras::SnakeCase("LSTM"), "lstm");
  EXPECT_EQ(keras::SnakeCase("GlobalAveragePooling1D"), "global_average_pooling1d");
}

}  // namespace
}  // namespace slipway::import
