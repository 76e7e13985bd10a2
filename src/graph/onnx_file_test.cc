#include "graph/onnx_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "graph/onnx_test_models.h"

namespace slipway::graph {
namespace {

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
  tensor.Message(1, element);
  WireWriter sequence;
  sequence.Message(1, tensor);
  WireWriter type;
  type.Message(4, sequence);
  Model model = Sum();
  model.main.values[0].type = {.kind = ValueType::Kind::kOther, .opaque = type.Joined()};
  const Result<Model> back = Decode(EncodeModel(model).value());
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back->main.value(back->main.inputs[0]).type, model.main.values[0].type);
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

}  // namespace
}  // namespace slipway::graph
