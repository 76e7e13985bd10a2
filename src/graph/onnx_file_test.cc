#include "graph/onnx_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/error_catalogue.h"
#include "graph/build.h"
#include "graph/onnx_encoder.h"
#include "graph/verify.h"

namespace slipway::graph {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Model> Decode(std::string_view bytes) {
  return DecodeModel(std::as_bytes(std::span(bytes)));
}

Tensor Packed(std::string name, DType dtype, std::vector<std::int64_t> dims, std::string bytes) {
  return {.name = std::move(name),
          .dtype = dtype,
          .dims = std::move(dims),
          .data = Bytes(std::move(bytes))};
}

std::string TextOf(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.view().data()), bytes.size()};
}

/// y = x + w.
Model Sum(std::int64_t elements = 2) {
  Model model{.ir_version = 8, .opset_imports = {{"", 17}}};
  Graph& graph = model.main;
  graph.name = "sum";
  const ValueType type = TensorType(DType::kF32, std::vector<std::int64_t>{elements});
  const ValueId x = graph.AddValue("x", type);
  const std::vector<float> ones(static_cast<std::size_t>(elements), 1.0F);
  const ValueId w = graph.AddInitializer(Tensor::FromFloats("w", {elements}, ones));
  const ValueId y = graph.AddValue("y", type);
  graph.inputs = {x};
  graph.outputs = {y};
  graph.AddNode(MakeNode("Add", {x, w}, {y}));
  return model;
}

/// One of everything that a file can say.
Model Everything() {
  Model model = Sum();
  model.producer_name = "a tool";
  model.producer_version = "1.2";
  model.domain = "org.example";
  model.model_version = 7;
  model.doc = "about";
  model.metadata = {{"author", "me"}, {"author", "twice"}};
  model.opset_imports.push_back({"my.ops", 3});
  Graph& graph = model.main;
  graph.doc = "graph";
  graph.metadata = {{"k", "v"}};
  graph.value(ValueId(0)).type.shape = std::vector<Dim>{{.symbol = "N", .denotation = "BATCH"}};
  graph.value(ValueId(0)).doc = "the input";
  graph.initializers[0].doc = "the weights";
  graph.initializers[0].metadata = {{"scale", "1"}};
  graph.initializers.push_back({.name = "words", .dtype = DType::kString, .dims = {2}});
  graph.initializers.back().strings = {"a", std::string("\0b", 2)};
  graph.AddValue("words");
  graph.sparse_initializers.push_back(
      {.values = Packed("sparse", DType::kU8, {1}, "\x05"),
       .indices = Tensor::FromInt64s("", {1}, std::vector<std::int64_t>{3}),
       .dims = {2, 4}});
  graph.AddValue("sparse");
  const ValueId hidden = graph.AddValue(
      "hidden",
      {.kind = ValueType::Kind::kSparseTensor, .dtype = DType::kF64, .denotation = "IMAGE"});
  graph.value(hidden).declared = true;
  Graph body{.name = "body"};
  body.outputs = {body.AddValue("inner")};
  body.AddNode(MakeNode("Identity", {body.AddValue("x")}, {body.outputs[0]}));
  Node node = MakeNode(
      "Odd", {ValueId(0), kNoValue}, {hidden}, FloatAttribute("f", 0.5F), IntAttribute("i", -1),
      StringAttribute("s", ""), TensorAttribute("t", Packed("", DType::kI4, {3}, "\x21\x03")),
      GraphAttribute("g", std::move(body)), FloatsAttribute("fs", {}), IntsAttribute("is", {1, -2}),
      StringsAttribute("ss", {"", "b"}), MakeAttribute("tp", TensorType(DType::kF16, {})));
  node.attributes.push_back({.name = "ref", .reference = "outer", .declared_type = 2});
  node.attributes.back().doc = "doc";
  node.domain = "my.ops";
  node.name = "odd one";
  node.overload = "v2";
  node.metadata = {{"source", "line 3"}};
  graph.AddNode(std::move(node));
  Function function{.name = "F", .domain = "my.ops", .doc = "fun", .attributes = {"alpha"}};
  function.opset_imports = {{"", 17}};
  function.default_attributes.push_back(IntAttribute("beta", 2));
  const ValueId in = function.body.AddValue("in");
  const ValueId out = function.body.AddValue("out", TensorType(DType::kF32, {}));
  function.body.inputs = {in};
  function.body.outputs = {out};
  function.body.value(out).declared = true;
  function.body.AddNode(MakeNode("Relu", {in}, {out}));
  function.metadata = {{"x", "y"}};
  model.functions.push_back(std::move(function));
  return model;
}

