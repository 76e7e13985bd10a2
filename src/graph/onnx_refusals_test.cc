// ONNX files that break the format or mean harm, as bytes.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "base/error_catalogue.h"
#include "graph/onnx_test_models.h"

namespace slipway::graph {
namespace {

using ::testing::HasSubstr;

Status Refusal(WireWriter tensor) { return Decode(ModelWithTensor(std::move(tensor))).status(); }

// Bad input O5: a tensor whose bytes do not fit its dimensions, or stand in two places, is refused
TEST(OnnxRefusals, TensorsThatDoNotFitAreRefused) {
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
TEST(OnnxRefusals, PackedLengthsOfSmallTypesAreChecked) {
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
    tensor.Message(13, entry);
  }
  tensor.Varint(14, 1);
  return Refusal(std::move(tensor));
}

// Bad input O1: external data outside the model's folder are refused before anything is opened
TEST(OnnxRefusals, LocationsOutsideTheFolderAreRefused) {
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
TEST(OnnxRefusals, OffsetsThatAreNoneAreRefused) {
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
TEST(OnnxRefusals, UnknownEntriesOfExternalDataAreRefused) {
  for (const std::string key : {"__class__", "basepath", "Location", ""}) {
    const Status status = ExternalRefusal({{"location", "w"}, {key, "x"}});
    EXPECT_EQ(status.number(), errors::kForbiddenContent) << key;
  }
}

TEST(OnnxRefusals, ConstantsThatOverlapAreRefusedUnlessTheyAreTheSame) {
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
TEST(OnnxRefusals, FilesThatAreNoneAreRefusedWithTheirKind) {
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
TEST(OnnxRefusals, LimitsAreKept) {
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
    attribute.Message(6, graph);
    WireWriter node;
    node.Message(5, attribute);
    graph = WireWriter();
    graph.Message(1, node);
  }
  WireWriter deep;
  deep.Message(7, graph);
  EXPECT_EQ(Decode(deep.Joined()).status().number(), errors::kImportLimit);
}

TEST(OnnxRefusals, AttributesWhoseValueIsNotWhatTheyDeclareAreRefused) {
  const auto refusal = [](WireWriter attribute) {
    WireWriter node;
    node.Message(5, attribute);
    WireWriter graph;
    graph.Message(1, node);
    WireWriter model;
    model.Message(7, graph);
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

}  // namespace
}  // namespace slipway::graph
