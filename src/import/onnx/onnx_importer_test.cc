#include "import/onnx/onnx_importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error_catalogue.h"
#include "base/wire_writer.h"
#include "graph/build.h"
#include "graph/onnx/check.h"
#include "graph/verify.h"
#include "import/onnx/recognise.h"
#include "import/source_of_bytes.h"

namespace slipway::import {
namespace {

namespace fs = std::filesystem;
using graph::MakeNode;
using graph::Model;
using graph::TensorType;
using graph::ValueId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kData = SLIPWAY_TESTDATA;

Source SourceOf(const std::string& path) {
  return SourceOfBytes(fs::path(path).filename(), *ReadFile(path));
}

/// probabilities[batch,4] = Softmax(features[batch,4] + bias).
Model Network() {
  Model model{.ir_version = 8, .opset_imports = {{"", 17}}, .producer_name = "tool"};
  graph::Graph& graph = model.main;
  graph.name = "network";
  graph::ValueType rows = TensorType(DType::kF32, std::vector<std::int64_t>{-1, 4});
  rows.shape->at(0).symbol = "batch";
  const ValueId x = graph.AddValue("features", rows);
  const std::vector<float> ones(4, 1.0F);
  const ValueId bias = graph.AddInitializer(graph::Tensor::FromFloats("bias", {4}, ones));
  const ValueId h = graph.AddValue("h");
  const ValueId y = graph.AddValue("probabilities", rows);
  graph.inputs = {x};
  graph.outputs = {y};
  graph.AddNode(MakeNode("Add", {x, bias}, {h}));
  graph.AddNode(MakeNode("Softmax", {h}, {y}));
  return model;
}

Result<Imported> ImportOf(const Model& model, const Options& options = {}) {
  return import::Import(SourceOfBytes("model.onnx", graph::EncodeModel(model).value()), options);
}

TEST(OnnxImporter, KeepsTheNamesThatTheUserKnows) {
  const Result<Imported> imported = ImportOf(Network());
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_THAT(imported->signature.inputs,
              ElementsAre(TensorSpec{"features", DType::kF32, Shape{-1, 4}, {"batch", ""}}));
  EXPECT_THAT(imported->signature.outputs,
              ElementsAre(TensorSpec{"probabilities", DType::kF32, Shape{-1, 4}, {"batch", ""}}));
  EXPECT_EQ(imported->report.format, "onnx");
  EXPECT_EQ(imported->report.framework, "tool");
  EXPECT_EQ(imported->report.model_name, "network");
  EXPECT_EQ(imported->report.parameters, 4U);
  EXPECT_EQ(imported->report.layers, 2U);
  EXPECT_THAT(imported->report.warnings, IsEmpty());
}

TEST(OnnxImporter, AnInitializerThatIsAlsoAnInputIsADefault) {
  Model model = Network();
  model.ir_version = 3;
  model.main.inputs.push_back(*model.main.FindValue("bias"));
  const Result<Imported> imported = ImportOf(model);
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_EQ(imported->signature.inputs.size(), 1U);
}

TEST(OnnxImporter, TypesOfOutputsAreInferredWhereTheFileSaysNone) {
  Model model = Network();
  model.main.value(model.main.outputs[0]).type = {};
  const Result<Imported> imported = ImportOf(model);
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_EQ(imported->signature.outputs[0].shape, (Shape{-1, 4}));
}

TEST(OnnxImporter, ConvertsToTheVersionThatIsAskedFor) {
  const Result<Imported> imported = ImportOf(Network(), {.opset = 21});
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_EQ(imported->model.Opset(), 21);
}

class KeepingSink final : public graph::WeightSink {
 public:
  Result<graph::ExternalData> Put(std::span<const std::byte> bytes) override {
    bytes_ += bytes.size();
    return graph::ExternalData{.location = "weights", .length = bytes.size()};
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

TEST(OnnxImporter, LargeConstantsGoToTheSink) {
  Model model = Network();
  model.main.AddInitializer(
      graph::Tensor::FromFloats("table", {512}, std::vector<float>(512, 0.0F)));
  KeepingSink sink;
  const Result<Imported> imported = ImportOf(model, {.weights = &sink});
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_EQ(sink.bytes(), 2048U);
  EXPECT_FALSE(imported->model.main.FindInitializer("bias")->external);
  EXPECT_TRUE(imported->model.main.FindInitializer("table")->external);
  EXPECT_EQ(imported->model.main.FindInitializer("table")->data.size(), 0U);
}

TEST(OnnxImporter, ImportsEveryFileOfTheTestData) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kData)) {
    if (entry.path().extension() != ".onnx") continue;
    SCOPED_TRACE(entry.path());
    ++files;
    const Result<Imported> imported = import::Import(SourceOf(entry.path()), {});
    ASSERT_TRUE(imported.ok()) << imported.status().ToString();
    EXPECT_THAT(imported->signature.inputs, testing::Not(IsEmpty()));
    EXPECT_THAT(graph::Verify(imported->model), IsEmpty());
  }
  EXPECT_GE(files, 10U);
}

// Bad input O8: unknown versions, domains and operators are refused with what is known
TEST(OnnxImporter, WhatNoEngineRunsIsRefusedAllAtOnce) {
  Model future = Network();
  future.opset_imports[0].version = 999;
  EXPECT_EQ(ImportOf(future).status().number(), errors::kUnsupportedLayers);
  EXPECT_THAT(ImportOf(future).status().message(), HasSubstr("versions 7 to"));
  Model old = Network();
  old.opset_imports[0].version = 6;
  EXPECT_THAT(ImportOf(old).status().message(), HasSubstr("version 6"));
  Model foreign = Network();
  foreign.opset_imports.push_back({"my.company", 1});
  for (graph::Node& node : foreign.main.nodes) node.domain = "my.company";
  const Status status = ImportOf(foreign).status();
  EXPECT_EQ(status.number(), errors::kUnsupportedLayers);
  EXPECT_THAT(status.message(), HasSubstr("my.company.Add (1x), my.company.Softmax (1x)"));
  EXPECT_THAT(status.message(), HasSubstr("known are ai.onnx"));
  Model misspelled = Network();
  misspelled.main.nodes[1].op = "SoftMax";
  EXPECT_THAT(ImportOf(misspelled).status().ToString(), HasSubstr("did you mean Softmax"));
}

// Bad input O9: attributes that do not fit their operator are refused with the node
TEST(OnnxImporter, AttributesOutOfRangeAreRefused) {
  Model model = Network();
  model.main.nodes[1].attributes.push_back(graph::StringAttribute("axis", "first"));
  EXPECT_THAT(ImportOf(model).status().ToString(), HasSubstr("node 1"));
  model.main.nodes[1].attributes[0] = graph::IntAttribute("axis", -2147483648LL);
  EXPECT_THAT(ImportOf(model).status().ToString(), HasSubstr("axis"));
}

// Bad input O11: long texts are cut, and control characters do not reach a terminal
TEST(OnnxImporter, LongTextsAreCut) {
  Model model = Network();
  model.doc = "<script>" + std::string(4 << 20, '\x1b');
  model.metadata = {{"long", std::string(1 << 20, 'x')}, {"short", "y"}};
  model.main.nodes[0].name = "\x1b[2Jnode";
  const Result<Imported> imported = ImportOf(model);
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_LE(imported->model.doc.size(), 64U * 1024);
  EXPECT_LE(imported->model.metadata[0].second.size(), 64U * 1024);
  EXPECT_THAT(imported->report.warnings, ElementsAre(HasSubstr("2 texts")));
  model.main.nodes[0].op = "Nothing";
  EXPECT_EQ(ImportOf(model).status().ToString().find('\x1b'), std::string::npos);
}

// Bad input O12: training information is left out with a warning; operators that load code are
// refused
TEST(OnnxImporter, TrainingInformationAndCodeStayOutside) {
  Model model = Network();
  WireWriter training;
  training.Text(20, "not a message");
  model.unknown_fields = training.Joined();
  const Result<Imported> imported = ImportOf(model);
  ASSERT_TRUE(imported.ok()) << imported.status().ToString();
  EXPECT_THAT(imported->report.warnings, ElementsAre(HasSubstr("training information")));
  EXPECT_EQ(imported->model.unknown_fields, "");
  Model code = Network();
  code.opset_imports.push_back({"com.microsoft", 1});
  code.main.nodes[1].domain = "com.microsoft";
  code.main.nodes[1].op = "PythonOp";
  EXPECT_EQ(ImportOf(code).status().number(), errors::kForbiddenContent);
  code.main.nodes[1].op = "EPContext";
  EXPECT_EQ(ImportOf(code).status().code(), Code::kPermissionDenied);
}

TEST(OnnxImporter, WhatIsNoTensorCannotBeServed) {
  Model model = Network();
  model.main.value(model.main.inputs[0]).type.shape.reset();
  EXPECT_THAT(ImportOf(model).status().message(),
              HasSubstr("input \"features\" has no known number of dimensions"));
}

// Bad input K11: content decides, not the extension
TEST(Recognise, TellsOnnxByItsContent) {
  const auto looks = [](std::string_view text) {
    return LooksLikeOnnx(std::as_bytes(std::span(text)));
  };
  const std::string whole = graph::EncodeModel(Network()).value();
  EXPECT_TRUE(looks(whole));
  EXPECT_TRUE(looks(std::string_view(whole).substr(0, whole.size() / 2)));
  EXPECT_FALSE(looks(whole + "PK\x03\x04 and an archive"));
  EXPECT_FALSE(looks(""));
  EXPECT_FALSE(looks("hello"));
  EXPECT_FALSE(looks("PK\x03\x04"));
  EXPECT_FALSE(looks("\x89HDF\r\n\x1a\n"));
  EXPECT_FALSE(looks("\x80\x04\x95"));
  EXPECT_FALSE(looks("{\"a\": 1}"));
  EXPECT_FALSE(
      looks(std::string_view("\x08\x01\x12\x04"
                             "abcd",
                             8)));           // a SavedModel
  EXPECT_FALSE(looks("\x0a\x03\x0a\x01x"));  // a GraphDef
}

// Bad input O10: an ONNX file cut short says so
TEST(OnnxImporter, AFileCutShortSaysSo) {
  const std::string whole = graph::EncodeModel(Network()).value();
  const Status status =
      import::Import(SourceOfBytes("m.onnx", whole.substr(0, whole.size() / 2)), {}).status();
  EXPECT_EQ(status.number(), errors::kCorruptModelFile);
  EXPECT_THAT(status.message(), HasSubstr("cut short"));
}

}  // namespace
}  // namespace slipway::import