TEST(OnnxFile, WhatIsWrittenIsReadBackWhole) {
  const Result<std::string> bytes = EncodeModel(Everything());
  ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
  const Result<Model> model = Decode(*bytes);
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  EXPECT_EQ(EncodeModel(*model).value(), *bytes);
  const Graph& graph = model->main;
  EXPECT_EQ(model->metadata, (Metadata{{"author", "me"}, {"author", "twice"}}));
  EXPECT_EQ(graph.initializers[1].strings[1], std::string("\0b", 2));
  EXPECT_EQ(graph.sparse_initializers[0].dims, (std::vector<std::int64_t>{2, 4}));
  const Node& odd = graph.nodes[1];
  EXPECT_EQ(odd.inputs[1], kNoValue);
  EXPECT_TRUE(std::holds_alternative<std::vector<float>>(odd.Find("fs")->value));
  EXPECT_EQ(TextOf(std::get<Tensor>(odd.Find("t")->value).data), "\x21\x03");
  EXPECT_EQ(odd.Find("ref")->reference, "outer");
  EXPECT_EQ(odd.Find("ref")->declared_type, 2);
  const auto& body = std::get<std::unique_ptr<Graph>>(odd.Find("g")->value);
  EXPECT_EQ(body->NameOf(body->nodes[0].inputs[0]), "x");
  EXPECT_EQ(model->functions[0].body.nodes[0].op, "Relu");
}

TEST(OnnxFile, FieldsOfANewerFormatAreKept) {
  WireWriter future;
  future.Text(999, "from the future");
  Model model = Sum();
  model.unknown_fields = future.Joined();
  model.main.unknown_fields = future.Joined();
  model.main.nodes[0].unknown_fields = future.Joined();
  model.main.initializers[0].unknown_fields = future.Joined();
  model.main.values[0].unknown_fields = future.Joined();
  const Result<std::string> bytes = EncodeModel(model);
  ASSERT_TRUE(bytes.ok());
  const Result<Model> back = Decode(*bytes);
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back->unknown_fields, future.Joined());
  EXPECT_EQ(back->main.unknown_fields, future.Joined());
  EXPECT_EQ(back->main.nodes[0].unknown_fields, future.Joined());
  EXPECT_EQ(back->main.initializers[0].unknown_fields, future.Joined());
  EXPECT_EQ(back->main.value(back->main.inputs[0]).unknown_fields, future.Joined());
}

TEST(OnnxFile, TypesThatAreNoTensorsAreKeptAsTheyAre) {
  WireWriter element;
  element.Varint(1, 1);
  WireWriter tensor;
  tensor.Message(1, std::move(element));
  WireWriter sequence;
  sequence.Message(1, std::move(tensor));
  WireWriter type;
  type.Message(4, std::move(sequence));
  Model model = Sum();
  model.main.values[0].type = {.kind = ValueType::Kind::kOther, .opaque = type.Joined()};
  const Result<Model> back = Decode(EncodeModel(model).value());
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back->main.value(back->main.inputs[0]).type, model.main.values[0].type);
}

/// A model with one constant whose fields the test writes.
std::string ModelWithTensor(WireWriter tensor) {
  WireWriter graph;
  graph.Message(5, std::move(tensor));
  WireWriter model;
  model.Varint(1, 8);
  model.Message(7, std::move(graph));
  return model.Joined();
}

WireWriter TensorOf(DType dtype, std::vector<std::int64_t> dims) {
  WireWriter tensor;
  for (const std::int64_t dim : dims) tensor.Signed(1, dim);
  tensor.Varint(2, static_cast<std::uint64_t>(dtype));
  tensor.Text(8, "c");
  return tensor;
}

std::string Hex(const Bytes& bytes) {
  std::string hex;
  for (const std::byte byte : bytes.view()) hex += fmt::format("{:02x}", static_cast<int>(byte));
  return hex;
}

struct TypedField {
  DType dtype;
  std::uint32_t field;
  std::vector<std::uint64_t> values;
  std::string packed;
};

TEST(OnnxFile, EveryTypedFieldBecomesPackedBytes) {
  const TypedField cases[] = {
      {DType::kI32, 5, {1, ~std::uint64_t{1}}, "01000000feffffff"},
      {DType::kI8, 5, {~std::uint64_t{0}, 2}, "ff02"},
      {DType::kU8, 5, {255, 2}, "ff02"},
      {DType::kI16, 5, {~std::uint64_t{0}, 2}, "ffff0200"},
      {DType::kU16, 5, {65535, 2}, "ffff0200"},
      {DType::kBool, 5, {1, 0}, "0100"},
      {DType::kF16, 5, {0x3c00, 0}, "003c0000"},
      {DType::kBF16, 5, {0x3f80, 0}, "803f0000"},
      {DType::kF8E4M3FN, 5, {0x38, 0x7f}, "387f"},
      {DType::kI64, 7, {1, ~std::uint64_t{0}}, "0100000000000000ffffffffffffffff"},
      {DType::kU32, 11, {1, 0xffffffffU}, "01000000ffffffff"},
      {DType::kU64, 11, {1, ~std::uint64_t{0}}, "0100000000000000ffffffffffffffff"},
  };
  for (const TypedField& field : cases) {
    SCOPED_TRACE(ShortName(field.dtype));
    WireWriter tensor = TensorOf(field.dtype, {2});
    for (const std::uint64_t value : field.values) tensor.Varint(field.field, value);
    const Result<Model> model = Decode(ModelWithTensor(std::move(tensor)));
    ASSERT_TRUE(model.ok()) << model.status().ToString();
    EXPECT_EQ(Hex(model->main.initializers[0].data), field.packed);
  }
}

TEST(OnnxFile, PackedAndSmallTypesAreUnderstood) {
  const auto bytes_of = [](WireWriter tensor) {
    const Result<Model> model = Decode(ModelWithTensor(std::move(tensor)));
    EXPECT_TRUE(model.ok()) << model.status().ToString();
    return model.ok() ? Hex(model->main.initializers[0].data) : "";
  };
  WireWriter floats = TensorOf(DType::kF32, {2});
  floats.Text(4, std::string("\0\0\x80\x3f\0\0\0\x40", 8));
  EXPECT_EQ(bytes_of(std::move(floats)), "0000803f00000040");
  WireWriter one_by_one = TensorOf(DType::kF32, {1});
  one_by_one.Float(4, 1.0F);
  EXPECT_EQ(bytes_of(std::move(one_by_one)), "0000803f");
  WireWriter packed = TensorOf(DType::kI32, {3});
  packed.Text(5, "\x01\x02\x03");
  EXPECT_EQ(bytes_of(std::move(packed)), "010000000200000003000000");
  WireWriter int4 = TensorOf(DType::kI4, {3});  // two to a number
  int4.Varint(5, 0x21);
  int4.Varint(5, 0x03);
  EXPECT_EQ(bytes_of(std::move(int4)), "2103");
  WireWriter uint2 = TensorOf(DType::kU2, {5});  // four to a number
  uint2.Varint(5, 0xe4);
  uint2.Varint(5, 0x01);
  EXPECT_EQ(bytes_of(std::move(uint2)), "e401");
  WireWriter float6 = TensorOf(DType::kF6E2M3, {3});  // one to a number, four to three bytes
  for (const std::uint64_t value : {1, 2, 3}) float6.Varint(5, value);
  EXPECT_EQ(bytes_of(std::move(float6)), "813000");
}

Status Refusal(WireWriter tensor) { return Decode(ModelWithTensor(std::move(tensor))).status(); }

// Bad input O5: a tensor whose bytes do not fit its dimensions, or stand in two places, is refused
TEST(OnnxFile, TensorsThatDoNotFitAreRefused) {
  const auto raw = [](DType dtype, std::vector<std::int64_t> dims, std::string_view bytes) {
    WireWriter tensor = TensorOf(dtype, std::move(dims));
    tensor.Text(9, bytes);
    return Refusal(std::move(tensor));
  };
  EXPECT_TRUE(raw(DType::kF32, {1}, "abcd").ok());
  const Status short_one = raw(DType::kF32, {2}, "abcd");
  EXPECT_EQ(short_one.number(), errors::kCorruptModelFile);
  EXPECT_THAT(short_one.message(), HasSubstr("needs 8 bytes, 4 are there"));
  EXPECT_THAT(short_one.place(), HasSubstr("constant \"c\""));
  EXPECT_FALSE(raw(DType::kF32, {-1}, "").ok());
  EXPECT_FALSE(raw(DType::kF32, {1LL << 62, 1LL << 62}, "").ok());
  EXPECT_FALSE(raw(DType::kF64, {1LL << 61}, "").ok());
  EXPECT_FALSE(raw(DType::kUndefined, {1}, "a").ok());
  EXPECT_FALSE(raw(DType(99), {1}, "a").ok());
  EXPECT_FALSE(raw(DType::kString, {1}, "a").ok());
  EXPECT_FALSE(raw(DType::kU8, std::vector<std::int64_t>(65, 1), "a").ok());
  WireWriter both = TensorOf(DType::kU8, {1});
  both.Text(9, "a");
  both.Varint(5, 1);
  EXPECT_THAT(Refusal(std::move(both)).message(), HasSubstr("two places"));
  WireWriter wrong_field = TensorOf(DType::kF32, {1});
  wrong_field.Varint(7, 1);
  EXPECT_THAT(Refusal(std::move(wrong_field)).message(), HasSubstr("another type"));
  EXPECT_FALSE(Refusal(TensorOf(DType::kF32, {1})).ok());
}

// Bad input O6: types smaller than a byte with a wrong packed length are refused
TEST(OnnxFile, PackedLengthsOfSmallTypesAreChecked) {
  for (const auto& [dtype, count, bytes, fits] :
       {std::tuple(DType::kI4, 3, 2, true), std::tuple(DType::kI4, 3, 1, false),
        std::tuple(DType::kI4, 3, 3, false), std::tuple(DType::kU2, 5, 2, true),
        std::tuple(DType::kU2, 5, 1, false), std::tuple(DType::kF6E3M2, 3, 3, true),
        std::tuple(DType::kF6E3M2, 3, 2, false)}) {
    WireWriter tensor = TensorOf(dtype, {count});
    tensor.Text(9, std::string(static_cast<std::size_t>(bytes), '\1'));
    EXPECT_EQ(Refusal(std::move(tensor)).ok(), fits) << ShortName(dtype) << " " << bytes;
  }
}

/// The refusal of external data with these entries.
Status ExternalRefusal(const Metadata& entries) {
  WireWriter tensor = TensorOf(DType::kF32, {2});
  for (const auto& [key, value] : entries) {
    WireWriter entry;
    entry.Text(1, key);
    entry.Text(2, value);
    tensor.Message(13, std::move(entry));
  }
  tensor.Varint(14, 1);
  return Refusal(std::move(tensor));
}

// Bad input O1: external data outside the model's folder are refused before anything is opened
TEST(OnnxFile, LocationsOutsideTheFolderAreRefused) {
  for (const std::string location : {"../../etc/passwd", "/etc/passwd", "a/../../b", "..",
                                     "a\\..\\b", "", "#mem", "*/_ORT_MEM_ADDR_/*"}) {
    SCOPED_TRACE(location);
    const Status status = ExternalRefusal({{"location", location}});
    EXPECT_TRUE(status.number() == errors::kForbiddenContent ||
                status.number() == errors::kCorruptModelFile)
        << status.ToString();
  }
  EXPECT_TRUE(ExternalRefusal({{"location", "folder/weights..bin"}}).ok());
}

// Bad input O3: offsets and lengths that are no place in a file are refused before allocation
TEST(OnnxFile, OffsetsThatAreNoneAreRefused) {
  const auto refused = [](const Metadata& more) {
    Metadata entries{{"location", "w"}};
    entries.insert(entries.end(), more.begin(), more.end());
    return !ExternalRefusal(entries).ok();
  };
  EXPECT_FALSE(refused({{"offset", "64"}, {"length", "8"}}));
  EXPECT_TRUE(refused({{"offset", "-1"}}));
  EXPECT_TRUE(refused({{"offset", "0x10"}}));
  EXPECT_TRUE(refused({{"offset", " 1"}}));
  EXPECT_TRUE(refused({{"offset", "18446744073709551615"}}));
  EXPECT_TRUE(refused({{"offset", "9223372036854775807"}, {"length", "9223372036854775807"}}));
  EXPECT_TRUE(refused({{"length", "1125899906842624"}}));
  EXPECT_TRUE(refused({{"length", "7"}}));
  EXPECT_TRUE(refused({{"offset", "0"}, {"offset", "0"}}));
}

// Bad input O4: external data with entries that ONNX does not know are refused
TEST(OnnxFile, UnknownEntriesOfExternalDataAreRefused) {
  for (const std::string key : {"__class__", "basepath", "Location", ""}) {
    const Status status = ExternalRefusal({{"location", "w"}, {key, "x"}});
    EXPECT_EQ(status.number(), errors::kForbiddenContent) << key;
  }
}

TEST(OnnxFile, ConstantsThatOverlapAreRefusedUnlessTheyAreTheSame) {
  const auto overlap = [](std::uint64_t second) {
    Model model = Sum();
    model.main.AddInitializer(Packed("v", DType::kF32, {2}, std::string(8, '\0')));
    std::uint64_t offset = 0;
    for (Tensor& tensor : model.main.initializers) {
      tensor.data = {};
      tensor.external = ExternalData{.location = "w", .offset = offset, .length = 8};
      offset = second;
    }
    return Decode(EncodeWithWeights(model, "w", 1 << 20, -1).value()).status();
  };
  EXPECT_TRUE(overlap(8).ok());
  EXPECT_TRUE(overlap(0).ok());
  EXPECT_THAT(overlap(4).message(), HasSubstr("overlap"));
}

// Bad input O10: truncated, random, text, gzipped and empty files are refused with their kind
TEST(OnnxFile, FilesThatAreNoneAreRefusedWithTheirKind) {
  const std::string whole = EncodeModel(Everything()).value();
  std::size_t accepted = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Result<Model> model = Decode(std::string_view(whole).substr(0, length));
    if (model.ok()) {
      ++accepted;  // a cut between two fields leaves a message
      continue;
    }
    EXPECT_EQ(model.status().number(), errors::kCorruptModelFile) << length;
  }
  EXPECT_LT(accepted, 10U);
  EXPECT_THAT(Decode("").status().message(), HasSubstr("empty"));
  EXPECT_THAT(Decode("\x1f\x8b\x08 gzip").status().message(), HasSubstr("gzip"));
  EXPECT_THAT(Decode("ir_version: 8\n").status().message(), HasSubstr("text form"));
  EXPECT_THAT(Decode("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").status().message(),
              HasSubstr("not an ONNX model"));
  EXPECT_THAT(Decode("\x08\x08").status().message(), HasSubstr("no graph"));
}

// Bad input O7: more nodes or attributes than a model may have, and deep nesting, are refused
TEST(OnnxFile, LimitsAreKept) {
  Model model = Sum();
  for (int i = 0; i < 10; ++i) model.main.AddNode(MakeNode("Nop", {}, {}));
  const std::string nodes = EncodeModel(model).value();
  const Result<Model> many = DecodeModel(std::as_bytes(std::span(nodes)), {.max_nodes = 10});
  EXPECT_EQ(many.status().number(), errors::kImportLimit);
  for (int i = 0; i < 11; ++i)
    model.main.nodes[0].attributes.push_back(IntAttribute(std::to_string(i), 1));
  const std::string attributes = EncodeModel(model).value();
  const Result<Model> crowded =
      DecodeModel(std::as_bytes(std::span(attributes)), {.max_attributes = 10});
  EXPECT_EQ(crowded.status().number(), errors::kImportLimit);
  WireWriter graph;
  for (int depth = 0; depth < 2000; ++depth) {
    WireWriter attribute;
    attribute.Text(1, "body");
    attribute.Message(6, std::move(graph));
    WireWriter node;
    node.Message(5, std::move(attribute));
    graph = WireWriter();
    graph.Message(1, std::move(node));
  }
  WireWriter deep;
  deep.Message(7, std::move(graph));
  EXPECT_EQ(Decode(deep.Joined()).status().number(), errors::kImportLimit);
}

TEST(OnnxFile, AttributesWhoseValueIsNotWhatTheyDeclareAreRefused) {
  const auto refusal = [](WireWriter attribute) {
    WireWriter node;
    node.Message(5, std::move(attribute));
    WireWriter graph;
    graph.Message(1, std::move(node));
    WireWriter model;
    model.Message(7, std::move(graph));
    return Decode(model.Joined()).status();
  };
  WireWriter lying;
  lying.Varint(3, 1);
  lying.Varint(20, 1);
  EXPECT_THAT(refusal(std::move(lying)).message(), HasSubstr("type it declares"));
  WireWriter twofold;
  twofold.Varint(3, 1);
  twofold.Text(4, "s");
  EXPECT_THAT(refusal(std::move(twofold)).message(), HasSubstr("two types"));
  WireWriter empty;
  empty.Varint(20, 5);
  EXPECT_THAT(refusal(std::move(empty)).message(), HasSubstr("no value"));
}

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
